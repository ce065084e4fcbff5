"""From what the user named (files, directories, globs, "-", any Beam file system) to captures."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from transforms.remote import StorageError, file_system, is_remote, matched, plainly

STDIN = "-"


class Source(NamedTuple):
    """One capture: its name in records and accounts, where it is, its bytes as far as known (0: not)."""

    name: str
    path: str
    size: int = 0


class MissingInput(ValueError):
    """A named input that is not there."""


def absolute(path: str) -> str:
    """Give a local path as workers with another working directory find it; other paths as they are."""
    return path if path == STDIN or is_remote(path) else os.path.abspath(path)  # noqa: PTH100 - keeps links


def printable(path: str) -> str:
    r"""Give a path as text that can be encoded: bytes that are no UTF-8 are written as \xff."""
    return path.encode(errors="surrogateescape").decode(errors="backslashreplace")


def find_sources(inputs: Iterable[str], *, skip: str = "") -> list[Source]:
    """Give the captures that `inputs` name, sorted by name, each file once.

    A directory gives the regular files in and below it, hidden ones and those under `skip` left out; so
    does a remote path that is no file.

    Raises:
        MissingInput: an input names nothing; the message says which.
    """
    skipped = os.path.realpath(skip) if skip and not is_remote(skip) else skip.rstrip("/")
    found: dict[str, Source] = {}
    for given in inputs:
        paths = list(expand(given, skipped))
        if not paths:
            raise MissingInput(f"{given}: no capture there")
        for path, size in paths:
            key = path if path == STDIN or is_remote(path) else os.path.realpath(path)
            source = Source(printable(path), path, size)
            found[key] = min(found.get(key, source), source)
    return sorted(found.values())


def expand(given: str, skipped: str) -> Iterator[tuple[str, int]]:
    """Give the paths that one input names, and the sizes of the files there."""
    if given == STDIN:
        if sys.stdin is None:
            raise MissingInput("-: standard input is closed")
        if sys.stdin.isatty():
            raise MissingInput("-: standard input is a terminal, not a capture")
        yield given, 0
    elif is_remote(given):
        yield from match_remote(given, skipped)
    elif os.path.isdir(given):  # noqa: PTH112 - of a name that can't be it says no
        yield from ((path, size_of(path)) for path in walk(given, skipped))
    elif os.path.exists(given):  # noqa: PTH110
        yield given, size_of(given)
    elif glob.has_magic(given):
        for path in glob.iglob(given, recursive=True):  # noqa: PTH207 - keeps the path as it was given
            if os.path.exists(path) and not os.path.isdir(path):  # noqa: PTH110, PTH112 - links to nowhere match
                yield path, size_of(path)
    else:
        raise MissingInput(f"{given}: {why_missing(given)}")


def why_missing(path: str) -> str:
    """Say why a local path leads to no file."""
    try:
        Path(path).stat()
    except (OSError, ValueError) as error:
        return (getattr(error, "strerror", None) or str(error)).lower()
    return "no such file or directory"


def walk(folder: str, skipped: str) -> Iterator[str]:
    """Give the regular files below a directory; links to directories are not followed."""

    def fail(error: OSError) -> None:
        raise MissingInput(f"{error.filename}: {error.strerror}")

    for parent, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(Path(parent, name)) != skipped
        ]
        if os.path.realpath(parent) == skipped:
            continue
        for name in files:
            path = os.path.join(parent, name)  # noqa: PTH118 - keeps the path as it was given
            if not name.startswith(".") and Path(path).is_file():
                yield path


def size_of(path: str) -> int:
    """Give the size of a local file, 0 where that cannot be said."""
    try:
        return Path(path).stat().st_size
    except (OSError, ValueError):
        return 0


def match_remote(given: str, skipped: str) -> list[tuple[str, int]]:
    """Give the files, with their sizes, that a remote path or glob matches, or that lie below that path."""
    try:
        with plainly(given):
            system = file_system(given)
            found = matched(system, given)
            if not found and not glob.has_magic(given):
                folder = given.rstrip("/")
                found = [
                    file
                    for file in matched(system, f"{folder}/**")
                    if "/." not in file.path[len(folder) :]
                    and not (skipped and file.path.startswith(f"{skipped}/"))
                ]
            return [(file.path, file.size_in_bytes) for file in found]
    except StorageError as error:
        raise MissingInput(str(error)) from error


def create_remote(path: str) -> BinaryIO:
    """Create a file in any Beam file system."""
    from apache_beam.io.filesystem import CompressionTypes

    with plainly(path):
        return file_system(path).create(path, compression_type=CompressionTypes.UNCOMPRESSED)


def open_remote(path: str) -> BinaryIO:
    """Open a file of any Beam file system, as it is: compressed files are not unpacked."""
    from apache_beam.io.filesystem import CompressionTypes

    with plainly(path):
        file = file_system(path).open(path, compression_type=CompressionTypes.UNCOMPRESSED)
        with suppress(AttributeError):
            file.raw.name = path  # type: ignore[attr-defined]
        return file
