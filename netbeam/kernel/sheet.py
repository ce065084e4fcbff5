# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Slots are constants of the kernel; the writer's caller has made room for `greatest` bytes.
"""Sheets: the values of one record made from many packets, and how they are written by a table."""

from itertools import pairwise

import cython

if cython.compiled:
    from cython.cimports.libc.string import memcpy, memset
    from cython.cimports.netbeam.kernel.wire import ALL_64, close_length
else:
    from struct import pack

    from netbeam.kernel.wire import ALL_64, close_length

# Compiled, these are the enums of sheet.pxd.
if not cython.compiled:
    SLOTS, TEXTS, LISTS, LIST_ROOM, CHARACTERS = 192, 12, 16, 64, 4096
    # A row of a sheet's table: (kind, slot, extra, key).
    # `extra` is the greatest number that the type holds (0: any), or the first name of a NAME.
    SHEET_COLUMNS = 4
    SHEET_END, NUMBER, REAL, TEXT, NAME, LIST = range(6)
    TIME_FIRST, TIME_LAST, SOURCE_PORT, TARGET_PORT, PROTOCOL, IP_VERSION, END_REASON = range(7)
    OWN_SLOTS = 16
    UID, COMMUNITY_ID, SOURCE, TARGET, OWN_TEXTS = range(5)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def put_number(out: cython.p_uchar, at: cython.Py_ssize_t, value: cython.ulonglong) -> cython.Py_ssize_t:
    """Write a varint, as wire.put_uint does; the compiler puts this one where it is called."""
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
def put_text(
    out: cython.p_uchar,
    at: cython.Py_ssize_t,
    key: cython.uint,
    source: cython.p_uchar,
    start: cython.Py_ssize_t,
    size: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """Write a text, if there is one."""
    if size > 0:
        at = put_number(out, at, key)
        at = put_number(out, at, cython.cast(cython.ulonglong, size))
        if cython.compiled:
            memcpy(cython.address(out[at]), source + start, size)
        else:
            out[at : at + size] = source[start : start + size]
        at += size
    return at


@cython.final
@cython.cclass
class Sheet:
    """Holds numbers, reals, texts and lists by slot, and writes those that a table names as one message.

    Several tables may lie one behind the other, each to be written by its first row.
    A text is `text_size` bytes of `characters` from `text_at`; a list `count` of `items` from its slot times
    LIST_ROOM; a NAME's number counts in `names`, of which number k lies in [name_at[k], name_at[k + 1]).
    Zero, nothing and the empty text are left out. Not thread-safe: every thread has its own.
    """

    def __init__(self, ops, names: bytes, name_at) -> None:
        """Take a table (array of 'I') and the names: their bytes, and where each begins (array of 'q')."""
        self.keep = [ops, bytearray(names) or bytearray(1), name_at, bytearray(CHARACTERS)]
        if cython.compiled:
            words: cython.uint[::1] = ops
            self.ops = cython.address(words[0])
            view: cython.uchar[::1] = self.keep[1]
            self.names = cython.address(view[0])
            places: cython.longlong[::1] = name_at
            self.name_at = cython.address(places[0])
            view = self.keep[3]
            self.characters = cython.address(view[0])
        else:
            self.ops, self.names, self.name_at, self.characters = self.keep
            self.number = [0] * SLOTS
            self.real = [0.0] * SLOTS
            self.text_at = [0] * TEXTS
            self.text_size = [0] * TEXTS
            self.items = [0] * (LISTS * LIST_ROOM)
            self.count = [0] * LISTS
        longest: cython.Py_ssize_t = 0
        for first, last in pairwise(name_at):
            longest = max(longest, last - first)
        self.greatest = 10
        for row in range(0, len(ops), SHEET_COLUMNS):
            kind = ops[row]
            if kind == NUMBER:
                self.greatest += 13
            elif kind == REAL:
                self.greatest += 11
            elif kind == NAME:
                self.greatest += longest + 8
            elif kind == LIST:
                self.greatest += LIST_ROOM * 10 + 8
            elif kind == TEXT:
                self.greatest += 8
        self.greatest += CHARACTERS
        self.name_count = len(name_at) - 1
        self.clear()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def clear(self) -> cython.void:
        """Empty all slots."""
        i: cython.int
        if cython.compiled:
            memset(self.number, 0, SLOTS * 8)
            memset(self.real, 0, SLOTS * 8)
        else:
            self.number = [0] * SLOTS
            self.real = [0.0] * SLOTS
        for i in range(TEXTS):
            self.text_size[i] = 0
        for i in range(LISTS):
            self.count[i] = 0
        self.written = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def text(self, slot: cython.int, end: cython.Py_ssize_t) -> cython.void:
        """Take what was written to `characters` from `written` up to `end` as a text."""
        self.text_at[slot] = self.written
        self.text_size[slot] = end - self.written
        self.written = end

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def append(self, slot: cython.int, value: cython.longlong) -> cython.void:
        """Add a number to a list; one that is full stays as it is."""
        if self.count[slot] < LIST_ROOM:
            self.items[slot * LIST_ROOM + self.count[slot]] = value
            self.count[slot] += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def write(self, row: cython.Py_ssize_t, out: cython.p_uchar, at: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Write the record of the table from `row` on, its length before it; give the position after it."""
        mark: cython.Py_ssize_t = at
        inner: cython.Py_ssize_t
        slot: cython.uint
        extra: cython.longlong
        value: cython.longlong
        key: cython.uint
        i: cython.int
        at += 2
        while self.ops[row] != SHEET_END:
            slot = self.ops[row + 1]
            extra = self.ops[row + 2]
            key = self.ops[row + 3]
            if self.ops[row] == NUMBER:
                value = self.number[slot]
                if extra != 0 and value > extra:
                    value = extra
                if value != 0:
                    at = put_number(out, at, key)
                    at = put_number(out, at, cython.cast(cython.ulonglong, value) & ALL_64)
            elif self.ops[row] == REAL:
                if self.real[slot] != 0:
                    at = put_number(out, at, key)
                    if cython.compiled:
                        memcpy(cython.address(out[at]), cython.address(self.real[slot]), 8)
                    else:
                        out[at : at + 8] = pack("<d", self.real[slot])
                    at += 8
            elif self.ops[row] == TEXT:
                at = put_text(out, at, key, self.characters, self.text_at[slot], self.text_size[slot])
            elif self.ops[row] == NAME:
                value = extra + self.number[slot]
                if 0 <= value < self.name_count:
                    at = put_text(
                        out,
                        at,
                        key,
                        self.names,
                        self.name_at[value],
                        self.name_at[value + 1] - self.name_at[value],
                    )
            elif self.count[slot] > 0:
                at = put_number(out, at, key)
                inner = at
                at += 1
                for i in range(self.count[slot]):
                    value = self.items[slot * LIST_ROOM + i]
                    at = put_number(out, at, cython.cast(cython.ulonglong, value) & ALL_64)
                at = close_length(out, inner, 1, at)
            row += SHEET_COLUMNS
        return close_length(out, mark, 2, at)
