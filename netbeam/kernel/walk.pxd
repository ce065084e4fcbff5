cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define netbeam_fetch(address) __builtin_prefetch(address)
    #else
    #define netbeam_fetch(address)
    #endif
    """
    void fetch "netbeam_fetch"(const void* address) noexcept nogil

# Columns of the layer table that a plan holds, and what a walk may say of a packet.

cpdef enum:
    HEADER_LEN = 0
    LENGTH = 1
    LENGTH_UNIT = 2
    LENGTH_ADD = 3
    MEASURE = 4
    TOTAL = 5
    TOTAL_ADD = 6
    ZERO_IS_REST = 7
    CHECKS = 8
    CHECKS_END = 9
    PLAUSIBLE = 10
    PLAUSIBLE_END = 11
    FRAGMENT = 12
    FRAGMENT_MASK = 13
    MORE_MASK = 14
    ADDRESS_LEN = 15
    SOURCE_OFFSET = 16
    TARGET_OFFSET = 17
    PORTS = 18
    KEYS = 19
    KEYS_END = 20
    CONDITION = 21
    TABLE = 22
    TABLE_SIZE = 23
    REQUIRED = 24
    CERTAIN = 25
    LENGTH_BELOW = 26
    LENGTH_KEY = 27
    EITHER_ORDER = 28
    OPS = 29
    GREATEST = 30
    ENCODE = 31
    SELECTED = 32

cpdef enum:
    LAYER_COLUMNS = 33
    NUMBER_COLUMNS = 6
    MOST_LAYERS = 32
    MOST_TYPES = 512

cpdef enum:
    DECODED = 0
    UNKNOWN = 1
    ERROR = 2
