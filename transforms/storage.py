"""Output on any file system that Beam knows: gs://, s3://, hdfs://, ..."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import IO, BinaryIO

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from netbeam.storage import LocalStorage, Storage
from transforms.sources import is_remote, open_remote


def storage_of(path: str) -> Storage:
    """Give the storage that a path lies in."""
    return BeamStorage() if is_remote(path) else LocalStorage()


class BeamStorage:
    """Files of Beam's file systems. Where renaming is copying, a reader may see a file grow."""

    def join(self, *parts: str) -> str:
        """Join parts of a path."""
        return FileSystems.join(*parts)

    def make_directory(self, path: str) -> None:
        """Make a directory; object stores need none."""
        with contextlib.suppress(BeamIOError, OSError):
            FileSystems.mkdirs(path)

    def create(self, path: str) -> BinaryIO:
        """Open a new file for writing."""
        return FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED)

    def finish(self, file: BinaryIO) -> None:
        """Close a written file, which makes it visible."""
        file.close()

    def open(self, path: str) -> IO[bytes]:
        """Open a file for reading."""
        return open_remote(path)

    def size(self, path: str) -> int | None:
        """Give a file's length in bytes."""
        found = [file for match in FileSystems.match([path]) for file in match.metadata_list]
        return found[0].size_in_bytes if found else None

    def read_text(self, path: str) -> str | None:
        """Give a file's text."""
        if self.size(path) is None:
            return None
        with self.open(path) as file:
            return file.read().decode()

    def taken(self, path: str) -> bool:
        """Tell that nothing is: object stores have files alone."""
        return False

    def rename(self, source: str, target: str) -> None:
        """Move a file, replacing what is there."""
        self.remove([target])
        FileSystems.rename([source], [target])

    def settle(self, folder: str) -> None:
        """Do nothing: these file systems see to it themselves."""

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files."""
        present = [path for path in paths if self.size(path) is not None]
        if present:
            FileSystems.delete(present)

    def remove_tree(self, path: str) -> None:
        """Remove a directory and all in it; object stores take a path for one by the slash at its end."""
        slash = "" if FileSystems.get_filesystem(path).has_dirs() else "/"
        with contextlib.suppress(BeamIOError):
            FileSystems.delete([f"{path}{slash}"])
