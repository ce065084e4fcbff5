"""Reading: captures -> references to chunks -> batches of packets."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import struct
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from uuid import uuid4

import apache_beam as beam
from apache_beam.coders import Coder, registry
from apache_beam.pvalue import PBegin, PCollection, TaggedOutput

from netbeam.account import Account, SourceAccount
from netbeam.capture import (
    FramedRange,
    Range,
    Spill,
    cut_capture,
    frame_capture,
    frame_range,
    join_ranges,
    read_chunk,
)
from netbeam.chunk import RANGE_BYTES, ChunkRef, PacketBatch
from netbeam.packet import Packet, packets
from transforms.counters import Counters
from transforms.local import PROGRESS
from transforms.sources import Source, create_remote, find_sources, open_remote


class PacketBatchCoder(Coder):
    """Packet batches as bytes: their numbers, the source's name, the index, the packets' bytes."""

    HEAD = struct.Struct("<5q")

    def encode(self, value: PacketBatch) -> bytes:
        """Write a batch."""
        source, index = value.source.encode(errors="surrogateescape"), value.index.tobytes()
        head = self.HEAD.pack(value.chunk, value.first_packet, value.start, len(source), len(index))
        return b"".join((head, source, index, value.data))

    def decode(self, encoded: bytes) -> PacketBatch:
        """Read a batch."""
        chunk, first, start, source_bytes, index_bytes = self.HEAD.unpack_from(encoded)
        source_end = self.HEAD.size + source_bytes
        index_end = source_end + index_bytes
        source = encoded[self.HEAD.size : source_end].decode(errors="surrogateescape")
        index = array("q", encoded[source_end:index_end])
        return PacketBatch(source, chunk, first, encoded[index_end:], index, start)

    def estimate_size(self, value: PacketBatch) -> int:
        """Give about the size; Beam asks for it often."""
        return len(value.data) + 8 * len(value.index)

    def is_deterministic(self) -> bool:
        """Equal batches are equal bytes."""
        return True


registry.register_coder(PacketBatch, PacketBatchCoder)


class CutCapture(beam.DoFn):
    """Cuts a large capture into ranges, which can be framed at once; gives others as they are."""

    def __init__(self, range_bytes: int) -> None:
        self._range_bytes = range_bytes

    def process(self, source: Source) -> Iterable[Source | Range]:
        """Cut one capture."""
        if not self._range_bytes:
            return [source]
        return cut_capture(*source, open_remote, self._range_bytes) or [source]


class FrameCapture(beam.DoFn):
    """Walks the record headers of a capture in order; gives its chunks, and "accounts" what is wrong with it.

    Of a range it gives "ranges": (source, FramedRange).
    """

    def __init__(self, spill: Spill, reports: str) -> None:
        self._spill = spill
        self._reports = reports

    def setup(self) -> None:
        """Make the counters."""
        self._counters = Counters()

    def process(self, part: Source | Range) -> Iterator[ChunkRef | TaggedOutput]:
        """Frame one capture or range."""
        if isinstance(part, Range):
            framed = frame_range(part, open_remote, self._spill)
            for ref in framed.chunks:
                self._count(ref)
            yield TaggedOutput("ranges", (part.source, framed))
        else:
            framed_chunks = frame_capture(part.name, part.path, open_remote, self._spill)
            for made in with_account(part.name, framed_chunks):
                if isinstance(made, ChunkRef):
                    self._count(made)
                yield made

    def _count(self, ref: ChunkRef) -> None:
        PROGRESS.add(framed_packets=ref.packets, framed_bytes=ref.length)
        PROGRESS.report(self._reports)
        self._counters.count("packets.framed", ref.packets)
        self._counters.count("bytes.framed", ref.length)


class JoinRanges(beam.DoFn):
    """Joins the ranges of a capture; frames again what a wrong guess broke."""

    def __init__(self, spill: Spill) -> None:
        self._spill = spill

    def process(self, grouped: tuple[str, Iterable[FramedRange]]) -> Iterator[ChunkRef | TaggedOutput]:
        """Join one capture."""
        source, ranges = grouped
        yield from with_account(source, join_ranges(ranges, open_remote, self._spill))


def with_account(source: str, made: Iterable[ChunkRef | SourceAccount]) -> Iterator[ChunkRef | TaggedOutput]:
    """Give the chunks of a capture, and an account of what is wrong with it."""
    account = SourceAccount()
    for item in made:
        if isinstance(item, SourceAccount):
            account.add(item)
        else:
            yield item
    yield TaggedOutput("accounts", Account(sources={source: account}))


def log_problems(account: Account) -> None:
    """Warn of what is wrong with captures."""
    for name, source in account.sources.items():
        for problem in source.problems:
            logging.getLogger(__name__).warning("%s: %s", name, problem)


def temporary_directory() -> str:
    """Name a directory that is removed when this process ends."""
    path = os.path.join(tempfile.gettempdir(), f"netbeam-{uuid4().hex}")  # noqa: PTH118 - a string in elements
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


class Framed(NamedTuple):
    """What framing gives: chunks (ChunkRef), and an account for each capture with what is wrong with it."""

    chunks: PCollection[ChunkRef]
    accounts: PCollection[Account]


@dataclass
class FrameCaptures(beam.PTransform):
    """Cut captures into chunks; a capture greater than `range_bytes` is framed in ranges at once (0: never).

    `spill` is the directory for the pieces of compressed captures; all workers must see it. With `copies`,
    it must be local, and the chunks of remote captures are written there, too, as far as there is room, so
    that they are fetched only once. In the folder `reports`, if there is one, workers say how far they are.
    """

    sources: tuple[Source, ...]
    spill: str
    range_bytes: int = RANGE_BYTES
    reports: str = ""
    copies: bool = False

    def expand(self, root: PBegin) -> Framed:
        """Wire it."""
        spill = Spill(self.spill, create_remote, self.copies)
        parts = (
            root
            | "Sources" >> beam.Create(self.sources, reshuffle=False)
            | "Cut" >> beam.ParDo(CutCapture(self.range_bytes))
            | "Spread" >> beam.Reshuffle()
        )
        framed = parts | "Frame" >> beam.ParDo(FrameCapture(spill, self.reports)).with_outputs(
            "accounts", "ranges", main="chunks"
        )
        joined = (
            framed.ranges
            | "Group" >> beam.GroupByKey()
            | "Join" >> beam.ParDo(JoinRanges(spill)).with_outputs("accounts", main="chunks")
        )
        return Framed(
            (framed.chunks, joined.chunks) | "Chunks" >> beam.Flatten(),
            (framed.accounts, joined.accounts) | "Accounts" >> beam.Flatten(),
        )


class ReadChunks(beam.PTransform):
    """Read the packets of chunks, which are spread over all workers first: ChunkRef -> PacketBatch."""

    def expand(self, chunks: PCollection[ChunkRef]) -> PCollection[PacketBatch]:
        """Wire it."""
        return (
            chunks
            | "Spread" >> beam.Reshuffle()
            | "Read" >> beam.Map(read_chunk, open_remote).with_output_types(PacketBatch)
        )


@dataclass
class ReadPackets(beam.PTransform):
    """Read captures as a PCollection of PacketBatch, one batch for each 8 MiB of capture.

    `inputs` are files, directories, globs, "-" or paths of any Beam file system; captures may be pcap
    or pcapng, compressed or not. What is wrong with a file is logged as a warning, and its good part
    read. `spill` is a directory that all workers see, for the pieces of compressed captures; without
    one they lie in the temporary directory until the process ends.

    Raises:
        MissingInput: an input names nothing (when the pipeline is built).
    """

    inputs: Iterable[str]
    spill: str = ""

    def expand(self, root: PBegin) -> PCollection[PacketBatch]:
        """Wire it."""
        frames = root | FrameCaptures(tuple(find_sources(self.inputs)), self.spill or temporary_directory())
        frames.accounts | "Problems" >> beam.Map(log_problems)
        return frames.chunks | ReadChunks()


class ExplodePackets(beam.PTransform):
    """Give every packet of each batch on its own: PacketBatch -> Packet."""

    def expand(self, batches: PCollection[PacketBatch]) -> PCollection[Packet]:
        """Wire it."""
        return batches | "Explode" >> beam.FlatMap(packets).with_output_types(Packet)
