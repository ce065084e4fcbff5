"""The bytes of a capture, in order: a local file that is read in place, or a stream that is read once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple
from uuid import uuid4

from netbeam.capture.compression import Fault

READ_BYTES = 64 << 10
MOST_COUNTED = 1 << 30
"""How far the rest of a faulty stream is read, only to say how long it was."""


class Kept(NamedTuple):
    """Where bytes of a capture can be read again: a file, its size and modification time, and the offset."""

    path: str
    size: int
    mtime: float
    offset: int


def is_local(path: str) -> bool:
    """Tell whether a path names a local file, not one of a remote file system (gs://...)."""
    return "://" not in path


class Spill(NamedTuple):
    """A directory for what cannot be read again in place, and what creates files there if it is remote.

    With `copies`, it is also for what can be read again only from afar: it must be local then.
    """

    folder: str
    create: Callable[[str], BinaryIO] | None = None
    copies: bool = False

    def takes_copies(self, size: int) -> bool:
        """Tell whether chunks of a remote capture of `size` bytes are to be written here.

        They are while so much is free, lest they take the room that the results need.
        """
        if not self.copies:
            return False
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self.folder).free > size

    def write(self, name: str, data: memoryview) -> Kept:
        """Write a new file; tell where it is."""
        if self.create is not None and not is_local(self.folder):
            path = f"{self.folder}/{name}"
            with self.create(path) as file:
                file.write(data)
            return Kept(path, len(data), 0.0, 0)
        local = Path(self.folder) / name
        local.parent.mkdir(parents=True, exist_ok=True)
        try:
            with local.open("xb") as file:
                file.write(data)
                file.flush()
                status = os.fstat(file.fileno())
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.folder) from error
        return Kept(str(local), status.st_size, status.st_mtime, 0)


class LocalFile:
    """A local file, read window by window into one buffer.

    That is faster than a memory map (the framing of 256 MB in page cache takes 13 ms against 43, most of
    them page faults), needs no more memory than the buffer, and survives a file that shrinks meanwhile.
    """

    def __init__(self, descriptor: int, path: str) -> None:
        """Take the file `path`, open under `descriptor`, as it is now."""
        status = os.fstat(descriptor)
        self._descriptor = descriptor
        self._path = path
        self._size = status.st_size
        self._mtime = status.st_mtime
        self._buffer = bytearray()
        self.fault = ""

    def window(self, start: int, end: int) -> memoryview:
        """Give the bytes from `start` to `end`, or to the end of the file; it holds until the next call."""
        size = max(0, min(end, self._size) - start)
        if len(self._buffer) < size:
            self._buffer = bytearray(size + READ_BYTES)
        view = memoryview(self._buffer)[:size]
        done = 0
        try:
            while done < len(view) and (new := os.preadv(self._descriptor, [view[done:]], start + done)):
                done += new
        except OSError as error:
            self.fault = f"cannot be read behind byte {start + done}: {error.strerror}"
        return view[:done]

    def tail(self, end: int, *, hold: bool) -> bytes | None:
        """Give the four bytes that end at `end`; None if the file ends before."""
        if end > self._size:
            return None
        try:
            tail = os.pread(self._descriptor, 4, end - 4)
        except OSError as error:
            self.fault = f"cannot be read at byte {end - 4}: {error.strerror}"
            return None
        return tail if len(tail) == 4 else None

    def keep(self, start: int, end: int, number: int) -> Kept:
        """Tell where the bytes from `start` to `end` can be read again."""
        return Kept(self._path, self._size, self._mtime, start)

    def rest(self, start: int) -> str:
        """Tell how many bytes there are from `start` on."""
        return f"{max(0, self._size - start)} bytes"


class Stream:
    """A stream of bytes, read once and held only from the start of the current window on.

    What is kept becomes a file in `spill`, unless the stream is that of a remote file at `path`, of `size`
    bytes, in which the bytes can be read again, and `spill` takes no copies of it.
    """

    def __init__(
        self, pieces: Iterator[bytes], spill: Spill, *, path: str = "", size: int = 0, start: int = 0
    ) -> None:
        """Take the bytes of `pieces`, none of them empty, which are those from `start` on."""
        self._pieces = pieces
        self._spill = spill
        self._prefix = uuid4().hex
        self._path = path
        self._size = size
        self._base = start
        self._held = bytearray()
        self._view = memoryview(b"")
        self.fault = ""

    def window(self, start: int, end: int) -> memoryview:
        """Give the bytes from `start` to `end`, or to the end of the stream; it holds until the next call."""
        self._drop(start)
        self._read(end)
        self._view = memoryview(self._held)[: max(0, end - start)]
        return self._view

    def tail(self, end: int, *, hold: bool) -> bytes | None:
        """Give the four bytes that end at `end`, and `hold` those before; None if the stream ends before."""
        while not hold and end - self._end() > READ_BYTES:
            self._drop(max(self._base, self._end() - 4))
            if not self._read(self._end() + READ_BYTES):
                return None
        if not self._read(end):
            return None
        at = end - self._base
        return bytes(self._held[at - 4 : at])

    def keep(self, start: int, end: int, number: int) -> Kept:
        """Make sure that the bytes from `start` to `end` can be read again; tell where."""
        if self._path and not self._spill.takes_copies(self._size):
            return Kept(self._path, self._size, 0.0, start)
        with memoryview(self._held) as held, held[start - self._base : end - self._base] as data:
            return self._spill.write(f"{self._prefix}-{number:06d}.chunk", data)

    def rest(self, start: int) -> str:
        """Tell how many bytes there are from `start` on; read to the end if that is not known."""
        if self._path:
            return f"{max(0, self._size - start)} bytes"
        most = start + MOST_COUNTED
        while self._end() < most and self._read(self._end() + READ_BYTES):
            self._drop(self._end())
        left = self._end() - start
        return f"{left} bytes" if left < MOST_COUNTED else f"more than {MOST_COUNTED} bytes"

    def _end(self) -> int:
        return self._base + len(self._held)

    def _drop(self, start: int) -> None:
        self._view.release()
        del self._held[: start - self._base]
        self._base = start

    def _read(self, end: int) -> bool:
        """Read on until the byte before `end` is held; false if the stream ends before."""
        self._view.release()
        try:
            while self._end() < end:
                piece = next(self._pieces, b"")
                if not piece:
                    return False
                self._held += piece
        except Fault as fault:
            self.fault = str(fault)
            return False
        return True
