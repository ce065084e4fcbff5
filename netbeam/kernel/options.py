# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Each read is covered by a comparison of `cursor` with `limit`.
"""Lists of options: each function writes one message an option, from the writer's cursor up to its limit.

At a malformed option it stops, with the cursor on it, and gives OPTION: the options before it stay.
"""

import cython

if cython.compiled:
    from cython.cimports.netbeam.kernel.wire import OPTION, WELL, Writer
else:
    from netbeam.kernel.wire import OPTION, WELL, Writer


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def options(w: Writer, number: cython.uint) -> cython.int:
    """Write the options of IPv4 (RFC 791, 3.1) or TCP (RFC 9293, 3.2): End and No-Operation are one byte."""
    kind: cython.uint
    size: cython.Py_ssize_t
    mark: cython.Py_ssize_t
    while w.cursor < w.limit and not w.full:
        kind = w.data[w.cursor]
        size = 1
        if kind > 1:
            if w.limit - w.cursor < 2:
                return OPTION
            size = w.data[w.cursor + 1]
            if size < 2 or size > w.limit - w.cursor:
                return OPTION
        mark = w.open(number)
        w.uint(1, kind)
        w.uint(2, cython.cast(cython.ulonglong, size))
        w.raw(3, w.cursor + 2, w.cursor + size)
        w.close(mark)
        w.cursor += size
        if kind == 0:
            break
    return WELL


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def hop_options(w: Writer, number: cython.uint) -> cython.int:
    """Write the options of an IPv6 hop-by-hop header (RFC 8200, 4.2): only Pad1 is one byte long."""
    kind: cython.uint
    size: cython.Py_ssize_t
    mark: cython.Py_ssize_t
    while w.cursor < w.limit and not w.full:
        kind = w.data[w.cursor]
        size = 1
        if kind != 0:
            if w.limit - w.cursor < 2:
                return OPTION
            size = cython.cast(cython.Py_ssize_t, w.data[w.cursor + 1]) + 2
            if size > w.limit - w.cursor:
                return OPTION
        mark = w.open(number)
        w.uint(1, kind)
        w.uint(2, cython.cast(cython.ulonglong, size - 2 if size > 1 else 0))
        w.uint(3, cython.cast(cython.ulonglong, size))
        w.raw(4, w.cursor + 2, w.cursor + size)
        w.close(mark)
        w.cursor += size
    return WELL


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def icmp6_options(w: Writer, number: cython.uint) -> cython.int:
    """Write the options of neighbour discovery (RFC 4861, 4.6): lengths are in units of eight bytes."""
    size: cython.Py_ssize_t
    mark: cython.Py_ssize_t
    while w.cursor < w.limit and not w.full:
        if w.limit - w.cursor < 2:
            return OPTION
        size = cython.cast(cython.Py_ssize_t, w.data[w.cursor + 1]) * 8
        if size == 0 or size > w.limit - w.cursor:
            return OPTION
        mark = w.open(number)
        w.uint(1, w.data[w.cursor])
        w.raw(2, w.cursor + 2, w.cursor + size)
        w.close(mark)
        w.cursor += size
    return WELL


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def dhcp_options(w: Writer, number: cython.uint) -> cython.int:
    """Write the options of DHCP (RFC 2132, 2): Pad and End are one byte long and give no record."""
    kind: cython.uint
    size: cython.Py_ssize_t
    mark: cython.Py_ssize_t
    while w.cursor < w.limit and not w.full:
        kind = w.data[w.cursor]
        if kind == 255:
            break
        if kind == 0:
            w.cursor += 1
            continue
        if w.limit - w.cursor < 2:
            return OPTION
        size = w.data[w.cursor + 1]
        if size > w.limit - w.cursor - 2:
            return OPTION
        mark = w.open(number)
        w.uint(1, kind)
        w.uint(2, cython.cast(cython.ulonglong, size))
        w.raw(3, w.cursor + 2, w.cursor + 2 + size)
        w.close(mark)
        w.cursor += 2 + size
    return WELL


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def dhcp_fingerprint(w: Writer, number: cython.uint) -> cython.int:
    """Write the codes of the options that `dhcp_options` found, in their order, as "53,61,55"."""
    at: cython.Py_ssize_t = w.head + 240
    mark: cython.Py_ssize_t
    kind: cython.uint
    first: cython.bint = True
    while at < w.cursor and w.data[at] == 0:
        at += 1
    if at >= w.cursor:
        return WELL
    mark = w.open(number)
    while at < w.cursor and not w.full:
        kind = w.data[at]
        if kind == 0:
            at += 1
            continue
        if not first:
            w.byte(44)
        first = False
        if kind >= 100:
            w.byte(cython.cast(cython.uchar, 48 + kind // 100))
        if kind >= 10:
            w.byte(cython.cast(cython.uchar, 48 + kind // 10 % 10))
        w.byte(cython.cast(cython.uchar, 48 + kind % 10))
        if w.cursor - at < 2:
            break
        at += 2 + w.data[at + 1]
    w.close(mark)
    return WELL
