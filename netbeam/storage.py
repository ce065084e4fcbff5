"""Where output lies: the few operations that the sink needs of a file system, here for local paths."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import IO, BinaryIO, Protocol


class Storage(Protocol):
    """What the sink asks of a place. Paths are strings; `create` never replaces a file.

    Where every read is a request, blocks are held until they are `gather_bytes` and written file by file,
    so that those of one file lie together; elsewhere it is 0.
    """

    gather_bytes: int

    def join(self, *parts: str) -> str:
        """Join parts of a path."""

    def make_directory(self, path: str) -> None:
        """Make a directory and its parents; nothing happens when it is there."""

    def create(self, path: str) -> BinaryIO:
        """Open a new file for writing."""

    def finish(self, file: BinaryIO) -> None:
        """Close a written file once its bytes are safe."""

    def open(self, path: str, ahead: int = 0) -> IO[bytes]:
        """Open a file for reading at any offset, `ahead` bytes at once where every read is a request."""

    def size(self, path: str) -> int | None:
        """Give a file's length in bytes, None when there is none."""

    def read_text(self, path: str) -> str | None:
        """Give a file's text, None when there is no file of that name."""

    def find(self, folder: str, pattern: str) -> list[str]:
        """Give the paths in a folder that match a glob, sorted."""

    def taken(self, path: str) -> bool:
        """Tell whether what is there is no file, so that no file may replace it."""

    def rename(self, source: str, target: str) -> None:
        """Move a file to a name, replacing what is there."""

    def settle(self, folder: str) -> None:
        """Make sure that renamed files are found under their new names after a crash."""

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files; those that are gone already don't matter."""

    def remove_tree(self, path: str) -> None:
        """Remove a directory and all in it, if it is there."""


class LocalStorage:
    """Files of this machine."""

    gather_bytes = 0

    def join(self, *parts: str) -> str:
        """Join parts of a path."""
        return os.path.join(*parts)  # noqa: PTH118 - paths are strings in elements

    def make_directory(self, path: str) -> None:
        """Make a directory and its parents."""
        Path(path).mkdir(parents=True, exist_ok=True)

    def create(self, path: str) -> BinaryIO:
        """Open a new file for writing."""
        return Path(path).open("xb", buffering=0)  # type: ignore[return-value]

    def finish(self, file: BinaryIO) -> None:
        """Close a written file once the disk has it."""
        with file:
            os.fsync(file.fileno())

    def open(self, path: str, ahead: int = 0) -> IO[bytes]:
        """Open a file for reading."""
        return Path(path).open("rb", buffering=0)

    def size(self, path: str) -> int | None:
        """Give a file's length in bytes."""
        try:
            return Path(path).stat().st_size
        except FileNotFoundError:
            return None

    def read_text(self, path: str) -> str | None:
        """Give a file's text; a pipe, which would keep the reader waiting, has none."""
        return Path(path).read_text(encoding="utf-8") if Path(path).is_file() else None

    def find(self, folder: str, pattern: str) -> list[str]:
        """Give the paths in a folder that match a glob, sorted."""
        return sorted(map(str, Path(folder).glob(pattern)))

    def taken(self, path: str) -> bool:
        """Tell whether a directory, a pipe or a device is there."""
        try:
            mode = Path(path).lstat().st_mode
        except FileNotFoundError:
            return False
        return not (stat.S_ISREG(mode) or stat.S_ISLNK(mode))

    def rename(self, source: str, target: str) -> None:
        """Move a file, atomically."""
        Path(source).replace(target)

    def settle(self, folder: str) -> None:
        """Bring the directory's entries to the disk."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files."""
        for path in paths:
            Path(path).unlink(missing_ok=True)

    def remove_tree(self, path: str) -> None:
        """Remove a directory and all in it.

        It is renamed first, so that whoever still writes there finds no directory instead of filling it anew.
        """
        doomed = f"{path}.removed"
        try:
            Path(path).rename(doomed)
        except FileNotFoundError:
            return
        shutil.rmtree(doomed, ignore_errors=True)
