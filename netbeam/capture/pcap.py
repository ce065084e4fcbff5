"""Classic pcap: the file header, and the walk through its records (draft-ietf-opsawg-pcap)."""

from __future__ import annotations

from array import array
from typing import Literal

from netbeam.capture.stop import Stop, absurd
from netbeam.chunk import Framing, Interface
from netbeam.kernel import frame

HEADER = 24
MICROSECONDS, NANOSECONDS = 6, 9

_KINDS = {
    0xA1B2C3D4: (16, MICROSECONDS),
    0xA1B23C4D: (16, NANOSECONDS),
    0xA1B2CD34: (24, MICROSECONDS),
}
"""Magic numbers: the length of a record header (24 in the Kuznetzov variant), and the resolution."""

ZEROS = "is nothing but zeros, as a crash leaves them"


def is_pcap(head: bytes) -> bool:
    """Tell whether `head` starts a classic pcap."""
    return int.from_bytes(head[:4], "little") in _KINDS or int.from_bytes(head[:4], "big") in _KINDS


def read_header(head: bytes) -> Framing | str:
    """Read the file header, of which `head` has the first bytes; give a sentence if it cannot be used."""
    order: Literal["little", "big"] = "little" if int.from_bytes(head[:4], "little") in _KINDS else "big"
    if len(head) < HEADER:
        return f"pcap header is cut: {HEADER} bytes needed, {len(head)} there"

    def number(start: int, end: int) -> int:
        return int.from_bytes(head[start:end], order)

    major, minor = number(4, 6), number(6, 8)
    if major != 2:
        return f"pcap version {major}.{minor} is not read, only 2.x"
    record_header, resolution = _KINDS[number(0, 4)]
    link_type = number(20, 24) & 0xFFFF
    return Framing(
        "pcap", order == "big", record_header, (Interface(link_type, number(16, 20), resolution, 0),)
    )


class PcapWalk:
    """The walk through the records of a classic pcap."""

    overlap = 24
    record = "record"
    sections = 0

    def __init__(self, framing: Framing) -> None:
        """Start as `framing` says."""
        self._framing = framing
        interface = framing.interfaces[0]
        self._link_type = interface.link_type
        self._tick = 10 ** (NANOSECONDS - interface.resolution)

    def framing(self) -> Framing:
        """Give what another walk must know to start where this one stopped."""
        return self._framing

    def step(self, data: memoryview | bytes, position: int, border: int, rows: array[int]) -> Stop:
        """Walk the records of `data` that start between `position` and `border`; fill `rows` unless empty."""
        big_endian, header = self._framing.big_endian, self._framing.record_header
        reason, position, packets, end, following, value = frame.walk_pcap(
            data, position, border, big_endian, header, self._tick, self._link_type, rows
        )
        fault = absurd(value) if reason == frame.ABSURD else ZEROS if reason == frame.ZEROS else ""
        return Stop(reason, position, packets, end, following, frame.PACKET, fault)

    def find(self, data: memoryview | bytes, behind: int) -> int:
        """Guess where in `data` the first record starts; -1 if that is not before `behind`."""
        return frame.find_first(
            data, behind, self._framing.big_endian, self._framing.record_header, self._tick
        )

    def trailer_fault(self, length: int, tail: bytes) -> str:
        """Say that nothing is wrong, since a pcap record has no trailer."""
        return ""

    def describe(self, block: bytes) -> str:
        """Say that nothing is wrong, since no pcap record describes another."""
        return ""
