# The functions of `dns.py` that `parts.py` and `digest.py` call.

from netbeam.kernel.wire cimport Writer

cdef int dns_questions(Writer w, unsigned int number, unsigned long long count) noexcept nogil
cdef int dns_records(Writer w, unsigned int number, unsigned long long count) noexcept nogil
cdef Py_ssize_t name(Writer w, unsigned int number, Py_ssize_t at) noexcept nogil
cdef Py_ssize_t after_name(const unsigned char* data, Py_ssize_t at, Py_ssize_t end) noexcept nogil
