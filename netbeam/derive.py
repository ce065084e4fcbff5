"""From the declarations: schema/netbeam.proto, schema/avro/*.avsc, schema/fields.md (`make schema`)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from netbeam.declare import Field, Layer, Message
from netbeam.schema import PACKAGE, TYPE_ENUM, Schema, declared, key_text, map_types, type_name

GENERATED = "Generated from netbeam/protocols and netbeam/flows by `make schema`: change it there."
SCHEMA_DIRECTORY = Path(__file__).parent.parent / "schema"


def schema_files(layers: Iterable[Layer]) -> dict[str, str]:
    """Give the text of every file under schema/, by its path there."""
    layers = tuple(layers)
    schema = declared(layers)
    files = {"netbeam.proto": proto_text(schema), "fields.md": fields_markdown(schema, layers)}
    for name in schema.records:
        files[f"avro/{name}.avsc"] = json.dumps(avro_schema(schema, name), indent=2) + "\n"
    return files


def proto_text(schema: Schema) -> str:
    """Give a schema in protobuf's language, edition 2023."""
    lines = [
        f"// The records of netbeam. {GENERATED}",
        'edition = "2023";',
        "",
        f"package {PACKAGE};",
        "",
        "option features.field_presence = IMPLICIT;",
        "option features.utf8_validation = NONE;",
        "",
        "// The type of a file's records, in its Header. The message's name is what follows NC_.",
        f"enum {TYPE_ENUM} {{",
        *(f"  NC_{name} = {number};" for number, name in schema.types.items()),
        "}",
    ]
    for message in schema.messages.values():
        lines += ["", *_comment(message.doc, ""), f"message {message.name} {{"]
        for field in message.fields:
            repeated = "repeated " if field.repeated else ""
            lines += _comment(field.doc, "  ")
            lines.append(f"  {repeated}{type_name(field)} {field.name} = {field.number};")
        lines.append("}")
    return "\n".join(lines) + "\n"


def _comment(doc: str, indent: str) -> list[str]:
    return [f"{indent}// {line}" for line in doc.splitlines()]


_AVRO = {
    "int32": ("int", 0),
    "uint32": ("long", 0),
    "int64": ("long", 0),
    "uint64": ({"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 0}, "\0"),
    "bool": ("boolean", False),
    "double": ("double", 0.0),
    "string": ("string", ""),
    "bytes": ("bytes", ""),
    TYPE_ENUM: ("int", 0),
}
"""Each scalar's Avro type and default. Avro has no unsigned numbers: 32 bits fit a long, 64 a decimal."""


def avro_schema(schema: Schema, name: str) -> dict[str, Any]:
    """Give a record type's Avro schema: messages inside are records, null when absent."""
    return _avro_record(schema, schema.messages[name], set())


def _avro_record(schema: Schema, message: Message, defined: set[str]) -> dict[str, Any]:
    defined.add(message.name)
    record: dict[str, Any] = {"type": "record", "name": message.name, "namespace": PACKAGE}
    if message.doc:
        record["doc"] = message.doc
    record["fields"] = [_avro_field(schema, field, defined) for field in message.fields]
    return record


def _avro_field(schema: Schema, field: Field, defined: set[str]) -> dict[str, Any]:
    avro: dict[str, Any] = {"name": field.name}
    if field.doc:
        avro["doc"] = field.doc
    entry = map_types(field)
    if entry:
        avro["type"], avro["default"] = {"type": "map", "values": _avro_type(schema, entry[1], defined)}, {}
        return avro
    inner = _avro_type(schema, type_name(field), defined)
    if field.repeated:
        avro["type"], avro["default"] = {"type": "array", "items": inner}, []
    elif schema.inner(field):
        avro["type"], avro["default"] = ["null", inner], None
    else:
        avro["type"], avro["default"] = inner, _AVRO[type_name(field)][1]
    return avro


def _avro_type(schema: Schema, name: str, defined: set[str]) -> Any:
    """Give a type; a message is written out where it first occurs, and named elsewhere."""
    if name in _AVRO:
        return _AVRO[name][0]
    return f"{PACKAGE}.{name}" if name in defined else _avro_record(schema, schema.messages[name], defined)


def fields_markdown(schema: Schema, layers: Iterable[Layer]) -> str:
    """Give the dictionary of fields: each record type, then the messages inside records."""
    by_name = {layer.name: layer for layer in layers}
    lines = ["# Record types and their fields", "", f"<!-- {GENERATED} -->", ""]
    lines += ["A field that doesn't apply is zero or empty. Numbers are those of the wire schema."]
    for message in schema.messages.values():
        number = "" if message.type_id is None else f" ({message.type_id})"
        lines += ["", f"## {message.name}{number}", ""]
        lines += [message.doc, ""] if message.doc else []
        if message.name in by_name:
            keys = [key_text(key) for key in by_name[message.name].found_by]
            lines += [f"Found by: {', '.join(keys)}.", ""] if keys else []
        lines += ["| field | number | type | meaning |", "| --- | ---: | --- | --- |"]
        lines += [_row(field) for field in message.fields]
    return "\n".join(lines) + "\n"


def _row(field: Field) -> str:
    repeated = "repeated " if field.repeated else ""
    doc = " ".join(field.doc.replace("|", "\\|").split())
    return f"| {field.name} | {field.number} | {repeated}{type_name(field)} | {doc} |"


def stale(files: dict[str, str], directory: Path) -> Iterator[str]:
    """Give the paths under `directory` that are missing, differ from `files`, or are schemas of nothing."""
    for name, text in files.items():
        path = directory / name
        if not path.is_file() or path.read_text("utf-8") != text:
            yield name
    for path in sorted((directory / "avro").glob("*.avsc")):
        if f"avro/{path.name}" not in files:
            yield f"avro/{path.name}"


def main(arguments: list[str] | None = None) -> int:
    """Write the files under schema/, or with --check tell whether they are up to date."""
    from netbeam.records import RECORDS

    parser = argparse.ArgumentParser(prog="python -m netbeam.derive", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if one is stale")
    parser.add_argument("--out", type=Path, default=SCHEMA_DIRECTORY, help="default: schema/")
    args = parser.parse_args(arguments)
    files = schema_files(RECORDS)
    old = list(stale(files, args.out))
    if args.check:
        for name in old:
            print(f"{args.out / name} is stale: run `make schema`", file=sys.stderr)
        return 1 if old else 0
    for name in old:
        path = args.out / name
        if name not in files:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[name], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
