# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Each read is covered by a comparison of `cursor` with `limit`.
"""Options that are not left to a table: those of IPv4 and TCP, for speed, and the list of DHCP's codes."""

import cython

if cython.compiled:
    from cython.cimports.netbeam.kernel.wire import OPTION, WELL, Writer
else:
    from netbeam.kernel.wire import OPTION, WELL, Writer


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def options(w: Writer, number: cython.uint) -> cython.int:
    """Write the options of IPv4 (RFC 791, 3.1) or TCP (RFC 9293, 3.2): End and No-Operation are one byte.

    At a malformed option it stops, with the cursor on it, and gives OPTION: the options before it stay.
    """
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
def dhcp_fingerprint(w: Writer, number: cython.uint) -> cython.int:
    """Write the codes of the options up to the cursor, in their order, as "53,61,55"."""
    at: cython.Py_ssize_t = w.head + 240
    mark: cython.Py_ssize_t
    kind: cython.uint
    first: cython.bint = True
    while at < w.cursor and (w.data[at] == 0 or w.data[at] == 255):
        at += 1
    if at >= w.cursor:
        return WELL
    mark = w.open(number)
    while at < w.cursor and not w.full:
        kind = w.data[at]
        if kind == 0 or kind == 255:
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
