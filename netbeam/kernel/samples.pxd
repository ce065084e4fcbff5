# Exact statistics of whole numbers.

from netbeam.kernel.sheet cimport Sheet

cpdef enum:
    BINS = 8
    SMALL = 48

cdef class Moments:
    cdef unsigned long long count
    cdef unsigned long long total
    cdef unsigned long long high
    cdef unsigned long long low
    cdef unsigned long long least
    cdef unsigned long long greatest

    cdef void begin(self) noexcept nogil
    cdef void add(self, unsigned long long value) noexcept nogil
    cdef void merge(self, Moments other) noexcept nogil
    cdef void finish(self, Sheet sheet, int slot) noexcept nogil

cdef class Sample:
    cdef Moments moments
    cdef unsigned long long* kept
    cdef Py_ssize_t count
    cdef Py_ssize_t room
    cdef bint failed
    cdef unsigned long long edge
    cdef int step
    cdef long long bins[8]
    cdef Py_ssize_t bucket[256]

    cdef void begin(self) noexcept nogil
    cdef void add(self, unsigned long long value) noexcept nogil
    cdef void keep(self, unsigned long long value) noexcept nogil
    cdef void grow(self) noexcept nogil
    cdef void merge(self, Sample other) noexcept nogil
    cdef unsigned long long ranked(self, Py_ssize_t rank) noexcept nogil
    cdef void finish(self, Sheet sheet, int slot, int bins) noexcept nogil
