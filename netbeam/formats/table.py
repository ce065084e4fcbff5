"""Records as a table for people: times as ISO 8601, no control characters, as many columns as fit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from itertools import chain
from typing import IO, Any

from netbeam.formats.columns import Columns

CELL_WIDTH = 40
"""A longer value is cut, and ends in an ellipsis."""

GAP = 2
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def write(
    columns: Columns, records: Iterable[Any], file: IO[str], *, everything: bool, width: int | None
) -> tuple[int, list[str]]:
    """Write one table, and give the number of its rows and the columns that were left out.

    Without `everything`, columns in which all these records are empty or zero are left out, and so is
    what doesn't fit in `width` characters (None: no limit).
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = [columns.row(record) for record in records]
    chosen: list[tuple[str, list[str]]] = []
    room = width
    for index, name in enumerate(columns.names):
        values = [row[index] for row in rows]
        if not everything and rows and not any(values):
            continue
        texts = [_text(name, columns.types[index], value) for value in values]
        wide = max(cell_len(text) for text in chain((name,), texts)) + GAP
        if room is not None and not everything:
            if wide > room and chosen:
                break
            room -= wide
        chosen.append((name, texts))
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="")
    for name, _ in chosen:
        table.add_column(Text(name, style="bold"), no_wrap=True, overflow="ellipsis")
    for cells in zip(*(texts for _, texts in chosen), strict=True):
        table.add_row(*map(Text, cells))
    total = sum(max(map(cell_len, (name, *texts))) + GAP for name, texts in chosen)
    console = Console(file=file, width=total if width is None else width)
    with console.capture() as printed:
        console.print(table)
    file.writelines(f"{line.rstrip(' ')}\n" for line in printed.get().split("\n")[:-1])
    shown = {name for name, _ in chosen}
    return len(rows), [name for name in columns.names if name not in shown]


def iso(nanoseconds: int) -> str:
    """Give Unix nanoseconds as ISO 8601, UTC, as 2005-07-04T09:32:20.839343000Z."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def _text(name: str, type_: str, value: Any) -> str:
    """Give a value's cell: on one line, without what a terminal would obey."""
    if type_ == "int64" and name.startswith("Timestamp"):
        return iso(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else ""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return text if len(text) <= CELL_WIDTH else text[: CELL_WIDTH - 1] + "…"
