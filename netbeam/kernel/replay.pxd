# The slots of a Connection's sheet that replay.py fills (tcp.pxd has the others), and what it may be asked for.

cpdef enum:
    PACKETS = 16
    PACKETS_BACK = 17
    IP_BYTES = 18
    IP_BYTES_BACK = 19
    PAYLOAD_BYTES = 20
    PAYLOAD_BYTES_BACK = 21
    WIRE_BYTES = 22
    WIRE_BYTES_BACK = 23
    MIN_TTL = 24
    MIN_TTL_BACK = 25
    MAX_TTL = 26
    MAX_TTL_BACK = 27
    TIME_START = 28
    TIME_START_BACK = 29
    TIME_END = 30
    TIME_END_BACK = 31
    CUT_PACKETS = 32
    CUT_PACKETS_BACK = 33
    FIRST_NUMBER = 34
    FIRST_NUMBER_BACK = 35
    LAST_NUMBER = 36
    LAST_NUMBER_BACK = 37
    HEADER_BYTES = 38
    HEADER_BYTES_BACK = 39
    SEGMENT_SIZE = 40
    SEGMENT_SIZE_BACK = 41
    SCALE = 42
    SCALE_BACK = 43
    SCALES = 44
    SCALES_BACK = 45
    SACK = 46
    SACK_BACK = 47
    STAMPS = 48
    STAMPS_BACK = 49
    AVERAGE = 50
    AVERAGE_BACK = 51
    DURATION = 52
    ALL_PACKETS = 53
    ALL_PAYLOAD = 54
    ALL_WIRE = 55
    LINK = 56
    NETWORK = 57
    APPLICATION = 58
    TUNNEL = 59
    TUNNEL_NUMBER = 60
    FILE = 61
    LAST_FILE = 62
    FIRST_OFFSET = 63
    REASON = 64
    FLIPPED = 65
    NAME_AGE = 66
    EXTERNAL = 67
    BROADCAST = 68
    MULTICAST = 69
    SYN_TTL = 140
    DURATION_FORTH = 141
    DURATION_FORTH_BACK = 142
    FIRST_PACKET = 143
    LAST_PACKET = 144
    FORTH = 145
    NOTHING = 146

cpdef enum:
    BYTE_RATIO = 0
    PACKET_RATIO = 1
    CONSUMER_RATIO = 2

cpdef enum:
    SOURCE_PORT_TEXT = 4
    TARGET_PORT_TEXT = 5
    SOURCE_MAC_TEXT = 6
    TARGET_MAC_TEXT = 7
    DNS_NAME = 9
    OUTER_SOURCE = 10
    OUTER_TARGET = 11

cpdef enum:
    VLANS = 0

# Why the sender of a connection's first packet, or its receiver, is taken for the originator.
cpdef enum:
    BY_SYN = 1
    BY_SYN_ACK = 2
    BY_PORT = 3
    BY_FIRST = 4

# Why a connection ended.
cpdef enum:
    IDLE = 1
    ACTIVE = 2
    CLOSED = 3
    LAST = 6

# Words of a service row.
cpdef enum:
    SERVICE_WORDS = 9

# What is written, and the settings of a replay.
cpdef enum:
    CONNECTION = 0
    FLOW = 1
    FLOW_FEATURES = 2
    SERVICES = 3
    FLOW_BACK = 4
    TABLES = 5

cpdef enum:
    TCP_IDLE = 0
    UDP_IDLE = 1
    ICMP_IDLE = 2
    OTHER_IDLE = 3
    ACTIVE_LIMIT = 4
    LINGER = 5
    SEED = 6
    PER_FILE = 7
    SETTINGS = 8
