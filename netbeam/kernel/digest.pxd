# What decoding leaves for flows: its layout, and the class that gathers it.

from netbeam.kernel.keys cimport Keys
from netbeam.kernel.wire cimport Writer

# Facts of headers (declare.FACTS).
cpdef enum:
    SOURCE_MAC = 0
    TARGET_MAC = 1
    VLAN = 2
    TUNNEL_ID = 3
    TTL = 4
    PROTOCOL = 5
    MESSAGE_TYPE = 6
    MESSAGE_CODE = 7
    SEQUENCE = 8
    ACKNOWLEDGEMENT = 9
    FLAGS = 10
    WINDOW = 11
    ANSWERS = 12
    FACT_KINDS = 13

cpdef enum:
    FACT_COLUMNS = 3

# Words of a row: what packets of one chunk and direction have in common, then how many these were.
cpdef enum:
    ROW_SOURCE = 0
    ROW_TARGET = 2
    ROW_ENDS = 4
    ROW_SOURCE_MAC = 5
    ROW_TARGET_MAC = 6
    ROW_VLANS = 7
    ROW_TUNNEL_ID = 8
    ROW_TUNNEL = 9
    ROW_OUTER = 10
    ROW_PACKETS = 14
    ROW_WIRE_BYTES = 15
    ROW_IP_BYTES = 16
    ROW_FIRST = 17
    ROW_LAST = 18

cpdef enum:
    ROW_KEY = 14
    ROW_WORDS = 19
    DIGEST_WORDS = 6
    ANSWER_WORDS = 8
    PARTITIONS = 64
    SIZES = 5

# Bits of a digest's last word.
cpdef enum:
    CUT = 1
    SEGMENT = 2

# Bits of a SYN's options in ROW_TUNNEL.
cpdef enum:
    HAS_SCALE = 1
    SACK_PERMITTED = 2
    TIMESTAMPS = 4
    HAS_MSS = 8

# In place of the type of an ICMP message, in fragments after the first.
cpdef enum:
    NO_MESSAGE = 0xFFFF

cdef class Digests:
    cdef list keep
    cdef bint devices
    cdef bint failed
    cdef long long* layers
    cdef long long* numbers
    cdef long long* facts
    cdef const unsigned char* data
    cdef int* layer
    cdef Py_ssize_t* head
    cdef Py_ssize_t* body
    cdef Py_ssize_t* end
    cdef int* context_at
    cdef unsigned int* source_port
    cdef unsigned int* target_port
    cdef Keys rows
    cdef unsigned long long key[14]
    cdef unsigned long long fact[13]
    cdef unsigned long long* digests
    cdef Py_ssize_t count
    cdef Py_ssize_t ip_packets
    cdef Writer w
    cdef unsigned long long* answers
    cdef Py_ssize_t answered
    cdef Py_ssize_t answer_room
    cdef unsigned char* text
    cdef Py_ssize_t text_room
    cdef Py_ssize_t tally[64][5]
    cdef Py_ssize_t text_start[64]
    cdef int transport
    cdef int answering
    cdef bint segment
    cdef bint message

    cdef void attach(self, long long* layers, long long* numbers, int* layer, Py_ssize_t* head,
                     Py_ssize_t* body, Py_ssize_t* end, int* context_at, unsigned int* source_port,
                     unsigned int* target_port) noexcept
    cdef void open(self, const unsigned char* data) noexcept
    cdef void packet(self, int depth, int legible, int contexts, Py_ssize_t number, Py_ssize_t start,
                     Py_ssize_t captured_end, Py_ssize_t length, long long time) noexcept nogil
    cdef unsigned long long read(self, long long row, Py_ssize_t head) noexcept nogil
    cdef void gather(self, int depth, int inner, int outer) noexcept nogil
    cdef bint holds(self, long long row, Py_ssize_t head) noexcept nogil
    cdef void name_flow(self, int contexts, int inner, Py_ssize_t captured_end) noexcept nogil
    cdef unsigned long long address(self, int i, int word) noexcept nogil
    cdef void options(self, Py_ssize_t at, Py_ssize_t end) noexcept nogil
    cdef unsigned long long payload(self, int depth) noexcept nogil
    cdef unsigned long long application(self, int depth) noexcept nogil
    cdef Py_ssize_t count_in_row(self, int contexts, unsigned long long stamp, unsigned long long length,
                                 unsigned long long ip_length) noexcept nogil
    cdef void answer(self, int i, Py_ssize_t captured_end, Py_ssize_t number, unsigned long long stamp) noexcept nogil
    cdef bint room_for_text(self) noexcept nogil
    cdef bint keep_answer(self, Py_ssize_t at, Py_ssize_t size, Py_ssize_t number, Py_ssize_t text,
                          unsigned long long stamp) noexcept nogil
    cdef void count_partitions(self) noexcept nogil
    cdef void scatter(self, unsigned long long* out, unsigned char* text) noexcept nogil
