cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define netbeam_fetch(address) __builtin_prefetch(address)
    #else
    #define netbeam_fetch(address)
    #endif
    """
    void fetch "netbeam_fetch"(const void* address) noexcept nogil

# What a walk may say of a packet.

cpdef enum:
    DECODED = 0
    UNKNOWN = 1
    ERROR = 2
