# Items put in order, and records kept until they are.

cdef bint arrange(unsigned long long* items, int stride, Py_ssize_t count, Py_ssize_t groups,
                  Py_ssize_t* starts, unsigned int* order, unsigned int* spare) noexcept nogil

cdef class Output:
    cdef unsigned char* out
    cdef Py_ssize_t size
    cdef Py_ssize_t room
    cdef unsigned long long* keys
    cdef Py_ssize_t count
    cdef Py_ssize_t key_room
    cdef bint failed

    cdef bint begin(self, Py_ssize_t size) noexcept nogil
    cdef void end(self, Py_ssize_t at, unsigned long long time, unsigned long long tie) noexcept nogil
