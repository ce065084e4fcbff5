# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Each read is covered by the layer's least header length or by a comparison with `limit`.
"""Variable parts of headers: those whose layout depends on their own content, one function each."""

import cython

if cython.compiled:
    from cython.cimports.netbeam.kernel.dns import dns_questions, dns_records
    from cython.cimports.netbeam.kernel.options import (
        dhcp_fingerprint,
        dhcp_options,
        hop_options,
        icmp6_options,
        options,
    )
    from cython.cimports.netbeam.kernel.wire import VARIABLE, WELL, Writer, read_uint
else:
    from netbeam.kernel.dns import dns_questions, dns_records
    from netbeam.kernel.options import dhcp_fingerprint, dhcp_options, hop_options, icmp6_options, options
    from netbeam.kernel.wire import VARIABLE, WELL, Writer, read_uint

# Compiled, these are the enums of parts.pxd. A declaration names them in lower case.
if not cython.compiled:
    OPTIONS, REST, PAYLOAD, HOP_OPTIONS, NEXT_HOP_BY_HOP, ICMP6_OPTIONS = range(6)
    DHCP_OPTIONS, DHCP_FINGERPRINT, DHCP_HARDWARE, DNS_QUESTIONS, DNS_RECORDS = range(6, 11)
    HARDWARE_ADDRESS, PROTOCOL_ADDRESS, IF_U16, IF_U32, GRE_ROUTING, IGMP, LLC_CONTROL = range(11, 18)
    FIXED, SPANS, ARP_LENGTH, GRE_LENGTH, LLC_LENGTH, PEEK = range(6)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def variable_part(
    w: Writer, function: cython.uint, number: cython.uint, value: cython.ulonglong
) -> cython.int:
    """Write the field `number` by a function of this folder; `value` is the header number it depends on.

    Gives WELL, or the fault for which the layer gives no record.
    """
    size: cython.int
    if function == OPTIONS:
        return options(w, number)
    if function == REST:
        w.raw(number, w.cursor, w.limit)
        w.cursor = w.limit
        return WELL
    if function == PAYLOAD:
        w.raw(number, w.body, w.payload_end)
        return WELL
    if function == DNS_QUESTIONS:
        return dns_questions(w, number, value)
    if function == DNS_RECORDS:
        return dns_records(w, number, value)
    if function == HOP_OPTIONS:
        return hop_options(w, number)
    if function == NEXT_HOP_BY_HOP:
        return next_hop_by_hop(w, number, value)
    if function == ICMP6_OPTIONS:
        return icmp6_options(w, number)
    if function == DHCP_OPTIONS:
        return dhcp_options(w, number)
    if function == DHCP_FINGERPRINT:
        return dhcp_fingerprint(w, number)
    if function == DHCP_HARDWARE:
        if value > 16:
            return VARIABLE
        w.hex(number, w.head + 28, w.head + 28 + cython.cast(cython.Py_ssize_t, value), 58)
        return WELL
    if function == HARDWARE_ADDRESS:
        if value > cython.cast(cython.ulonglong, w.limit - w.cursor):
            return VARIABLE
        w.hex(number, w.cursor, w.cursor + cython.cast(cython.Py_ssize_t, value), 58)
        w.cursor += cython.cast(cython.Py_ssize_t, value)
        return WELL
    if function == PROTOCOL_ADDRESS:
        if value > cython.cast(cython.ulonglong, w.limit - w.cursor):
            return VARIABLE
        if value == 4:
            w.ipv4(number, w.cursor)
        elif value == 16:
            w.ipv6(number, w.cursor)
        else:
            w.hex(number, w.cursor, w.cursor + cython.cast(cython.Py_ssize_t, value), 0)
        w.cursor += cython.cast(cython.Py_ssize_t, value)
        return WELL
    if function == IF_U16 or function == IF_U32:
        if value != 0:
            size = 2 if function == IF_U16 else 4
            if w.limit - w.cursor < size:
                return VARIABLE
            w.uint(number, read_uint(w.data, w.cursor, size))
            w.cursor += size
        return WELL
    if function == GRE_ROUTING:
        return WELL if value == 0 else gre_routing(w, number, 0)
    if function == LLC_CONTROL:
        w.uint(number, read_uint(w.data, w.head + 2, 1 if w.limit - w.head == 3 else 2))
        return WELL
    return igmp(w)


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
def next_hop_by_hop(w: Writer, number: cython.uint, next_header: cython.ulonglong) -> cython.int:
    """Write the hop-by-hop header that follows an IPv6 header, if one does and it is whole."""
    mark: cython.Py_ssize_t
    size: cython.Py_ssize_t
    if next_header != 0 or w.payload_end - w.body < 8:
        return WELL
    size = 8 * (1 + cython.cast(cython.Py_ssize_t, w.data[w.body + 1]))
    if size > w.payload_end - w.body:
        return WELL
    w.cursor = w.body + 2
    w.limit = w.body + size
    mark = w.open(number)
    hop_options(w, 2)  # a fault in them is the next layer's
    w.close(mark)
    return WELL


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
