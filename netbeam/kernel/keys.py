# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Indices are below `count`, which is at most `room`; slots are masked.
"""A hash table: keys of 64-bit words are numbered in the order in which they are first seen."""

from os import urandom

import cython

if cython.compiled:
    from cython.cimports.libc.stdlib import calloc, free, realloc
    from cython.cimports.libc.string import memcpy, memset
    from cython.cimports.netbeam.kernel.wire import ALL_64
else:
    from netbeam.kernel.wire import ALL_64

FIRST_SLOTS = cython.declare(cython.Py_ssize_t, 1024)
MOST_SLOTS = cython.declare(cython.Py_ssize_t, 0x7FFFFFFF)
MOST_WORDS = cython.declare(cython.int, 16)
MULTIPLIER = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def mixed(words: cython.p_ulonglong, count: cython.int) -> cython.ulonglong:
    """Give a hash of some words, the same on every machine."""
    i: cython.int
    value: cython.ulonglong = 0
    for i in range(count):
        value = ((value ^ words[i]) * MULTIPLIER) & ALL_64
        value ^= value >> 29
    value = (value * MULTIPLIER) & ALL_64
    return value ^ value >> 32


@cython.final
@cython.cclass
class Keys:
    """Numbers keys of `words` words from 0; entry k lies in `store` from k times `stride` on.

    The words of an entry beyond its key are zero at first, and are the caller's. Where memory ends `find`
    gives -1. Slots are found by factors that differ from table to table, so that no capture can be made to
    bring many keys together; the numbers don't depend on them.
    """

    def __init__(self, words: cython.int, stride: cython.int) -> None:
        self.words = words
        self.stride = stride
        self.count = 0
        self.room = 0
        self.mask = 0
        if cython.compiled:
            i: cython.int
            for i in range(MOST_WORDS):
                self.factors[i] = int.from_bytes(urandom(8), "little") | 1
        else:
            self.store = []
            self.known = {}

    def __dealloc__(self):
        if cython.compiled:
            free(self.store)
            free(self.slots)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def clear(self) -> cython.void:
        """Forget all keys; the memory stays."""
        self.count = 0
        if cython.compiled:
            if self.mask > 0:
                memset(self.slots, 0, (self.mask + 1) * 4)
        else:
            self.store.clear()
            self.known.clear()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def find(self, key: cython.p_ulonglong) -> cython.Py_ssize_t:
        """Give the number of a key; one not seen before is added."""
        if not cython.compiled:
            words = tuple(key[: self.words])
            if words not in self.known:
                self.known[words] = len(self.known)
                self.store.extend((*words, *[0] * (self.stride - self.words)))
                self.count += 1
            return self.known[words]
        at: cython.Py_ssize_t
        found: cython.Py_ssize_t
        entry: cython.p_ulonglong
        if self.count == self.room and not self.grow():
            return -1
        at = self.slot(key)
        if self.slots[at] != 0:
            return self.slots[at] - 1
        found = self.count
        entry = self.store + found * self.stride
        memcpy(entry, key, self.words * 8)
        memset(entry + self.words, 0, (self.stride - self.words) * 8)
        self.count += 1
        self.slots[at] = cython.cast(cython.uint, self.count)
        return found

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def place(self, key: cython.p_ulonglong) -> cython.Py_ssize_t:
        """Give the slot at which the search for a key begins: a sum of products, whose high half is even."""
        i: cython.int
        total: cython.ulonglong = 0
        for i in range(self.words):
            total += (key[i] ^ key[i] >> 32) * self.factors[i]
        return cython.cast(cython.Py_ssize_t, total >> 32) & self.mask

    @cython.cfunc
    @cython.inline
    @cython.nogil
    @cython.exceptval(check=False)
    def slot(self, key: cython.p_ulonglong) -> cython.Py_ssize_t:
        """Give the slot where a key is, or would be put."""
        at: cython.Py_ssize_t = self.place(key)
        entry: cython.p_ulonglong
        i: cython.int
        while self.slots[at] != 0:
            entry = self.store + cython.cast(cython.Py_ssize_t, self.slots[at] - 1) * self.stride
            i = 0
            while i < self.words and entry[i] == key[i]:
                i += 1
            if i == self.words:
                break
            at = (at + 1) & self.mask
        return at

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def seek(self, key: cython.p_ulonglong) -> cython.Py_ssize_t:
        """Give the number of a key, -1 for one that was never seen."""
        if not cython.compiled:
            return self.known.get(tuple(key[: self.words]), -1)
        if self.count == 0:
            return -1
        return cython.cast(cython.Py_ssize_t, self.slots[self.slot(key)]) - 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def grow(self) -> cython.bint:
        """Make room for twice as many keys; false where memory ends."""
        slots: cython.Py_ssize_t = FIRST_SLOTS if self.mask == 0 else 2 * (self.mask + 1)
        table: cython.p_uint
        store: cython.p_ulonglong
        if slots > MOST_SLOTS:
            return False
        store = cython.cast(
            cython.p_ulonglong,
            realloc(self.store, cython.cast(cython.size_t, slots // 2) * self.stride * 8),
        )
        if store == cython.NULL:
            return False
        self.store = store
        table = cython.cast(cython.p_uint, calloc(slots, 4))
        if table == cython.NULL:
            return False
        free(self.slots)
        self.slots = table
        self.mask = slots - 1
        self.room = slots // 2
        self.rehash()
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def rehash(self) -> cython.void:
        """Fill the slots anew."""
        i: cython.Py_ssize_t
        at: cython.Py_ssize_t
        for i in range(self.count):
            at = self.place(self.store + i * self.stride)
            while self.slots[at] != 0:
                at = (at + 1) & self.mask
            self.slots[at] = cython.cast(cython.uint, i + 1)
