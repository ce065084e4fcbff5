# Columns of the tables that a plan holds, and how much of each there may be.

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
    FACTS = 33
    FACTS_END = 34

cpdef enum:
    LAYER_COLUMNS = 35
    NUMBER_COLUMNS = 6
    MOST_LAYERS = 32
    MOST_TYPES = 512
