# Names of flows.

cdef const unsigned char* base64_digits
cdef const unsigned char* base62_digits

cdef Py_ssize_t community_id(unsigned char* out, Py_ssize_t at, unsigned long long* ends, int version, int protocol,
                             unsigned int source_port, unsigned int target_port, bint one_way, bint ports, unsigned int seed) noexcept nogil
cdef Py_ssize_t unique_id(unsigned char* out, Py_ssize_t at, unsigned long long* words, int count) noexcept nogil
cdef void sha1(unsigned char* block, Py_ssize_t size, unsigned int* digest) noexcept nogil
cdef Py_ssize_t put_bytes(unsigned char* out, Py_ssize_t at, unsigned long long value, int width) noexcept nogil
