"""Records as JSON Lines: one object a line, plain ASCII, its fields in the order of their declaration."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from netbeam.formats.columns import Columns


def lines(columns: Columns, records: Iterable[Any]) -> Iterator[str]:
    """Give each record's line. 64-bit numbers are JSON numbers; see `Columns` for the other types."""
    encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode
    convert = columns.object
    for record in records:
        yield encode(convert(record)) + "\n"
