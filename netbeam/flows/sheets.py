"""Declarations of flow records, compiled into the tables by which their sheets are written."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

from netbeam.declare import Message
from netbeam.kernel import sheet

WIRE_TYPES = {"string": 2, "double": 1}
GREATEST = {"int32": (1 << 31) - 1, "uint32": (1 << 32) - 1}


class SheetTables(NamedTuple):
    """What makes a Sheet: rows of (kind, slot, extra, key), all names joined, and where each begins.

    `first_rows` tells where the table of each message begins.
    """

    ops: array[int]
    names: bytes
    name_at: array[int]
    first_rows: tuple[int, ...]


def slot_of(name: str, modules: Sequence[ModuleType]) -> int | None:
    """Give the slot that the first of some kernel modules knows under a name, None if none does."""
    return next((getattr(module, name) for module in modules if hasattr(module, name)), None)


def compile_sheet(
    messages: Sequence[Message], modules: Sequence[ModuleType], known: Mapping[str, Sequence[str]]
) -> SheetTables:
    """Compile declarations that are written from one sheet, whose slots are constants of kernel modules.

    `known` gives the names that fields refer to by one word (declare.LAYER_NAMES ... SOURCE_NAMES).
    """
    ops: array[int] = array("I")
    names: list[str] = []
    places: dict[str | tuple[str, ...], int] = {}
    first_rows = []
    for message in messages:
        first_rows.append(len(ops))
        for field in message.fields:
            kind, extra = kind_of(field.type, field.repeated, bool(field.names)), 0
            if kind == sheet.NAME:
                if field.names not in places:
                    places[field.names] = len(names)
                    names.extend(known[field.names] if isinstance(field.names, str) else field.names)
                extra = places[field.names]
            elif kind == sheet.NUMBER:
                extra = GREATEST.get(str(field.type), 0)
            wire_type = 2 if kind == sheet.LIST else WIRE_TYPES.get(str(field.type), 0)
            slot = slot_of(field.by, modules)
            if slot is None:
                raise ValueError(f"{message.name}.{field.name}: the kernel has no slot {field.by!r}")
            ops.extend((kind, slot, extra, field.number << 3 | wire_type))
        ops.extend((sheet.SHEET_END, 0, 0, 0))
    encoded = [name.encode(errors="surrogateescape") for name in names]
    name_at = array("q", [0])
    for each in encoded:
        name_at.append(name_at[-1] + len(each))
    return SheetTables(ops, b"".join(encoded), name_at, tuple(first_rows))


def kind_of(type_: object, repeated: bool, named: bool) -> int:
    """Give the kind of row that writes a field."""
    kind: int
    if repeated:
        kind = sheet.LIST
    elif type_ == "string":
        kind = sheet.NAME if named else sheet.TEXT
    else:
        kind = sheet.REAL if type_ == "double" else sheet.NUMBER
    return kind
