"""The columns of a record type: from a message to a list of plain Python values, compiled once a type."""

from __future__ import annotations

import binascii
import difflib
import math
from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from netbeam.declare import Field, Message
from netbeam.schema import SCALARS, TYPE_ENUM, Schema, map_types, type_name

Convert = Callable[[Any], Any]


class UnknownField(ValueError):
    """A record type has no such field."""


class Columns:
    r"""The columns of a record type: all its fields as declared, or those `wanted`, dotted into messages.

    `names` are the columns' names and `types` their wire types ("" for what is nested or repeated).
    `row` gives a message's values: numbers, bool, str, lists and dicts; bytes are base64, text that is no
    UTF-8 has its bad bytes as \xNN, an absent message and a double that isn't finite are None.
    """

    def __init__(self, schema: Schema, message: Message, wanted: Sequence[str] | None = None) -> None:
        """Compile the columns; UnknownField is raised when a name in `wanted` is none."""
        names = [field.name for field in message.fields] if wanted is None else list(dict.fromkeys(wanted))
        paths = [_path(schema, message, name) for name in names]
        self.names = tuple(names)
        self.types: list[str] = []
        self._texts: list[int] = []
        self._converted: list[tuple[int, Convert]] = []
        self._read: list[tuple[int, Convert]] = []
        for index, path in enumerate(paths):
            type_ = type_name(path[0])
            if len(path) > 1 or path[0].repeated or type_ not in (*SCALARS, TYPE_ENUM):
                self.types.append("")
                self._read.append((index, _reader(schema, path)))
                continue
            self.types.append(type_)
            if type_ == "string":
                self._texts.append(index)
            elif type_ in _CONVERT:
                self._converted.append((index, _CONVERT[type_]))
        self._get = _getter([path[0].name for path in paths])

    def row(self, message: Any) -> list[Any]:
        """Give the values of one record, in the order of `names`."""
        values = list(self._get(message))
        for index in self._texts:
            if values[index].__class__ is not str:
                values[index] = _text(values[index])
        for index, convert in self._converted:
            values[index] = convert(values[index])
        for index, read in self._read:
            values[index] = read(message)
        return values

    def object(self, message: Any) -> dict[str, Any]:
        """Give one record's values by name."""
        return dict(zip(self.names, self.row(message), strict=True))


def _getter(names: list[str]) -> Convert:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda message: [getattr(message, name) for name in names]


def _path(schema: Schema, message: Message, name: str) -> list[Field]:
    """Give the fields that a dotted name goes through.

    Raises:
        UnknownField: a part of the name is no field; the nearest one is named.
    """
    path: list[Field] = []
    inner: Message | None = message
    for part in name.split("."):
        if inner is None:
            raise UnknownField(f"{name!r}: {path[-1].name} holds no fields")
        fields = {field.name: field for field in inner.fields}
        if part not in fields:
            raise UnknownField(f"{inner.name} has no field {part!r}{_nearest(part, list(fields))}")
        path.append(fields[part])
        inner = schema.inner(fields[part])
    return path


def _nearest(name: str, known: list[str]) -> str:
    folded = {other.lower(): other for other in known}
    found = difflib.get_close_matches(name.lower(), folded, 1, 0.5)
    return f"; did you mean {folded[found[0]]!r}?" if found else f"; it has {', '.join(known)}"


def _reader(schema: Schema, path: list[Field]) -> Convert:
    """Give the function that reads a field, through the messages around it, from the outermost message."""
    field, *rest = path
    get, name = attrgetter(field.name), field.name
    if entry := map_types(field):
        convert = _element(schema, entry[1])
        return lambda message: {
            _text(key): convert(value) for key, value in sorted(get(message).items(), key=_by_bytes)
        }
    convert = _reader(schema, rest) if rest else _element(schema, type_name(field))
    if field.repeated:
        return lambda message: [convert(value) for value in get(message)]
    if schema.inner(field):
        return lambda message: convert(get(message)) if message.HasField(name) else None
    return lambda message: convert(get(message))


def _element(schema: Schema, type_: str) -> Convert:
    """Give what converts one value of a type; a message's columns are compiled when it first occurs."""
    if type_ in schema.messages:
        columns = cache(lambda: Columns(schema, schema.messages[type_]))
        return lambda value: columns().object(value)
    return _CONVERT.get(type_, _same)


def _by_bytes(item: tuple[Any, Any]) -> bytes:
    key = item[0]
    return key if isinstance(key, bytes) else str(key).encode()


def _same(value: Any) -> Any:
    return value


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _base64(value: bytes) -> str:
    return binascii.b2a_base64(value, newline=False).decode("ascii")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


_CONVERT: dict[str, Convert] = {"string": _text, "bytes": _base64, "double": _finite}
