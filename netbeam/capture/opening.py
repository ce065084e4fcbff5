"""Opening a capture: a path, standard input or a remote file, plain or compressed, as a source of bytes."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO

from netbeam.capture.compression import MAGIC_BYTES, Fault, compression_of, decompress
from netbeam.capture.source import READ_BYTES, LocalFile, Spill, Stream, is_local

STANDARD_INPUT = "-"
REQUEST_BYTES = 16 << 20
"""Bytes of a remote file that are fetched at once; the wait for the answer is then but a part of the time."""


class LostInput(OSError):
    """A capture is not there any more, or not as it was when it was framed."""


def open_capture(
    path: str, open_file: Callable[[str], BinaryIO], spill: Spill, stack: ExitStack
) -> LocalFile | Stream:
    """Open a capture; `stack` closes it. What is not a plain local file is a stream that has the spill.

    Raises:
        Fault: if it cannot be read at all.
        LostInput: if a local file is not there; it was when the run began.
    """
    if path == STANDARD_INPUT:
        return _spilled(_pieces(sys.stdin.buffer), spill)
    if not is_local(path):
        return _open_remote(path, open_file, spill, stack)
    try:
        descriptor = os.open(path, os.O_RDONLY)
        stack.callback(os.close, descriptor)
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise Fault("cannot be read: it is a directory")
        if stat.S_ISREG(mode) and not compression_of(os.pread(descriptor, MAGIC_BYTES, 0)):
            return LocalFile(descriptor, path)
        return _spilled(_pieces(stack.enter_context(open(descriptor, "rb", closefd=False))), spill)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LostInput(f"{path}: {error.strerror}") from error
    except (OSError, ValueError) as error:
        raise Fault(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def open_in_place(
    path: str,
    open_file: Callable[[str], BinaryIO],
    spill: Spill,
    stack: ExitStack,
    *,
    start: int,
    end: int | None,
) -> LocalFile | Stream:
    """Open a plain capture, which was looked at before, to read it from `start` to `end`, or a bit further.

    `stack` closes it.

    Raises:
        LostInput: if a local file is not there any more.
    """
    if is_local(path):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise LostInput(f"{path}: {error.strerror}") from error
        stack.callback(os.close, descriptor)
        return LocalFile(descriptor, path)
    file = unbuffered(stack.enter_context(open_file(path)))
    size = file.seek(0, os.SEEK_END)
    pieces = _requested(file, start, size if end is None else end)
    return Stream(pieces, spill, path=path, size=size, start=start)


def unbuffered(file: BinaryIO) -> Any:
    """Give what is below the buffer of a remote file: that is 16 MiB, and fetched whole for a single byte."""
    return getattr(file, "raw", file)


def _requested(file: Any, start: int, end: int) -> Iterator[bytes]:
    """Give the bytes from `start` on: up to `end` in large requests, behind it in small ones."""
    file.seek(start)
    while piece := file.read(min(end - start, REQUEST_BYTES) if start < end else READ_BYTES):
        start += len(piece)
        yield piece


def _open_remote(
    path: str, open_file: Callable[[str], BinaryIO], spill: Spill, stack: ExitStack
) -> LocalFile | Stream:
    """Open a remote capture. Errors of the connection are raised, so that the runner tries again.

    Raises:
        LostInput: it is not there any more.
    """
    try:
        file = stack.enter_context(open_file(path))
    except FileNotFoundError as error:
        raise LostInput(f"{path}: {error.strerror or error}") from error
    except (PermissionError, IsADirectoryError) as error:
        raise Fault(f"cannot be read: {error.strerror or error}") from None
    pieces = iter(lambda: file.read(READ_BYTES), b"")
    try:
        file.seek(0, os.SEEK_END)
        size = file.tell()
        file.seek(0)
    except (OSError, ValueError, AttributeError, NotImplementedError):
        return _spilled(pieces, spill)
    compressed = compression_of(file.read(MAGIC_BYTES))
    file.seek(0)
    return _spilled(pieces, spill) if compressed else Stream(pieces, spill, path=path, size=size)


def _spilled(pieces: Iterator[bytes], spill: Spill) -> Stream:
    """Give the stream, decompressed if need be, whose chunks are written under `spill`."""
    head = next(pieces, b"")
    while len(head) < MAGIC_BYTES and (more := next(pieces, b"")):
        head += more
    kind = compression_of(head)

    def whole() -> Iterator[bytes]:
        if head:
            yield head
        yield from pieces

    return Stream(decompress(kind, whole()) if kind else whole(), spill)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    try:
        while piece := file.read(READ_BYTES):
            yield piece
    except OSError as error:
        raise Fault(f"cannot be read to its end: {error.strerror or error}") from None
