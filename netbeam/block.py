"""Blocks: a whole number of encoded records, compressed on their own, on the way to a file."""

from __future__ import annotations

from array import array
from typing import NamedTuple

BUFFER_BYTES = 512 << 10
"""The records that a block holds at most, unless told otherwise: bytes before compression."""


class Block(NamedTuple):
    """Compressed records of one file, in the order (source, chunk, sequence).

    `file` is the record type ("TCP"), or the whole name of a file that holds no records
    ("errors.pcapng", "unknown.pcapng", "errors.jsonl"). `data` is one gzip member or zstd frame, or
    the bytes themselves; `raw_bytes` its length uncompressed.
    """

    file: str
    source: str
    chunk: int
    sequence: int
    records: int
    raw_bytes: int
    data: bytes


class Digest(NamedTuple):
    """What flows need to know of a chunk's packets (kernel.digest), `packets` of which have an IP header.

    `words`, of 64 bits each, and `text` hold a part for each partition, of the `sizes` that Digests.take
    describes. Packets count from `first_packet` in the capture, bytes from `start`; `earliest` and `latest`
    are times, Unix ns.
    """

    source: str
    chunk: int
    first_packet: int
    start: int
    packets: int
    earliest: int
    latest: int
    words: bytes
    text: bytes
    sizes: array[int]


class Reject(NamedTuple):
    """A packet that is unknown or an error: why, where, and the packet itself.

    `kind` is "unknown" or "error"; `reason` the key it is counted under; `layer` the one at which the walk
    stopped; `offset` where in the packet; `detail` the sentence for people.
    """

    kind: str
    reason: str
    layer: str
    offset: int
    detail: str
    source: str
    packet: int
    time: int
    link_type: int
    length: int
    data: bytes
