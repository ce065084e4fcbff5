# The packets of one part of a run, as replay.py reads them.

from netbeam.kernel.keys cimport Keys
from netbeam.kernel.store cimport Output

# An item is a packet: time, tie, row and flow, offset, three words of its digest, length on the wire and way.
# An answer of DNS is a time, a tie, who asked for which address, and a name's place in the text and size.
cpdef enum:
    ITEM = 8
    ANSWER_ITEM = 5
    FLOW_KEY = 8
    ANSWER_KEY = 5
    PACKET_BITS = 40

cdef const unsigned char* icmp_pairs
cdef const unsigned char* icmp6_pairs

cdef int partner(unsigned int kind, int version) noexcept nogil

cdef class Flows:
    cdef bint per_file
    cdef bint hosts
    cdef unsigned long long part
    cdef unsigned long long parts
    cdef bint failed
    cdef Output host_rows
    cdef Keys keys
    cdef unsigned long long key[8]
    cdef unsigned long long whole[19]
    cdef unsigned long long* rows
    cdef Py_ssize_t row_count
    cdef Py_ssize_t row_room
    cdef unsigned long long* items
    cdef Py_ssize_t count
    cdef Py_ssize_t room
    cdef Py_ssize_t* starts
    cdef unsigned int* order
    cdef unsigned int* spare
    cdef Py_ssize_t order_room
    cdef Keys asked
    cdef unsigned long long* answers
    cdef Py_ssize_t answered
    cdef Py_ssize_t answer_room
    cdef Py_ssize_t* answer_starts
    cdef unsigned int* answer_order
    cdef unsigned char* text
    cdef Py_ssize_t text_size
    cdef Py_ssize_t text_room

    cdef bint make_room(self, Py_ssize_t rows, Py_ssize_t digests, Py_ssize_t answers, Py_ssize_t characters)
    cdef void take(self, unsigned long long* words, Py_ssize_t rows, Py_ssize_t row_words, Py_ssize_t digests,
                   Py_ssize_t answers, Py_ssize_t characters, unsigned long long tie,
                   unsigned long long offset) noexcept nogil
    cdef Py_ssize_t take_row(self, unsigned long long* words, Py_ssize_t at, Py_ssize_t end) noexcept nogil
    cdef unsigned long long flow_of(self, Py_ssize_t at, unsigned long long source) noexcept nogil
    cdef bint greater(self, unsigned long long* row, unsigned long long source_port,
                      unsigned long long target_port) noexcept nogil
    cdef bint put_in_order(self)
    cdef bint order_fits(self, Py_ssize_t items, Py_ssize_t groups)
