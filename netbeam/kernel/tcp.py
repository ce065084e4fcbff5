# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Directions are 0 and 1, slots constants; `holes`, `timed` and `letters` are compared with their room.
"""The machine of one TCP connection (RFC 9293): its state, its history, and what happened to its segments.

Retransmissions, reordering, duplicate ACKs and keep-alives are told by the rules of Wireshark's analysis, as
its User's Guide has them (7.5, TCP Analysis), but that only bytes which were not seen before can be out of
order; states and letters of the history by those of Zeek's connection log. Checksums are not verified, so
that no history has the letter c.
"""

import cython

if cython.compiled:
    from cython.cimports.libc.string import memset
    from cython.cimports.netbeam.kernel.sheet import CHARACTERS, Sheet
else:
    from netbeam.kernel.sheet import CHARACTERS, Sheet

# Compiled, these are the enums of tcp.pxd: single values, then pairs of slots, a pair for each direction.
if not cython.compiled:
    FIRST_SLOT, STATE, LAST_SLOT, HISTORY = 70, 70, 132, 8
    # fmt: off
    (
        FINS, SYNS, RSTS, PSHS, ACKS, URGS, ECES, CWRS, NSS, INITIAL_FLAGS, UNION_FLAGS, DATA_PACKETS,
        RETRANSMISSIONS, OUT_OF_ORDER, DUPLICATE_ACKS, ZERO_WINDOWS, KEEP_ALIVES, INITIAL_WINDOW, MAX_WINDOW,
        MISSED_BYTES, MAX_IN_FLIGHT, RTT_SAMPLES, RTT_MIN, RTT_MEAN,
    ) = range(71, 119, 2)
    (
        FINS_BACK, SYNS_BACK, RSTS_BACK, PSHS_BACK, ACKS_BACK, URGS_BACK, ECES_BACK, CWRS_BACK, NSS_BACK,
        INITIAL_FLAGS_BACK, UNION_FLAGS_BACK, DATA_PACKETS_BACK, RETRANSMISSIONS_BACK, OUT_OF_ORDER_BACK,
        DUPLICATE_ACKS_BACK, ZERO_WINDOWS_BACK, KEEP_ALIVES_BACK, INITIAL_WINDOW_BACK, MAX_WINDOW_BACK,
        MISSED_BYTES_BACK, MAX_IN_FLIGHT_BACK, RTT_SAMPLES_BACK, RTT_MIN_BACK, RTT_MEAN_BACK,
    ) = range(72, 120, 2)
    (
        ALL_FINS, ALL_SYNS, ALL_RSTS, ALL_PSHS, ALL_ACKS, ALL_URGS, ALL_ECES, ALL_CWRS, ALL_NSS,
        MEAN_WINDOW, SYN_TIME, SYN_ACK_TIME, SYN_RTT, ACK_RTT,
    ) = range(119, 133)
    PAIRS = (
        "noted", "gaps", "resent", "did", "seen", "known", "acks_known", "isn_known", "isn", "first", "next",
        "next_time", "acked", "acked_time", "reached", "window", "shift", "duplicates", "kept_alive", "fin",
        "rtt_sum", "covered", "gap_end", "holes", "timed", "timed_head",
    )
    # fmt: on
    OTH, S0, S1, SF, REJ, S2, S3, RSTO, RSTR, RSTOS0, RSTRH, SH, SHR = range(13)

ALL_32 = cython.declare(cython.longlong, 0xFFFFFFFF)
HALF = cython.declare(cython.longlong, 0x80000000)

FIN = cython.declare(cython.int, 1)
SYN = cython.declare(cython.int, 2)
RST = cython.declare(cython.int, 4)
PSH = cython.declare(cython.int, 8)
ACK = cython.declare(cython.int, 16)

# What an end has done: sent a SYN, a SYN-ACK, something that neither opens nor closes, a FIN, a RST.
OPENED = cython.declare(cython.int, 1)
ANSWERED = cython.declare(cython.int, 2)
SPOKE = cython.declare(cython.int, 4)
CLOSED = cython.declare(cython.int, 8)
RESET = cython.declare(cython.int, 16)

# The letters of a direction's history that come once, and whether there is a number of the others.
NOTED_ACK = cython.declare(cython.int, 1)
NOTED_DATA = cython.declare(cython.int, 2)
NOTED_INCONSISTENT = cython.declare(cython.int, 4)
NOTED_MANY = cython.declare(cython.int, 8)
NOTED_NUMBER = cython.declare(cython.int, 16)

HISTORY_ROOM = cython.declare(cython.int, 64)
HOLES = cython.declare(cython.int, 16)
TIMED = cython.declare(cython.int, 64)

LINGER = cython.declare(cython.longlong, 5_000_000_000)
LATE = cython.declare(cython.longlong, 1 << 20)
REORDERING = cython.declare(cython.longlong, 3_000_000)
FAST = cython.declare(cython.longlong, 20_000_000)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def ahead(a: cython.longlong, b: cython.longlong) -> cython.longlong:
    """Give how far sequence number `a` is ahead of `b`, modulo 2**32: from -2**31 to 2**31 - 1."""
    return ((a - b + HALF) & ALL_32) - HALF


@cython.final
@cython.cclass
class Tcp:
    """Follows one connection from `begin` to `finish`; direction 0 is the client's, 1 the server's.

    Sequence numbers become 64-bit positions that don't wrap: `next` is the position expected of a
    direction; `acked` what that direction acknowledged last of the other, and `reached` at most; `covered`
    how far its bytes were seen or are known to be missed. The state is of fixed size. Of a direction's holes
    the last 16 are remembered: bytes of an older one stay missed though they come after all. Of its
    unacknowledged segments the first 64 are timed; what is sent beyond them gives no round-trip time. The
    history has at most 64 letters.

    `linger` (ns): how long after the close late segments still belong to the connection.
    """

    def __init__(self) -> None:
        self.linger = LINGER
        if not cython.compiled:
            for name in PAIRS:
                setattr(self, name, [0, 0])
            self.hole_start, self.hole_end = [0] * (2 * HOLES), [0] * (2 * HOLES)
            self.timed_end, self.timed_at = [0] * (2 * TIMED), [0] * (2 * TIMED)
            self.history, self.numbers = bytearray(HISTORY_ROOM), [0] * 8
        self.begin()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def begin(self) -> cython.void:
        """Forget all, for a new connection."""
        d: cython.int
        if cython.compiled:
            memset(self.number, 0, (LAST_SLOT - FIRST_SLOT + 1) * 8)
        else:
            self.number = [0] * (LAST_SLOT - FIRST_SLOT + 1)
        for d in range(2):
            self.noted[d] = 0
            self.gaps[d] = 0
            self.resent[d] = 0
            self.did[d] = 0
            self.seen[d] = False
            self.known[d] = False
            self.acks_known[d] = False
            self.isn_known[d] = False
            self.shift[d] = -1
            self.duplicates[d] = 0
            self.kept_alive[d] = False
            self.window[d] = 0
            self.rtt_sum[d] = 0
            self.holes[d] = 0
            self.timed[d] = 0
        self.letters = 0
        self.closed = False
        self.awaiting = False
        self.syns = 0
        self.syn_acks = 0
        self.reordering = REORDERING
        self.windows = 0
        self.packets = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def scale(self, direction: cython.int, shift: cython.int) -> cython.void:
        """Take the window scale of the SYN that comes next (RFC 7323, 2.3), -1 when it has none."""
        self.shift[direction] = min(shift, 14)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def another(
        self,
        direction: cython.int,
        time: cython.longlong,
        seq: cython.uint,
        ack: cython.uint,
        flags: cython.int,
    ) -> cython.bint:
        """Tell whether a segment begins another connection between the same ports.

        A SYN does whose number is new, or that comes after a FIN or RST; and `linger` after the close all
        that neither resets nor repeats what was sent before.
        """
        behind: cython.longlong
        if flags & RST:
            return False
        if self.closed and time - self.closed_time > self.linger:
            behind = ahead(self.next[direction], seq)
            if self.did[0] & self.did[1] & CLOSED:
                behind += 1  # an ACK of the last FIN is not behind
            if flags & SYN or not self.known[direction] or not 0 < behind < LATE:
                return True
        if not flags & SYN:
            return False
        if self.isn_known[direction]:
            if seq == self.isn[direction]:
                return not flags & ACK and (self.closed or self.fin_seen())
            return not flags & ACK or self.closed
        # A SYN that was overtaken is where the stream, as far as it was seen, begins.
        behind = ahead(self.first[direction], seq)
        return not flags & ACK and self.known[direction] and not 0 <= behind <= 1

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def fin_seen(self) -> cython.bint:
        """Tell whether an end has sent a FIN."""
        return self.number[FINS - FIRST_SLOT] + self.number[FINS_BACK - FIRST_SLOT] > 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def packet(
        self,
        direction: cython.int,
        time: cython.longlong,
        seq: cython.uint,
        ack: cython.uint,
        flags: cython.int,
        window: cython.uint,
        payload: cython.Py_ssize_t,
    ) -> cython.void:
        """Take a segment: its header's numbers, and how many bytes it carries."""
        peer: cython.int = 1 - direction
        start: cython.longlong = seq
        acked: cython.longlong = ack
        after: cython.longlong
        if flags & (SYN | RST) == SYN and self.isn_known[direction] and seq != self.isn[direction]:
            self.restart(direction, seq)
        if self.known[direction]:
            start = self.next[direction] + ahead(seq, self.next[direction])
        after = start + payload + (flags >> 1 & 1) + (flags & 1)
        if self.known[peer]:
            acked = self.next[peer] + ahead(ack, self.next[peer])
        if flags & SYN:
            self.opens(direction, seq, flags)
        if flags & SYN or self.awaiting:
            self.handshake(direction, time, ack, flags)
        self.count(direction, flags, window, payload)
        if flags & (FIN | RST):
            self.closes(direction, seq, after, flags)
        elif not flags & SYN:
            self.did[direction] |= SPOKE
        probe: cython.bint = self.judge(direction, time, start, after, acked, flags, window, payload)
        if flags & ACK and not flags & RST:
            self.acknowledge(direction, time, acked)
        if not flags & RST:
            self.cover(direction, time, start, after, payload, probe)
        if not self.closed and (flags & RST or self.fins_acknowledged()):
            self.closed = True
            self.closed_time = time
        self.window[direction] = window
        self.seen[direction] = True

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def add(self, slot: cython.int) -> cython.longlong:
        """Add one to a slot, and give the sum."""
        self.number[slot - FIRST_SLOT] += 1
        return self.number[slot - FIRST_SLOT]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def count(
        self, direction: cython.int, flags: cython.int, window: cython.uint, payload: cython.Py_ssize_t
    ) -> cython.void:
        """Count what lies in the header alone."""
        i: cython.int
        scaled: cython.longlong = window
        if not self.seen[direction]:
            self.number[INITIAL_FLAGS + direction - FIRST_SLOT] = flags
            self.number[INITIAL_WINDOW + direction - FIRST_SLOT] = window
        self.number[UNION_FLAGS + direction - FIRST_SLOT] |= flags
        self.number[PSHS + direction - FIRST_SLOT] += flags >> 3 & 1
        self.number[ACKS + direction - FIRST_SLOT] += flags >> 4 & 1
        if flags & ~(PSH | ACK):
            for i in range(9):
                if i != 3 and i != 4:
                    self.number[FINS + 2 * i + direction - FIRST_SLOT] += flags >> i & 1
        self.packets += 1
        self.windows += window
        if self.shift[0] >= 0 and self.shift[1] >= 0 and not flags & SYN:
            scaled <<= self.shift[direction]
        if scaled > self.number[MAX_WINDOW + direction - FIRST_SLOT]:
            self.number[MAX_WINDOW + direction - FIRST_SLOT] = scaled
        if payload > 0:
            self.add(DATA_PACKETS + direction)
            if not self.noted[direction] & NOTED_DATA:
                self.note_once(direction, 100, NOTED_DATA)  # d
        elif flags & (SYN | FIN | RST | ACK) == ACK and not self.noted[direction] & NOTED_ACK:
            self.note_once(direction, 97, NOTED_ACK)  # a

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def opens(self, direction: cython.int, seq: cython.uint, flags: cython.int) -> cython.void:
        """Note a SYN or SYN-ACK."""
        if flags & ACK:
            self.did[direction] |= ANSWERED
            self.note_number(direction, 104, 0, seq)  # h
        else:
            self.did[direction] |= OPENED
            self.note_number(direction, 115, 1, seq)  # s
        if not self.isn_known[direction]:
            self.isn_known[direction] = True
            self.isn[direction] = seq
        if flags & (FIN | RST):
            self.note_once(direction, 113, NOTED_MANY)  # q

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def closes(
        self, direction: cython.int, seq: cython.uint, after: cython.longlong, flags: cython.int
    ) -> cython.void:
        """Note a FIN or RST."""
        if flags & FIN:
            self.note_number(direction, 102, 2, cython.cast(cython.uint, (after - 1) & ALL_32))  # f
            self.fin[direction] = after
            self.did[direction] |= CLOSED
            if flags & RST:
                self.note_once(direction, 105, NOTED_INCONSISTENT)  # i
        if flags & RST:
            self.note_number(direction, 114, 3, seq)  # r
            # What comes after both FINs or another RST breaks nothing off.
            if not self.closed and not self.did[0] & self.did[1] & CLOSED:
                self.did[direction] |= RESET

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def judge(
        self,
        direction: cython.int,
        time: cython.longlong,
        start: cython.longlong,
        after: cython.longlong,
        acked: cython.longlong,
        flags: cython.int,
        window: cython.uint,
        payload: cython.Py_ssize_t,
    ) -> cython.bint:
        """Tell a segment by what came before it; true for a zero window probe, which advances nothing."""
        peer: cython.int = 1 - direction
        plain: cython.bint = not flags & (SYN | FIN | RST)
        self.kept_alive[direction] = False
        if window == 0 and plain:
            self.note_tenfold(direction, 119, self.add(ZERO_WINDOWS + direction))  # w
        if not self.seen[direction] or not self.known[direction]:  # a RST makes no position known
            return False
        if payload == 1 and start == self.next[direction] and self.seen[peer] and self.window[peer] == 0:
            self.duplicates[direction] = 0
            return True
        if payload <= 1 and plain and start == self.next[direction] - 1:
            self.add(KEEP_ALIVES + direction)
            self.kept_alive[direction] = True
            self.duplicates[direction] = 0
            return False
        if (
            payload == 0
            and plain
            and window != 0
            and window == self.window[direction]
            and self.acks_known[direction]
            and start == self.next[direction]
            and acked == self.acked[direction]
        ):
            if not self.kept_alive[peer]:
                self.add(DUPLICATE_ACKS + direction)
                self.duplicates[direction] += 1
            return False
        self.duplicates[direction] = 0
        if (
            start < self.next[direction]
            and after > start
            and (payload < 2 or start != self.next[direction] - 1)
        ):
            self.repeat(direction, time, start, after, payload)
        return False

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def repeat(
        self,
        direction: cython.int,
        time: cython.longlong,
        start: cython.longlong,
        after: cython.longlong,
        payload: cython.Py_ssize_t,
    ) -> cython.void:
        """Tell a segment behind the expected position: sent again, or overtaken on the way."""
        peer: cython.int = 1 - direction
        # An ACK that a hole held back measures no round trip, so that Karn's rule goes for all under way.
        self.timed[direction] = 0
        # What the peer has already, or asks for by equal ACKs, was sent again.
        had: cython.bint = payload > 0 and self.acks_known[peer] and start + payload <= self.acked[peer]
        asked: cython.bint = (
            self.duplicates[peer] >= 2 and self.acked[peer] == start and time - self.acked_time[peer] < FAST
        )
        soon: cython.bint = time - self.next_time[direction] < self.reordering
        if soon and not had and not asked and self.lacks(direction, start, after):
            self.add(OUT_OF_ORDER + direction)
            return
        self.add(RETRANSMISSIONS + direction)
        if payload > 0:
            self.resent[direction] += 1
            self.note_tenfold(direction, 116, self.resent[direction])  # t

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def acknowledge(
        self, direction: cython.int, time: cython.longlong, acked: cython.longlong
    ) -> cython.void:
        """Take what a segment acknowledges of the other direction."""
        peer: cython.int = 1 - direction
        at: cython.int
        met: cython.longlong = -1
        if not self.known[peer]:
            self.begin_at(peer, acked)
            self.next_time[peer] = time
        elif acked > self.covered[peer]:
            self.skip(peer, self.covered[peer], acked)
            self.covered[peer] = acked
        if not self.acks_known[direction] or acked > self.reached[direction]:
            self.acks_known[direction] = True
            self.reached[direction] = acked
            if self.holes[peer] > 0:
                self.gap(peer, acked)
            while self.timed[peer] > 0:
                at = peer * TIMED + self.timed_head[peer]
                if self.timed_end[at] > acked:
                    break
                if self.timed_end[at] == acked:
                    met = time - self.timed_at[at]
                self.timed_head[peer] = (self.timed_head[peer] + 1) & (TIMED - 1)
                self.timed[peer] -= 1
            if met >= 0:
                self.sample(peer, met)
        self.acked[direction] = acked
        self.acked_time[direction] = time

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def sample(self, direction: cython.int, nanoseconds: cython.longlong) -> cython.void:
        """Take a round-trip time of a direction's data."""
        least: cython.longlong = self.number[RTT_MIN + direction - FIRST_SLOT]
        if self.add(RTT_SAMPLES + direction) == 1 or nanoseconds < least:
            self.number[RTT_MIN + direction - FIRST_SLOT] = nanoseconds
        self.rtt_sum[direction] += nanoseconds

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def begin_at(self, direction: cython.int, position: cython.longlong) -> cython.void:
        """Begin a direction's positions where it was first met."""
        self.known[direction] = True
        self.first[direction] = position
        self.next[direction] = position
        self.covered[direction] = position
        self.gap_end[direction] = position

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def restart(self, direction: cython.int, seq: cython.uint) -> cython.void:
        """Begin a direction anew that opened again with another number."""
        self.isn[direction] = seq
        self.begin_at(direction, seq)
        self.reached[1 - direction] = seq
        self.holes[direction] = 0
        self.timed[direction] = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def cover(
        self,
        direction: cython.int,
        time: cython.longlong,
        start: cython.longlong,
        after: cython.longlong,
        payload: cython.Py_ssize_t,
        probe: cython.bint,
    ) -> cython.void:
        """Take the bytes of a segment."""
        peer: cython.int = 1 - direction
        at: cython.int
        flight: cython.longlong
        if not self.known[direction]:
            self.begin_at(direction, start)
            self.next_time[direction] = time
        if start > self.covered[direction]:
            self.skip(direction, self.covered[direction], start)
        elif self.holes[direction] > 0 and after > start:
            self.fill(direction, start, after)
        if after > self.covered[direction]:
            self.covered[direction] = after
        if payload > 0 and not probe and start >= self.next[direction] and self.timed[direction] < TIMED:
            at = direction * TIMED + ((self.timed_head[direction] + self.timed[direction]) & (TIMED - 1))
            self.timed_end[at] = after
            self.timed_at[at] = time
            self.timed[direction] += 1
        if not self.seen[direction] or (after > self.next[direction] and not probe):
            self.next[direction] = after
            self.next_time[direction] = time
        if payload > 0 and self.acks_known[peer]:
            flight = start + payload - self.reached[peer]
            if flight > self.number[MAX_IN_FLIGHT + direction - FIRST_SLOT]:
                self.number[MAX_IN_FLIGHT + direction - FIRST_SLOT] = flight

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def skip(self, direction: cython.int, start: cython.longlong, after: cython.longlong) -> cython.void:
        """Remember bytes that were passed over."""
        i: cython.int
        base: cython.int = direction * HOLES
        self.number[MISSED_BYTES + direction - FIRST_SLOT] += after - start
        if self.holes[direction] > 0 and self.hole_end[base + self.holes[direction] - 1] == start:
            self.hole_end[base + self.holes[direction] - 1] = after
            return
        if self.holes[direction] == HOLES:
            for i in range(base, base + HOLES - 1):
                self.hole_start[i] = self.hole_start[i + 1]
                self.hole_end[i] = self.hole_end[i + 1]
            self.holes[direction] -= 1
        self.hole_start[base + self.holes[direction]] = start
        self.hole_end[base + self.holes[direction]] = after
        self.holes[direction] += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def fill(self, direction: cython.int, start: cython.longlong, after: cython.longlong) -> cython.void:
        """Take bytes that may fill holes; of one whose middle is filled the greater part is remembered."""
        base: cython.int = direction * HOLES
        kept: cython.int = base
        i: cython.int
        low: cython.longlong
        high: cython.longlong
        for i in range(base, base + self.holes[direction]):
            low = self.hole_start[i]
            high = self.hole_end[i]
            if start < high and after > low:
                self.number[MISSED_BYTES + direction - FIRST_SLOT] -= min(high, after) - max(low, start)
                if after < high and (start <= low or high - after >= start - low):
                    low = after
                else:
                    high = start
            if low < high:
                self.hole_start[kept] = low
                self.hole_end[kept] = high
                kept += 1
        self.holes[direction] = kept - base

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def lacks(self, direction: cython.int, start: cython.longlong, after: cython.longlong) -> cython.bint:
        """Tell whether some of these bytes were not seen yet, as far as holes are remembered."""
        i: cython.int
        if start < self.first[direction]:
            return True
        for i in range(direction * HOLES, direction * HOLES + self.holes[direction]):
            if start < self.hole_end[i] and after > self.hole_start[i]:
                return True
        return False

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def gap(self, direction: cython.int, acked: cython.longlong) -> cython.void:
        """Note holes that are acknowledged for the first time: the receiver has what was not captured."""
        i: cython.int
        for i in range(direction * HOLES, direction * HOLES + self.holes[direction]):
            if self.hole_start[i] < acked and self.hole_end[i] > self.gap_end[direction]:
                self.gap_end[direction] = self.hole_end[i]
                self.gaps[direction] += 1
                if self.seen[direction]:
                    self.note_tenfold(direction, 103, self.gaps[direction])  # g

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def handshake(
        self, direction: cython.int, time: cython.longlong, ack: cython.uint, flags: cython.int
    ) -> cython.void:
        """Time the handshake; a SYN or SYN-ACK that was sent twice gives no time: which was answered?"""
        kind: cython.int = flags & (SYN | ACK | FIN | RST)
        if kind == SYN and direction == 0:
            self.syns += 1
            self.syn_time = time
            if self.syns == 1:
                self.number[SYN_TIME - FIRST_SLOT] = time
        elif kind == SYN | ACK and direction == 1:
            self.syn_acks += 1
            if self.syn_acks == 1:
                self.awaiting = True
                self.number[SYN_ACK_TIME - FIRST_SLOT] = time
                if self.syns == 1:
                    self.number[SYN_RTT - FIRST_SLOT] = time - self.number[SYN_TIME - FIRST_SLOT]
        elif kind == ACK and direction == 0 and self.awaiting and ahead(ack, self.isn[1]) > 0:
            self.awaiting = False
            if self.syn_acks == 1:
                self.number[ACK_RTT - FIRST_SLOT] = time - self.number[SYN_ACK_TIME - FIRST_SLOT]
            if self.syns > 0:
                self.reordering = time - self.syn_time

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def fins_acknowledged(self) -> cython.bint:
        """Tell whether both ends closed and know it of each other."""
        return (
            self.did[0] & self.did[1] & CLOSED != 0
            and self.acks_known[0]
            and self.acks_known[1]
            and self.reached[1] >= self.fin[0]
            and self.reached[0] >= self.fin[1]
        )

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def note(self, direction: cython.int, letter: cython.int) -> cython.void:
        """Add a letter to the history: upper case for the client, and none once it is full."""
        if self.letters < HISTORY_ROOM:
            self.history[self.letters] = cython.cast(cython.uchar, letter if direction else letter - 32)
            self.letters += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def note_once(self, direction: cython.int, letter: cython.int, bit: cython.int) -> cython.void:
        """Note what is said once for a direction."""
        if not self.noted[direction] & bit:
            self.noted[direction] |= bit
            self.note(direction, letter)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def note_number(
        self, direction: cython.int, letter: cython.int, place: cython.int, seq: cython.uint
    ) -> cython.void:
        """Note what is said again when the sequence number differs."""
        if not self.noted[direction] & NOTED_NUMBER << place or self.numbers[4 * direction + place] != seq:
            self.noted[direction] |= NOTED_NUMBER << place
            self.numbers[4 * direction + place] = seq
            self.note(direction, letter)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def note_tenfold(self, direction: cython.int, letter: cython.int, times: cython.longlong) -> cython.void:
        """Note what is said at the 1st, 10th, 100th ... time."""
        while times % 10 == 0:
            times //= 10
        if times == 1:
            self.note(direction, letter)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def state(self) -> cython.int:
        """Give the state in which the connection was left."""
        client: cython.int = self.did[0]
        server: cython.int = self.did[1]
        met: cython.bint = (
            (client & server & OPENED and (client | server) & (ANSWERED | SPOKE))
            or (server & ANSWERED and client & (OPENED | SPOKE | CLOSED))
            or (client & ANSWERED and server & (OPENED | SPOKE | CLOSED))
        )
        # Beyond a handshake, an end counts that opened, closed or broke off.
        has_client: cython.bint = met or client & ~SPOKE != 0
        has_server: cython.bint = met or server & ~SPOKE != 0
        if server & RESET:
            if client == OPENED and not met:
                return REJ
            return RSTR if has_client else RSTRH
        if client & RESET:
            if has_server:
                return RSTO
            return RSTOS0 if client == OPENED | RESET else OTH
        if client & server & CLOSED:
            return SF
        if client & CLOSED:
            return S2 if has_server else SH
        if server & CLOSED:
            return S3 if has_client else SHR
        if client == OPENED and not has_server:
            return S0
        return S1 if met else OTH

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def finish(self, sheet: Sheet) -> cython.void:
        """Leave the values in the slots of a sheet."""
        i: cython.int
        at: cython.Py_ssize_t = sheet.written
        self.number[STATE - FIRST_SLOT] = self.state()
        for i in range(9):
            self.number[ALL_FINS + i - FIRST_SLOT] = (
                self.number[FINS + 2 * i - FIRST_SLOT] + self.number[FINS_BACK + 2 * i - FIRST_SLOT]
            )
        for i in range(2):
            if self.number[RTT_SAMPLES + i - FIRST_SLOT] > 0:
                self.number[RTT_MEAN + i - FIRST_SLOT] = (
                    self.rtt_sum[i] // self.number[RTT_SAMPLES + i - FIRST_SLOT]
                )
        if self.packets > 0:
            self.number[MEAN_WINDOW - FIRST_SLOT] = self.windows // self.packets
        for i in range(LAST_SLOT - FIRST_SLOT + 1):
            sheet.number[FIRST_SLOT + i] = self.number[i]
        if at + self.letters <= CHARACTERS:
            sheet.text_at[HISTORY] = at
            sheet.text_size[HISTORY] = self.letters
            for i in range(self.letters):
                sheet.characters[at + i] = self.history[i]
            sheet.written = at + self.letters

    def replay(self, rows, sheet: Sheet) -> list[tuple[int, dict[int, int], str]]:
        """Follow the segments between two ports; give each connection's packets, numbers by slot, history.

        `rows` is an array of 'q', eight numbers a segment: direction, time, seq, ack, flags, window,
        payload, shift of the window scale (-1: none).
        """
        connections = []
        view: cython.longlong[::1] = rows
        row: cython.Py_ssize_t
        packets = 0
        for row in range(0, len(rows), 8):
            if packets and self.another(
                view[row], view[row + 1], view[row + 2], view[row + 3], view[row + 4]
            ):
                connections.append(self.left(packets, sheet))
                packets = 0
            if packets == 0:
                self.begin()
            if view[row + 4] & SYN:
                self.scale(view[row], view[row + 7])
            self.packet(
                view[row],
                view[row + 1],
                view[row + 2],
                view[row + 3],
                view[row + 4],
                view[row + 5],
                view[row + 6],
            )
            packets += 1
        if packets:
            connections.append(self.left(packets, sheet))
        return connections

    def left(self, packets: int, sheet: Sheet) -> tuple[int, dict[int, int], str]:
        """Finish a connection and read its values from the sheet."""
        sheet.clear()
        self.finish(sheet)
        at = sheet.text_at[HISTORY]
        letters = [chr(sheet.characters[i]) for i in range(at, at + sheet.text_size[HISTORY])]
        return packets, {i: sheet.number[i] for i in range(FIRST_SLOT, LAST_SLOT + 1)}, "".join(letters)
