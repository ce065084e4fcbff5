# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# Arrays are as long as their callers say; an Output's room is compared before each record.
"""Items put in order of time within their groups, and records kept with the keys of their order."""

import cython

if cython.compiled:
    from cython.cimports.libc.stdlib import free, realloc
    from cython.cimports.libc.string import memcpy

MOST_32 = cython.declare(cython.ulonglong, 0xFFFFFFFF)
KEY_WORDS = cython.declare(cython.int, 3)
RUN = cython.declare(cython.Py_ssize_t, 16)
"""So few items are put in order by insertion."""


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def later(items: cython.p_ulonglong, a: cython.Py_ssize_t, b: cython.Py_ssize_t) -> cython.bint:
    """Tell whether the item at `a` comes after that at `b`: by time, then by the second word."""
    return items[a] > items[b] or (items[a] == items[b] and items[a + 1] > items[b + 1])


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def arrange(
    items: cython.p_ulonglong,
    stride: cython.int,
    count: cython.Py_ssize_t,
    groups: cython.Py_ssize_t,
    starts: cython.p_Py_ssize_t,
    order: cython.p_uint,
    spare: cython.p_uint,
) -> cython.bint:
    """Put the numbers of `count` items in `order`: by group, then by the items' first two words.

    An item's group stands in the low half of its third word. Those of group k lie in [starts[k],
    starts[k + 1]); `starts` has room for two more than there are groups, `spare` as much as `order`.
    """
    i: cython.Py_ssize_t
    group: cython.Py_ssize_t
    for i in range(groups + 2):
        starts[i] = 0
    for i in range(count):
        starts[cython.cast(cython.Py_ssize_t, items[i * stride + 2] & MOST_32) + 2] += 1
    for i in range(groups):
        starts[i + 2] += starts[i + 1]
    for i in range(count):
        group = cython.cast(cython.Py_ssize_t, items[i * stride + 2] & MOST_32) + 1
        order[starts[group]] = cython.cast(cython.uint, i)
        starts[group] += 1
    for i in range(groups):
        put_in_order(items, stride, order, spare, starts[i], starts[i + 1])
    return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def put_in_order(
    items: cython.p_ulonglong,
    stride: cython.int,
    order: cython.p_uint,
    spare: cython.p_uint,
    first: cython.Py_ssize_t,
    last: cython.Py_ssize_t,
) -> cython.void:
    """Sort order[first:last], if it is not sorted: short runs by insertion, then by merging."""
    i: cython.Py_ssize_t = first + 1
    j: cython.Py_ssize_t
    width: cython.Py_ssize_t = RUN
    start: cython.Py_ssize_t
    one: cython.uint
    while i < last and not later(items, order[i - 1] * stride, order[i] * stride):
        i += 1
    if i >= last:
        return
    start = first
    while start < last:
        for i in range(start + 1, start + RUN if start + RUN < last else last):
            one = order[i]
            j = i
            while j > start and later(items, order[j - 1] * stride, one * stride):
                order[j] = order[j - 1]
                j -= 1
            order[j] = one
        start += RUN
    while width < last - first:
        start = first
        while start + width < last:
            merge(
                items,
                stride,
                order,
                spare,
                start,
                start + width,
                start + 2 * width if start + 2 * width < last else last,
            )
            start += 2 * width
        width *= 2


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def merge(
    items: cython.p_ulonglong,
    stride: cython.int,
    order: cython.p_uint,
    spare: cython.p_uint,
    first: cython.Py_ssize_t,
    middle: cython.Py_ssize_t,
    last: cython.Py_ssize_t,
) -> cython.void:
    """Merge the sorted runs order[first:middle] and order[middle:last]."""
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t = middle
    at: cython.Py_ssize_t = first
    for i in range(first, middle):
        spare[i] = order[i]
    i = first
    while i < middle:
        if j < last and later(items, spare[i] * stride, order[j] * stride):
            order[at] = order[j]
            j += 1
        else:
            order[at] = spare[i]
            i += 1
        at += 1


@cython.final
@cython.cclass
class Output:
    """Records one behind the other, and of each the time and tie that put it in order, and where it ends."""

    def __init__(self) -> None:
        self.size = 0
        self.room = 0
        self.count = 0
        self.key_room = 0
        self.failed = False
        if not cython.compiled:
            self.out = bytearray()
            self.keys = []

    def __dealloc__(self):
        if cython.compiled:
            free(self.out)
            free(self.keys)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def begin(self, size: cython.Py_ssize_t) -> cython.bint:
        """Make room for a record of up to `size` bytes at `size` in `out`; false where memory ends."""
        if not cython.compiled:
            self.out.extend(bytes(self.size + size - len(self.out)))
            self.keys.extend((0, 0, 0))
            return True
        grown: cython.p_uchar
        keys: cython.p_ulonglong
        if self.size + size > self.room:
            grown = cython.cast(cython.p_uchar, realloc(self.out, 2 * self.room + 4 * size))
            if grown == cython.NULL:
                self.failed = True
                return False
            self.out = grown
            self.room = 2 * self.room + 4 * size
        if self.count == self.key_room:
            keys = cython.cast(
                cython.p_ulonglong, realloc(self.keys, (2 * self.key_room + 256) * KEY_WORDS * 8)
            )
            if keys == cython.NULL:
                self.failed = True
                return False
            self.keys = keys
            self.key_room = 2 * self.key_room + 256
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def end(self, at: cython.Py_ssize_t, time: cython.ulonglong, tie: cython.ulonglong) -> cython.void:
        """Keep the record that was written up to `at`."""
        self.keys[self.count * KEY_WORDS] = time
        self.keys[self.count * KEY_WORDS + 1] = tie
        self.keys[self.count * KEY_WORDS + 2] = cython.cast(cython.ulonglong, at)
        self.count += 1
        self.size = at

    def take(self) -> tuple:
        """Give all records as bytes, and (time, tie, end) of each as words of 64 bits; start afresh."""
        if self.failed:
            raise MemoryError("no memory for the records of flows")
        count = self.count * KEY_WORDS
        if cython.compiled:
            records = bytearray(self.size)
            keys = bytearray(8 * count)
            if self.size:
                view: cython.uchar[::1] = records
                memcpy(cython.address(view[0]), self.out, self.size)
                view = keys
                memcpy(cython.address(view[0]), self.keys, 8 * count)
        else:
            from array import array

            records = self.out[: self.size]
            keys = array("Q", self.keys[:count]).tobytes()
            self.out = bytearray()
            self.keys = []
        self.size = 0
        self.count = 0
        return records, keys


def gather(data, begins, ends, order) -> bytearray:
    """Give the pieces [begins[i], ends[i]) of `data` one behind the other, for each i in `order`.

    The numbers are arrays of int64 (of 'q', or numpy's).

    Raises:
        ValueError: a piece does not lie in `data`.
    """
    total: cython.Py_ssize_t = 0
    size: cython.longlong = len(data)
    i: cython.Py_ssize_t
    k: cython.longlong
    at: cython.Py_ssize_t = 0
    if not cython.compiled:
        return bytearray(b"".join([bytes(data[begins[k] : ends[k]]) for k in order]))
    first: cython.const[cython.longlong][::1] = begins
    last: cython.const[cython.longlong][::1] = ends
    chosen: cython.const[cython.longlong][::1] = order
    source: cython.const[cython.uchar][::1] = data if size else b"\0"
    for i in range(chosen.shape[0]):
        k = chosen[i]
        if not (0 <= k < first.shape[0] and k < last.shape[0] and 0 <= first[k] <= last[k] <= size):
            raise ValueError(f"piece {k} does not lie in {size} bytes")
        total += last[k] - first[k]
    out = bytearray(total)
    if total == 0:
        return out
    target: cython.uchar[::1] = out
    with cython.nogil:
        for i in range(chosen.shape[0]):
            k = chosen[i]
            if last[k] > first[k]:
                memcpy(
                    cython.address(target[at]),
                    cython.address(source[first[k]]),
                    cython.cast(cython.size_t, last[k] - first[k]),
                )
            at += last[k] - first[k]
    return out
