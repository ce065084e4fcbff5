"""The output directory: may this run write there, is another one at it, and what must be cleaned up."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from pathlib import Path

from netbeam.publish import SUMMARY, TEMPORARY
from netbeam.storage import LocalStorage
from pipeline.options import BadOption
from transforms.sources import is_remote


class Workspace:
    """The hold of one run on a local output directory: a lock, and a folder for what is temporary.

    Opened, it has removed what killed runs left behind; closed, no trace of its own is left.
    """

    def __init__(self, output: str, run: str, *, overwrite: bool = False) -> None:
        self._output = Path(output)
        self._temporary = self._output / TEMPORARY
        self._folder = self._temporary / run
        self.spill = self.shared_spill = str(self._folder / "spill")
        self._overwrite = overwrite
        self._lock = -1
        self._made: list[Path] = []

    def check(self) -> None:
        """Refuse a directory that can't be written to or that holds results; changes nothing.

        Raises:
            BadOption: what is wrong with it.
        """
        output = self._output
        if output.exists() and not output.is_dir():
            raise BadOption(f"-o {output}: is a file; netbeam writes into a directory")
        if os.path.lexists(self._temporary) and (
            self._temporary.is_symlink() or not self._temporary.is_dir()
        ):
            raise BadOption(f"-o {output}: {TEMPORARY} in it is no directory; remove it")
        parent = next(folder for folder in (output, *output.absolute().parents) if folder.exists())
        if not parent.is_dir():
            raise BadOption(f"-o {output}: {parent} is a file; netbeam writes into a directory")
        if not os.access(parent, os.W_OK | os.X_OK):
            raise BadOption(f"-o {output}: no permission to write in {parent}")
        if LocalStorage().taken(str(output / SUMMARY)):
            raise BadOption(f"-o {output}: {SUMMARY} in it is no file; remove it")
        if not self._overwrite and (found := earlier_result(output)):
            raise BadOption(f"-o {output}: holds results already ({found}); --overwrite replaces them")

    def open(self) -> None:
        """Make the directory, take the lock, remove the leftovers of killed runs, make this run's folder.

        Raises:
            BadOption: another run is writing there, or it can't be written to, or it holds results.
        """
        self.check()
        try:
            missing = [path for path in (self._temporary, *self._temporary.parents) if not path.exists()]
            self._temporary.mkdir(parents=True, exist_ok=True)
            self._made = missing
            self._take_lock()
            self.check()  # a run that has just ended may have written results
            for leftover in self._temporary.iterdir():
                if leftover.name != "lock":
                    LocalStorage().remove_tree(str(leftover))
            self._folder.mkdir()
        except BadOption:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise BadOption(f"-o {self._output}: cannot write there: {error.strerror}") from error

    def _take_lock(self) -> None:
        path = self._temporary / "lock"
        while True:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # The run that held it may have removed the file meanwhile; a lock on that keeps nobody out.
                if os.path.samestat(os.fstat(lock), path.stat()):
                    self._lock = lock
                    return
            except BlockingIOError:
                os.close(lock)
                raise BadOption(
                    f"-o {self._output}: another netbeam run is writing there; wait for it, or choose another"
                ) from None
            except FileNotFoundError:
                pass
            os.close(lock)

    def close(self) -> None:
        """Remove what is temporary, the lock last, and the empty directories that this run made."""
        if self._lock < 0:
            return
        LocalStorage().remove_tree(str(self._folder))
        (self._temporary / "lock").unlink(missing_ok=True)
        for folder in (self._temporary, *self._made):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        os.close(self._lock)
        self._lock = -1


class RemoteWorkspace:
    """An output directory on another file system: no lock there.

    `spill` is a directory of this machine; `shared_spill`, slower, is one that other machines see.
    """

    def __init__(self, output: str, run: str, *, overwrite: bool = False) -> None:
        from transforms.storage import storage_of

        self._output = output
        self._overwrite = overwrite
        self._storage = storage_of(output)
        self._folder = self._storage.join(output, TEMPORARY, run)
        self.spill = os.path.join(tempfile.gettempdir(), f"netbeam-{run}")  # noqa: PTH118 - a string in elements
        self.shared_spill = self._storage.join(self._folder, "spill")

    def check(self) -> None:
        """Refuse a directory that holds results."""
        if not self._overwrite and self._storage.size(self._storage.join(self._output, SUMMARY)) is not None:
            raise BadOption(f"-o {self._output}: holds results already; --overwrite replaces them")

    def open(self) -> None:
        """Make the directory."""
        self._storage.make_directory(self._folder)

    def close(self) -> None:
        """Remove what is temporary."""
        self._storage.remove_tree(self._folder)
        LocalStorage().remove_tree(self.spill)


def workspace(output: str, run: str, *, overwrite: bool) -> Workspace | RemoteWorkspace:
    """Give the workspace of a local or a remote output directory."""
    kind = RemoteWorkspace if is_remote(output) else Workspace
    return kind(output, run, overwrite=overwrite)


def earlier_result(output: Path) -> str | None:
    """Give the name of a file that an earlier run wrote into `output`, None when there is none."""
    if not output.is_dir():
        return None
    names = sorted(
        entry.name for entry in os.scandir(output) if stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
    )
    return next((name for name in names if name == SUMMARY or ".ncap" in name), None)
