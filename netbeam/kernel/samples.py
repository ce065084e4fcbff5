# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Kept values are written below `room` and read below `count`; bins and bytes are below 8 and 256.
"""Exact statistics of whole numbers: what they are does not depend on their order."""

from __future__ import annotations

import cython

if cython.compiled:
    from cython.cimports.libc.math import sqrt
    from cython.cimports.libc.stdlib import free, realloc
    from cython.cimports.netbeam.kernel.sheet import LIST_ROOM, Sheet
    from cython.cimports.netbeam.kernel.wire import ALL_64
else:
    from math import sqrt

    from netbeam.kernel.sheet import LIST_ROOM, Sheet
    from netbeam.kernel.wire import ALL_64

# Compiled, these are the enums of samples.pxd.
if not cython.compiled:
    BINS, SMALL = 8, 48

PARTS = {"MIN": 0, "MAX": 1, "P25": 2, "P50": 3, "P75": 4, "MEAN": 0, "STD": 1}
"""Where parts of a Sample lie from its slot on, the last two among the reals; Moments lack quartiles."""


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def product_high(a: cython.ulonglong, b: cython.ulonglong) -> cython.ulonglong:
    """Give the upper 64 of the 128 bits of a product."""
    half: cython.ulonglong = 0xFFFFFFFF
    middle: cython.ulonglong
    other: cython.ulonglong
    if (a | b) <= half:
        return 0
    middle = (a >> 32) * (b & half) + ((a & half) * (b & half) >> 32)
    other = (a & half) * (b >> 32) + (middle & half)
    return (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32)


@cython.final
@cython.cclass
class Moments:
    """Count, sum and sum of squares (in 128 bits: `high`, `low`) of whole numbers whose sum is below 2**64.

    All are exact, so that mean and deviation depend neither on the order of the numbers nor on how they came.
    """

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def begin(self) -> cython.void:
        self.count = self.total = self.high = self.low = self.greatest = 0
        self.least = ALL_64

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def add(self, value: cython.ulonglong) -> cython.void:
        """Take in a number."""
        square: cython.ulonglong = value * value & ALL_64
        self.count += 1
        self.total += value
        self.low = (self.low + square) & ALL_64
        self.high += product_high(value, value)
        if self.low < square:
            self.high += 1
        if value < self.least:
            self.least = value
        if value > self.greatest:
            self.greatest = value

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def merge(self, other: Moments) -> cython.void:
        """Take in another's numbers."""
        self.count += other.count
        self.total += other.total
        self.low = (self.low + other.low) & ALL_64
        self.high += other.high
        if self.low < other.low:
            self.high += 1
        if other.least < self.least:
            self.least = other.least
        if other.greatest > self.greatest:
            self.greatest = other.greatest

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def finish(self, sheet: Sheet, slot: cython.int) -> cython.void:
        """Leave least, greatest, mean and population standard deviation; of no numbers, nothing.

        The deviation is that around the whole number nearest to the mean, where squares sum up exactly, less
        the mean's own distance from it: at most half as much, so that the difference keeps its digits.
        """
        mean: cython.ulonglong
        rest: cython.longlong
        factor: cython.ulonglong
        low: cython.ulonglong
        high: cython.ulonglong
        count: cython.double
        share: cython.double
        if self.count == 0:
            return
        mean = self.total // self.count
        rest = cython.cast(cython.longlong, self.total - mean * self.count)
        if rest > cython.cast(cython.longlong, self.count) - rest:
            mean += 1
            rest -= cython.cast(cython.longlong, self.count)
        factor = (self.total + cython.cast(cython.ulonglong, rest)) & ALL_64
        low = mean * factor & ALL_64
        high = self.high - product_high(mean, factor)
        if self.low < low:
            high -= 1
        low = (self.low - low) & ALL_64
        high &= ALL_64
        count = cython.cast(cython.double, self.count)
        share = cython.cast(cython.double, rest) / count
        sheet.number[slot] = cython.cast(cython.longlong, self.least)
        sheet.number[slot + 1] = cython.cast(cython.longlong, self.greatest)
        sheet.real[slot] = cython.cast(cython.double, self.total) / count
        sheet.real[slot + 1] = sqrt(
            (cython.cast(cython.double, high) * 18446744073709551616.0 + cython.cast(cython.double, low))
            / count
            - share * share
        )


@cython.final
@cython.cclass
class Sample:
    """Moments of numbers, the numbers themselves for their quartiles, and how many lie in each of BINS bins.

    The memory grows with the numbers and is kept for the next connection. When there is none left the sample
    has `failed`: what it says is not true, and whoever replays must raise MemoryError.
    """

    def __init__(self, edge: int, step: int) -> None:
        """Take the first bin's upper edge, and how many powers of two the next edges are apart."""
        self.moments = Moments()
        self.edge, self.step = edge, step
        self.count = self.room = 0
        self.failed = False
        if not cython.compiled:
            self.kept = []
            self.bucket = [0] * 256

    def __dealloc__(self) -> None:
        if cython.compiled:
            free(self.kept)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def begin(self) -> cython.void:
        i: cython.int
        self.moments.begin()
        self.count = 0
        if not cython.compiled:
            self.bins = [0] * BINS
        for i in range(BINS):
            self.bins[i] = 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def add(self, value: cython.ulonglong) -> cython.void:
        """Take in a number."""
        edge: cython.ulonglong = self.edge
        bin: cython.int = 0
        while bin < BINS - 1 and value >= edge:
            edge <<= self.step
            bin += 1
        self.bins[bin] += 1
        self.moments.add(value)
        self.keep(value)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def keep(self, value: cython.ulonglong) -> cython.void:
        """Append a number to those kept."""
        if self.count == self.room:
            self.grow()
            if self.failed:
                return
        self.kept[self.count] = value
        self.count += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def grow(self) -> cython.void:
        """Make room for twice as many; on failure all stays as it is."""
        room: cython.Py_ssize_t = self.room * 2 if self.room > 0 else 256
        if cython.compiled:
            grown: cython.p_void = realloc(self.kept, cython.cast(cython.size_t, room) * 8)
            if grown == cython.NULL:
                self.failed = True
                return
            self.kept = cython.cast(cython.pointer(cython.ulonglong), grown)
        else:
            self.kept.extend([0] * (room - self.room))
        self.room = room

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def merge(self, other: Sample) -> cython.void:
        """Take in another's numbers; bins have the same edges."""
        i: cython.Py_ssize_t
        self.moments.merge(other.moments)
        for i in range(BINS):
            self.bins[i] += other.bins[i]
        for i in range(other.count):
            self.keep(other.kept[i])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def ranked(self, rank: cython.Py_ssize_t) -> cython.ulonglong:
        """Give the number of a rank, the least's being 0; reorders what is kept.

        Byte by byte from the highest, what has the wanted number's is moved to the front of what is left: at
        most eight times, whatever the numbers, where a quicksort has worst cases that a sender could aim at.
        """
        start: cython.Py_ssize_t = 0
        stop: cython.Py_ssize_t = self.count
        shift: cython.int = 56
        byte: cython.ulonglong
        i: cython.Py_ssize_t
        at: cython.Py_ssize_t
        value: cython.ulonglong
        while shift > 0 and self.moments.greatest >> shift == 0:
            shift -= 8
        while stop - start > SMALL and shift >= 0:
            for i in range(256):
                self.bucket[i] = 0
            for i in range(start, stop):
                self.bucket[self.kept[i] >> shift & 255] += 1
            byte = 0
            while rank >= self.bucket[byte]:
                rank -= self.bucket[byte]
                byte += 1
            at = start
            for i in range(start, stop):
                value = self.kept[i]
                if value >> shift & 255 == byte:
                    self.kept[i] = self.kept[at]
                    self.kept[at] = value
                    at += 1
            stop = at
            shift -= 8
        if shift < 0:
            return self.kept[start]
        for i in range(start + 1, stop):
            value = self.kept[i]
            at = i
            while at > start and self.kept[at - 1] > value:
                self.kept[at] = self.kept[at - 1]
                at -= 1
            self.kept[at] = value
        return self.kept[start + rank]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def finish(self, sheet: Sheet, slot: cython.int, bins: cython.int) -> cython.void:
        """Leave moments, quartiles and bins; of no numbers, nothing."""
        i: cython.int
        if self.count == 0:
            return
        self.moments.finish(sheet, slot)
        for i in range(3):
            sheet.number[slot + 2 + i] = cython.cast(
                cython.longlong, self.ranked(((i + 1) * self.count + 3) // 4 - 1)
            )
        for i in range(BINS):
            sheet.items[bins * LIST_ROOM + i] = self.bins[i]
        sheet.count[bins] = BINS
