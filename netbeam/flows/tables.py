"""Tables that merge exactly: rows under keys with sums, least and greatest values, in columns of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.uint64]
Columns = dict[str, Numbers]


class Table(NamedTuple):
    """The columns of a table by what becomes of them where rows with the same keys meet."""

    keys: tuple[str, ...]
    sums: tuple[str, ...] = ()
    least: tuple[str, ...] = ()
    greatest: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All columns, the keys first."""
        return self.keys + self.sums + self.least + self.greatest


class Packed(NamedTuple):
    """A column in few bytes: each number less `base` in the narrowest type; None where all are `base`.

    Numbers in order are kept by their `first` and the steps from one to the next, which are smaller.
    """

    size: int
    base: int
    above: NDArray[np.unsignedinteger] | None
    first: int | None = None


def pack(column: Numbers) -> Packed:
    """Pack a column."""
    if len(column) > 1 and column[0] != column[-1] and bool((column[1:] >= column[:-1]).all()):
        return _packed(np.diff(column))._replace(size=len(column), first=int(column[0]))
    return _packed(column)


def _packed(column: Numbers) -> Packed:
    if not len(column):
        return Packed(0, 0, None)
    base, top = column.min(), column.max()
    above = None if base == top else (column - base).astype(np.min_scalar_type(top - base))
    return Packed(len(column), int(base), above)


def unpack(packed: Packed) -> Numbers:
    """Give a column as it was, to be read only."""
    if packed.above is None:
        numbers = np.broadcast_to(
            np.uint64(packed.base), packed.size - (packed.first is not None)
        )  # takes no memory
    else:
        numbers = packed.above.astype(np.uint64) + np.uint64(packed.base)
    if packed.first is None:
        return numbers
    return np.cumsum(np.concatenate([np.array([packed.first], np.uint64), numbers]), dtype=np.uint64)


def arrange(keys: Sequence[Numbers]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the order that sorts rows by `keys`, the first counting most, and where in it each new key starts.

    Keys are put side by side in as few words as their ranges let them: most rows are sorted by one word.
    """
    words: list[Numbers] = []
    room = 0
    for key in keys:
        base, top = (key.min(), key.max()) if len(key) else (np.uint64(0), np.uint64(0))
        bits = int(top - base).bit_length()
        if bits > room or not words:
            words.append(key - base)
            room = 64 - bits
        elif bits:
            words[-1] = words[-1] << np.uint64(bits) | (key - base)
            room -= bits
    order = np.argsort(words[0]) if len(words) == 1 else np.lexsort(words[::-1])
    new = np.ones(len(order), bool)
    if len(order):
        new[1:] = False
    for word in words:
        placed = word[order]
        new[1:] |= placed[1:] != placed[:-1]
    return order, np.flatnonzero(new)


def distinct(keys: Sequence[Numbers]) -> tuple[list[Numbers], Numbers]:
    """Give the distinct rows of `keys` in order, and for each row its place among them."""
    order, starts = arrange(keys)
    places = np.zeros(len(order), np.uint64)
    if len(order):
        new = np.zeros(len(order), np.uint64)
        new[starts[1:]] = 1
        places[order] = np.cumsum(new)
    first = order[starts]
    return [key[first] for key in keys], places


def grouped(table: Table, columns: Mapping[str, Numbers]) -> Columns:
    """Bring rows with the same keys together, in the order of the keys."""
    order, starts = arrange([columns[name] for name in table.keys])
    first = order[starts]
    result = {name: columns[name][first] for name in table.keys}
    kinds: tuple[tuple[Callable[..., Numbers], tuple[str, ...]], ...] = (
        (np.add.reduceat, table.sums),
        (np.minimum.reduceat, table.least),
        (np.maximum.reduceat, table.greatest),
    )
    for reduce, names in kinds:
        for name in names:
            result[name] = reduce(columns[name][order], starts) if len(starts) else columns[name]
    return result


def selected(columns: Mapping[str, Numbers], chosen: NDArray[np.generic] | slice) -> Columns:
    """Give the rows that a mask, places or a slice choose."""
    return {name: column[chosen] for name, column in columns.items()}


def stacked(parts: Iterable[Numbers]) -> Numbers:
    """Put columns below each other."""
    return np.concatenate([np.zeros(0, np.uint64), *parts])


def joined(parts: Iterable[Mapping[str, Numbers]]) -> Columns:
    """Put the rows of several tables below each other; a column that one leaves out is zero there."""
    parts = list(parts)
    names = {name: None for part in parts for name in part}
    counts = [len(next(iter(part.values()))) for part in parts]
    return {
        name: np.concatenate(
            [part.get(name, np.zeros(count, np.uint64)) for part, count in zip(parts, counts, strict=True)]
        )
        for name in names
    }
