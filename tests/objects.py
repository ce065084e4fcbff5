"""An object store as a Beam file system, in memory: objects appear whole, at close, and can't be renamed."""

import fnmatch
import io
import time

from apache_beam.io.filesystem import BeamIOError, FileMetadata, FileSystem

OBJECTS = {}
"""The objects by path: their bytes, and when they were written (Unix s)."""


class Upload(io.BytesIO):
    """An object that is there once it is closed."""

    def __init__(self, path):
        super().__init__()
        self._path = path

    def close(self):
        """Put the object."""
        if not self.closed:
            OBJECTS[self._path] = (self.getvalue(), time.time())
        super().close()


class Objects(FileSystem):
    """The file system of objects://bucket/key."""

    @classmethod
    def scheme(cls):
        return "objects"

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *(path.strip("/") for path in paths)])

    def split(self, path):
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path):
        raise BeamIOError("there are no directories")

    def has_dirs(self):
        return False

    def _list(self, dir_or_prefix):
        for path, (data, written) in sorted(OBJECTS.items()):
            if path.startswith(dir_or_prefix):
                yield FileMetadata(path, len(data), written)

    def create(self, path, mime_type="application/octet-stream", compression_type="auto"):
        return Upload(path)

    def open(self, path, mime_type="application/octet-stream", compression_type="auto"):
        if path not in OBJECTS:
            raise FileNotFoundError(2, "No such object", path)
        return io.BytesIO(OBJECTS[path][0])

    def copy(self, source_file_names, destination_file_names):
        for source, target in zip(source_file_names, destination_file_names, strict=True):
            OBJECTS[target] = (OBJECTS[source][0], time.time())

    def rename(self, source_file_names, destination_file_names):
        self.copy(source_file_names, destination_file_names)
        self.delete(source_file_names)

    def exists(self, path):
        return path in OBJECTS

    def size(self, path):
        return len(OBJECTS[path][0])

    def last_updated(self, path):
        return OBJECTS[path][1]

    def metadata(self, path):
        if path not in OBJECTS:
            raise BeamIOError(f"no object {path}")
        return FileMetadata(path, self.size(path), self.last_updated(path))

    def checksum(self, path):
        return str(self.size(path))

    def delete(self, paths):
        for path in paths:
            for name in [*OBJECTS]:
                if name == path or name.startswith(f"{path.rstrip('/')}/") or fnmatch.fnmatchcase(name, path):
                    del OBJECTS[name]
