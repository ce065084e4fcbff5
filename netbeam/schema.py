"""The schema of records: messages by name and type numbers, collected from declarations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from netbeam.declare import Field, Key, Layer, Map, Message

SCALARS = ("int32", "uint32", "int64", "uint64", "bool", "double", "string", "bytes")
PACKAGE = "netbeam"
TYPE_ENUM = "Type"
"""The enum of record types, as a field's type."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_MAP = re.compile(r"map<(\w+),\s*(\w+)>")
_LAST_NUMBER = (1 << 29) - 1
_RESERVED = range(19000, 20000)

HEADER = Message(
    "Header",
    0,
    (
        Field("Created", 1, "int64", doc="The time of the first packet, Unix nanoseconds."),
        Field("InputSource", 2, "string", doc="The input, as the user named it."),
        Field("Type", 3, TYPE_ENUM, doc="The type of every record that follows."),
        Field("Version", 4, "string", doc="The program that wrote the file."),
        Field("ContainsPayloads", 5, "bool", doc="Whether records hold payloads (with --payload)."),
        Field("Settings", 1000, "map<string,string>", doc="Of records made of many packets: timeouts, say."),
    ),
    "The first message of a record file.",
)


@dataclass(frozen=True, eq=False)
class Schema:
    """Messages by name; `types` gives record types and numbered sub-messages, `records` the record types."""

    messages: dict[str, Message]
    types: dict[int, str]
    records: tuple[str, ...]

    def inner(self, field: Field) -> Message | None:
        """Give the message that a field holds, or None for a scalar, an enum or a map."""
        return self.messages.get(type_name(field))


def type_name(field: Field) -> str:
    """Give a field's type as the wire schema names it."""
    return field.type if isinstance(field.type, str) else field.type.name


def key_text(key: Key) -> str:
    """Give a key as documentation names it: EtherTypes in hexadecimal, other numbers as they are."""
    number = f"{key.number:#06x}" if key.space == "ether_type" else str(key.number)
    return f"{key.space} {number}"


def map_types(field: Field) -> tuple[str, str] | None:
    """Give the types of key and value of a map field; None for another."""
    found = _MAP.fullmatch(type_name(field))
    return (found[1], found[2]) if found else None


def declared(layers: Iterable[Layer]) -> Schema:
    """Collect the records of `layers` and the messages in them, each followed by its own.

    A field may hold a message, another layer's record, or either by its name, as GRERouting.Next does.

    Raises:
        ValueError: two declarations contradict each other, or one can't be written as protobuf.
    """
    layers = tuple(layer for layer in layers if layer.type_id is not None)
    messages: dict[str, Message] = {}
    types: dict[int, str] = {}
    records = [_message(layer) for layer in layers]
    for message in (m for record in (HEADER, *records) for m in _nested(record)):
        known = messages.setdefault(message.name, message)
        if known != message:
            raise ValueError(f"two different messages are named {message.name}")
        number = message.type_id
        if number is not None and types.setdefault(number, message.name) != message.name:
            raise ValueError(f"{types[number]} and {message.name} both have the type number {number}")
    schema = Schema(messages, dict(sorted(types.items())), tuple(record.name for record in records))
    if len(set(schema.records)) < len(records):
        twice = next(name for name in schema.records if schema.records.count(name) > 1)
        raise ValueError(f"{twice} is declared twice")
    for message in messages.values():
        _check(message, schema)
    return schema


def _message(declaration: Layer | Message) -> Message:
    if isinstance(declaration, Message):
        return declaration
    return Message(declaration.name, declaration.type_id, declaration.fields, declaration.doc)


def _nested(message: Message) -> Iterator[Message]:
    yield message
    for field in message.fields:
        inner = field.type.value if isinstance(field.type, Map) else field.type
        if not isinstance(inner, str):
            yield from _nested(_message(inner))


def _check(message: Message, schema: Schema) -> None:
    """Raise ValueError when a message can't be written as protobuf."""
    names: set[str] = set()
    numbers: set[int] = set()
    if not _NAME.fullmatch(message.name):
        raise ValueError(f"{message.name!r} can't be the name of a message")
    for field in message.fields:
        where = f"{message.name}.{field.name}"
        if not _NAME.fullmatch(field.name):
            raise ValueError(f"{field.name!r} can't be the name of a field of {message.name}")
        if field.name in names or field.number in numbers:
            raise ValueError(f"{where} = {field.number}: the name or the number is taken already")
        if not 1 <= field.number <= _LAST_NUMBER or field.number in _RESERVED:
            raise ValueError(f"{where}: {field.number} can't be a field number")
        for type_ in map_types(field) or (type_name(field),):
            if type_ not in (*SCALARS, TYPE_ENUM) and type_ not in schema.messages:
                known = ", ".join(SCALARS)
                raise ValueError(f"{where}: {type_!r} is neither a message nor one of {known}")
        names.add(field.name)
        numbers.add(field.number)
