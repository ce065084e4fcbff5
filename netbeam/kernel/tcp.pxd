# The machine of one TCP connection, and the slots that it fills.

from netbeam.kernel.sheet cimport Sheet

cpdef enum:
    FIRST_SLOT = 70
    STATE = 70
    # Pairs: the client's direction, then the server's. Flags are in the order of their bits.
    FINS = 71
    FINS_BACK = 72
    SYNS = 73
    SYNS_BACK = 74
    RSTS = 75
    RSTS_BACK = 76
    PSHS = 77
    PSHS_BACK = 78
    ACKS = 79
    ACKS_BACK = 80
    URGS = 81
    URGS_BACK = 82
    ECES = 83
    ECES_BACK = 84
    CWRS = 85
    CWRS_BACK = 86
    NSS = 87
    NSS_BACK = 88
    INITIAL_FLAGS = 89
    INITIAL_FLAGS_BACK = 90
    UNION_FLAGS = 91
    UNION_FLAGS_BACK = 92
    DATA_PACKETS = 93
    DATA_PACKETS_BACK = 94
    RETRANSMISSIONS = 95
    RETRANSMISSIONS_BACK = 96
    OUT_OF_ORDER = 97
    OUT_OF_ORDER_BACK = 98
    DUPLICATE_ACKS = 99
    DUPLICATE_ACKS_BACK = 100
    ZERO_WINDOWS = 101
    ZERO_WINDOWS_BACK = 102
    KEEP_ALIVES = 103
    KEEP_ALIVES_BACK = 104
    INITIAL_WINDOW = 105
    INITIAL_WINDOW_BACK = 106
    MAX_WINDOW = 107
    MAX_WINDOW_BACK = 108
    MISSED_BYTES = 109
    MISSED_BYTES_BACK = 110
    MAX_IN_FLIGHT = 111
    MAX_IN_FLIGHT_BACK = 112
    RTT_SAMPLES = 113
    RTT_SAMPLES_BACK = 114
    RTT_MIN = 115
    RTT_MIN_BACK = 116
    RTT_MEAN = 117
    RTT_MEAN_BACK = 118
    # One of the connection.
    ALL_FINS = 119
    ALL_SYNS = 120
    ALL_RSTS = 121
    ALL_PSHS = 122
    ALL_ACKS = 123
    ALL_URGS = 124
    ALL_ECES = 125
    ALL_CWRS = 126
    ALL_NSS = 127
    MEAN_WINDOW = 128
    SYN_TIME = 129
    SYN_ACK_TIME = 130
    SYN_RTT = 131
    ACK_RTT = 132
    LAST_SLOT = 132

cpdef enum:
    HISTORY = 8

# The states of a connection, as their names are listed.
cpdef enum:
    OTH = 0
    S0 = 1
    S1 = 2
    SF = 3
    REJ = 4
    S2 = 5
    S3 = 6
    RSTO = 7
    RSTR = 8
    RSTOS0 = 9
    RSTRH = 10
    SH = 11
    SHR = 12

cdef class Tcp:
    cdef public long long linger
    cdef long long number[63]
    cdef unsigned char history[64]
    cdef int letters
    cdef int noted[2]
    cdef unsigned int numbers[8]
    cdef long long gaps[2]
    cdef long long resent[2]
    cdef int did[2]
    cdef bint seen[2]
    cdef bint known[2]
    cdef bint acks_known[2]
    cdef bint isn_known[2]
    cdef unsigned int isn[2]
    cdef long long first[2]
    cdef long long next[2]
    cdef long long next_time[2]
    cdef long long acked[2]
    cdef long long acked_time[2]
    cdef long long reached[2]
    cdef unsigned int window[2]
    cdef int shift[2]
    cdef int duplicates[2]
    cdef bint kept_alive[2]
    cdef long long fin[2]
    cdef bint closed
    cdef long long closed_time
    cdef bint awaiting
    cdef int syns
    cdef int syn_acks
    cdef long long syn_time
    cdef long long reordering
    cdef long long windows
    cdef long long packets
    cdef long long rtt_sum[2]
    cdef long long covered[2]
    cdef long long gap_end[2]
    cdef int holes[2]
    cdef long long hole_start[32]
    cdef long long hole_end[32]
    cdef int timed[2]
    cdef int timed_head[2]
    cdef long long timed_end[128]
    cdef long long timed_at[128]

    cdef void begin(self) noexcept nogil
    cdef void scale(self, int direction, int shift) noexcept nogil
    cdef bint another(self, int direction, long long time, unsigned int seq, unsigned int ack, int flags) noexcept nogil
    cdef void packet(self, int direction, long long time, unsigned int seq, unsigned int ack, int flags, unsigned int window, Py_ssize_t payload) noexcept nogil
    cdef void finish(self, Sheet sheet) noexcept nogil
    cdef bint fin_seen(self) noexcept nogil
    cdef long long add(self, int slot) noexcept nogil
    cdef void count(self, int direction, int flags, unsigned int window, Py_ssize_t payload) noexcept nogil
    cdef void opens(self, int direction, unsigned int seq, int flags) noexcept nogil
    cdef void closes(self, int direction, unsigned int seq, long long after, int flags) noexcept nogil
    cdef void handshake(self, int direction, long long time, unsigned int ack, int flags) noexcept nogil
    cdef bint judge(self, int direction, long long time, long long start, long long after, long long acked, int flags, unsigned int window, Py_ssize_t payload) noexcept nogil
    cdef void repeat(self, int direction, long long time, long long start, long long after, Py_ssize_t payload) noexcept nogil
    cdef void acknowledge(self, int direction, long long time, long long acked) noexcept nogil
    cdef void sample(self, int direction, long long nanoseconds) noexcept nogil
    cdef void begin_at(self, int direction, long long position) noexcept nogil
    cdef void restart(self, int direction, unsigned int seq) noexcept nogil
    cdef void cover(self, int direction, long long time, long long start, long long after, Py_ssize_t payload, bint probe) noexcept nogil
    cdef void skip(self, int direction, long long start, long long after) noexcept nogil
    cdef void fill(self, int direction, long long start, long long after) noexcept nogil
    cdef bint lacks(self, int direction, long long start, long long after) noexcept nogil
    cdef void gap(self, int direction, long long acked) noexcept nogil
    cdef bint fins_acknowledged(self) noexcept nogil
    cdef void note(self, int direction, int letter) noexcept nogil
    cdef void note_once(self, int direction, int letter, int bit) noexcept nogil
    cdef void note_number(self, int direction, int letter, int place, unsigned int seq) noexcept nogil
    cdef void note_tenfold(self, int direction, int letter, long long times) noexcept nogil
    cdef int state(self) noexcept nogil
