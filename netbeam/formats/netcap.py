"""Netcap's record types, from the tables of its wire schema (v0.6 and v0.16) beside this file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from netbeam.declare import Field, Message
from netbeam.schema import Schema

VERSIONS = ("v0.6", "v0.16")
_RELEASE = re.compile(r"v(\d+)\.(\d+)")


@cache
def netcap_schema(version: str) -> Schema:
    """Give the schema of one of VERSIONS: messages with names, numbers and types, but no documentation."""
    types = {int(number): name.removeprefix("NC_") for number, name in _rows(f"netcap_types_{version}.tsv")}
    numbers = {name: number for number, name in types.items()}
    fields: dict[str, list[Field]] = {}
    for message, number, name, type_, repeated in _rows(f"netcap_{version}.tsv"):
        field = Field(name, int(number), type_, "netcap", repeated=repeated == "1")
        fields.setdefault(message, []).append(field)
    messages = {name: Message(name, numbers.get(name), tuple(rows)) for name, rows in fields.items()}
    return Schema(messages, types, tuple(types.values()))


def version_of(release: str) -> str | None:
    """Give which of VERSIONS names the fields in files of a Netcap release; None if it is no release.

    Netcap's headers hold its release, as v0.6.11. Releases between the two tables are read by the newer.
    """
    found = _RELEASE.match(release)
    if not found:
        return None
    return "v0.6" if (int(found[1]), int(found[2])) <= (0, 6) else "v0.16"


def _rows(table: str) -> Iterator[list[str]]:
    lines = (Path(__file__).parent / table).read_text("ascii").splitlines()
    return (line.split("\t") for line in lines[1:])
