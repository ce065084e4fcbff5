"""Beam's file systems (gs://, s3://, hdfs://, ...): which one, with what options, what its errors mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apache_beam.io.filesystem import FileMetadata, FileSystem

EXTRAS = {"s3": "aws", "gs": "gcp", "azfs": "azure", "hdfs": "hadoop"}
"""What must be installed with Beam for a file system."""


class StorageError(OSError):
    """A remote file system did not do what was asked; the message is a sentence that names the file."""


def is_remote(path: str) -> bool:
    """Tell a path of a Beam file system (gs://bucket/x) from a local one."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path) is not None


def set_up_file_systems(beam: Sequence[str]) -> None:
    """Give Beam's file systems their options (--s3_endpoint_url ...) before a pipeline does."""
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.options.pipeline_options import PipelineOptions

    FileSystems.set_options(PipelineOptions(list(beam)))


def file_system(path: str) -> FileSystem:
    """Give Beam's file system in which a path lies.

    Raises:
        StorageError: Beam has none for it, or it lacks an option.
    """
    from apache_beam.io.filesystems import FileSystems

    with plainly(path):
        if path.startswith("s3://"):
            from transforms import s3

            s3.use()
        return FileSystems.get_filesystem(path)


@contextmanager
def plainly(path: str) -> Iterator[None]:
    """Make what Beam's file systems raise a sentence; a missing file stays a FileNotFoundError."""
    try:
        yield
    except (FileNotFoundError, StorageError):
        raise
    except Exception as error:
        text = reason(error, path.partition("://")[0])
        raise StorageError(text if "://" in text.split()[0] else f"{path}: {text}") from error


def reason(error: BaseException, scheme: str) -> str:
    """Say in one line why a file system failed: the cause is what Beam hides in the details."""
    while isinstance(details := getattr(error, "exception_details", None), dict) and details:
        error = next(iter(details.values()))
    text = " ".join(str(error).split())
    if isinstance(error, ImportError | NameError) or "Unable to get filesystem" in text:
        if scheme in EXTRAS:
            return f"needs apache-beam[{EXTRAS[scheme]}], which is not installed"
        return f"no file system that Beam knows; it knows {', '.join(EXTRAS)}"
    return text or type(error).__name__


def last_written(folder: str) -> dict[str, float]:
    """Give the names in a directory, and when each, or the last file in it, was written (Unix s)."""
    system = file_system(folder)
    times: dict[str, float] = {}
    with plainly(folder):
        for file in matched(system, f"{folder}/**"):
            name = file.path[len(folder) + 1 :].partition("/")[0]
            times[name] = max(times.get(name, 0), file.last_updated_in_seconds)
    return times


def matched(system: FileSystem, pattern: str) -> list[FileMetadata]:
    """Give the files that a pattern matches; object stores may have empty ones in place of directories."""
    start = re.match(r"[^[*?]*", pattern)[0]  # type: ignore[index]
    if start != pattern and system.has_dirs() and not system.exists(start.rpartition("/")[0]):
        return []  # object stores find nothing there, HDFS would fail
    files = [file for match in system.match([pattern]) for file in match.metadata_list]
    return [file for file in files if not file.path.endswith("/")]
