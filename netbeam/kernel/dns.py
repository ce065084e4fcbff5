# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Each read is covered by a comparison of the position with `limit`, the end of the message.
"""The sections of a DNS message (RFC 1035, 4.1): questions and resource records, with compressed names."""

import cython

if cython.compiled:
    from cython.cimports.netbeam.kernel.wire import NAME, POINTER, VARIABLE, WELL, Writer, read_uint
else:
    from netbeam.kernel.wire import NAME, POINTER, VARIABLE, WELL, Writer, read_uint

# Numbers of the resource record types that are decoded further.
A = cython.declare(cython.uint, 1)
NS = cython.declare(cython.uint, 2)
CNAME = cython.declare(cython.uint, 5)
SOA = cython.declare(cython.uint, 6)
PTR = cython.declare(cython.uint, 12)
MX = cython.declare(cython.uint, 15)
TXT = cython.declare(cython.uint, 16)
AAAA = cython.declare(cython.uint, 28)
SRV = cython.declare(cython.uint, 33)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def name(w: Writer, number: cython.uint, at: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Write the name at `at`, its labels joined by dots; give the position after it, or minus a fault.

    A pointer must lead before the labels it follows (RFC 1035, 4.1.4: a prior occurrence), so that no
    chain of pointers has a loop; a name is at most 255 bytes long (2.3.4), so that more pointers than it can
    have labels serve only to waste time.
    """
    mark: cython.Py_ssize_t = w.open(number)
    start: cython.Py_ssize_t = at
    after: cython.Py_ssize_t = -1
    length: cython.Py_ssize_t = 0
    pointers: cython.int = 0
    size: cython.Py_ssize_t
    i: cython.Py_ssize_t
    while True:
        if at >= w.limit:
            w.cursor = at
            return -VARIABLE
        size = w.data[at]
        if size == 0:
            at += 1
            break
        if size >= 192:
            if w.limit - at < 2:
                w.cursor = at
                return -VARIABLE
            if after < 0:
                after = at + 2
            i = w.head + ((size & 63) << 8 | w.data[at + 1])
            if i >= start or pointers == 127:
                w.cursor = at
                return -POINTER
            start = at = i
            pointers += 1
            continue
        if size >= 64 or length + size + 1 > 254:
            w.cursor = at
            return -NAME
        if size >= w.limit - at:
            w.cursor = at
            return -VARIABLE
        if length > 0:
            w.byte(46)
        w.append(at + 1, size)
        length += size + 1
        at += size + 1
    w.close(mark)
    if mark >= 0 and length == 0 and not w.full:
        w.at = mark - (1 if number < 16 else 2)  # the root's empty name is a zero value: absent
    return at if after < 0 else after


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def after_name(
    data: cython.p_const_uchar, at: cython.Py_ssize_t, end: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Give the position after the name at `at`; -1 where it runs over `end`."""
    while at < end:
        if data[at] >= 192:
            return at + 2 if at + 2 <= end else -1
        if data[at] == 0:
            return at + 1
        at += 1 + data[at]
    return -1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def dns_questions(w: Writer, number: cython.uint, count: cython.ulonglong) -> cython.int:
    """Write `count` questions."""
    at: cython.Py_ssize_t
    mark: cython.Py_ssize_t
    while count > 0 and not w.full:
        mark = w.open(number)
        at = name(w, 1, w.cursor)
        if at < 0:
            return cython.cast(cython.int, -at)
        if w.limit - at < 4:
            return VARIABLE
        w.uint(2, read_uint(w.data, at, 2))
        w.uint(3, read_uint(w.data, at + 2, 2))
        w.close(mark)
        w.cursor = at + 4
        count -= 1
    return WELL


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def dns_records(w: Writer, number: cython.uint, count: cython.ulonglong) -> cython.int:
    """Write `count` resource records."""
    at: cython.Py_ssize_t
    end: cython.Py_ssize_t
    mark: cython.Py_ssize_t
    fault: cython.int
    while count > 0 and not w.full:
        mark = w.open(number)
        at = name(w, 1, w.cursor)
        if at < 0:
            return cython.cast(cython.int, -at)
        if w.limit - at < 10:
            return VARIABLE
        end = at + 10 + cython.cast(cython.Py_ssize_t, read_uint(w.data, at + 8, 2))
        if end > w.limit:
            return VARIABLE
        w.uint(2, read_uint(w.data, at, 2))
        w.uint(3, read_uint(w.data, at + 2, 2))
        w.uint(4, read_uint(w.data, at + 4, 4))
        w.uint(5, read_uint(w.data, at + 8, 2))
        w.raw(6, at + 10, end)
        fault = record_data(w, cython.cast(cython.uint, read_uint(w.data, at, 2)), at + 10, end)
        if fault != WELL:
            return fault
        w.close(mark)
        w.cursor = end
        count -= 1
    return WELL


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def record_data(w: Writer, kind: cython.uint, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Write the fields of a resource record's data in [at, end) for the types that are decoded further.

    Empty data, as in the updates of RFC 2136, gives no field.
    """
    mark: cython.Py_ssize_t
    after: cython.Py_ssize_t
    i: cython.int
    w.cursor = at
    if at == end:
        return WELL
    if kind == A:
        if end - at != 4:
            return VARIABLE
        w.ipv4(7, at)
    elif kind == AAAA:
        if end - at != 16:
            return VARIABLE
        w.ipv6(7, at)
    elif kind == NS or kind == CNAME or kind == PTR:
        return named(name(w, 8 if kind == NS else 9 if kind == CNAME else 10, at), end)
    elif kind == SOA:
        mark = w.open(11)
        after = name(w, 1, at)
        if after >= 0:
            after = name(w, 2, after)
        if after < 0:
            return cython.cast(cython.int, -after)
        if end - after != 20:
            return VARIABLE
        for i in range(5):
            w.uint(3 + i, read_uint(w.data, after + 4 * i, 4))
        w.close(mark)
    elif kind == SRV:
        if end - at < 7:
            return VARIABLE
        mark = w.open(12)
        for i in range(3):
            w.uint(1 + i, read_uint(w.data, at + 2 * i, 2))
        after = name(w, 4, at + 6)
        w.close(mark)
        return named(after, end)
    elif kind == MX:
        if end - at < 3:
            return VARIABLE
        mark = w.open(13)
        w.uint(1, read_uint(w.data, at, 2))
        after = name(w, 2, at + 2)
        w.close(mark)
        return named(after, end)
    elif kind == TXT:
        while at < end:
            after = at + 1 + w.data[at]
            if after > end:
                w.cursor = at
                return VARIABLE
            text(w, 14, at + 1, after)
            at = after
    return WELL


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def named(after: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
    """Give the fault of a name that should end at `end` and ended at `after`."""
    if after < 0:
        return cython.cast(cython.int, -after)
    return WELL if after == end else VARIABLE


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def text(w: Writer, number: cython.uint, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.void:
    """Write a character string; an empty one too, as it is one of several."""
    if at == end:
        w.close(w.open(number))
    else:
        w.raw(number, at, end)
