# The functions of `parts.py` that the walk calls, and the numbers that a plan gives them by.

from netbeam.kernel.wire cimport Writer

cpdef enum:
    PAYLOAD = 0
    OPTIONS = 1
    REST = 2
    TEXT = 3
    HEX = 4
    ADDRESS = 5
    INTEGER = 6
    SIZE = 7
    TRUE = 8
    NAMED = 9
    DHCP_FINGERPRINT = 10
    DNS_QUESTIONS = 11
    DNS_RECORDS = 12
    GRE_ROUTING = 13
    IGMP = 14
    LLC_CONTROL = 15

cpdef enum:
    FIXED = 0
    SPANS = 1
    ARP_LENGTH = 2
    GRE_LENGTH = 3
    LLC_LENGTH = 4
    PEEK = 5

cdef unsigned long long header_number(Writer w, unsigned int* ops, Py_ssize_t row) noexcept nogil
cdef int variable_part(Writer w, unsigned int* ops, Py_ssize_t row) noexcept nogil
cdef Py_ssize_t measure(const unsigned char* data, unsigned int function, Py_ssize_t at, Py_ssize_t end) noexcept nogil
