"""How far the DoFns are: in the command line's own process, or told by reports in a folder that all see."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import NamedTuple
from uuid import uuid4

SECONDS_BETWEEN_REPORTS = 1


class Done(NamedTuple):
    """How far a run is: packets and bytes of captures that were framed and decoded, and packets of flows.

    Of the `digested_packets`, which are in flows, so many were replayed.
    """

    framed_packets: int = 0
    framed_bytes: int = 0
    decoded_packets: int = 0
    decoded_bytes: int = 0
    digested_packets: int = 0
    replayed_packets: int = 0


@dataclass
class Progress:
    """How far this process is, and whether publishing has begun.

    Counted once a chunk, and once a part of flows. On a cluster every worker counts its own, and reports it.
    """

    publishing: bool = False
    _done: Done = field(default_factory=Done)
    _lock: Lock = field(default_factory=Lock, repr=False)
    _reported: float = 0.0
    _name: str = field(default_factory=lambda: uuid4().hex)

    def add(self, **done: int) -> None:
        """Count what was done; the names are those of Done."""
        with self._lock:
            self._done = Done(*map(sum, zip(self._done, Done(**done), strict=True)))

    def done(self) -> Done:
        """Tell how far this process is."""
        return self._done

    def report(self, folder: str) -> None:
        """Leave word in a local folder, once a second at most; without one, or if that fails, do nothing."""
        with self._lock:
            if not folder or time.monotonic() - self._reported < SECONDS_BETWEEN_REPORTS:
                return
            self._reported = time.monotonic()
            with contextlib.suppress(OSError):
                Path(folder).mkdir(exist_ok=True)
                new = Path(folder, f"{self._name}.new")
                new.write_text(json.dumps(self.done()))
                new.rename(new.with_suffix(".json"))

    def clear(self) -> None:
        """Start again."""
        with self._lock:
            self._done = Done()
            self.publishing = False


PROGRESS = Progress()


def reported(folder: str) -> Done:
    """Add up what workers have reported in a folder."""
    sums = list(Done())
    for path in Path(folder).glob("*.json"):
        with contextlib.suppress(OSError, ValueError):
            sums = [sum + number for sum, number in zip(sums, json.loads(path.read_text()), strict=True)]
    return Done(*sums)
