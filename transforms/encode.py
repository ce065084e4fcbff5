"""Encoding by a user's own Python functions: batches of packets -> blocks of records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection, TaggedOutput

from netbeam.block import BUFFER_BYTES, Block
from netbeam.chunk import PacketBatch
from netbeam.encoders import Encoder, encode_batch
from netbeam.formats.ncap import CODECS
from transforms.counters import Counters


class EncodeBatch(beam.DoFn):
    """Makes each encoder's records of a batch."""

    def __init__(self, encoders: tuple[Encoder, ...], codec: str, buffer_bytes: int) -> None:
        self._encoders = encoders
        self._codec = codec
        self._buffer_bytes = buffer_bytes

    def setup(self) -> None:
        """Find the codec."""
        self._compress = CODECS[self._codec].compress
        self._counters = Counters()

    def process(self, batch: PacketBatch) -> Iterator[Block | TaggedOutput]:
        """Encode one batch."""
        for encoder in self._encoders:
            blocks, account = encode_batch(encoder, batch, self._compress, self._buffer_bytes)
            yield from blocks
            yield TaggedOutput("accounts", account)
            self._counters.add(account)


@dataclass
class EncodePackets(beam.PTransform):
    """Make records of packets by Python functions: PacketBatch -> compressed blocks of records.

    Gives `blocks` (Block) and `accounts` (Account), both for WriteRecords. An exception in an encoder
    ends the run, naming the packet. `codec` and `buffer_bytes` are as in DecodePackets.
    """

    encoders: tuple[Encoder, ...]
    codec: str = "gzip"
    buffer_bytes: int = BUFFER_BYTES

    def expand(self, batches: PCollection[PacketBatch]) -> Any:
        """Wire it."""
        encode = EncodeBatch(self.encoders, self.codec, self.buffer_bytes)
        return batches | "Encode" >> beam.ParDo(encode).with_output_types(Block).with_outputs(
            "accounts", main="blocks"
        )
