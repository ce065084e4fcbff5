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
    """How far a run is: packets and bytes of captures that were framed and decoded."""

    framed_packets: int
    framed_bytes: int
    decoded_packets: int
    decoded_bytes: int


@dataclass
class Progress:
    """Packets and capture bytes that were framed and decoded so far, and whether publishing has begun.

    Counted once a chunk. On a cluster every worker counts its own, and reports it.
    """

    framed_packets: int = 0
    framed_bytes: int = 0
    decoded_packets: int = 0
    decoded_bytes: int = 0
    publishing: bool = False
    _lock: Lock = field(default_factory=Lock, repr=False)
    _reported: float = 0.0
    _name: str = field(default_factory=lambda: uuid4().hex)

    def framed(self, packets: int, bytes: int) -> None:
        """Count a framed chunk."""
        with self._lock:
            self.framed_packets += packets
            self.framed_bytes += bytes

    def decoded(self, packets: int, bytes: int) -> None:
        """Count a decoded chunk."""
        with self._lock:
            self.decoded_packets += packets
            self.decoded_bytes += bytes

    def done(self) -> Done:
        """Tell how far this process is."""
        return Done(self.framed_packets, self.framed_bytes, self.decoded_packets, self.decoded_bytes)

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
            self.framed_packets = self.framed_bytes = self.decoded_packets = self.decoded_bytes = 0
            self.publishing = False


PROGRESS = Progress()


def reported(folder: str) -> Done:
    """Add up what workers have reported in a folder."""
    sums = [0, 0, 0, 0]
    for path in Path(folder).glob("*.json"):
        with contextlib.suppress(OSError, ValueError):
            sums = [sum + number for sum, number in zip(sums, json.loads(path.read_text()), strict=True)]
    return Done(*sums)
