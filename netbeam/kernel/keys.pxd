# A hash table of keys of 64-bit words, for other kernel modules.

cdef class Keys:
    cdef dict known
    cdef int words
    cdef int stride
    cdef unsigned long long* store
    cdef unsigned int* slots
    cdef Py_ssize_t mask
    cdef Py_ssize_t room
    cdef Py_ssize_t count
    cdef unsigned long long factors[16]

    cdef void clear(self) noexcept nogil
    cdef Py_ssize_t find(self, unsigned long long* key) noexcept nogil
    cdef Py_ssize_t seek(self, unsigned long long* key) noexcept nogil
    cdef Py_ssize_t slot(self, unsigned long long* key) noexcept nogil
    cdef Py_ssize_t place(self, unsigned long long* key) noexcept nogil
    cdef bint grow(self) noexcept nogil
    cdef void rehash(self) noexcept nogil

cdef unsigned long long mixed(unsigned long long* words, int count) noexcept nogil
