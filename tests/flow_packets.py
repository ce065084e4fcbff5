"""Packets made by hand for flows: frames of headers that are as short as they may be."""

from ipaddress import ip_address
from struct import pack

from captures import SECOND, START, Packet

A, B, C = "10.0.0.1", "10.0.0.2", "10.0.0.3"
A6, B6 = "2001:db8::1", "2001:db8::2"
TCP, UDP, ICMP, ICMP6, GRE, SCTP = 6, 17, 1, 58, 47, 132
IPIP, SIX_IN_FOUR = 4, 41
FLAGS = {letter: 1 << bit for bit, letter in enumerate("FSRPAUEC")}


def at(seconds, frame, captured=None, length=None):
    """Give a packet captured so many seconds after START, of which `captured` bytes were kept."""
    length = len(frame) if length is None else length
    return Packet(START + round(seconds * SECOND), frame[:captured], length)


def ether(packet, vlans=()):
    """Put an IP packet in a frame, with VLAN tags, outermost first; an address's last byte is its MAC's."""
    kind, (source, target) = (0x86DD, (23, 39)) if packet[0] >> 4 == 6 else (0x0800, (15, 19))
    tags = b"".join(pack(">HH", 0x8100, vlan) for vlan in vlans)
    macs = b"".join(b"\x02\0\0\0\0" + packet[last : last + 1] for last in (target, source))
    return macs + tags + pack(">H", kind) + packet


def ip(source, target, protocol, payload=b"", *, ttl=64, fragment=0, total=None):
    """Put a payload behind an IP header of the addresses' version; `fragment` is flags and offset."""
    source, target = ip_address(source), ip_address(target)
    if source.version == 4:
        size = 20 + len(payload) if total is None else total
        head = pack(">BBHHHBBH", 0x45, 0, size, 0, fragment, ttl, protocol, 0)
    else:
        head = pack(">IHBB", 6 << 28, len(payload), protocol, ttl)
    return head + source.packed + target.packed + payload


def segment(source_port, target_port, flags, seq=0, ack=0, payload=b"", *, window=1000, options=b""):
    """Give a TCP segment; `flags` are first letters, as SA."""
    bits = sum(FLAGS[letter] for letter in flags)
    options += bytes(-len(options) % 4)
    head = pack(
        ">HHIIBBHHH", source_port, target_port, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
        5 + len(options) // 4 << 4, bits, window, 0, 0,
    )  # fmt: skip
    return head + options + payload


def datagram(source_port, target_port, payload=b""):
    """Give a UDP datagram."""
    return pack(">HHHH", source_port, target_port, 8 + len(payload), 0) + payload


def message(kind, code=0, payload=bytes(4)):
    """Give an ICMP message."""
    return pack(">BBH", kind, code, 0) + payload


def gre(packet, key=None):
    """Put an IP packet in GRE."""
    kind = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    return pack(">HH", 0, kind) + packet if key is None else pack(">HHI", 0x2000, kind, key) + packet


def sctp(source_port, target_port):
    """Give an SCTP packet with one COOKIE ACK chunk."""
    return pack(">HHII", source_port, target_port, 1, 0) + pack(">BBH", 11, 0, 4)


def tcp(source, target, flags, seq=0, ack=0, payload=b"", ports=(40000, 80), **more):
    """Give the frame of a TCP segment; `ports` are those of source and target."""
    return ether(ip(source, target, TCP, segment(*ports, flags, seq, ack, payload, **more)))


def udp(source, target, payload=b"", ports=(40000, 5000), vlans=()):
    """Give the frame of a UDP datagram."""
    return ether(ip(source, target, UDP, datagram(*ports, payload)), vlans)


def icmp(source, target, kind, code=0):
    """Give the frame of an ICMP message of the addresses' version."""
    return ether(ip(source, target, ICMP6 if ":" in source else ICMP, message(kind, code)))


def conversation(start, ports=(40000, 80), client=A, server=B, seq=100, ack=900):
    """Give a whole TCP connection of ten packets in 0.9 s: 3 bytes there, 5 bytes back, both FINs."""
    there, back = (client, server), (server, client)
    steps = (
        (there, "S", seq, 0, b""), (back, "SA", ack, seq + 1, b""), (there, "A", seq + 1, ack + 1, b""),
        (there, "PA", seq + 1, ack + 1, b"get"), (back, "A", ack + 1, seq + 4, b""),
        (back, "PA", ack + 1, seq + 4, b"bytes"), (there, "A", seq + 4, ack + 6, b""),
        (there, "FA", seq + 4, ack + 6, b""), (back, "FA", ack + 6, seq + 5, b""),
        (there, "A", seq + 5, ack + 7, b""),
    )  # fmt: skip
    return [
        at(start + number / 10, tcp(*ends, flags, one, other, data, ports if ends is there else ports[::-1]))
        for number, (ends, flags, one, other, data) in enumerate(steps)
    ]


def labels(name):
    """Write a name of DNS."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def answer(client, server, name, *records):
    """Give the frame of a DNS answer; a record is an address, or the name that the name stands for."""
    body = pack(">HHHHHH", 1, 0x8180, 1, len(records), 0, 0) + labels(name) + pack(">HH", 1, 1)
    for owner, value in records:
        try:
            data = ip_address(value).packed
            kind = 1 if len(data) == 4 else 28
        except ValueError:
            kind, data = 5, labels(value)
        body += labels(owner) + pack(">HHIH", kind, 1, 60, len(data)) + data
    return udp(server, client, body, ports=(53, 40000))
