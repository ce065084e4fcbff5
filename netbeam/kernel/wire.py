# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Reads are covered by the walk's length checks, writes by Writer.room or GREATEST in the walk.
"""The protobuf wire format: one record's fields, written from a table or one by one."""

import cython

if cython.compiled:
    from cython.cimports.libc.math import log2
    from cython.cimports.libc.string import memcpy, memmove
    from cython.cimports.netbeam.kernel.text import hex_text, text_ipv4, text_ipv6, text_mac
else:
    from math import log2
    from struct import pack

    from netbeam.kernel.text import hex_text, text_ipv4, text_ipv6, text_mac

ALL_64 = (1 << 64) - 1

# Compiled, these are the enums of wire.pxd.
if not cython.compiled:
    # A row of a record's table: (kind, offset, shift, mask, key, bytes of the key, extra, format).
    # `extra` is the least value that is written or the bytes of a RAW, `format` the width and the marks of
    # a NUMBER. From GROUP on: (kind, offset, shift, mask, table, condition, format, field number), where
    # the number is read whose format is not 0, and `table` and `condition` are places in these rows.
    OP_COLUMNS = 8
    END, U8, U16, U32, NUMBER, MAC, IPV4, IPV6, RAW, STAMP, SOURCE, TARGET = range(12)
    SOURCE_PORT, TARGET_PORT, SIZE, ENTROPY, GROUP, CODED = range(12, 18)
    # Marks of a number beside its width.
    LITTLE, SIGNED = 16, 32
    # Why a walk or a variable part stopped.
    WELL, SHORT, DEPTH, CHECK, HEADER, TOTAL_SHORT, TOTAL_LONG, OPTION, POINTER, NAME, VARIABLE = range(11)

SLACK = 64
"""Bytes that every buffer has beyond its room, so that short copies may be made in fixed lengths."""


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def put_uint(out: cython.p_uchar, at: cython.Py_ssize_t, value: cython.ulonglong) -> cython.Py_ssize_t:
    """Write a varint of up to ten bytes; give the position after it."""
    while value >= 128:
        out[at] = cython.cast(cython.uchar, value & 127 | 128)
        value >>= 7
        at += 1
    out[at] = cython.cast(cython.uchar, value)
    return at + 1


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def read_u32(data: cython.p_const_uchar, at: cython.Py_ssize_t) -> cython.uint:
    """Read the four big-endian bytes at `at`: written out, it compiles to one load."""
    return (
        cython.cast(cython.uint, data[at]) << 24
        | cython.cast(cython.uint, data[at + 1]) << 16
        | cython.cast(cython.uint, data[at + 2]) << 8
        | cython.cast(cython.uint, data[at + 3])
    )


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def read_uint(data: cython.p_const_uchar, at: cython.Py_ssize_t, width: cython.int) -> cython.ulonglong:
    """Read the number of up to 8 bytes at `at`, big-endian unless `width` is marked LITTLE."""
    value: cython.ulonglong
    if width == 2:
        return cython.cast(cython.uint, data[at]) << 8 | data[at + 1]
    if width == 1:
        return data[at]
    if width == 4:
        return read_u32(data, at)
    value = 0
    if width & LITTLE:
        width -= LITTLE
        while width > 0:
            width -= 1
            value = value << 8 | data[at + width]
        return value
    while width > 0:
        value = value << 8 | data[at]
        at += 1
        width -= 1
    return value


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def sign(value: cython.ulonglong, bits: cython.int) -> cython.ulonglong:
    """Give the 64 bits of a signed number of `bits` bits: those that a varint writes."""
    if value >> (bits - 1) & 1:
        value |= ALL_64 << (bits - 1) & ALL_64
    return value


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def copy(
    out: cython.p_uchar,
    at: cython.Py_ssize_t,
    data: cython.p_const_uchar,
    start: cython.Py_ssize_t,
    size: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Copy `size` bytes of data from `start`; give the position after them."""
    if cython.compiled:
        memcpy(cython.address(out[at]), cython.address(data[start]), size)
    else:
        out[at : at + size] = data[start : start + size]
    return at + size


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def put_key(
    out: cython.p_uchar, at: cython.Py_ssize_t, key: cython.uint, size: cython.uint
) -> cython.Py_ssize_t:
    """Write a field's key, up to 3 bytes encoded beforehand; give the position after it."""
    out[at] = cython.cast(cython.uchar, key & 255)
    if size > 1:
        out[at + 1] = cython.cast(cython.uchar, key >> 8 & 255)
        out[at + 2] = cython.cast(cython.uchar, key >> 16)
    return at + size


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def copy_short(
    out: cython.p_uchar, at: cython.Py_ssize_t, text: cython.p_uchar, size: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Copy `size` bytes (48 at most) of one of Writer's small buffers, in pieces of fixed length."""
    if cython.compiled:
        memcpy(cython.address(out[at]), text, 16)
        if size > 16:
            memcpy(cython.address(out[at + 16]), text + 16, 32)
    else:
        out[at : at + size] = text[:size]
    return at + size


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def close_length(
    out: cython.p_uchar, mark: cython.Py_ssize_t, reserved: cython.Py_ssize_t, at: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Write the length of what lies in [mark + reserved, at) at `mark`, moving it if the length needs it.

    Gives the position after the moved bytes.
    """
    size: cython.Py_ssize_t = at - mark - reserved
    needed: cython.Py_ssize_t = 1
    rest: cython.Py_ssize_t = size >> 7
    while rest > 0:
        needed += 1
        rest >>= 7
    if needed != reserved:
        if cython.compiled:
            memmove(cython.address(out[mark + needed]), cython.address(out[mark + reserved]), size)
        else:
            out[mark + needed : mark + needed + size] = bytes(out[mark + reserved : mark + reserved + size])
    put_uint(out, mark, cython.cast(cython.ulonglong, size))
    return mark + needed + size


@cython.final
@cython.cclass
class Writer:
    """Writes the fields of one record, never past `end`: what does not fit sets `full` and is left out.

    `data` holds the chunk, `head`, `body` and `payload_end` bound the layer's header and captured
    payload in it; `cursor` and `limit` bound what is left of the variable part. `stamp`, `source` and
    `target` are the encoded time and the text of the nearest addresses.
    """

    def __init__(self) -> None:
        """Make the small buffers."""
        self.full = False
        self.at = self.end = 0
        self.source_len = self.target_len = self.stamp_len = 0
        self.source_port = self.target_port = 0
        if not cython.compiled:
            self.stamp = bytearray(16)
            self.source = bytearray(48)
            self.target = bytearray(48)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def begin(self, time: cython.longlong) -> cython.void:
        """Start a packet captured at `time`."""
        self.stamp_len = 0
        if time != 0:
            self.stamp_len = put_uint(self.stamp, 0, cython.cast(cython.ulonglong, time) & ALL_64)
        self.source_len = 0
        self.target_len = 0
        self.source_port = 0
        self.target_port = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def addresses(
        self, source: cython.Py_ssize_t, target: cython.Py_ssize_t, length: cython.int
    ) -> cython.void:
        """Set the text of the nearest addresses from the `length` bytes at `source` and at `target`."""
        if length == 4:
            self.source_len = text_ipv4(self.source, 0, self.data, source)
            self.target_len = text_ipv4(self.target, 0, self.data, target)
        elif length == 16:
            self.source_len = text_ipv6(self.source, 0, self.data, source)
            self.target_len = text_ipv6(self.target, 0, self.data, target)
        else:
            self.source_len = 0
            self.target_len = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def fields(self, ops: cython.p_uint, row: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Write the fields of a table from `row` on; give the row of its end, or of the first variable part.

        The caller has checked that the greatest size of all these fields fits.
        """
        out: cython.p_uchar = self.out
        data: cython.p_const_uchar = self.data
        at: cython.Py_ssize_t = self.at
        head: cython.Py_ssize_t = self.head
        here: cython.Py_ssize_t
        kind: cython.uint
        key: cython.uint
        form: cython.uint
        value: cython.ulonglong
        while True:
            kind = ops[row]
            here = head + ops[row + 1]
            key = ops[row + 4]
            value = 0
            if kind == U16:
                value = (cython.cast(cython.uint, data[here]) << 8 | data[here + 1]) >> ops[row + 2] & ops[
                    row + 3
                ]
            elif kind == U8:
                value = cython.cast(cython.uint, data[here]) >> ops[row + 2] & ops[row + 3]
            elif kind == STAMP:
                if self.stamp_len > 0:
                    at = put_key(out, at, key, ops[row + 5])
                    at = copy_short(out, at, self.stamp, self.stamp_len)
                row += OP_COLUMNS
                continue
            elif kind == SOURCE:
                if self.source_len > 0:
                    at = put_key(out, at, key, ops[row + 5])
                    out[at] = cython.cast(cython.uchar, self.source_len)
                    at = copy_short(out, at + 1, self.source, self.source_len)
                row += OP_COLUMNS
                continue
            elif kind == TARGET:
                if self.target_len > 0:
                    at = put_key(out, at, key, ops[row + 5])
                    out[at] = cython.cast(cython.uchar, self.target_len)
                    at = copy_short(out, at + 1, self.target, self.target_len)
                row += OP_COLUMNS
                continue
            elif kind == SIZE:
                value = cython.cast(cython.ulonglong, self.payload_size)
            elif kind == U32:
                value = read_u32(data, here) >> ops[row + 2] & ops[row + 3]
            elif kind == SOURCE_PORT:
                value = self.source_port
            elif kind == TARGET_PORT:
                value = self.target_port
            elif kind == MAC:
                at = put_key(out, at, key, ops[row + 5])
                out[at] = 17
                at = text_mac(out, at + 1, data, here)
                row += OP_COLUMNS
                continue
            elif kind == END or kind >= GROUP:
                self.at = at
                return row
            elif kind == NUMBER:
                form = ops[row + 7]
                value = read_uint(data, here, cython.cast(cython.int, form & 31))
                if form & SIGNED:
                    value = sign(value, cython.cast(cython.int, (form & 15) * 8))
                elif form & 15 <= 4:
                    value = value >> ops[row + 2] & ops[row + 3]
            elif kind == RAW:
                at = put_key(out, at, key, ops[row + 5])
                at = put_uint(out, at, ops[row + 6])
                at = copy(out, at, data, here, ops[row + 6])
                row += OP_COLUMNS
                continue
            elif kind == ENTROPY:
                self.at = put_key(out, at, key, ops[row + 5])
                if self.entropy():
                    at = self.at
                row += OP_COLUMNS
                continue
            else:
                at = put_key(out, at, key, ops[row + 5])
                if kind == IPV4:
                    here = text_ipv4(out, at + 1, data, here)
                else:
                    here = text_ipv6(out, at + 1, data, here)
                out[at] = cython.cast(cython.uchar, here - at - 1)
                at = here
                row += OP_COLUMNS
                continue
            if value >= ops[row + 6]:
                at = put_key(out, at, key, ops[row + 5])
                at = put_uint(out, at, value)
            row += OP_COLUMNS

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def entropy(self) -> cython.bint:
        """Write the entropy of the captured payload in bits a byte, as a double; false when it is zero."""
        i: cython.Py_ssize_t
        total: cython.Py_ssize_t = self.payload_end - self.body
        share: cython.double
        bits: cython.double = 0.0
        if cython.compiled:
            counts: cython.uint[256]
            for i in range(256):
                counts[i] = 0  # noqa: F821, an array declared above
        else:
            counts = [0] * 256
        for i in range(self.body, self.payload_end):
            counts[self.data[i]] += 1
        for i in range(256):
            if counts[i] > 0:
                share = cython.cast(cython.double, counts[i]) / total
                bits -= share * log2(share)
        if bits == 0:
            return False
        if cython.compiled:
            memcpy(cython.address(self.out[self.at]), cython.address(bits), 8)
        else:
            self.out[self.at : self.at + 8] = pack("<d", bits)
        self.at += 8
        return True

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def room(self, size: cython.Py_ssize_t) -> cython.bint:
        """Tell whether `size` more bytes fit; once some did not, nothing does."""
        if self.full or self.end - self.at < size:
            self.full = True
            return False
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def uint(self, number: cython.uint, value: cython.ulonglong) -> cython.void:
        """Write a number, and nothing when it is zero."""
        if value != 0 and self.room(16):
            self.at = put_uint(self.out, self.at, number << 3)
            self.at = put_uint(self.out, self.at, value)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def raw(self, number: cython.uint, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> cython.void:
        """Write the bytes of the packet in [start, stop), and nothing when there are none."""
        if stop > start and self.room(16 + stop - start):
            self.at = put_uint(self.out, self.at, number << 3 | 2)
            self.at = put_uint(self.out, self.at, cython.cast(cython.ulonglong, stop - start))
            self.at = copy(self.out, self.at, self.data, start, stop - start)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def ipv4(self, number: cython.uint, at: cython.Py_ssize_t) -> cython.void:
        """Write the text of the IPv4 address at `at`."""
        mark: cython.Py_ssize_t
        if self.room(32):
            mark = self.open(number)
            self.at = text_ipv4(self.out, self.at, self.data, at)
            self.close(mark)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def ipv6(self, number: cython.uint, at: cython.Py_ssize_t) -> cython.void:
        """Write the text of the IPv6 address at `at`."""
        mark: cython.Py_ssize_t
        if self.room(64):
            mark = self.open(number)
            self.at = text_ipv6(self.out, self.at, self.data, at)
            self.close(mark)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def hex(
        self, number: cython.uint, start: cython.Py_ssize_t, stop: cython.Py_ssize_t, separator: cython.int
    ) -> cython.void:
        """Write bytes as hexadecimal text, with the character `separator` between them unless it is 0."""
        mark: cython.Py_ssize_t
        byte: cython.Py_ssize_t
        if stop > start and self.room(16 + 3 * (stop - start)):
            mark = self.open(number)
            while start < stop:
                byte = cython.cast(cython.Py_ssize_t, self.data[start]) * 2
                self.out[self.at] = hex_text[byte]
                self.out[self.at + 1] = hex_text[byte + 1]
                self.at += 2
                start += 1
                if separator and start < stop:
                    self.out[self.at] = cython.cast(cython.uchar, separator)
                    self.at += 1
            self.close(mark)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def open(self, number: cython.uint) -> cython.Py_ssize_t:
        """Start a message, string or bytes field whose length is known only at `close`; give its mark."""
        if not self.room(16):
            return -1
        self.at = put_uint(self.out, self.at, number << 3 | 2)
        self.at += 1
        return self.at - 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def byte(self, value: cython.uchar) -> cython.void:
        """Write one byte of an open string or bytes field."""
        if self.room(1):
            self.out[self.at] = value
            self.at += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def append(self, start: cython.Py_ssize_t, size: cython.Py_ssize_t) -> cython.void:
        """Write bytes of the packet to an open string or bytes field."""
        if self.room(size):
            self.at = copy(self.out, self.at, self.data, start, size)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def close(self, mark: cython.Py_ssize_t) -> cython.void:
        """End the field that `open` began: write its length."""
        if mark >= 0 and self.room(8):
            self.at = close_length(self.out, mark, 1, self.at)
