"""What netbeam makes of each packet of a capture: its layers, its records, and why it was rejected."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from decoding import records

from netbeam.account import SourceAccount
from netbeam.block import Reject
from netbeam.capture import Spill, frame_capture, read_chunk
from netbeam.chunk import COLUMNS, PacketBatch
from netbeam.decode import Decoder
from netbeam.kernel import compiled
from netbeam.packet import Packet, packets
from netbeam.plan import compile_plan
from netbeam.protocols import LAYERS

LINK_TYPES = {key.number for layer in LAYERS for key in layer.found_by if key.space == "link_type"}
PLAN = compile_plan(LAYERS)
SHARED = Path(__file__).parents[3] / "shared"
PACKETS = int(os.environ.get("NETBEAM_TRUTH_PACKETS", "0" if compiled() else "100")) or None
"""How many packets of each capture are compared: all of them, where the kernel is compiled."""

EVERY = 1 if compiled() else 10
"""Every which capture is compared: interpreted, the kernel need not prove again what it proves compiled."""


class Ours(NamedTuple):
    """One packet, the records made of it by type, and the reject if it was one."""

    packet: Packet
    records: dict[str, list[Any]]
    reject: Reject | None


def captures() -> list[str]:
    """Give the shared captures, by their paths below the folder; where that is absent, one that fails."""
    root = SHARED / "pcaps"
    return sorted(str(p.relative_to(root)) for p in root.glob("*/*") if p.is_file())[::EVERY] or ["none"]


def open_file(path: str) -> BinaryIO:
    """Open a capture."""
    return Path(path).open("rb")


def batches(root: Path, capture: str, spill: Path) -> Iterator[PacketBatch]:
    """Read a capture chunk by chunk."""
    for ref in frame_capture(capture, str(root / capture), open_file, Spill(str(spill))):
        if not isinstance(ref, SourceAccount):
            yield read_chunk(ref, open_file)


def ours(root: Path, capture: str, spill: Path) -> Iterator[Ours]:
    """Give what netbeam makes of the packets of a capture, decoded one by one."""
    decoder = Decoder(PLAN, bytes)
    every = chain.from_iterable(
        zip(packets(b), singles(b), strict=True) for b in batches(root, capture, spill)
    )
    for packet, single in islice(every, PACKETS):
        decoded = decoder.decode(single)
        yield Ours(packet, records(decoded), decoded.rejects[0] if decoded.rejects else None)


def singles(batch: PacketBatch) -> Iterator[PacketBatch]:
    """Give the packets of a batch as batches of one packet."""
    for i in range(len(batch)):
        row = batch.index[i * COLUMNS : (i + 1) * COLUMNS]
        yield PacketBatch(batch.source, batch.chunk, batch.first_packet + i, batch.data, row)
