"""Stamps of captures: what the file system tells of a file, so that one that was read is known again."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import NamedTuple

from transforms.remote import file_system, is_remote, plainly

COARSE_NS = 2_000_000_000
"""A file may change again without another time when its last change is no older than its clock is fine."""


class Stamp(NamedTuple):
    """A file's size, its times of writing and of any change (Unix ns), and its inode; 0 where there is none.

    Whoever writes to a file and puts its time of writing back still leaves a new time of change.
    """

    bytes: int
    written: int
    changed: int
    inode: int

    def sure(self, now: float) -> bool:
        """Tell whether an equal stamp, later on, means the bytes that were read from `now` (Unix s) on."""
        return self.written > 0 and max(self.written, self.changed) < now * 1e9 - COARSE_NS


def stamp_of(path: str) -> Stamp:
    """Give a file's stamp.

    Raises:
        OSError: there is no regular file of that name, or its file system does not tell.
    """
    if is_remote(path):
        return _remote_stamp(path)
    status = Path(path).stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "it is no regular file", path)
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _remote_stamp(path: str) -> Stamp:
    from apache_beam.io.filesystem import BeamIOError

    system = file_system(path)
    with plainly(path):
        try:
            found = system.metadata(path)
        except BeamIOError:
            if system.exists(path):
                raise
            raise FileNotFoundError(2, "No such file", path) from None
    return Stamp(found.size_in_bytes, round((found.last_updated_in_seconds or 0) * 1e9), 0, 0)
