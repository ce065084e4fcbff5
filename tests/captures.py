"""Captures as bytes, made by hand or from a seed, and the packets that netbeam reads from them."""

from __future__ import annotations

import random
import struct
from typing import NamedTuple

from netbeam.account import SourceAccount
from netbeam.capture import Spill, frame_capture, read_chunk
from netbeam.chunk import CHUNK_BYTES, COLUMNS

MICRO, NANO, KUZNETZOV = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34
LITTLE, BIG = "<", ">"
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


class Packet(NamedTuple):
    """A packet as it is captured: its time (Unix ns), bytes, length on the wire and link type."""

    time: int
    data: bytes
    length: int
    link: int = 1


def some_packets(count, seed=0, *, most=200, link=1):
    """Make packets of random bytes, whose times are whole microseconds."""
    rng = random.Random(seed)
    packets = []
    for number in range(count):
        data = rng.randbytes(rng.randrange(most + 1))
        packets.append(Packet(START + number * 1_001_000, data, len(data) + rng.choice((0, 0, 1500)), link))
    return packets


def pcap(packets, *, order=LITTLE, magic=MICRO, link=1, snap=65_535, version=(2, 4)):
    """Write a classic pcap."""
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, snap, link) + b"".join(
        record(packet, order=order, magic=magic) for packet in packets
    )


def record(packet, *, order=LITTLE, magic=MICRO, captured=None):
    """Write a record of a classic pcap."""
    fraction = packet.time % SECOND // (1 if magic == NANO else 1000)
    captured = len(packet.data) if captured is None else captured
    head = struct.pack(order + "IIII", packet.time // SECOND, fraction, captured, packet.length)
    return head + bytes(8 if magic == KUZNETZOV else 0) + packet.data


def block(kind, body, *, order=LITTLE, length=None, trailer=None):
    """Write a block of a pcapng."""
    body += bytes(-len(body) % 4)
    length = 12 + len(body) if length is None else length
    trailer = length if trailer is None else trailer
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", trailer)


def option(code, value, *, order=LITTLE):
    """Write an option of a block."""
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(*, order=LITTLE, version=(1, 0), options=b""):
    """Write a section header block."""
    body = struct.pack(order + "IHHq", 0x1A2B3C4D, *version, -1) + options
    return block(0x0A0D0D0A, body, order=order)


def interface(link=1, *, order=LITTLE, snap=0, resolution=None, offset=None, options=b""):
    """Write an interface description block."""
    if resolution is not None:
        options += option(9, bytes([resolution]), order=order)
    if offset is not None:
        options += option(14, struct.pack(order + "q", offset), order=order)
    return block(1, struct.pack(order + "HHI", link, 0, snap) + options, order=order)


def enhanced(data, ticks=0, *, order=LITTLE, on=0, length=None, captured=None, options=b""):
    """Write an enhanced packet block."""
    captured = len(data) if captured is None else captured
    length = captured if length is None else length
    head = struct.pack(order + "IIIII", on, ticks >> 32, ticks & 0xFFFFFFFF, captured, length)
    return block(6, head + data + bytes(-len(data) % 4) + options, order=order)


def obsolete(data, ticks=0, *, order=LITTLE, on=0, length=None):
    """Write an obsolete packet block."""
    length = len(data) if length is None else length
    head = struct.pack(order + "HHIIII", on, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), length)
    return block(2, head + data, order=order)


def simple(data, *, order=LITTLE, length=None):
    """Write a simple packet block."""
    return block(3, struct.pack(order + "I", len(data) if length is None else length) + data, order=order)


def pcapng(packets, *, order=LITTLE):
    """Write a pcapng of one section and one interface, with nanoseconds."""
    head = section(order=order) + interface(packets[0].link if packets else 1, order=order, resolution=9)
    return head + b"".join(enhanced(p.data, p.time, length=p.length, order=order) for p in packets)


def no_remote(path):
    """Open no file, as the captures of a test are local."""
    raise AssertionError(f"{path} is taken for a remote file")


def framed(path, *, chunk_bytes=CHUNK_BYTES, spill="", open_file=no_remote, copies=False):
    """Frame a capture; give its chunks and its problems."""
    found = list(frame_capture("source", str(path), open_file, Spill(str(spill), copies=copies), chunk_bytes))
    problems = found.pop().problems if found and isinstance(found[-1], SourceAccount) else []
    return found, problems


def packets_of(batch):
    """Give the packets of a batch."""
    rows = zip(*[iter(batch.index)] * COLUMNS, strict=True)
    return [
        Packet(time, bytes(batch.data[offset : offset + captured]), length, link)
        for offset, captured, length, time, link in rows
    ]


def read(path, *, chunk_bytes=CHUNK_BYTES, spill="", open_file=no_remote):
    """Read a capture; give its packets and its problems."""
    chunks, problems = framed(path, chunk_bytes=chunk_bytes, spill=spill, open_file=open_file)
    packets = []
    for chunk in chunks:
        batch = read_chunk(chunk, open_file)
        assert (batch.source, batch.chunk, batch.first_packet) == ("source", chunk.number, len(packets) + 1)
        assert len(batch) == chunk.packets > 0
        packets += packets_of(batch)
    return packets, problems
