"""pcapng: sections and interfaces, and the walk through blocks (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

from array import array
from typing import Literal

from netbeam.capture.stop import Stop, absurd
from netbeam.chunk import Framing, Interface
from netbeam.kernel import frame

MAGIC = b"\x0a\x0d\x0d\x0a"
BIG_ENDIAN = b"\x1a\x2b\x3c\x4d"
"""The byte-order mark of a section in that order."""
START = Framing("pcapng", False, 0, ())
"""How a file starts: no interface, and a byte order that its first section will give."""
MAX_INTERFACES = 65_536
"""Interfaces of a section that are kept; packets of later ones have no link type."""
DESCRIBED_BYTES = 1 << 20
"""How much of a section header or an interface is read; options behind that are not looked at."""

_TSRESOL, _TSOFFSET = 9, 14
_FAULTS = {
    frame.ABSURD: absurd,
    frame.LENGTH: "has the impossible length {}".format,
    frame.TRAILER: "ends with another length, {}".format,
    frame.CAPTURED: "has {} captured bytes, more than fit in it".format,
    frame.ORDER: "has the unknown byte-order mark 0x{:08x}".format,
}


class PcapngWalk:
    """The walk through the blocks of a pcapng, with the section and the interfaces that they described."""

    overlap = 28
    record = "block"

    def __init__(self, framing: Framing) -> None:
        """Start as `framing` says."""
        self.sections = 0
        self._framing: Framing | None = framing
        self._big_endian = framing.big_endian
        self._interfaces = array("q", [number for row in framing.interfaces for number in row])

    def framing(self) -> Framing:
        """Give what another walk must know to start where this one stopped."""
        if self._framing is None:
            rows = zip(*[iter(self._interfaces)] * frame.INTERFACE_COLUMNS, strict=True)
            self._framing = Framing("pcapng", self._big_endian, 0, tuple(Interface(*row) for row in rows))
        return self._framing

    def step(self, data: memoryview | bytes, position: int, border: int, rows: array[int]) -> Stop:
        """Walk the blocks of `data` that start between `position` and `border`; fill `rows` unless empty."""
        packets, end = 0, position
        free = memoryview(rows)
        while True:
            reason, position, new, last, following, value, big_endian, kind = frame.walk_pcapng(
                data, position, border, self._big_endian, self._interfaces, free
            )
            self._big_endian = bool(big_endian)
            if new:
                packets, end = packets + new, last
                free = free[new * 5 :]
            fault = _FAULTS[reason](value) if reason in _FAULTS else ""
            if reason == frame.DESCRIBES:
                fault = self.describe(bytes(data[position : min(following, position + DESCRIBED_BYTES)]))
                if not fault:
                    position = following
                    continue
            return Stop(reason, position, packets, end, following, kind, fault)

    def find(self, data: memoryview | bytes, behind: int) -> int:
        """Guess where in `data`, which starts at a multiple of 4, the first block does."""
        return frame.find_first(data, behind, self._big_endian, 0, 0)

    def trailer_fault(self, length: int, tail: bytes) -> str:
        """Say what is wrong with the last four bytes of a block of `length` bytes."""
        repeated = int.from_bytes(tail, self._order())
        return "" if repeated == length else _FAULTS[frame.TRAILER](repeated)

    def describe(self, block: bytes) -> str:
        """Take in the start of a section header or an interface; say what is wrong with it."""
        self._framing = None
        order = self._order()
        if block.startswith(MAGIC):
            major, minor = int.from_bytes(block[12:14], order), int.from_bytes(block[14:16], order)
            if major != 1:
                return f"has pcapng version {major}.{minor}, and only 1.x is read"
            self.sections += 1
            del self._interfaces[:]
        elif len(self._interfaces) < MAX_INTERFACES * frame.INTERFACE_COLUMNS:
            self._interfaces.extend(read_interface(block, order))
        return ""

    def _order(self) -> Literal["little", "big"]:
        return "big" if self._big_endian else "little"


def read_interface(block: bytes, order: Literal["little", "big"]) -> Interface:
    """Read an interface description; options from the first malformed one on are not looked at."""
    resolution, offset = 6, 0
    at, size = 16, len(block) - 4
    while at + 4 <= size:
        code = int.from_bytes(block[at : at + 2], order)
        length = int.from_bytes(block[at + 2 : at + 4], order)
        at += 4
        if code == 0 or at + length > size:
            break
        if code == _TSRESOL and length == 1:
            resolution = block[at]
        elif code == _TSOFFSET and length == 8:
            offset = int.from_bytes(block[at : at + 8], order, signed=True)
        at += length + 3 & ~3
    return Interface(
        int.from_bytes(block[8:10], order), int.from_bytes(block[12:16], order), resolution, offset
    )
