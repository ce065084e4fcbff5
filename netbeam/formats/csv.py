"""Records as CSV, quoted as RFC 4180 says, a line feed after each line, the columns' names first."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from netbeam.formats.columns import Columns


class _Line:
    """A file for the csv module that keeps the last line."""

    def write(self, text: str) -> None:
        self.text = text


def lines(columns: Columns, records: Iterable[Any]) -> Iterator[str]:
    """Give each record's line. What is nested or repeated is JSON text; flags are true and false."""
    line = _Line()
    write = csv.writer(line, lineterminator="\r\n").writerow  # so that a bare \r is quoted too
    encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
    composite = [index for index, type_ in enumerate(columns.types) if not type_]
    flags = [index for index, type_ in enumerate(columns.types) if type_ == "bool"]
    write(columns.names)
    yield line.text[:-2] + "\n"
    for record in records:
        values = columns.row(record)
        for index in composite:
            values[index] = "" if values[index] is None else encode(values[index])
        for index in flags:
            values[index] = "true" if values[index] else "false"
        write(values)
        yield line.text[:-2] + "\n"
