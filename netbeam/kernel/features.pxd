# The features of a connection, and their slots in the sheet of a FlowFeatures record.

from netbeam.kernel.samples cimport Moments, Sample
from netbeam.kernel.sheet cimport Sheet

cpdef enum:
    FIRST_PACKETS = 32
    BULK_LEAST = 4
    TCP_FLAGS = 8

# Numbers of both directions, and of the first to speak; the other's are DIRECTION_SLOTS further on.
# Moments take two numbers and two reals, a Sample three numbers more, as samples.py's PARTS says.
cpdef enum:
    DIRECTION_SLOTS = 48
    FWD_PACKETS = 16
    FWD_BYTES = 17
    FWD_PAYLOAD_BYTES = 18
    FWD_HEADER_BYTES = 19
    FWD_WIRE_BYTES = 20
    FWD_DATA_PACKETS = 21
    FWD_HEADER_MIN = 22
    FWD_TIME_FIRST = 23
    FWD_TIME_LAST = 24
    FWD_WINDOW = 25
    FWD_FIN = 26
    FWD_SYN = 27
    FWD_RST = 28
    FWD_PSH = 29
    FWD_ACK = 30
    FWD_URG = 31
    FWD_ECE = 32
    FWD_CWR = 33
    FWD_BURSTS = 34
    FWD_BULKS = 35
    FWD_BULK_PACKETS = 36
    FWD_BULK_BYTES = 37
    FWD_BULK_TIME = 38
    FWD_SIZE = 39
    FWD_GAP = 44
    FWD_PAYLOAD = 49
    SIZE = 112
    GAP = 117
    PAYLOAD = 122
    ACTIVE = 124
    IDLE = 126
    ACTIVE_PERIODS = 128
    IDLE_PERIODS = 129
    SUBFLOWS = 130

# Lists.
cpdef enum:
    BINS_SIZE = 0
    BINS_SIZE_FWD = 1
    BINS_SIZE_BWD = 2
    BINS_GAP = 3
    BINS_GAP_FWD = 4
    BINS_GAP_BWD = 5
    FIRST_DIRECTIONS = 6
    FIRST_SIZES = 7
    FIRST_PAYLOADS = 8
    FIRST_GAPS = 9

cdef class Side:
    cdef Sample sizes
    cdef Sample gaps
    cdef Moments payloads
    cdef int slots
    cdef unsigned long long wire_bytes
    cdef unsigned long long data_packets
    cdef Py_ssize_t header_min
    cdef long long time_first
    cdef long long time_last
    cdef bint window_seen
    cdef unsigned int window
    cdef long long flags[8]
    cdef long long bursts
    cdef long long bulks
    cdef long long bulk_packets
    cdef long long bulk_bytes
    cdef long long bulk_time
    cdef long long run_packets
    cdef long long run_bytes
    cdef long long run_first
    cdef long long run_last

    cdef void begin(self) noexcept nogil
    cdef void packet(self, long long time, Py_ssize_t ip_length, Py_ssize_t payload, Py_ssize_t wire_length) noexcept nogil
    cdef void tcp(self, int flags, unsigned int window) noexcept nogil
    cdef void data(self, long long time, Py_ssize_t payload) noexcept nogil
    cdef void finish(self, Sheet sheet) noexcept nogil

cdef class Features:
    cdef Side forward
    cdef Side backward
    cdef Sample gaps
    cdef Moments active
    cdef Moments idle
    cdef Py_ssize_t count
    cdef long long time_last
    cdef long long active_since
    cdef long long subflows
    cdef long long first[128]
    cdef readonly bint failed

    cdef void begin(self) noexcept nogil
    cdef void packet(self, int direction, long long time, Py_ssize_t ip_length, Py_ssize_t payload, Py_ssize_t wire_length, int flags, unsigned int window, int protocol) noexcept nogil
    cdef void pause(self, long long time, unsigned long long gap) noexcept nogil
    cdef void finish(self, Sheet sheet) noexcept nogil
