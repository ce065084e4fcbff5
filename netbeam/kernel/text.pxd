# The functions of `text.py` that other kernel modules use.

cdef const unsigned char* hex_text
cdef const unsigned char* octet_text

cdef Py_ssize_t text_ipv4(unsigned char* out, Py_ssize_t at, const unsigned char* data, Py_ssize_t start) noexcept nogil
cdef Py_ssize_t text_ipv6(unsigned char* out, Py_ssize_t at, const unsigned char* data, Py_ssize_t start) noexcept nogil
cdef Py_ssize_t text_mac(unsigned char* out, Py_ssize_t at, const unsigned char* data, Py_ssize_t start) noexcept nogil
