# Columns of the layer table that a plan holds, and what a walk may say of a packet.

cpdef enum:
    HEADER_LEN = 0
    LENGTH_WIDTH = 1
    LENGTH_OFFSET = 2
    LENGTH_SHIFT = 3
    LENGTH_MASK = 4
    LENGTH_UNIT = 5
    LENGTH_ADD = 6
    MEASURE = 7
    TOTAL_WIDTH = 8
    TOTAL_OFFSET = 9
    TOTAL_ADD = 10
    ZERO_IS_REST = 11
    CHECKS = 12
    CHECKS_END = 13
    PLAUSIBLE = 14
    PLAUSIBLE_END = 15
    FRAGMENT_WIDTH = 16
    FRAGMENT_OFFSET = 17
    FRAGMENT_MASK = 18
    MORE_MASK = 19
    ADDRESS_LEN = 20
    SOURCE_OFFSET = 21
    TARGET_OFFSET = 22
    HAS_PORTS = 23
    SOURCE_PORT_OFFSET = 24
    TARGET_PORT_OFFSET = 25
    KEYS = 26
    KEYS_END = 27
    TABLE = 28
    TABLE_SIZE = 29
    REQUIRED = 30
    LENGTH_BELOW = 31
    LENGTH_KEY = 32
    EITHER_ORDER = 33
    OPS = 34
    GREATEST = 35
    ENCODE = 36
    SELECTED = 37
    CONDITION = 38
    CERTAIN = 39

cpdef enum:
    LAYER_COLUMNS = 40
    NUMBER_COLUMNS = 6
    MOST_LAYERS = 32
    MOST_TYPES = 512

cpdef enum:
    DECODED = 0
    UNKNOWN = 1
    ERROR = 2
