# The values of one record made from many packets.

cpdef enum:
    SLOTS = 192
    TEXTS = 12
    LISTS = 16
    LIST_ROOM = 64
    CHARACTERS = 4096

cpdef enum:
    SHEET_COLUMNS = 4

cpdef enum:
    SHEET_END = 0
    NUMBER = 1
    REAL = 2
    TEXT = 3
    NAME = 4
    LIST = 5

# The slots of what every record of a flow says, so that the records can be joined.
cpdef enum:
    TIME_FIRST = 0
    TIME_LAST = 1
    SOURCE_PORT = 2
    TARGET_PORT = 3
    PROTOCOL = 4
    IP_VERSION = 5
    END_REASON = 6
    OWN_SLOTS = 16

cpdef enum:
    UID = 0
    COMMUNITY_ID = 1
    SOURCE = 2
    TARGET = 3
    OWN_TEXTS = 4

cdef class Sheet:
    cdef list keep
    cdef long long number[192]
    cdef double real[192]
    cdef unsigned char* characters
    cdef Py_ssize_t written
    cdef Py_ssize_t text_at[12]
    cdef Py_ssize_t text_size[12]
    cdef long long items[1024]
    cdef int count[16]
    cdef unsigned int* ops
    cdef unsigned char* names
    cdef long long* name_at
    cdef Py_ssize_t name_count
    cdef Py_ssize_t greatest

    cdef void clear(self) noexcept nogil
    cdef void text(self, int slot, Py_ssize_t end) noexcept nogil
    cdef void append(self, int slot, long long value) noexcept nogil
    cdef Py_ssize_t write(self, Py_ssize_t row, unsigned char* out, Py_ssize_t at) noexcept nogil
