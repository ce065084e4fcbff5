"""`netbeam types`: the record types and their fields, from the declarations."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pipeline.options import BadOption, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from netbeam.declare import Field, Layer, Message
    from netbeam.schema import Schema


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser of `netbeam`."""
    parser = subparsers.add_parser(
        "types",
        help="list the record types, or the fields of one",
        description="List the record types, or the fields of one and of the messages in it.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="a record type, as TCP")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--encoders", default="", metavar="FILE.py", help="where your own types are declared")


def layers_of(encoders: str) -> Sequence[Layer]:
    """Give netbeam's declarations, and those of the user's file if one is named."""
    from pipeline.records import load_records

    return load_records(encoders).declared()


def main(args: argparse.Namespace) -> int:
    """Print the record type `args.name`, or the list of all.

    Raises:
        BadOption: there is no such type.
    """
    import json

    from netbeam.schema import declared

    layers = layers_of(args.encoders)
    schema = declared(layers)
    if args.name is not None and args.name not in schema.messages:
        raise BadOption(f"{args.name}: no such record type{did_you_mean(args.name, schema.messages)}")
    if args.json:
        names = schema.records if args.name is None else (args.name,)
        described = [_described(schema, schema.messages[name], layers) for name in names]
        print(json.dumps(described if args.name is None else described[0], indent=2))
    elif args.name is None:
        rows = [_summary(schema.messages[name]) for name in schema.records]
        print(_aligned(("number", "name", "fields", ""), rows))
    else:
        print("\n\n".join(_paragraph(message, layers) for message in _reached(schema, args.name)))
    return 0


def where(field: Field) -> str:
    """Say where a field's value lies: bytes of the header (and bits, 0 the lowest), or what gives it."""
    if field.kind == "derived":
        return "around the header"
    if field.at is None or field.kind == "coded":
        return "variable part" if field.kind == "coded" else ""
    at = field.at
    last = at.offset + at.width - 1
    text = f"byte {at.offset}" if at.width == 1 else f"bytes {at.offset}-{last}"
    if at.mask:
        high = at.shift + at.mask.bit_length() - 1
        text += f", bit {at.shift}" if high == at.shift else f", bits {at.shift}-{high}"
    return text


def _reached(schema: Schema, name: str) -> Iterator[Message]:
    """Give a message and those that its fields hold, each once."""
    from netbeam.schema import map_types, type_name

    names = [name]
    for known in names:
        message = schema.messages[known]
        yield message
        held = [(map_types(field) or (type_name(field),))[-1] for field in message.fields]
        names += dict.fromkeys(name for name in held if name in schema.messages and name not in names)


def _summary(message: Message) -> tuple[str, ...]:
    return str(message.type_id), message.name, str(len(message.fields)), message.doc


def _paragraph(message: Message, layers: Sequence[Layer]) -> str:
    number = "" if message.type_id is None else f" ({message.type_id})"
    lines = [f"{message.name}{number}  {message.doc}".rstrip()]
    keys = _found_by(message.name, layers)
    lines += [f"found by {', '.join(keys)}"] if keys else []
    header = ("number", "field", "type", "where", "")
    return "\n".join([*lines, _aligned(header, map(_fields_row, message.fields))])


def _fields_row(field: Field) -> tuple[str, ...]:
    return str(field.number), field.name, _type(field), where(field), field.doc


def _type(field: Field) -> str:
    from netbeam.schema import type_name

    return f"repeated {type_name(field)}" if field.repeated else type_name(field)


def _found_by(name: str, layers: Sequence[Layer]) -> list[str]:
    from netbeam.schema import key_text

    return [key_text(key) for layer in layers if layer.name == name for key in layer.found_by]


def _described(schema: Schema, message: Message, layers: Sequence[Layer]) -> dict[str, Any]:
    fields = [
        {
            "number": field.number,
            "name": field.name,
            "type": _type(field),
            "where": where(field),
            "doc": field.doc,
        }
        for field in message.fields
    ]
    described: dict[str, Any] = {"number": message.type_id, "name": message.name, "doc": message.doc}
    described["found_by"] = _found_by(message.name, layers)
    described["fields"] = fields
    inner = [m for m in _reached(schema, message.name) if m is not message]
    described["messages"] = [{"name": m.name, "doc": m.doc, "fields": _bare(m)} for m in inner]
    return described


def _bare(message: Message) -> list[dict[str, Any]]:
    return [{"number": f.number, "name": f.name, "type": _type(f), "doc": f.doc} for f in message.fields]


def _aligned(header: tuple[str, ...], rows: Any) -> str:
    """Give rows of text in columns, numbers in the first to the right."""
    table = [header, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(header) - 1)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if index == 0 else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, [*widths, 0], strict=True))
        ).rstrip()
        for row in table
    )
