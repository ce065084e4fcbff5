# cython: boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Each read of `data` is covered by a comparison of its end with `size` in the walk that makes it, each
# read of `interfaces` by `number < known`, each write to `rows` by `row < room`.
"""The framing walk: from packet to packet through the bytes of a capture."""

from __future__ import annotations

import cython

MAX_PACKET = 128 << 20
"""The most bytes that a packet may have, as in libpcap and Wireshark; more is taken for a broken length."""

BORDER, SHORT, CROSSES, DESCRIBES, FULL, ABSURD, LENGTH, TRAILER, CAPTURED, ORDER, ZEROS = range(11)
"""Why a walk stopped.

BORDER: the next record starts at the border or behind it. SHORT: a record starts, but its header is not in
the data. CROSSES: the record ends behind the data. DESCRIBES: a section header or an interface, which
pcapng.py reads. FULL: `rows` is. The others are faults: ABSURD, a packet of more than MAX_PACKET bytes;
LENGTH, an impossible block length; TRAILER, a block length that is repeated differently; CAPTURED, a packet
longer than its block; ORDER, a section whose byte order is unknown; ZEROS, zeros where a record should be.
"""

OTHER, PACKET, INTERFACE, SECTION = range(4)
"""Kinds of pcapng blocks."""

LEAST_HOPS = 4
"""How many plausible records must follow each other, unless they end just where the data does."""
MOST_HOPS = 1 << 20
"""How many records a search for the first one looks at, so that hostile data cannot hold it up."""

INTERFACE_COLUMNS = 4
"""Columns of `interfaces`: link type, snap length, if_tsresol, if_tsoffset."""

_max = cython.declare(cython.longlong, MAX_PACKET)
_border = cython.declare(cython.int, BORDER)
_short = cython.declare(cython.int, SHORT)
_crosses = cython.declare(cython.int, CROSSES)
_describes = cython.declare(cython.int, DESCRIBES)
_full = cython.declare(cython.int, FULL)
_absurd = cython.declare(cython.int, ABSURD)
_length = cython.declare(cython.int, LENGTH)
_trailer = cython.declare(cython.int, TRAILER)
_captured = cython.declare(cython.int, CAPTURED)
_order = cython.declare(cython.int, ORDER)
_zeros = cython.declare(cython.int, ZEROS)
_other = cython.declare(cython.int, OTHER)
_packet = cython.declare(cython.int, PACKET)
_interface = cython.declare(cython.int, INTERFACE)
_section = cython.declare(cython.int, SECTION)

_least_hops = cython.declare(cython.longlong, LEAST_HOPS)
_most_hops = cython.declare(cython.longlong, MOST_HOPS)
_usual = cython.declare(cython.longlong, 256 << 10)
_second = cython.declare(cython.ulonglong, 1_000_000_000)
_latest = cython.declare(cython.longlong, 9_223_372_036_854_775_807)
_last_second = cython.declare(cython.ulonglong, 9_223_372_036)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def u16(data: cython.const[cython.uchar][::1], at: cython.Py_ssize_t, big: cython.bint) -> cython.longlong:
    """Give the two bytes at `at`, whose end the caller has compared with the size of `data`."""
    a: cython.uint = data[at]
    b: cython.uint = data[at + 1]
    return a << 8 | b if big else b << 8 | a


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def u32(data: cython.const[cython.uchar][::1], at: cython.Py_ssize_t, big: cython.bint) -> cython.longlong:
    """Give the four bytes at `at`, whose end the caller has compared with the size of `data`."""
    a: cython.uint = data[at]
    b: cython.uint = data[at + 1]
    c: cython.uint = data[at + 2]
    d: cython.uint = data[at + 3]
    if big:
        return a << 24 | b << 16 | c << 8 | d
    return d << 24 | c << 16 | b << 8 | a


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def power_of_ten(exponent: cython.int) -> cython.ulonglong:
    """Give 10 ** `exponent`, which must be at most 19."""
    power: cython.ulonglong = 1
    while exponent > 0:
        power *= 10
        exponent -= 1
    return power


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def fraction(ticks: cython.ulonglong, exponent: cython.int, binary: cython.bint) -> cython.ulonglong:
    """Give ticks of 10 ** -exponent or 2 ** -exponent seconds, less than a second, in whole nanoseconds."""
    high: cython.ulonglong
    low: cython.ulonglong
    if not binary:
        if exponent <= 9:
            return ticks * power_of_ten(9 - exponent)
        return ticks // power_of_ten(exponent - 9) if exponent <= 28 else 0
    if exponent < 32:
        return ticks * _second >> exponent
    if exponent > 94:
        return 0
    high = ticks >> 32
    low = ticks - (high << 32)
    return high * _second + (low * _second >> 32) >> exponent - 32


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def ticks_to_ns(
    ticks: cython.ulonglong, resolution: cython.longlong, offset: cython.longlong
) -> cython.longlong:
    """Give a pcapng time in Unix nanoseconds; what int64 cannot hold becomes its nearest end."""
    binary: cython.bint = resolution & 0x80 != 0
    exponent: cython.int = resolution & 0x7F
    seconds: cython.ulonglong = 0
    away: cython.ulonglong
    ns: cython.longlong
    if binary:
        if exponent < 64:
            seconds = ticks >> exponent
            ticks -= seconds << exponent
    elif exponent <= 19:
        seconds = ticks // power_of_ten(exponent)
        ticks -= seconds * power_of_ten(exponent)
    ns = fraction(ticks, exponent, binary)
    if offset >= 0:
        away = offset
        if seconds > _last_second or away > _last_second:
            return _latest
        seconds += away
    else:
        away = -(offset + 1)
        if seconds <= away:
            away -= seconds
            if away > _last_second or (away == _last_second and ns < 145_224_192):
                return -_latest - 1
            return ns - 1_000_000_000 - cython.cast(cython.longlong, away) * 1_000_000_000
        seconds -= away + 1
    if seconds > _last_second or (seconds == _last_second and ns > 854_775_807):
        return _latest
    return cython.cast(cython.longlong, seconds) * 1_000_000_000 + ns


def unix_ns(ticks: int, resolution: int, offset: int) -> int:
    """Give a pcapng time (unsigned 64 bit) in Unix nanoseconds, held within int64."""
    return ticks_to_ns(ticks, resolution, offset)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def no_record(data: cython.const[cython.uchar][::1], position: cython.Py_ssize_t) -> cython.bint:
    """Tell whether the 16 bytes at `position` are zeros: room that a crash left in the file, not a packet."""
    i: cython.Py_ssize_t
    for i in range(position, position + 16):
        if data[i] != 0:
            return False
    return True


def walk_pcap(
    data: cython.const[cython.uchar][::1],
    position: cython.Py_ssize_t,
    border: cython.Py_ssize_t,
    big: cython.bint,
    header: cython.Py_ssize_t,
    tick: cython.longlong,
    link: cython.longlong,
    rows: cython.longlong[::1],
) -> tuple[int, int, int, int, int, int]:
    """Walk the records of a classic pcap that start at `position` or behind it, and before `border`.

    `header` is the length of a record header (at least 16) and `tick` that of a fraction of a second, in
    nanoseconds. Fills `rows` unless it is empty.

    Returns:
        Why it stopped, the position it stopped at, how many packets ended in the data before, where the last
        of them ended, where the record it stopped at ends, and the value that is at fault.
    """
    size: cython.Py_ssize_t = len(data)
    room: cython.Py_ssize_t = len(rows)
    row: cython.Py_ssize_t = 0
    packets: cython.longlong = 0
    end: cython.Py_ssize_t = position
    captured: cython.longlong = 0
    length: cython.longlong
    stop: cython.int = _border
    with cython.nogil:
        while position < border:
            if position + header > size:
                stop = _short
                break
            captured = u32(data, position + 8, big)
            if captured > _max:
                stop = _absurd
                break
            end = position + header + captured
            if end > size:
                stop = _crosses
                break
            if captured == 0 and no_record(data, position):
                stop = _zeros
                break
            if room > 0:
                if row + 5 > room:
                    stop = _full
                    break
                length = u32(data, position + 12, big)
                rows[row] = position + header
                rows[row + 1] = captured
                rows[row + 2] = length if length > captured else captured
                rows[row + 3] = u32(data, position, big) * 1_000_000_000 + u32(data, position + 4, big) * tick
                rows[row + 4] = link
                row += 5
            packets += 1
            position = end
    return stop, position, packets, position, end, captured


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def kind_of(name: cython.longlong) -> cython.int:
    """Give the kind of a block by its type: enhanced, simple and obsolete packet blocks are one kind."""
    if name in (6, 3, 2):
        return _packet
    if name == 1:
        return _interface
    return _section if name == 0x0A0D0D0A else _other


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def least_length(kind: cython.int, simple: cython.bint) -> cython.longlong:
    """Give the length of the shortest block of a kind."""
    if kind == _packet:
        return 16 if simple else 32
    if kind == _interface:
        return 20
    return 28 if kind == _section else 12


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def simple_captured(
    wire: cython.longlong, most: cython.longlong, interfaces: cython.longlong[::1], known: cython.longlong
) -> cython.longlong:
    """Give how much a simple packet block captured: its length, but at most the snap length and its room."""
    if wire < most:
        most = wire
    if known > 0 and 0 < interfaces[1] < most:
        return interfaces[1]
    return most


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def packet_time(
    data: cython.const[cython.uchar][::1],
    position: cython.Py_ssize_t,
    big: cython.bint,
    interfaces: cython.longlong[::1],
    known: cython.longlong,
    number: cython.longlong,
) -> cython.longlong:
    """Give the time of the packet block at `position`, whose first 20 bytes the caller knows to be there."""
    ticks: cython.ulonglong = u32(data, position + 12, big)
    ticks = ticks << 32 | u32(data, position + 16, big)
    if number < known:
        return ticks_to_ns(ticks, interfaces[number * 4 + 2], interfaces[number * 4 + 3])
    return ticks_to_ns(ticks, 6, 0)


def walk_pcapng(
    data: cython.const[cython.uchar][::1],
    position: cython.Py_ssize_t,
    border: cython.Py_ssize_t,
    big: cython.bint,
    interfaces: cython.longlong[::1],
    rows: cython.longlong[::1],
) -> tuple[int, int, int, int, int, int, int, int]:
    """Walk the blocks of a pcapng that start at `position` or behind it, and before `border`.

    Fills `rows` unless it is empty.

    Returns:
        What `walk_pcap` does, then the byte order in force and the kind of the block that it stopped at.
    """
    size: cython.Py_ssize_t = len(data)
    known: cython.longlong = len(interfaces) // 4
    room: cython.Py_ssize_t = len(rows)
    row: cython.Py_ssize_t = 0
    packets: cython.longlong = 0
    end: cython.Py_ssize_t = position
    last: cython.Py_ssize_t = position
    name: cython.longlong
    length: cython.longlong
    captured: cython.longlong = 0
    number: cython.longlong = 0
    wire: cython.longlong = 0
    value: cython.longlong = 0
    simple: cython.bint
    kind: cython.int = _other
    stop: cython.int = _border
    with cython.nogil:
        while position < border:
            if position + 12 > size:
                stop = _short
                break
            name = u32(data, position, big)
            kind = kind_of(name)
            simple = name == 3
            if kind == _section:
                value = u32(data, position + 8, True)
                big = value == 0x1A2B3C4D
                if not big and value != 0x4D3C2B1A:
                    stop = _order
                    break
            length = u32(data, position + 4, big)
            value = length
            if length < least_length(kind, simple) or length & 3:
                stop = _length
                break
            end = position + length
            if kind == _packet:
                if length > _max:
                    stop = _absurd
                    break
                number = 0
                if simple:
                    wire = u32(data, position + 8, big)
                    captured = simple_captured(wire, length - 16, interfaces, known)
                elif position + 28 > size:
                    stop = _crosses
                    break
                else:
                    number = u32(data, position + 8, big) if name == 6 else u16(data, position + 8, big)
                    captured = u32(data, position + 20, big)
                    wire = u32(data, position + 24, big)
                    if captured > length - 32:
                        value = captured
                        stop = _captured
                        break
            if end > size:
                stop = _crosses
                break
            value = u32(data, end - 4, big)
            if value != length:
                stop = _trailer
                break
            if kind in (_interface, _section):
                stop = _describes
                break
            if kind == _packet:
                if room > 0:
                    if row + 5 > room:
                        stop = _full
                        break
                    rows[row] = position + (12 if simple else 28)
                    rows[row + 1] = captured
                    rows[row + 2] = wire if wire > captured else captured
                    rows[row + 3] = (
                        0 if simple else packet_time(data, position, big, interfaces, known, number)
                    )
                    rows[row + 4] = interfaces[number * 4] if number < known else -1
                    row += 5
                packets += 1
                last = end
            position = end
    return stop, position, packets, last, end, value, big, kind


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def plausible_record(
    data: cython.const[cython.uchar][::1],
    position: cython.Py_ssize_t,
    big: cython.bint,
    header: cython.Py_ssize_t,
    tick: cython.longlong,
) -> cython.longlong:
    """Give the length of the pcap record whose header is at `position`, 0 if it is hardly one."""
    captured: cython.longlong = u32(data, position + 8, big)
    length: cython.longlong = u32(data, position + 12, big)
    if captured == 0 or captured > length or length > _usual:
        return 0
    return header + captured if u32(data, position + 4, big) * tick < 1_000_000_000 else 0


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def plausible_block(
    data: cython.const[cython.uchar][::1],
    position: cython.Py_ssize_t,
    size: cython.Py_ssize_t,
    big: cython.bint,
) -> cython.longlong:
    """Give the length of the pcapng block whose first 12 bytes are at `position`, 0 if it is hardly one."""
    length: cython.longlong = u32(data, position + 4, big)
    if length < 12 or length & 3 or length > _usual:
        return 0
    if position + length <= size and u32(data, position + length - 4, big) != length:
        return 0
    return length


def find_first(
    data: cython.const[cython.uchar][::1],
    behind: cython.Py_ssize_t,
    big: cython.bint,
    header: cython.Py_ssize_t,
    tick: cython.longlong,
) -> int:
    """Find the first position before `behind` from which plausible records fill `data` to its end.

    Not fewer than LEAST_HOPS of them, unless they end just there. That is a guess: payload can look like
    records. `header` and `tick` are as in `walk_pcap`; a `header` of 0 stands for the blocks of a pcapng,
    which start at multiples of 4, so that `data` must.

    Returns:
        The position, -1 when there is none.
    """
    size: cython.Py_ssize_t = len(data)
    least: cython.Py_ssize_t = header if header > 0 else 12
    step: cython.Py_ssize_t = 1 if header > 0 else 4
    start: cython.Py_ssize_t = 0
    position: cython.Py_ssize_t = 0
    length: cython.longlong
    hops: cython.longlong = 0
    before: cython.longlong
    found: cython.bint = False
    with cython.nogil:
        while start < behind and hops < _most_hops:
            position = start
            before = hops
            while position + least <= size:
                if header > 0:
                    length = plausible_record(data, position, big, header, tick)
                else:
                    length = plausible_block(data, position, size, big)
                if length == 0:
                    break
                position += length
                hops += 1
            found = position == size or (position + least > size and hops - before >= _least_hops)
            if found:
                break
            start += step
    return start if found else -1
