# The functions of `options.py` that `parts.py` calls.

from netbeam.kernel.wire cimport Writer

cdef int options(Writer w, unsigned int number) noexcept nogil
cdef int dhcp_fingerprint(Writer w, unsigned int number) noexcept nogil
