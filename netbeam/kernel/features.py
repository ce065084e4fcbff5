# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Slots and flags are constants; the first packets are counted.
"""Features of a connection for machine learning: docs/features.md says what each means."""

import sys

import cython

from netbeam.kernel.samples import PARTS

if cython.compiled:
    from cython.cimports.netbeam.kernel.samples import Moments, Sample
    from cython.cimports.netbeam.kernel.sheet import LIST_ROOM, Sheet
else:
    from netbeam.kernel.samples import Moments, Sample
    from netbeam.kernel.sheet import LIST_ROOM, Sheet

# Compiled, these are the enums of features.pxd, which says what they are.
if not cython.compiled:
    FIRST_PACKETS, BULK_LEAST, TCP_FLAGS = 32, 4, 8
    DIRECTION_SLOTS = 48
    FWD_PACKETS, FWD_BYTES, FWD_PAYLOAD_BYTES, FWD_HEADER_BYTES, FWD_WIRE_BYTES = range(16, 21)
    FWD_DATA_PACKETS, FWD_HEADER_MIN, FWD_TIME_FIRST, FWD_TIME_LAST, FWD_WINDOW = range(21, 26)
    FWD_FIN, FWD_SYN, FWD_RST, FWD_PSH, FWD_ACK, FWD_URG, FWD_ECE, FWD_CWR = range(26, 34)
    FWD_BURSTS, FWD_BULKS, FWD_BULK_PACKETS, FWD_BULK_BYTES, FWD_BULK_TIME = range(34, 39)
    FWD_SIZE, FWD_GAP, FWD_PAYLOAD = 39, 44, 49
    SIZE, GAP, PAYLOAD, ACTIVE, IDLE = 112, 117, 122, 124, 126
    ACTIVE_PERIODS, IDLE_PERIODS, SUBFLOWS = range(128, 131)
    BINS_SIZE, BINS_SIZE_FWD, BINS_SIZE_BWD, BINS_GAP, BINS_GAP_FWD, BINS_GAP_BWD = range(6)
    FIRST_DIRECTIONS, FIRST_SIZES, FIRST_PAYLOADS, FIRST_GAPS = range(6, 10)


def __getattr__(name: str) -> int:
    """Give the slots that follow from others: BWD_PACKETS from FWD_PACKETS, SIZE_MEAN from SIZE."""
    if name.startswith("BWD_"):
        return getattr(sys.modules[__name__], f"FWD_{name[4:]}") + DIRECTION_SLOTS
    sample, _, part = name.rpartition("_")
    if part in PARTS and sample in globals():
        return globals()[sample] + PARTS[part]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


SECOND = cython.declare(cython.ulonglong, 1_000_000_000)
"""A longer gap ends a subflow, a burst and a bulk."""
IDLE_AFTER = cython.declare(cython.ulonglong, 5_000_000_000)
"""A longer gap is an idle period."""
SIZE_EDGE = cython.declare(cython.ulonglong, 64)
"""Sizes below are in the first bin; every bin's edge is twice the one before."""
GAP_EDGE = cython.declare(cython.ulonglong, 1024)
"""Gaps below are in the first bin; every bin's edge is 16 times the one before."""
TCP = cython.declare(cython.int, 6)
ROW = cython.declare(cython.Py_ssize_t, 8)


@cython.final
@cython.cclass
class Side:
    """What one direction of a connection sent. `slots` is what is added to the forward direction's slots."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.sizes = Sample(SIZE_EDGE, 1)
        self.gaps = Sample(GAP_EDGE, 4)
        self.payloads = Moments()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def begin(self) -> cython.void:
        i: cython.int
        self.sizes.begin()
        self.gaps.begin()
        self.payloads.begin()
        self.wire_bytes = self.data_packets = 0
        self.header_min = self.time_first = self.time_last = 0
        self.window_seen = False
        self.window = 0
        self.bursts = self.bulks = self.bulk_packets = self.bulk_bytes = self.bulk_time = 0
        self.run_packets = self.run_bytes = self.run_first = self.run_last = 0
        if not cython.compiled:
            self.flags = [0] * TCP_FLAGS
        for i in range(TCP_FLAGS):
            self.flags[i] = 0

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def packet(
        self,
        time: cython.longlong,
        ip_length: cython.Py_ssize_t,
        payload: cython.Py_ssize_t,
        wire_length: cython.Py_ssize_t,
    ) -> cython.void:
        """Take in a packet."""
        header: cython.Py_ssize_t = ip_length - payload
        if self.payloads.count == 0:
            self.time_first = time
            self.header_min = header
        else:
            self.gaps.add(cython.cast(cython.ulonglong, time) - cython.cast(cython.ulonglong, self.time_last))
            if header < self.header_min:
                self.header_min = header
        self.time_last = time
        self.sizes.add(cython.cast(cython.ulonglong, ip_length))
        self.payloads.add(cython.cast(cython.ulonglong, payload))
        self.wire_bytes += cython.cast(cython.ulonglong, wire_length)

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def tcp(self, flags: cython.int, window: cython.uint) -> cython.void:
        """Count a segment's flags; keep the first window. Of a header that wasn't captured both are zero."""
        i: cython.int
        for i in range(TCP_FLAGS):
            self.flags[i] += flags >> i & 1
        if not self.window_seen and (flags != 0 or window != 0):
            self.window_seen = True
            self.window = window

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def data(self, time: cython.longlong, payload: cython.Py_ssize_t) -> cython.void:
        """Take in payload: it goes on with a burst, or begins one; with enough packets a burst is a bulk."""
        self.data_packets += 1
        if (
            self.run_packets == 0
            or cython.cast(cython.ulonglong, time) - cython.cast(cython.ulonglong, self.run_last) > SECOND
        ):
            self.bursts += 1
            self.run_packets = self.run_bytes = 0
            self.run_first = time
        self.run_packets += 1
        self.run_bytes += payload
        if self.run_packets == BULK_LEAST:
            self.bulks += 1
            self.bulk_packets += self.run_packets
            self.bulk_bytes += self.run_bytes
            self.bulk_time += time - self.run_first
        elif self.run_packets > BULK_LEAST:
            self.bulk_packets += 1
            self.bulk_bytes += payload
            self.bulk_time += time - self.run_last
        self.run_last = time

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def finish(self, sheet: Sheet) -> cython.void:
        """Leave what is the direction's own in its slots."""
        i: cython.int
        slots: cython.int = self.slots
        sheet.number[FWD_PACKETS + slots] = cython.cast(cython.longlong, self.payloads.count)
        sheet.number[FWD_BYTES + slots] = cython.cast(cython.longlong, self.sizes.moments.total)
        sheet.number[FWD_PAYLOAD_BYTES + slots] = cython.cast(cython.longlong, self.payloads.total)
        sheet.number[FWD_HEADER_BYTES + slots] = cython.cast(
            cython.longlong, self.sizes.moments.total - self.payloads.total
        )
        sheet.number[FWD_WIRE_BYTES + slots] = cython.cast(cython.longlong, self.wire_bytes)
        sheet.number[FWD_DATA_PACKETS + slots] = cython.cast(cython.longlong, self.data_packets)
        sheet.number[FWD_HEADER_MIN + slots] = self.header_min
        sheet.number[FWD_TIME_FIRST + slots] = self.time_first
        sheet.number[FWD_TIME_LAST + slots] = self.time_last
        sheet.number[FWD_WINDOW + slots] = self.window
        for i in range(TCP_FLAGS):
            sheet.number[FWD_FIN + slots + i] = self.flags[i]
        sheet.number[FWD_BURSTS + slots] = self.bursts
        sheet.number[FWD_BULKS + slots] = self.bulks
        sheet.number[FWD_BULK_PACKETS + slots] = self.bulk_packets
        sheet.number[FWD_BULK_BYTES + slots] = self.bulk_bytes
        sheet.number[FWD_BULK_TIME + slots] = self.bulk_time
        self.sizes.finish(sheet, FWD_SIZE + slots, BINS_SIZE_BWD if slots else BINS_SIZE_FWD)
        self.gaps.finish(sheet, FWD_GAP + slots, BINS_GAP_BWD if slots else BINS_GAP_FWD)
        self.payloads.finish(sheet, FWD_PAYLOAD + slots)


@cython.final
@cython.cclass
class Features:
    """Makes the features of one connection after the other: begin, its packets in order of time, finish.

    When memory ran out it has `failed`: what it left is not true, and whoever replays must raise MemoryError.
    Not thread-safe: every thread has its own.
    """

    def __init__(self) -> None:
        self.forward = Side(0)
        self.backward = Side(DIRECTION_SLOTS)
        self.gaps = Sample(GAP_EDGE, 4)
        self.active = Moments()
        self.idle = Moments()
        self.failed = False
        self.begin()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def begin(self) -> cython.void:
        """Forget the connection before."""
        self.forward.begin()
        self.backward.begin()
        self.gaps.begin()
        self.active.begin()
        self.idle.begin()
        self.count = 0
        self.time_last = self.active_since = self.subflows = 0
        if not cython.compiled:
            self.first = [0] * (4 * FIRST_PACKETS)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def packet(
        self,
        direction: cython.int,
        time: cython.longlong,
        ip_length: cython.Py_ssize_t,
        payload: cython.Py_ssize_t,
        wire_length: cython.Py_ssize_t,
        flags: cython.int,
        window: cython.uint,
        protocol: cython.int,
    ) -> cython.void:
        """Take in a packet: Unix ns, bytes by the IP length, behind the transport header, and on the wire.

        Flags (FIN in bit 0, ..., CWR in bit 7) and window are zero unless it is a TCP segment.
        """
        gap: cython.ulonglong = 0
        if self.count == 0:
            self.subflows = 1
            self.active_since = time
        else:
            gap = cython.cast(cython.ulonglong, time) - cython.cast(cython.ulonglong, self.time_last)
            self.gaps.add(gap)
            if gap > SECOND:
                self.pause(time, gap)
        if self.count < FIRST_PACKETS:
            self.first[self.count] = direction
            self.first[FIRST_PACKETS + self.count] = ip_length
            self.first[2 * FIRST_PACKETS + self.count] = payload
            self.first[3 * FIRST_PACKETS + self.count] = cython.cast(cython.longlong, gap)
        self.count += 1
        self.time_last = time
        if direction == 0:
            self.forward.packet(time, ip_length, payload, wire_length)
            if protocol == TCP:
                self.forward.tcp(flags, window)
            if payload > 0:
                self.forward.data(time, payload)
                self.backward.run_packets = 0
        else:
            self.backward.packet(time, ip_length, payload, wire_length)
            if protocol == TCP:
                self.backward.tcp(flags, window)
            if payload > 0:
                self.backward.data(time, payload)
                self.forward.run_packets = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def pause(self, time: cython.longlong, gap: cython.ulonglong) -> cython.void:
        """Begin a subflow, and after a longer gap an active period."""
        self.subflows += 1
        if gap > IDLE_AFTER:
            if self.time_last != self.active_since:
                self.active.add(
                    cython.cast(cython.ulonglong, self.time_last)
                    - cython.cast(cython.ulonglong, self.active_since)
                )
            self.idle.add(gap)
            self.active_since = time

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def finish(self, sheet: Sheet) -> cython.void:
        """Leave all features in the sheet, which is clear but for what says whose they are."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        if self.time_last != self.active_since:
            self.active.add(
                cython.cast(cython.ulonglong, self.time_last)
                - cython.cast(cython.ulonglong, self.active_since)
            )
        self.forward.finish(sheet)
        self.backward.finish(sheet)
        self.forward.sizes.merge(self.backward.sizes)
        self.forward.sizes.finish(sheet, SIZE, BINS_SIZE)
        self.forward.payloads.merge(self.backward.payloads)
        self.forward.payloads.finish(sheet, PAYLOAD)
        self.gaps.finish(sheet, GAP, BINS_GAP)
        sheet.number[SUBFLOWS] = self.subflows
        sheet.number[ACTIVE_PERIODS] = cython.cast(cython.longlong, self.active.count)
        sheet.number[IDLE_PERIODS] = cython.cast(cython.longlong, self.idle.count)
        self.active.finish(sheet, ACTIVE)
        self.idle.finish(sheet, IDLE)
        for k in range(4):
            sheet.count[FIRST_DIRECTIONS + k] = min(self.count, FIRST_PACKETS)
            for i in range(sheet.count[FIRST_DIRECTIONS + k]):
                sheet.items[(FIRST_DIRECTIONS + k) * LIST_ROOM + i] = self.first[k * FIRST_PACKETS + i]
        if self.forward.sizes.failed or self.backward.sizes.failed or self.gaps.failed:
            self.failed = True
        if self.forward.gaps.failed or self.backward.gaps.failed:
            self.failed = True

    def feed(self, packets, sheet: Sheet) -> bytes:
        """Give the record of one connection, its length before it, written by a sheet.

        `packets` is an array of 'q' with eight numbers a packet: the arguments of `packet` in their order.
        """
        rows: cython.longlong[::1] = packets
        out: cython.uchar[::1] = bytearray(sheet.greatest)
        at: cython.Py_ssize_t
        self.begin()
        for at in range(0, len(packets), ROW):
            self.packet(
                cython.cast(cython.int, rows[at]),
                rows[at + 1],
                rows[at + 2],
                rows[at + 3],
                rows[at + 4],
                cython.cast(cython.int, rows[at + 5]),
                cython.cast(cython.uint, rows[at + 6]),
                cython.cast(cython.int, rows[at + 7]),
            )
        sheet.clear()
        self.finish(sheet)
        if self.failed:
            raise MemoryError(f"no memory for a connection of {len(packets) // ROW} packets")
        at = sheet.write(0, cython.address(out[0]) if cython.compiled else out, 0)
        return bytes(out[:at])
