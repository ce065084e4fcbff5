"""The output directory: may this run write there, is another one at it, and what must be cleaned up."""

from __future__ import annotations

import fcntl
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from netbeam.publish import SUMMARY, TEMPORARY
from netbeam.storage import LocalStorage
from pipeline.options import BadOption
from transforms.remote import file_system, is_remote, last_written, matched, plainly

SPILL = "netbeam-run-"
"""How the directory for pieces of captures begins, in that for temporary files, if the output is remote."""


class Workspace:
    """The hold of one run on a local output directory: a lock, and a folder for what is temporary.

    Opened, it has removed what killed runs left behind; closed, no trace of its own is left.
    """

    note = ""

    def __init__(self, output: str, run: str, *, overwrite: bool = False) -> None:
        self._output = Path(output)
        self._temporary = self._output / TEMPORARY
        self._folder = self._temporary / run
        self.folder = str(self._folder)
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
    """An output directory on another file system, where there is no lock.

    `spill` is a directory of this machine; `shared_spill`, slower, is one that other machines see.

    Opened, it has shown that one may write there, and removed what runs left behind that wrote nothing for
    `leftover_days`; without these it only says in `note` that there is something. On this machine it has
    removed what killed runs spilled.
    """

    def __init__(
        self, output: str, run: str, *, overwrite: bool = False, leftover_days: int | None = None
    ) -> None:
        from transforms.storage import BeamStorage

        self._output = output.rstrip("/")
        self._overwrite = overwrite
        self._leftover_days = leftover_days
        self._storage = BeamStorage()
        self._temporary = f"{self._output}/{TEMPORARY}"
        self.folder = self._folder = f"{self._temporary}/{run}"
        self.spill = str(Path(tempfile.gettempdir(), f"{SPILL}{run}"))
        self.shared_spill = f"{self._folder}/spill"
        self.note = ""
        self._lock = -1

    def check(self) -> None:
        """Refuse a directory that holds results, or can't be looked into."""
        with refused(), plainly(self._output):
            summary = f"{self._output}/{SUMMARY}"
            names = [summary] if self._storage.size(summary) is not None else []
            if not names:
                pattern = f"{self._output}/*.ncap*"
                names = [file.path for file in matched(file_system(pattern), pattern)]
        if names and not self._overwrite:
            found = min(names).rpartition("/")[2]
            raise BadOption(f"-o {self._output}: holds results already ({found}); --overwrite replaces them")

    def open(self) -> None:
        """Write a first file, and see to the leftovers of killed runs."""
        self.check()
        with refused():
            self._storage.make_directory(self._folder)
            with self._storage.create(f"{self._folder}/began") as file:
                file.write(b"A run of netbeam keeps its temporary files here until it ends.\n")
            others = last_written(self._temporary)
            others.pop(self._folder.rpartition("/")[2], None)
            if self._leftover_days is not None:
                before = time.time() - self._leftover_days * 86_400
                for name in [name for name, last in others.items() if last < before]:
                    self._storage.remove_tree(f"{self._temporary}/{name}")
                    del others[name]
            self._open_spill()
        if others:
            last = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(max(others.values())))
            self.note = (
                f"{self._temporary} holds files of {len(others)} other runs, the last of {last}; "
                "--remove-leftovers 7 removes those of runs that wrote nothing for 7 days"
            )

    def _open_spill(self) -> None:
        """Make the directory of this machine, and remove those that no living process has locked."""
        made = tempfile.mkdtemp(prefix=f".{SPILL}")
        self._lock = os.open(made, os.O_RDONLY)
        with suppress(OSError):  # a file system without locks: what killed runs left stays
            fcntl.flock(self._lock, fcntl.LOCK_SH)
        Path(made).rename(self.spill)  # locked before others see it
        for leftover in Path(self.spill).parent.glob(f"{SPILL}*"):
            with suppress(OSError):  # in use, or another user's
                lock = os.open(leftover, os.O_RDONLY)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    LocalStorage().remove_tree(str(leftover))
                finally:
                    os.close(lock)

    def close(self) -> None:
        """Remove what is temporary, or say what stays."""
        LocalStorage().remove_tree(self.spill)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        try:
            for _ in range(2):  # when the run is interrupted its workers are still writing
                self._storage.remove_tree(self._folder)
        except OSError as error:
            print(f"netbeam: {error}; temporary files stay in {self._folder}", file=sys.stderr)


@contextmanager
def refused() -> Iterator[None]:
    """Take what a file system refuses before the job for a bad option."""
    try:
        yield
    except OSError as error:
        raise BadOption(f"-o {error}") from error


def workspace(
    output: str, run: str, *, overwrite: bool, leftover_days: int | None = None
) -> Workspace | RemoteWorkspace:
    """Give the workspace of a local or a remote output directory."""
    if is_remote(output):
        return RemoteWorkspace(output, run, overwrite=overwrite, leftover_days=leftover_days)
    return Workspace(output, run, overwrite=overwrite)


def earlier_result(output: Path) -> str | None:
    """Give the name of a file that an earlier run wrote into `output`, None when there is none."""
    if not output.is_dir():
        return None
    names = sorted(
        entry.name for entry in os.scandir(output) if stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
    )
    return next((name for name in names if name == SUMMARY or ".ncap" in name), None)
