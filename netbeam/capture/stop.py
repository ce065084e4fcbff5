"""Where and why a walk through a capture stopped."""

from __future__ import annotations

from array import array
from typing import NamedTuple, Protocol

from netbeam.chunk import Framing
from netbeam.kernel.frame import MAX_PACKET


class Stop(NamedTuple):
    """The end of a walk: `reason` and `kind` are those of netbeam.kernel.frame.

    `position` is where the record starts that the walk stopped at, and `next` where that ends; `packets`
    ended in the data before it, the last of them at `end`. `fault` says what is wrong with the record.
    """

    reason: int
    position: int
    packets: int
    end: int
    next: int
    kind: int
    fault: str = ""


class Walk(Protocol):
    """How the records of one capture format follow each other; it knows what they said of later ones."""

    overlap: int
    """Bytes that a walk must see behind its border, so that a record before it has its header."""
    record: str
    """What a record is called in this format."""
    sections: int
    """How many headers it has walked over that begin anew what is known."""

    def framing(self) -> Framing:
        """Give what another walk must know to start where this one stopped."""

    def step(self, data: memoryview | bytes, position: int, border: int, rows: array[int]) -> Stop:
        """Walk the records of `data` that start between `position` and `border`; fill `rows` unless empty."""

    def find(self, data: memoryview | bytes, behind: int) -> int:
        """Guess where in `data` the first record starts; -1 if that is not before `behind`."""

    def trailer_fault(self, length: int, tail: bytes) -> str:
        """Say what is wrong with the last four bytes of a record of `length` bytes."""

    def describe(self, block: bytes) -> str:
        """Take in the start of a block that describes others; say what is wrong with it."""


def absurd(value: int) -> str:
    """Say that a packet is too long to be one."""
    return f"has a packet of {value} bytes, and {MAX_PACKET} is the most"
