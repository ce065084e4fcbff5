"""Decoding: batches of packets -> blocks of records, rejects, accounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.coders import PickleCoder, registry
from apache_beam.pvalue import PCollection, TaggedOutput

from netbeam.account import Account
from netbeam.block import BUFFER_BYTES, Block, Digest
from netbeam.chunk import PacketBatch
from netbeam.decode import Decoder
from netbeam.formats.ncap import CODECS
from netbeam.plan import Plan
from transforms.counters import Counters
from transforms.local import PROGRESS


class DigestCoder(PickleCoder):
    """Digests, pickled; their size is known without pickling."""

    def estimate_size(self, value: Digest) -> int:
        """Give about the size; Beam asks for it often."""
        return len(value.words) + len(value.text) + 8 * len(value.sizes) + 200


registry.register_coder(Digest, DigestCoder)


class DecodeChunk(beam.DoFn):
    """Decodes a batch and encodes its records; one reusable decoder for each instance."""

    def __init__(self, plan: Plan, codec: str, buffer_bytes: int, reports: str) -> None:
        self._plan = plan
        self._codec = codec
        self._buffer_bytes = buffer_bytes
        self._reports = reports

    def setup(self) -> None:
        """Make the buffers."""
        self._decoder = Decoder(self._plan, CODECS[self._codec].compress, self._buffer_bytes)
        self._counters = Counters()

    def process(self, batch: PacketBatch) -> Iterator[Block | TaggedOutput]:
        """Decode one batch."""
        digested = 0
        for made in self._decoder.stream(batch):
            if isinstance(made, Block):
                yield made
            elif isinstance(made, Digest):
                yield TaggedOutput("digests", made)
                digested += made.packets
            elif isinstance(made, Account):
                yield TaggedOutput("accounts", made)
                self._counters.add(made)
            else:
                yield TaggedOutput("rejects", made)
        PROGRESS.add(decoded_packets=len(batch), decoded_bytes=len(batch.data), digested_packets=digested)
        PROGRESS.report(self._reports)
        self._counters.count("bytes.decoded", len(batch.data))


@dataclass
class DecodePackets(beam.PTransform):
    """Decode packets into audit records: PacketBatch -> compressed blocks of records.

    Gives `blocks` (Block, for WriteRecords), `rejects` (lists of Reject: unknown and broken packets),
    `digests` (a Digest for each batch, for MakeFlows, if the plan says so) and `accounts` (an Account for
    each batch). `plan` says which record types (netbeam.plan.compile_plan);
    `codec` is "gzip", "zstd" or "none"; a block is full at `buffer_bytes` before compression. In the folder
    `reports`, if there is one, workers say how far they are.
    """

    plan: Plan
    codec: str = "gzip"
    buffer_bytes: int = BUFFER_BYTES
    reports: str = ""

    def expand(self, batches: PCollection[PacketBatch]) -> Any:
        """Wire it."""
        decode = DecodeChunk(self.plan, self.codec, self.buffer_bytes, self.reports)
        others = {"rejects": Any, "digests": Digest, "accounts": Any}
        typed = beam.ParDo(decode).with_output_types(Block, **others)
        return batches | "Decode" >> typed.with_outputs(*others, main="blocks")
