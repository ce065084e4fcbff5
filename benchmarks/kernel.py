"""The parts of the main job on their own, one thread, in memory; and the same work by dpkt and protobuf."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import dpkt

from netbeam.capture import Spill, frame_capture, read_chunk
from netbeam.chunk import COLUMNS, PacketBatch
from netbeam.decode import Decoder
from netbeam.descriptors import message_classes
from netbeam.formats.ncap import CODECS, delimited
from netbeam.packet import packets
from netbeam.plan import compile_plan, record_types
from netbeam.protocols import LAYERS
from netbeam.schema import declared

CHUNKS = 8
REPEATED = 20_000
"""Packets that are decoded to tell what a record of a rare type costs."""
ROUNDS = 5


def best(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Give the seconds of the fastest of some rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def open_nothing(path: str) -> None:
    """Stand for the opener of remote files: there are none here."""
    raise ValueError(path)


def framing_ns(capture: Path) -> float:
    """Give the nanoseconds a packet that the framing walk takes, over the whole capture."""
    packets = 0

    def frame() -> None:
        nonlocal packets
        refs = frame_capture(str(capture), str(capture), open_nothing, Spill(str(capture.parent)))
        packets = sum(getattr(ref, "packets", 0) for ref in refs)

    return best(frame) / packets * 1e9


def some_batches(capture: Path) -> list[PacketBatch]:
    """Give the first chunks of a capture."""
    refs = islice(frame_capture(str(capture), str(capture), open_nothing, Spill(str(capture.parent))), CHUNKS)
    return [read_chunk(ref, open_nothing) for ref in refs]


def decode_all(decoder: Decoder, batches: list[PacketBatch]) -> None:
    """Decode each batch and drop what comes of it."""
    for batch in batches:
        decoder.decode(batch)


def kernel_ns(batches: list[PacketBatch], names: list[str] | None = None) -> float:
    """Give the nanoseconds a packet that walking and encoding take, without compression."""
    decoder = Decoder(compile_plan(LAYERS, names), lambda raw: b"")
    return best(lambda: decode_all(decoder, batches)) / sum(map(len, batches)) * 1e9


def compression_ns(batches: list[PacketBatch], codec: str) -> tuple[float, float]:
    """Give nanoseconds a packet and bytes a packet of compressing all records as the data pipe does."""
    blocks = [
        block.data for batch in batches for block in Decoder(compile_plan(LAYERS), bytes).decode(batch).blocks
    ]
    compress, packets = CODECS[codec].compress, sum(map(len, batches))
    size = sum(len(compress(block)) for block in blocks)
    return best(lambda: [compress(block) for block in blocks]) / packets * 1e9, size / packets


def packets_with(batch: PacketBatch) -> dict[str, PacketBatch]:
    """Give for each record type a batch of the packets that have the layer, over and over."""
    rows: dict[str, array[int]] = {}
    for i, packet in enumerate(packets(batch)):
        row = batch.index[i * COLUMNS : (i + 1) * COLUMNS]
        for name in {span.name for span in packet.layers}:
            rows.setdefault(name, array("q")).extend(row)
    return {
        name: PacketBatch(batch.source, 0, 1, batch.data, found * (1 + REPEATED * COLUMNS // len(found)))
        for name, found in rows.items()
    }


def record_ns(batches: list[PacketBatch]) -> dict[str, tuple[float, float]]:
    """Give for each record type the nanoseconds that one record adds to the walk, and its bytes."""
    types = record_types(LAYERS)
    costs: dict[str, tuple[float, float]] = {}
    for batch in batches[:2]:
        for name, some in packets_with(batch).items():
            if name in types and name not in costs:
                blocks = Decoder(compile_plan(LAYERS, [name]), bytes).decode(some).blocks
                records = sum(block.records for block in blocks)
                size = sum(block.raw_bytes for block in blocks) / records
                extra = kernel_ns([some], [name]) - kernel_ns([some], [])
                costs[name] = (extra * len(some) / records, size)
    return costs


def dpkt_ns(batches: list[PacketBatch], most: int = 20_000) -> float:
    """Give the nanoseconds a packet of a plain loop: dpkt decodes, protobuf encodes five record types."""
    classes = message_classes(declared(LAYERS))
    packets = [
        (batch.index[row + 3], bytes(batch.data[batch.index[row] : batch.index[row] + batch.index[row + 1]]))
        for batch in batches
        for row in range(0, len(batch.index), 5)
    ][:most]

    def loop() -> int:
        return sum(
            len(delimited(body)) for time, data in packets for body in dpkt_records(classes, time, data)
        )

    return best(loop, rounds=2) / len(packets) * 1e9


def dpkt_records(classes: dict, time: int, data: bytes) -> Iterator[bytes]:
    """Give the records of one packet."""
    frame = dpkt.ethernet.Ethernet(data)
    source, target = frame.src.hex(":"), frame.dst.hex(":")
    size = len(data) - 14
    yield classes["Ethernet"](
        Timestamp=time, SrcMAC=source, DstMAC=target, EthernetType=frame.type, PayloadSize=size
    ).SerializeToString()
    ip = frame.data
    if isinstance(ip, dpkt.ip.IP):
        source, target = dpkt.utils.inet_to_str(ip.src), dpkt.utils.inet_to_str(ip.dst)
        yield classes["IPv4"](
            Timestamp=time, Version=4, IHL=ip.hl, TOS=ip.tos, Length=ip.len, Id=ip.id, TTL=ip.ttl,
            Protocol=ip.p, Checksum=ip.sum, SrcIP=source, DstIP=target,
        ).SerializeToString()  # fmt: skip
    elif isinstance(ip, dpkt.ip6.IP6):
        source, target = dpkt.utils.inet_to_str(ip.src), dpkt.utils.inet_to_str(ip.dst)
        yield classes["IPv6"](
            Timestamp=time, Version=6, TrafficClass=ip.fc, FlowLabel=ip.flow, Length=ip.plen,
            NextHeader=ip.nxt, HopLimit=ip.hlim, SrcIP=source, DstIP=target,
        ).SerializeToString()  # fmt: skip
    else:
        return
    segment = ip.data
    if isinstance(segment, dpkt.tcp.TCP):
        try:
            options = [
                {"OptionType": kind, "OptionData": value} for kind, value in dpkt.tcp.parse_opts(segment.opts)
            ]
        except (ValueError, IndexError):
            options = []
        flags = segment.flags
        yield classes["TCP"](
            Timestamp=time, SrcPort=segment.sport, DstPort=segment.dport, SeqNum=segment.seq,
            AckNum=segment.ack, DataOffset=segment.off, FIN=bool(flags & 1), SYN=bool(flags & 2),
            RST=bool(flags & 4), PSH=bool(flags & 8), ACK=bool(flags & 16), Window=segment.win,
            Checksum=segment.sum, Options=options, PayloadSize=len(segment.data), SrcIP=source, DstIP=target,
        ).SerializeToString()  # fmt: skip
    elif isinstance(segment, dpkt.udp.UDP):
        yield classes["UDP"](
            Timestamp=time, SrcPort=segment.sport, DstPort=segment.dport, Length=segment.ulen,
            Checksum=segment.sum, PayloadSize=len(segment.data), SrcIP=source, DstIP=target,
        ).SerializeToString()  # fmt: skip
