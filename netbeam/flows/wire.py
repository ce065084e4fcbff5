"""Messages of the wire written column by column: many records at once, from numbers and texts in arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netbeam.declare import Field, Message
from netbeam.flows.sheets import GREATEST

Bytes = NDArray[np.uint8]
Column = NDArray[np.generic]

_ROWS = 1 << 14
"""So many rows are spread out over bytes at a time, which bounds memory."""


class Texts(NamedTuple):
    """Texts of up to `data.shape[1]` bytes each: a row and a length for each."""

    data: Bytes
    lengths: NDArray[np.int64]


class Cells(NamedTuple):
    """A row of bytes for each message; those not `used` are left out."""

    data: Bytes
    used: NDArray[np.bool_]


class Ragged(NamedTuple):
    """Runs of bytes: run k is data[ends[k - 1] : ends[k]], the first from 0."""

    data: bytes
    ends: NDArray[np.int64]

    def split(self) -> list[bytes]:
        """Give each run."""
        data, ends = self.data, self.ends.tolist()
        return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


Value = Column | Texts | Cells
Make = Callable[[NDArray[np.int64]], Cells]


def texts(values: list[bytes]) -> Texts:
    """Put texts in rows; their zero bytes at the end stay."""
    lengths = np.fromiter(map(len, values), np.int64, len(values))
    width = int(lengths.max(initial=1)) or 1
    return Texts(np.array(values, f"S{width}").view(np.uint8).reshape(-1, width), lengths)


def write(message: Message, values: Mapping[str, Value]) -> Cells:
    """Write the fields of a message that `values` names; zeros and empty texts are left out but in lists.

    Numbers beyond their field's type saturate. A message inside, or a map's entry, comes as its Cells.
    """
    parts = [cells(field, values[field.name]) for field in message.fields if field.name in values]
    if len(parts) < len(values):
        stranger = set(values) - {field.name for field in message.fields}
        raise ValueError(f"{message.name} has no field {', '.join(sorted(stranger))}")
    return side_by_side(*parts)


def cells(field: Field, value: Value) -> Cells:
    """Write one field, with its key."""
    if isinstance(value, Cells):
        return _behind_length(field.number, value, always=True)
    if isinstance(value, Texts):
        used = np.arange(value.data.shape[1]) < value.lengths[:, None]
        return _behind_length(field.number, Cells(value.data, used), always=field.repeated)
    if field.type == "double":
        data = value.astype("<f8").view(np.uint8).reshape(-1, 8)
        present = value != 0
        return _with_key(field.number << 3 | 1, Cells(data, np.repeat(present[:, None], 8, 1)), present)
    numbers = value.astype(np.uint64)
    if field.type in GREATEST:
        numbers = np.minimum(numbers, np.uint64(GREATEST[str(field.type)]))
    made = varints(numbers)
    if field.repeated:
        made.used[:, 0] = True
    return _with_key(field.number << 3, made, made.used[:, 0])


def entries(numbers: Column) -> Cells:
    """Write numbers as varints; zero too takes a byte."""
    made = varints(numbers.astype(np.uint64))
    made.used[:, 0] = True
    return made


def varints(numbers: NDArray[np.uint64]) -> Cells:
    """Write numbers as varints; zero takes no byte."""
    width = max(1, -(-int(numbers.max(initial=0)).bit_length() // 7))
    data = np.empty((len(numbers), width), np.uint8)
    used = np.empty((len(numbers), width), bool)
    rest = numbers
    for place in range(width):
        used[:, place] = rest != 0
        low = rest & np.uint64(127)
        rest = rest >> np.uint64(7)
        data[:, place] = low | (rest != 0).astype(np.uint64) << np.uint64(7)
    return Cells(data, used)


def side_by_side(*parts: Cells) -> Cells:
    """Put parts of the same messages behind each other."""
    return Cells(np.hstack([part.data for part in parts]), np.hstack([part.used for part in parts]))


def _behind_length(number: int, inner: Cells, *, always: bool) -> Cells:
    """Write what has a length: texts, which are left out when empty, and messages, which are not."""
    lengths = inner.used.sum(1).astype(np.uint64)
    prefix = varints(lengths)
    if always:
        prefix.used[:, 0] = True
    present = np.ones(len(lengths), bool) if always else lengths != 0
    return _with_key(number << 3 | 2, side_by_side(prefix, inner), present)


def _with_key(key: int, value: Cells, present: NDArray[np.bool_]) -> Cells:
    encoded = varints(np.array([key], np.uint64)).data
    data = np.repeat(encoded, len(present), 0)
    return side_by_side(Cells(data, np.repeat(present[:, None], encoded.shape[1], 1)), value)


def runs(count: int, make: Make) -> Ragged:
    """Give the bytes of `count` rows, which `make` writes when given their places, some at a time."""
    data: list[bytes] = []
    lengths: list[NDArray[np.int64]] = []
    for start in range(0, count, _ROWS):
        made = make(np.arange(start, min(start + _ROWS, count)))
        data.append(made.data[made.used].tobytes())
        lengths.append(made.used.sum(1))
    return Ragged(b"".join(data), np.cumsum(np.concatenate([np.zeros(0, np.int64), *lengths])))


def lists(begins: NDArray[np.int64], ends: NDArray[np.int64], make: Make) -> Ragged:
    """Give one run for each message, of the rows from `begins` to `ends` that its repeated field holds."""
    counts = ends - begins
    total = np.cumsum(counts)
    rows = np.repeat(begins - total + counts, counts) + np.arange(total[-1] if len(total) else 0)
    written = runs(len(rows), lambda places: make(rows[places]))
    return Ragged(written.data, np.concatenate([np.zeros(1, np.int64), written.ends])[total])
