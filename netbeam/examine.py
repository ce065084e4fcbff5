"""What must be known of a capture before it is taken: its fingerprint, and whether it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from netbeam.account import SourceAccount
from netbeam.capture import Spill, frame_capture
from netbeam.capture.opening import is_local

READ_BYTES = 1 << 20


class Examined(NamedTuple):
    """A capture's SHA-256 and size, the packets in it, and what is wrong with it, in sentences.

    What has no packets but faults is not hashed: `sha256` is empty then. `starts` has the SHA-256 of as
    many first bytes as were asked for.
    """

    sha256: str
    bytes: int
    packets: int
    problems: tuple[str, ...]
    starts: Mapping[int, str]


class Hashing:
    """A file whose bytes are hashed as they are read in order, by whomever, or at last by itself.

    At each of `marks`, numbers of bytes, `starts` gets the SHA-256 of all before.
    """

    def __init__(self, file: BinaryIO, marks: Iterable[int] = ()) -> None:
        self._file = file
        self._marks = sorted(marks, reverse=True)
        self.starts: dict[int, str] = {}
        self._hash = hashlib.sha256()
        self._position = 0
        self.bytes = 0

    def read(self, size: int = -1) -> bytes:
        """Read on; what is behind all that was hashed is hashed."""
        data = self._file.read(size)
        if self._position <= self.bytes < self._position + len(data):
            self._update(memoryview(data)[self.bytes - self._position :])
        self._position += len(data)
        return data

    def _update(self, data: memoryview) -> None:
        while self._marks and self._marks[-1] <= self.bytes + len(data):
            mark = self._marks.pop()
            before, data = data[: mark - self.bytes], data[mark - self.bytes :]
            self._hash.update(before)
            self.bytes = mark
            self.starts[mark] = self.sha256()
        self._hash.update(data)
        self.bytes += len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go elsewhere."""
        self._position = self._file.seek(offset, whence)
        return self._position

    def hash_to(self, end: int | None = None) -> None:
        """Hash all bytes before `end`, or all."""
        if self._position != self.bytes:
            self.seek(self.bytes)
        while end is None or self.bytes < end:
            if not self.read(READ_BYTES if end is None else min(READ_BYTES, end - self.bytes)):
                return

    def sha256(self) -> str:
        """Give the SHA-256 of what was hashed, in hexadecimal digits."""
        return self._hash.hexdigest()

    def __enter__(self) -> Hashing:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the file open: it is read on."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def examine(
    path: str, open_file: Callable[[str], BinaryIO], spill: str, marks: Iterable[int] = ()
) -> Examined:
    """Hash a capture and walk its records, both in one reading.

    A plain local file is framed 8 MiB at a time, and these are hashed while they are in the page cache;
    a remote one is hashed as its bytes come.

    Args:
        path: Where it is.
        open_file: Opens a path that is not local, as for `frame_capture`.
        spill: A local directory for a piece at a time of a compressed capture; left empty.
        marks: Numbers of bytes, for `Examined.starts`.

    Raises:
        OSError: it can't be read; for a remote one whatever its file system raises.
    """
    packets, problems = 0, SourceAccount()
    local = is_local(path)
    with Path(path).open("rb", buffering=0) if local else open_file(path) as file:
        hashing = Hashing(file, marks)
        for item in frame_capture(path, path, lambda _: hashing, Spill(spill)):  # type: ignore[arg-type,return-value]
            if isinstance(item, SourceAccount):
                problems.add(item)
                continue
            packets += item.packets
            if item.path != path:
                Path(item.path).unlink()
            elif local:
                hashing.hash_to(item.offset + item.length)
        if problems.problems and not packets:
            return Examined("", 0, 0, tuple(problems.problems), {})
        hashing.hash_to()
        found = tuple(problems.problems)
        return Examined(hashing.sha256(), hashing.bytes, packets, found, hashing.starts)
