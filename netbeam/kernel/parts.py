# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Each read is covered by the layer's least header length or by a comparison with `limit`.
"""Variable parts of headers: those whose layout depends on their own content, one function each."""

import cython

if cython.compiled:
    from cython.cimports.netbeam.kernel.dns import dns_questions, dns_records
    from cython.cimports.netbeam.kernel.options import dhcp_fingerprint, options
    from cython.cimports.netbeam.kernel.wire import CODED, VARIABLE, WELL, Writer, read_uint
else:
    from netbeam.kernel.dns import dns_questions, dns_records
    from netbeam.kernel.options import dhcp_fingerprint, options
    from netbeam.kernel.wire import CODED, VARIABLE, WELL, Writer, read_uint

# Compiled, these are the enums of parts.pxd.
if not cython.compiled:
    PAYLOAD, OPTIONS, REST, TEXT, HEX, ADDRESS, INTEGER, SIZE, TRUE, NAMED = range(10)
    DHCP_FINGERPRINT, DNS_QUESTIONS, DNS_RECORDS, GRE_ROUTING, IGMP, LLC_CONTROL = range(10, 16)
    FIXED, SPANS, ARP_LENGTH, GRE_LENGTH, LLC_LENGTH, PEEK = range(6)

FUNCTIONS = {
    "options": (OPTIONS, 0),
    "rest": (REST, 0),
    "text": (TEXT, 0),
    "hex": (HEX, 0),
    "address": (ADDRESS, 0),
    "integer": (INTEGER, 0),
    "size": (SIZE, 0),
    "true": (TRUE, 0),
    "named": (NAMED, 0),
    "dhcp_fingerprint": (DHCP_FINGERPRINT, 240),
    "dns_questions": (DNS_QUESTIONS, 0),
    "dns_records": (DNS_RECORDS, 0),
    "gre_routing": (GRE_ROUTING, 0),
    "igmp": (IGMP, 8),
    "llc_control": (LLC_CONTROL, 3),
}
"""The functions that a declaration may name, and the least header each relies on."""

MEASURES = {
    "arp_length": (ARP_LENGTH, 8),
    "gre_length": (GRE_LENGTH, 4),
    "llc_length": (LLC_LENGTH, 3),
    "peek": (PEEK, 1),
}
"""Those that measure headers, and the least header each is made for."""


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def header_number(w: Writer, ops: cython.p_uint, row: cython.Py_ssize_t) -> cython.ulonglong:
    """Read the number of the header that a variable part depends on; 0 if it depends on none."""
    if ops[row + 6] == 0:
        return 0
    return (
        read_uint(w.data, w.head + ops[row + 1], cython.cast(cython.int, ops[row + 6])) >> ops[row + 2]
        & ops[row + 3]
    )


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def variable_part(w: Writer, ops: cython.p_uint, row: cython.Py_ssize_t) -> cython.int:
    """Write the field of a row by the function that it names.

    Gives WELL, or the fault: with OPTION what was written before it stays, with any other the layer gives
    no record.
    """
    function: cython.uint = ops[row] - CODED
    number: cython.uint = ops[row + 7]
    value: cython.ulonglong = header_number(w, ops, row)
    at: cython.Py_ssize_t
    size: cython.Py_ssize_t = w.limit - w.cursor
    if function == OPTIONS:
        return options(w, number)
    if function == REST:
        w.raw(number, w.cursor, w.limit)
    elif function == PAYLOAD:
        w.raw(number, w.body, w.payload_end)
        return WELL
    elif function == DNS_QUESTIONS:
        return dns_questions(w, number, value)
    elif function == DNS_RECORDS:
        return dns_records(w, number, value)
    elif function == TEXT:
        at = w.cursor
        while at < w.limit and w.data[at] != 0:
            at += 1
        w.raw(number, w.cursor, at)
        w.cursor = at + 1 if at < w.limit else at
        return WELL
    elif function == ADDRESS and size == 4:
        w.ipv4(number, w.cursor)
    elif function == ADDRESS and size == 16:
        w.ipv6(number, w.cursor)
    elif function == HEX or function == ADDRESS:
        w.hex(number, w.cursor, w.limit, 58 if function == HEX else 0)
    elif function == INTEGER:
        if size > 8:
            return VARIABLE
        w.uint(number, read_uint(w.data, w.cursor, cython.cast(cython.int, size)))
    elif function == SIZE:
        w.uint(number, cython.cast(cython.ulonglong, w.limit - w.head))
        return WELL
    elif function == TRUE:
        w.uint(number, 1)
        return WELL
    elif function == NAMED:
        named(w, ops, ops[row + 4], number, value)
        return WELL
    elif function == DHCP_FINGERPRINT:
        return dhcp_fingerprint(w, number)
    elif function == GRE_ROUTING:
        return WELL if value == 0 else gre_routing(w, number, 0)
    elif function == LLC_CONTROL:
        w.uint(number, read_uint(w.data, w.head + 2, 1 if w.limit - w.head == 3 else 2))
        return WELL
    else:
        return igmp(w)
    w.cursor = w.limit
    return WELL


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def named(
    w: Writer, ops: cython.p_uint, at: cython.Py_ssize_t, number: cython.uint, value: cython.ulonglong
) -> cython.void:
    """Write the name of a value, if it has one: at `at` lie number, length and letters of each."""
    mark: cython.Py_ssize_t
    names: cython.uint = ops[at]
    i: cython.uint
    at += 1
    while names > 0:
        if ops[at] == value:
            mark = w.open(number)
            for i in range(ops[at + 1]):
                w.byte(cython.cast(cython.uchar, ops[at + 2 + i]))
            w.close(mark)
            return
        at += 2 + ops[at + 1]
        names -= 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def measure(
    data: cython.p_const_uchar, function: cython.uint, at: cython.Py_ssize_t, end: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Give the length of the header at `at`, whose least length the caller has checked, reading below `end`.

    A length that cannot be told for want of bytes is one more than there are.
    """
    flags: cython.uint
    size: cython.Py_ssize_t
    if function == PEEK:
        return 0  # the header belongs to the layer that it announces
    if function == ARP_LENGTH:
        return 8 + 2 * (cython.cast(cython.Py_ssize_t, data[at + 4]) + data[at + 5])
    if function == LLC_LENGTH:
        return 3 if data[at + 2] & 3 == 3 else 4
    if function == GRE_LENGTH:
        flags = cython.cast(cython.uint, data[at]) << 8 | data[at + 1]
        size = 4
        if flags & 0xC000:
            size += 4
        if flags & 0x2000:
            size += 4
        if flags & 0x1000:
            size += 4
        if flags & 0x0080:
            size += 4
        if flags & 0x4000:
            # Source route entries (RFC 1701, 2): family, offset, length, bytes; one of zeros ends the list.
            while True:
                if end - at - size < 4:
                    return end - at + 1
                size += 4 + cython.cast(cython.Py_ssize_t, data[at + size + 3])
                if size > end - at:
                    return size
                if read_uint(data, at + size - 4, 4) == 0:
                    return size
        return size
    return end - at


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def gre_routing(w: Writer, number: cython.uint, depth: cython.int) -> cython.int:
    """Write the source route entry at the cursor, the next ones inside it."""
    mark: cython.Py_ssize_t
    size: cython.Py_ssize_t
    fault: cython.int = WELL
    if depth == 16 or w.limit - w.cursor < 4:
        return VARIABLE
    size = w.data[w.cursor + 3]
    if read_uint(w.data, w.cursor, 4) == 0:
        return WELL
    if size > w.limit - w.cursor - 4:
        return VARIABLE
    mark = w.open(number)
    w.uint(1, read_uint(w.data, w.cursor, 2))
    w.uint(2, w.data[w.cursor + 2])
    w.uint(3, cython.cast(cython.ulonglong, size))
    w.raw(4, w.cursor + 4, w.cursor + 4 + size)
    w.cursor += 4 + size
    if not w.full:
        fault = gre_routing(w, 5, depth + 1)
    w.close(mark)
    return fault


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def igmp(w: Writer) -> cython.int:
    """Write what differs between the versions of IGMP (RFC 1112, RFC 2236, RFC 3376), fields 3 to 13."""
    kind: cython.uint = w.data[w.head]
    code: cython.ulonglong = w.data[w.head + 1]
    size: cython.Py_ssize_t = w.limit - w.head
    version: cython.uint = 0
    count: cython.Py_ssize_t
    if kind == 0x11:
        version = 3 if size >= 12 else 2 if code else 1
    elif kind == 0x12:
        version = 1
    elif kind == 0x16 or kind == 0x17:
        version = 2
    elif kind == 0x22:
        version = 3
    if version == 3 and code >= 128:
        code = (code & 15 | 16) << ((code >> 4 & 7) + 3)
    if kind == 0x11:
        w.uint(3, code * 100000000)
    w.uint(4, read_uint(w.data, w.head + 2, 2))
    if version == 3 and kind == 0x22:
        count = cython.cast(cython.Py_ssize_t, read_uint(w.data, w.head + 6, 2))
        w.uint(10, cython.cast(cython.ulonglong, count))
        w.cursor = w.head + 8
        while count > 0 and not w.full:
            if not igmp_group(w):
                return VARIABLE
            count -= 1
    elif version == 3:
        w.ipv4(5, w.head + 4)
        w.uint(6, w.data[w.head + 8] >> 3 & 1)
        w.uint(7, w.data[w.head + 8] & 7)
        code = w.data[w.head + 9]
        if code >= 128:
            code = (code & 15 | 16) << ((code >> 4 & 7) + 3)
        w.uint(8, code * 1000000000)
        count = cython.cast(cython.Py_ssize_t, read_uint(w.data, w.head + 10, 2))
        if count * 4 > size - 12:
            return VARIABLE
        w.cursor = w.head + 12
        igmp_sources(w, 9, count)
        w.uint(11, cython.cast(cython.ulonglong, count))
    elif version > 0:
        w.ipv4(5, w.head + 4)
    w.uint(13, version)
    return WELL


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def igmp_sources(w: Writer, number: cython.uint, count: cython.Py_ssize_t) -> cython.void:
    """Write `count` source addresses from the cursor on; the caller has checked that they are whole."""
    while count > 0 and not w.full:
        w.ipv4(number, w.cursor)
        w.cursor += 4
        count -= 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def igmp_group(w: Writer) -> cython.bint:
    """Write the group record at the cursor (RFC 3376, 4.2.4); false when it is not whole."""
    mark: cython.Py_ssize_t
    sources: cython.Py_ssize_t
    end: cython.Py_ssize_t
    if w.limit - w.cursor < 8:
        return False
    sources = cython.cast(cython.Py_ssize_t, read_uint(w.data, w.cursor + 2, 2))
    end = w.cursor + 8 + 4 * sources + 4 * cython.cast(cython.Py_ssize_t, w.data[w.cursor + 1])
    if end > w.limit:
        return False
    mark = w.open(12)
    w.uint(1, w.data[w.cursor])
    w.uint(2, w.data[w.cursor + 1])
    w.uint(3, cython.cast(cython.ulonglong, sources))
    w.ipv4(4, w.cursor + 4)
    w.cursor += 8
    igmp_sources(w, 5, sources)
    w.close(mark)
    w.cursor = end
    return True
