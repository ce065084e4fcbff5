"""What the DoFns of the command line's own process share with it: how far they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple


class Done(NamedTuple):
    """How far a run is: packets and bytes of captures that were framed and decoded."""

    framed_packets: int
    framed_bytes: int
    decoded_packets: int
    decoded_bytes: int


@dataclass
class Progress:
    """Packets and capture bytes that were framed and decoded so far, and whether publishing has begun.

    Counted once a chunk. On a cluster every worker counts its own and nobody looks.
    """

    framed_packets: int = 0
    framed_bytes: int = 0
    decoded_packets: int = 0
    decoded_bytes: int = 0
    publishing: bool = False
    _lock: Lock = field(default_factory=Lock, repr=False)

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

    def clear(self) -> None:
        """Start again."""
        with self._lock:
            self.framed_packets = self.framed_bytes = self.decoded_packets = self.decoded_bytes = 0
            self.publishing = False


PROGRESS = Progress()
