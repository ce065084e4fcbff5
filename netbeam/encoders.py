"""A user's own record types: declared layers, and records that a Python function makes of packets."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from netbeam.account import Account, Written
from netbeam.block import BUFFER_BYTES, Block
from netbeam.chunk import PacketBatch
from netbeam.declare import OWN_NUMBERS, Layer, Message, record_layer
from netbeam.descriptors import message_classes
from netbeam.formats.ncap import delimited
from netbeam.packet import Packet, packets
from netbeam.schema import declared

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Encoder:
    """A record type whose records `function` makes: of a packet a mapping of field values, several, or None.

    `record` declares the type; its `type_id` and names must be new. An exception of the function ends
    the run, naming the packet.
    """

    record: Message
    function: Callable[[Packet], Values | Iterable[Values] | None]

    @property
    def layer(self) -> Layer:
        """The record type as the schema wants it."""
        return record_layer(self.record)


class Extension(NamedTuple):
    """What a user's file adds: declared layers and encoders in Python."""

    layers: tuple[Layer, ...]
    encoders: tuple[Encoder, ...]


def load_extension(path: str) -> Extension:
    """Run a user's Python file and give its LAYERS and ENCODERS.

    Raises ValueError when it has neither, or a record type's number is below OWN_NUMBERS; and whatever
    the file itself raises.
    """
    names = runpy.run_path(path)
    extension = Extension(tuple(names.get("LAYERS", ())), tuple(names.get("ENCODERS", ())))
    if not extension.layers and not extension.encoders:
        raise ValueError(f"{path}: defines neither LAYERS nor ENCODERS")
    for layer in (*extension.layers, *(encoder.layer for encoder in extension.encoders)):
        if layer.type_id is not None and layer.type_id < OWN_NUMBERS:
            raise ValueError(
                f"{path}: type number {layer.type_id} of {layer.name} is Netcap's; "
                f"choose one from {OWN_NUMBERS} up"
            )
    return extension


def encode_batch(
    encoder: Encoder,
    batch: PacketBatch,
    compress: Callable[[memoryview], bytes],
    buffer_bytes: int = BUFFER_BYTES,
) -> tuple[list[Block], Account]:
    """Make one encoder's records of a batch: compressed blocks as Decoder makes them, and their account."""
    record = encoder.record.name
    message = message_classes(declared((encoder.layer,)))[record]
    blocks: list[Block] = []
    account = Account()
    buffer = bytearray()
    records = 0

    def flush() -> None:
        with memoryview(buffer) as view:
            data = compress(view)
        blocks.append(Block(record, batch.source, batch.chunk, len(blocks), records, len(buffer), data))
        account.encoded.setdefault(record, Written()).add(Written(records, len(buffer), len(data)))
        buffer.clear()

    for packet in packets(batch):
        try:
            made = encoder.function(packet)
            several: Iterable[Values] = () if made is None else (made,) if isinstance(made, Mapping) else made
            encoded = [
                delimited(message(**values).SerializeToString(deterministic=True)) for values in several
            ]
        except Exception as error:
            raise RuntimeError(
                f"encoder {record} failed at packet {packet.number} of {packet.source}: {error!r}"
            ) from error
        for body in encoded:
            if records and len(buffer) + len(body) > buffer_bytes:
                flush()
                records = 0
            buffer += body
            records += 1
    if records:
        flush()
    return blocks, account
