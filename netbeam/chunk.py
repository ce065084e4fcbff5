"""Chunks: where packets lie (`ChunkRef`) and packets in memory (`PacketBatch`)."""

from __future__ import annotations

from array import array
from typing import NamedTuple

CHUNK_BYTES = 8 << 20
"""Chunk k of a capture holds the records that start in bytes [k, k + 1) * CHUNK_BYTES of it."""

RANGE_BYTES = 64 << 20
"""Captures greater than that are framed in ranges of so many bytes, unless told otherwise."""


class Interface(NamedTuple):
    """One capture interface: how to read the packets that name it.

    `resolution` is pcapng's if_tsresol byte (6: microseconds, 9: nanoseconds, high bit set: a power
    of two); `offset` is if_tsoffset, in seconds.
    """

    link_type: int
    snap_len: int
    resolution: int
    offset: int


class Framing(NamedTuple):
    """What the framing walk must know at the start of a chunk.

    `format` is "pcap" or "pcapng"; `record_header` the bytes before a packet in a classic pcap
    (16, or 24 in the Kuznetzov variant).
    """

    format: str
    big_endian: bool
    record_header: int
    interfaces: tuple[Interface, ...]


class ChunkRef(NamedTuple):
    """Where the packets of one chunk lie. References cross shuffles; packets never do.

    `source` is the capture as the user named it; `path` the file that holds the bytes (the capture,
    or a spilled piece of it), `size` and `mtime` that file's when it was framed; `offset` and
    `length` are in bytes of that file; `first_packet` counts from 1 within the source. `start` is where the
    bytes begin in the uncompressed capture.
    """

    source: str
    number: int
    path: str
    size: int
    mtime: float
    offset: int
    length: int
    first_packet: int
    packets: int
    framing: Framing
    start: int = 0


OFFSET, CAPTURED, LENGTH, TIME, LINK = range(5)
COLUMNS = 5
"""Columns of `PacketBatch.index`: offset in `data`, bytes captured, bytes on the wire, Unix ns, link type."""


class PacketBatch:
    """The packets of one chunk: their bytes and, for each, a row of COLUMNS int64 in `index`.

    A link type of -1 marks a packet whose interface the capture never described. `start` is where `data`
    begins in the uncompressed capture.
    """

    __slots__ = ("chunk", "data", "first_packet", "index", "source", "start")

    def __init__(
        self,
        source: str,
        chunk: int,
        first_packet: int,
        data: bytes | memoryview,
        index: array[int],
        start: int = 0,
    ) -> None:
        self.source = source
        self.chunk = chunk
        self.first_packet = first_packet
        self.data = data
        self.index = index
        self.start = start

    def __len__(self) -> int:
        return len(self.index) // COLUMNS
