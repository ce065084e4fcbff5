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


class SheetTable(NamedTuple):
    """What makes a Sheet: rows of (kind, slot, extra, key), all names joined, and where each begins."""

    ops: array[int]
    names: bytes
    name_at: array[int]


def compile_sheet(message: Message, slots: ModuleType, known: Mapping[str, Sequence[str]]) -> SheetTable:
    """Compile a declaration whose slots are constants of a kernel module.

    `known` gives the names that fields refer to by one word (declare.LAYERS, SOURCES).
    """
    ops: array[int] = array("I")
    names: list[str] = []
    for field in message.fields:
        if not field.by:
            continue  # declared for Netcap's readers; nothing here fills it
        kind, extra = kind_of(field.type, field.repeated, bool(field.names)), 0
        if kind == sheet.NAME:
            extra = len(names)
            names.extend(known[field.names] if isinstance(field.names, str) else field.names)
        elif kind == sheet.NUMBER:
            extra = GREATEST.get(str(field.type), 0)
        wire_type = 2 if kind == sheet.LIST else WIRE_TYPES.get(str(field.type), 0)
        ops.extend((kind, getattr(slots, field.by), extra, field.number << 3 | wire_type))
    ops.extend((sheet.SHEET_END, 0, 0, 0))
    encoded = [name.encode(errors="surrogateescape") for name in names]
    name_at = array("q", [0])
    for each in encoded:
        name_at.append(name_at[-1] + len(each))
    return SheetTable(ops, b"".join(encoded), name_at)


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
