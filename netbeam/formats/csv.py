"""Records as CSV, quoted as RFC 4180 says, a line feed after each line, the columns' names first."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from netbeam.formats.columns import Columns

_NUL, _STAND_IN = "\0", "\udc00"
"""Before Python 3.11 csv writes no NUL; a lone surrogate is in no record's text."""


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
        if sys.version_info < (3, 11):
            write([v.replace(_NUL, _STAND_IN) if isinstance(v, str) else v for v in values])
            yield line.text[:-2].replace(_STAND_IN, _NUL) + "\n"
            continue
        write(values)
        yield line.text[:-2] + "\n"
