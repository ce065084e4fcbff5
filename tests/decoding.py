"""Packets through the decoder, and what must be true of whatever comes out."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from captures import Packet

from netbeam.block import Reject
from netbeam.chunk import COLUMNS, PacketBatch
from netbeam.decode import Decoded, Decoder
from netbeam.descriptors import message_classes
from netbeam.packet import Span
from netbeam.packet import packets as packets_of
from netbeam.plan import Plan, compile_plan
from netbeam.protocols import LAYERS
from netbeam.schema import declared

CLASSES = message_classes(declared(LAYERS))
ALL = compile_plan(LAYERS, payload=True, entropy=True)
"""The plan that leaves nothing out."""


def batch(packets: Sequence[Packet]) -> PacketBatch:
    """Put packets into memory that ends with the last one's last byte.

    A sanitizer sees a read beyond it.
    """
    joined = b"".join(packet.data for packet in packets)
    data = array("B", b"\0") * len(joined)  # unlike bytes and bytearray, of exactly this size
    memoryview(data)[:] = joined
    index = array("q")
    offset = 0
    for packet in packets:
        index.extend((offset, len(packet.data), packet.length, packet.time, packet.link))
        offset += len(packet.data)
    assert len(index) == COLUMNS * len(packets)
    return PacketBatch("test.pcap", 0, 1, memoryview(data), index)


def decode(packets: Sequence[Packet], plan: Plan = ALL, buffer_bytes: int = 1 << 16) -> Decoded:
    """Decode packets by a decoder of their own, without compression."""
    return Decoder(plan, bytes, buffer_bytes).decode(batch(packets))


def split(data: bytes) -> Iterator[bytes]:
    """Give the messages of a block, each after its length as a varint."""
    at = 0
    while at < len(data):
        size = shift = 0
        while data[at] >= 128:
            size |= (data[at] & 127) << shift
            shift += 7
            at += 1
        size |= data[at] << shift
        at += 1 + size
        assert at <= len(data), "a message runs over its block"
        yield data[at - size : at]


def joined(decoded: Decoded) -> dict[str, bytes]:
    """Give the records of each type as they would lie in one file."""
    files: dict[str, bytes] = {}
    for block in decoded.blocks:
        files[block.file] = files.get(block.file, b"") + block.data
    return files


def records(decoded: Decoded) -> dict[str, list[Any]]:
    """Parse all records by protobuf's own parser, which must know all fields and would write no byte less."""
    files = {}
    for name, data in joined(decoded).items():
        files[name] = parsed = []
        for body in split(data):
            message = CLASSES[name].FromString(body)
            message.DiscardUnknownFields()
            assert message.ByteSize() == len(body), f"{name} is not as protobuf would write it: {body.hex()}"
            parsed.append(message)
    return files


def check(packets: Sequence[Packet], decoded: Decoded) -> dict[str, list[Any]]:
    """Assert what holds for the decoding of any packets; give the records."""
    account = decoded.account.sources["test.pcap"]
    assert account.balanced()
    assert account.read == len(packets)
    assert account.truncated == sum(len(packet.data) < packet.length for packet in packets)
    assert account.bytes == sum(len(packet.data) for packet in packets)
    assert account.unknown.total() + account.errors.total() == len(decoded.rejects)
    numbers = [reject.packet for reject in decoded.rejects]
    assert numbers == sorted(set(numbers)), "rejects come in the order of their packets, one a packet"
    for reject in decoded.rejects:
        packet = packets[reject.packet - 1]
        assert (reject.data, reject.time, reject.length) == (packet.data, packet.time, packet.length)
        assert 0 <= reject.offset <= max(len(packet.data), packet.length)
        assert reject.detail
    parsed = records(decoded)
    assert {name: written.records for name, written in decoded.account.encoded.items()} == {
        name: len(messages) for name, messages in parsed.items()
    }
    for name in parsed:
        blocks = [block for block in decoded.blocks if block.file == name]
        assert [block.sequence for block in blocks] == list(range(len(blocks)))
        assert [block.records for block in blocks] == [len(list(split(block.data))) for block in blocks]
        assert all(block.raw_bytes == len(block.data) for block in blocks)
    return parsed


class One(NamedTuple):
    """What became of a single packet: its layers, its records by type, and the reject if it is one."""

    layers: list[Span]
    records: dict[str, list[Any]]
    reject: Reject | None


RECORDED = {layer.name for layer in LAYERS if layer.type_id is not None}


def decode_one(decoder: Decoder, packet: Packet) -> One:
    """Decode a packet that lies alone in memory; assert what holds for any packet.

    Every layer above the fault has its record, and none below.
    """
    alone = batch([packet])
    decoded = decoder.decode(alone)
    parsed = check([packet], decoded)
    layers = list(next(packets_of(alone)).layers)
    (reject,) = decoded.rejects or (None,)
    most = [span.name for span in before_fault(layers, reject) if span.name in RECORDED]
    written = sum(len(messages) for messages in parsed.values())
    if reject and ("beyond" in reject.detail or "option is malformed" in reject.detail):
        # A lying length and a malformed option end no walk, so that another fault may lie behind them.
        assert written <= len(most)
    else:
        assert {name: len(messages) for name, messages in parsed.items()} == Counter(most)
    return One(layers, parsed, reject)


def before_fault(layers: list[Span], reject: Reject | None) -> list[Span]:
    """Give the layers above the one whose content is malformed: those that have records."""
    if reject and reject.kind == "error" and "malformed" in reject.detail and "option" not in reject.detail:
        for i, span in enumerate(layers):
            if span.name == reject.layer and span.offset <= reject.offset <= span.offset + span.header:
                return layers[:i]
    return layers
