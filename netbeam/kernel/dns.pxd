# The functions of `dns.py` that `parts.py` calls.

from netbeam.kernel.wire cimport Writer

cdef int dns_questions(Writer w, unsigned int number, unsigned long long count) noexcept nogil
cdef int dns_records(Writer w, unsigned int number, unsigned long long count) noexcept nogil
