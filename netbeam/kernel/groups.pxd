# The function of `groups.py` that the walk calls, and the columns of the tables that it goes by.

from netbeam.kernel.wire cimport Writer

# A number: how it is read, and the least and the greatest value that a condition lets through.
cpdef enum:
    FORMAT = 0
    OFFSET = 1
    SHIFT = 2
    MASK = 3
    LOW = 4
    HIGH = 5
    CONDITION_COLUMNS = 6

# A group: where its elements lie and how many there are, how long one is, and what is written of it.
cpdef enum:
    PLACE = 0
    ROOM = 1
    WINDOW = 2
    WINDOW_UNIT = 3
    WINDOW_ADD = 4
    REPEAT = 5
    WRAP = 6
    LEAST = 7
    SIZED = 8
    SIZE = 9
    SIZE_UNIT = 13
    SIZE_ADD = 14
    PADDED = 15
    TAGGED = 16
    TAG = 17
    ALONE = 21
    ALONE_TOO = 22
    SILENT = 23
    LAST = 24
    FIELDS = 25
    ROOM_FOR_FIELDS = 26
    ALONE_FIELDS = 27
    CASES = 28
    CASES_END = 29
    GROUP_COLUMNS = 30

cpdef enum:
    CASE_COLUMNS = 3

cpdef enum:
    AT_CURSOR = 0
    AHEAD = 1
    PLACED = 2

cpdef enum:
    ONCE = 0
    COUNTED = 1
    ALL = 2

cpdef enum:
    INLINE = 0
    MESSAGE = 1
    PACKED = 2

cpdef enum:
    FIXED_SIZE = 0
    OWN_SIZE = 1
    REST_SIZE = 2

# What is added to a length, which may be less than nothing, is this much greater in its column.
cpdef enum:
    ZERO = 65536

cdef int part(Writer w, unsigned int* ops, Py_ssize_t row) noexcept nogil
