# The functions of `parts.py` that the walk calls, and the numbers that a plan gives them by.

from netbeam.kernel.wire cimport Writer

cpdef enum:
    OPTIONS = 0
    REST = 1
    PAYLOAD = 2
    HOP_OPTIONS = 3
    NEXT_HOP_BY_HOP = 4
    ICMP6_OPTIONS = 5
    DHCP_OPTIONS = 6
    DHCP_FINGERPRINT = 7
    DHCP_HARDWARE = 8
    DNS_QUESTIONS = 9
    DNS_RECORDS = 10
    HARDWARE_ADDRESS = 11
    PROTOCOL_ADDRESS = 12
    IF_U16 = 13
    IF_U32 = 14
    GRE_ROUTING = 15
    IGMP = 16
    LLC_CONTROL = 17

cpdef enum:
    FIXED = 0
    SPANS = 1
    ARP_LENGTH = 2
    GRE_LENGTH = 3
    LLC_LENGTH = 4
    PEEK = 5

cdef int variable_part(Writer w, unsigned int function, unsigned int number, unsigned long long value) noexcept nogil
cdef Py_ssize_t measure(const unsigned char* data, unsigned int function, Py_ssize_t at, Py_ssize_t end) noexcept nogil
