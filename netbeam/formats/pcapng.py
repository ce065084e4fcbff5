"""Rejected packets as pcapng (draft-ietf-opsawg-pcapng): whole sections, which `cat` joins to a file."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from netbeam.block import Reject

UNKNOWN_LINK_TYPE = 147
"""LINKTYPE_USER0, for packets whose interface the capture never described."""

COMMENT_BYTES = 1000
"""A longer comment is cut."""

PACKET_BYTES = 1 << 18
"""More of a packet is left out: Wireshark refuses a whole file that holds a longer one."""

_SECTION_HEADER = 0x0A0D0D0A
_INTERFACE = 1
_ENHANCED_PACKET = 6
_END_OF_OPTIONS = 0
_COMMENT = 1
_TIME_RESOLUTION = 9
_LAST_TIME = (1 << 64) - 1

_HEAD, _OPTION, _TAIL = struct.Struct("<7I"), struct.Struct("<HH"), struct.Struct("<HHI")
"""Of an enhanced packet block: what comes before the packet, before an option, and after the last one."""


def section(packets: Sequence[Reject]) -> bytes:
    """Give one section with these packets in their order, each with a comment that says what was wrong.

    Times are Unix nanoseconds; what was before 1970 is given as 1970-01-01.
    """
    links = list(dict.fromkeys(_link_type(packet) for packet in packets))
    resolution = _option(_TIME_RESOLUTION, b"\x09") + _option(_END_OF_OPTIONS)
    blocks = [_block(_INTERFACE, struct.pack("<HHI", link, 0, 0) + resolution) for link in links]
    interfaces = {link: number for number, link in enumerate(links)}
    blocks += [_packet(packet, interfaces[_link_type(packet)]) for packet in packets]
    body = b"".join(blocks)
    return _block(_SECTION_HEADER, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, len(body))) + body


def comment(packet: Reject) -> str:
    """Say why a packet was rejected, where, and which packet of which capture it is."""
    where = f"layer {packet.layer} at offset {packet.offset}"
    return f"{packet.reason}; {where}; {packet.source} packet {packet.packet}: {packet.detail}"


def _link_type(packet: Reject) -> int:
    return packet.link_type if 0 <= packet.link_type <= 0xFFFF else UNKNOWN_LINK_TYPE


def _packet(packet: Reject, interface: int) -> bytes:
    time = min(max(packet.time, 0), _LAST_TIME)
    text = comment(packet).encode("utf-8", "backslashreplace")
    if len(text) > COMMENT_BYTES:
        text = text[:COMMENT_BYTES].decode("utf-8", "ignore").encode()
    data = packet.data[:PACKET_BYTES]
    data_padding, text_padding = bytes(-len(data) % 4), bytes(-len(text) % 4)
    length = 40 + len(data) + len(data_padding) + len(text) + len(text_padding)
    head = _HEAD.pack(
        _ENHANCED_PACKET, length, interface, time >> 32, time & 0xFFFFFFFF, len(data), packet.length
    )
    option = _OPTION.pack(_COMMENT, len(text))
    return b"".join(
        (head, data, data_padding, option, text, text_padding, _TAIL.pack(_END_OF_OPTIONS, 0, length))
    )


def _option(code: int, value: bytes = b"") -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
