"""`netbeam dump`: the records of a file as JSON Lines, CSV or a table."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.options import BadOption
from pipeline.types import layers_of
from transforms.remote import is_remote, set_up_file_systems
from transforms.sources import open_remote, printable

if TYPE_CHECKING:
    from netbeam.formats.columns import Columns
    from netbeam.formats.ncap import Records

LINES_AT_ONCE = 256
PIPE_ROWS = 20
"""Rows of a table that goes to no terminal."""

TABLE_FRAME = 5
"""Lines of a screen that a table needs beside its rows."""

EPILOG = """\
Exit status: 0 when all was read, 1 when a file ends early or is damaged (its whole records are printed),
2 when a file holds no records or an argument is wrong."""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser of `netbeam`."""
    parser = subparsers.add_parser(
        "dump",
        help="print the records of a file",
        description="Print the records of a file of netbeam or Netcap. Files of one type are read as one.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a record file, as TCP.ncap.gz or s3://...; - for stdin"
    )
    parser.add_argument("--format", choices=("jsonl", "csv", "table"), default="jsonl", help="default: jsonl")
    parser.add_argument(
        "--fields", metavar="A,B.C", help="only these fields; B.C is field C of the message B"
    )
    parser.add_argument("--limit", type=_count, metavar="N", help="at most N records (table: a screenful)")
    parser.add_argument("--encoders", default="", metavar="FILE.py", help="where your own types are declared")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of records")
    return int(text)


def main(args: argparse.Namespace) -> int:
    """Print the records of `args.files`; give the exit status that EPILOG explains.

    Raises:
        BadOption: a file is none of records, or a field is unknown.
    """
    from netbeam.formats.columns import Columns, UnknownField
    from netbeam.formats.ncap import NotRecords, open_records

    for file in args.files:
        if file == "-" and sys.stdin is None:
            raise BadOption("-: standard input is closed")
        if file != "-" and not is_remote(file) and (Path(file).is_dir() or not os.access(file, os.R_OK)):
            raise BadOption(f"{file}: not a file that can be read")
    layers = layers_of(args.encoders) if args.encoders else None
    if any(map(is_remote, args.files)):
        set_up_file_systems(args.beam)
    try:
        sources = [opened(file) for file in args.files]
        records = open_records(*sources, layers=layers, warn=False)
        fields = None if args.fields is None else [name.strip() for name in args.fields.split(",")]
        columns = Columns(records.schema, records.schema.messages[records.type], fields)
        _print(args, columns, records)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (NotRecords, UnknownField) as error:
        raise BadOption(str(error)) from error
    except OSError as error:
        print(f"netbeam: {printable(str(error))}", file=sys.stderr)
        return 1
    for problem in records.problems:
        print(f"netbeam: {problem}", file=sys.stderr)
    return 1 if records.problems else 0


def opened(file: str) -> Any:
    """Give what the library reads: a local path, or a stream.

    Raises:
        BadOption: a remote file that can't be opened.
    """
    if file == "-":
        return sys.stdin.buffer
    if not is_remote(file):
        return file
    try:
        return open_remote(file)
    except FileNotFoundError:
        raise BadOption(f"{file}: no such file") from None
    except OSError as error:
        raise BadOption(str(error)) from error


def _print(args: argparse.Namespace, columns: Columns, records: Records) -> None:
    from itertools import islice

    from netbeam.formats import csv, jsonl

    if args.format == "table":
        _print_table(args, columns, records)
        return
    lines = (csv if args.format == "csv" else jsonl).lines(columns, islice(records, args.limit))
    output = sys.stdout.buffer
    while some := "".join(islice(lines, LINES_AT_ONCE)):
        output.write(some.encode())


def _print_table(args: argparse.Namespace, columns: Columns, records: Records) -> None:
    from itertools import islice
    from shutil import get_terminal_size

    from netbeam.formats import table

    screen = get_terminal_size() if sys.stdout.isatty() else None
    limit = args.limit
    if limit is None:
        limit = max(1, screen.lines - TABLE_FRAME) if screen else PIPE_ROWS
    rest = iter(records)
    shown, left_out = table.write(
        columns,
        islice(rest, limit),
        sys.stdout,
        everything=args.fields is not None,
        width=screen.columns if screen else None,
    )
    notes = []
    if args.limit is None and next(rest, None) is not None:
        notes.append(f"the first {shown} records; --limit N gives more")
    if left_out:
        notes.append(f"not shown, as empty or for want of room: {', '.join(left_out)}")
    if notes:
        print("\n".join(f"({note})" for note in notes))
