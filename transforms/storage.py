"""Output on any file system that Beam knows: gs://, s3://, hdfs://, ..."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, BinaryIO

from apache_beam.io.filesystem import BeamIOError

from netbeam.storage import LocalStorage, Storage
from transforms.remote import file_system, is_remote, matched, plainly
from transforms.sources import create_remote, open_remote

COPY_BYTES = 8 << 20


def storage_of(path: str) -> Storage:
    """Give the storage that a path lies in."""
    return BeamStorage() if is_remote(path) else LocalStorage()


class BeamStorage:
    """Files of Beam's file systems.

    In object stores a file appears, or is replaced, as a whole when it is closed or copied, and renaming is
    copying and then deleting: whoever dies in between leaves both.
    """

    gather_bytes = 16 << 20

    def join(self, *parts: str) -> str:
        """Join parts of a path."""
        return file_system(parts[0]).join(*parts)

    def make_directory(self, path: str) -> None:
        """Make a directory where there are some."""
        system = file_system(path)
        with plainly(path):
            if system.has_dirs() and not system.exists(path):
                with suppress(OSError):  # another worker was faster, or writing there will say why not
                    system.mkdirs(path)

    def create(self, path: str) -> BinaryIO:
        """Open a new file for writing."""
        return create_remote(path)

    def finish(self, file: BinaryIO) -> None:
        """Close a written file, which makes it visible."""
        file.close()

    def open(self, path: str, ahead: int = 0) -> IO[bytes]:
        """Open a file for reading; Beam's own buffers would fetch 16 MiB for every block."""
        file = open_remote(path)
        if isinstance(file, io.BufferedReader):
            return io.BufferedReader(file.detach(), ahead or io.DEFAULT_BUFFER_SIZE)
        return file

    def size(self, path: str) -> int | None:
        """Give a file's length in bytes."""
        system = file_system(path)
        with plainly(path):
            try:
                return system.metadata(path).size_in_bytes
            except BeamIOError:
                if system.exists(path):
                    raise
                return None

    def read_text(self, path: str) -> str | None:
        """Give a file's text."""
        size = self.size(path)
        if not size:
            return None if size is None else ""
        with self.open(path, size) as file:
            return file.read(size).decode()

    def find(self, folder: str, pattern: str) -> list[str]:
        """Give the paths in a folder that match a glob, sorted."""
        with plainly(folder):
            return sorted(file.path for file in matched(file_system(folder), self.join(folder, pattern)))

    def taken(self, path: str) -> bool:
        """Tell whether a directory with something in it is there."""
        system = file_system(path)
        if not system.has_dirs():
            return False
        try:
            return bool(matched(system, f"{path}/*"))
        except OSError:  # what is no directory can't be listed
            return False

    def rename(self, source: str, target: str) -> None:
        """Move a file, replacing what is there."""
        system = file_system(target)
        with plainly(target):
            if target.startswith("azfs://"):  # its copying goes on after Beam's rename has deleted the source
                with self.open(source, COPY_BYTES) as old, self.create(target) as new:
                    shutil.copyfileobj(old, new, COPY_BYTES)
                system.delete([source])
                return
            if system.has_dirs() and system.exists(target):  # HDFS refuses, object stores replace
                system.delete([target])
            system.rename([source], [target])

    def settle(self, folder: str) -> None:
        """Do nothing: these file systems see to it themselves."""

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files."""
        for path in paths:
            system = file_system(path)
            with plainly(path):
                if system.exists(path):  # some refuse to delete what is not there
                    system.delete([path])

    def remove_tree(self, path: str) -> None:
        """Remove a directory and all in it; object stores take a path for one by the slash at its end."""
        system = file_system(path)
        with plainly(path):
            if system.has_dirs():
                if system.exists(path):
                    system.delete([path])
                return
            if path.startswith("s3://"):
                from transforms import s3

                s3.abort_uploads(f"{path}/")
            system.delete([f"{path}/"])
