# The types of `wire.py` that other kernel modules use.

cdef unsigned long long ALL_64
cpdef enum:
    OP_COLUMNS = 8

cpdef enum:
    END = 0
    U8 = 1
    U16 = 2
    U32 = 3
    NUMBER = 4
    MAC = 5
    IPV4 = 6
    IPV6 = 7
    RAW = 8
    STAMP = 9
    SOURCE = 10
    TARGET = 11
    SOURCE_PORT = 12
    TARGET_PORT = 13
    SIZE = 14
    ENTROPY = 15
    GROUP = 16
    CODED = 17

cpdef enum:
    LITTLE = 16
    SIGNED = 32

cpdef enum:
    WELL = 0
    SHORT = 1
    DEPTH = 2
    CHECK = 3
    HEADER = 4
    TOTAL_SHORT = 5
    TOTAL_LONG = 6
    OPTION = 7
    POINTER = 8
    NAME = 9
    VARIABLE = 10

cdef class Writer:
    cdef const unsigned char* data
    cdef unsigned char* out
    cdef Py_ssize_t at
    cdef Py_ssize_t end
    cdef bint full
    cdef Py_ssize_t cursor
    cdef Py_ssize_t limit
    cdef Py_ssize_t head
    cdef Py_ssize_t body
    cdef Py_ssize_t payload_end
    cdef Py_ssize_t payload_size
    cdef unsigned char stamp[16]
    cdef Py_ssize_t stamp_len
    cdef unsigned char source[48]
    cdef Py_ssize_t source_len
    cdef unsigned char target[48]
    cdef Py_ssize_t target_len
    cdef unsigned int source_port
    cdef unsigned int target_port

    cdef bint room(self, Py_ssize_t size) noexcept nogil
    cdef void begin(self, long long time) noexcept nogil
    cdef Py_ssize_t fields(self, unsigned int* ops, Py_ssize_t row) noexcept nogil
    cdef bint entropy(self) noexcept nogil
    cdef void addresses(self, Py_ssize_t source, Py_ssize_t target, int length) noexcept nogil
    cdef void uint(self, unsigned int number, unsigned long long value) noexcept nogil
    cdef void raw(self, unsigned int number, Py_ssize_t start, Py_ssize_t stop) noexcept nogil
    cdef void ipv4(self, unsigned int number, Py_ssize_t at) noexcept nogil
    cdef void ipv6(self, unsigned int number, Py_ssize_t at) noexcept nogil
    cdef void hex(self, unsigned int number, Py_ssize_t start, Py_ssize_t stop, int separator) noexcept nogil
    cdef Py_ssize_t open(self, unsigned int number) noexcept nogil
    cdef void byte(self, unsigned char value) noexcept nogil
    cdef void append(self, Py_ssize_t start, Py_ssize_t size) noexcept nogil
    cdef void close(self, Py_ssize_t mark) noexcept nogil

cdef Py_ssize_t put_uint(unsigned char* out, Py_ssize_t at, unsigned long long value) noexcept nogil
cdef Py_ssize_t close_length(unsigned char* out, Py_ssize_t mark, Py_ssize_t reserved, Py_ssize_t at) noexcept nogil
cdef unsigned int read_u32(const unsigned char* data, Py_ssize_t at) noexcept nogil
cdef unsigned long long read_uint(const unsigned char* data, Py_ssize_t at, int width) noexcept nogil
