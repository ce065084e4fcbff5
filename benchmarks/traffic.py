"""A seeded generator of traffic: a small office's capture, the same bytes for the same seed."""

from __future__ import annotations

import argparse
import heapq
import random
import struct
from collections.abc import Iterator
from pathlib import Path

START = 1_767_225_600 * 10**9  # 2026-01-01T00:00:00Z
CLIENTS = 40
SERVERS = 25
NAMES = ("www.example.com", "mail.example.org", "cdn.example.net", "files.corp.example", "api.example.io")

Packet = tuple[int, bytes]
"""Time in Unix nanoseconds, Ethernet frame."""


def checksum(data: bytes) -> int:
    """Give the Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF ^ total


def mac(host: int) -> bytes:
    """Give a host's locally administered MAC address."""
    return b"\x02\x00\x5e" + host.to_bytes(3, "big")


def ethernet(source: int, target: int, kind: int, payload: bytes, vlan: int = 0) -> bytes:
    """Give a frame, padded to its least length."""
    tag = struct.pack(">HH", 0x8100, vlan) if vlan else b""
    return (mac(target) + mac(source) + tag + struct.pack(">H", kind) + payload).ljust(60, b"\0")


def ipv4(source: bytes, target: bytes, protocol: int, payload: bytes, number: int = 0) -> bytes:
    """Give an IPv4 packet without options."""
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), number & 0xFFFF, 0x4000, 64, protocol, 0)
    total = checksum(head + source + target)
    return head[:10] + struct.pack(">H", total) + source + target + payload


def ipv6(source: bytes, target: bytes, protocol: int, payload: bytes) -> bytes:
    """Give an IPv6 packet."""
    return struct.pack(">IHBB", 0x60012345, len(payload), protocol, 64) + source + target + payload


def pseudo(source: bytes, target: bytes, protocol: int, segment: bytes, place: int) -> bytes:
    """Give a segment with its checksum, over the pseudo header too, at `place`."""
    if len(source) == 4:
        head = source + target + struct.pack(">BBH", 0, protocol, len(segment))
    else:
        head = source + target + struct.pack(">II", len(segment), protocol)
    total = checksum(head + segment) or 0xFFFF
    return segment[:place] + struct.pack(">H", total) + segment[place + 2 :]


def udp(source: bytes, target: bytes, ports: tuple[int, int], payload: bytes) -> bytes:
    """Give a UDP datagram."""
    return pseudo(source, target, 17, struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload, 6)


def tcp(
    source: bytes,
    target: bytes,
    ports: tuple[int, int],
    numbers: tuple[int, int],
    flags: int,
    payload: bytes = b"",
    options: bytes = b"",
) -> bytes:
    """Give a TCP segment."""
    words = 5 + len(options) // 4
    head = struct.pack(
        ">HHIIBBHHH", *ports, *(n & 0xFFFFFFFF for n in numbers), words << 4, flags, 0xFAF0, 0, 0
    )
    return pseudo(source, target, 6, head + options + payload, 16)


class Office:
    """Hosts that talk: each method gives the packets of one conversation that starts at a time."""

    def __init__(self, seed: int) -> None:
        """Seed the traffic."""
        self.random = random.Random(seed)
        self.number = 0

    def address(self, host: int, six: bool = False) -> bytes:
        """Give a host's address; servers are hosts from 1000 up."""
        if six:
            return bytes.fromhex("20010db8000000000000000000") + host.to_bytes(3, "big")
        return bytes((10, 0, 0, host)) if host < 1000 else bytes((198, 51, 100, host - 1000))

    def frame(self, source: int, target: int, protocol: int, segment: bytes, six: bool, vlan: int) -> bytes:
        """Give a frame with a transport segment."""
        self.number += 1
        a, b = self.address(source, six), self.address(target, six)
        packet = ipv6(a, b, protocol, segment) if six else ipv4(a, b, protocol, segment, self.number)
        return ethernet(source, target, 0x86DD if six else 0x0800, packet, vlan)

    def download(self, time: int) -> Iterator[Packet]:
        """A TCP connection: handshake, request, response in full segments, orderly end."""
        r = self.random
        client, server, six = r.randrange(2, CLIENTS), 1000 + r.randrange(1, SERVERS), r.random() < 0.15
        vlan = 20 if client < 8 else 0
        there, back = (r.randrange(1024, 65536), r.choice((80, 443, 443, 445))), None
        back = there[::-1]
        mine, theirs = r.getrandbits(32), r.getrandbits(32)
        clock = r.getrandbits(31)

        def send(up: bool, flags: int, payload: bytes = b"", options: bytes = b"") -> Packet:
            nonlocal mine, theirs, time
            time += r.randrange(20_000, 2_000_000)
            pair = (client, server) if up else (server, client)
            stamps = struct.pack(">BBBBII", 1, 1, 8, 10, clock + time // 10**6 & 0xFFFFFFFF, clock)
            a, b = (self.address(host, six) for host in pair)
            numbers = (mine, theirs if flags & 16 else 0) if up else (theirs, mine)
            segment = tcp(a, b, there if up else back, numbers, flags, payload, options or stamps)
            step = len(payload) + (1 if flags & 3 else 0)
            mine, theirs = (mine + step, theirs) if up else (mine, theirs + step)
            return time, self.frame(*pair, 6, segment, six, vlan)

        hello = bytes.fromhex("020405b4 0402 080a 00000001 00000000 01 030307".replace(" ", ""))
        yield send(True, 2, options=hello)
        yield send(False, 18, options=hello)
        yield send(True, 16)
        yield send(True, 24, b"GET /" + r.randbytes(r.randrange(60, 500)).hex().encode())
        for _ in range(min(60, int(r.paretovariate(1.1)) + 2)):
            yield send(False, 16, r.randbytes(r.choice((1448, 1448, 1448, r.randrange(1, 1448)))))
            if r.random() < 0.5:
                yield send(True, 16)
        yield send(False, 25)
        yield send(True, 17)
        yield send(False, 16)

    def lookup(self, time: int) -> Iterator[Packet]:
        """A DNS query and its response, its names compressed."""
        r = self.random
        client, six = r.randrange(2, CLIENTS), r.random() < 0.2
        ports = (r.randrange(1024, 65536), 53)
        name = b"".join(bytes((len(label),)) + label.encode() for label in r.choice(NAMES).split(".")) + b"\0"
        question = name + struct.pack(">HH", 28 if six else 1, 1)
        query = struct.pack(">HHHHHH", r.getrandbits(16), 0x0100, 1, 0, 0, 0) + question
        data = self.address(1000 + r.randrange(1, SERVERS), six)
        answer = struct.pack(">HHHIH", 0xC00C, 28 if six else 1, 1, r.randrange(30, 86400), len(data)) + data
        reply = query[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + question + answer
        a, b = self.address(client), self.address(1)
        yield time, self.frame(client, 1, 17, udp(a, b, ports, query), False, 0)
        yield (
            time + r.randrange(10**5, 3 * 10**7),
            self.frame(1, client, 17, udp(b, a, ports[::-1], reply), False, 0),
        )

    def chores(self, time: int) -> Iterator[Packet]:
        """What a network does beside its users' work: ARP, ping, NTP, DHCP, IGMP, discovery, a tunnel."""
        r = self.random
        host = r.randrange(2, CLIENTS)
        me, gate = self.address(host), self.address(1)
        arp = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + mac(host) + me + bytes(6) + gate
        yield time, ethernet(host, 0xFFFFFF, 0x0806, arp)
        echo = struct.pack(">BBHHH", 8, 0, 0, host, self.number & 0xFFFF) + bytes(range(48))
        echo = echo[:2] + struct.pack(">H", checksum(echo)) + echo[4:]
        yield time + 10**6, self.frame(host, 1, 1, echo, False, 0)
        clock = struct.pack(">BBbbIII", 0x23, 2, 6, -20, 0x100, 0x200, 0xC6336401) + r.randbytes(32)
        yield time + 2 * 10**6, self.frame(host, 1, 17, udp(me, gate, (123, 123), clock), False, 0)
        lease = struct.pack(">BBBBIHH", 1, 1, 6, 0, r.getrandbits(32), 0, 0) + me + bytes(12) + mac(host)
        lease = lease.ljust(236, b"\0") + bytes.fromhex("638253633501033706010306 0f1f21ff".replace(" ", ""))
        yield time + 3 * 10**6, self.frame(host, 1, 17, udp(me, gate, (68, 67), lease), False, 0)
        group = bytes((239, 1, 2, 3))
        join = struct.pack(">BBH", 0x16, 0, checksum(b"\x16\0\0\0" + group)) + group
        yield time + 4 * 10**6, self.frame(host, 1, 2, join, False, 0)
        six, router = self.address(host, True), self.address(1, True)
        ask = pseudo(
            six, router, 58, struct.pack(">BBHI", 135, 0, 0, 0) + router + b"\x01\x01" + mac(host), 2
        )
        yield time + 5 * 10**6, self.frame(host, 1, 58, ask, True, 0)
        inner = ipv4(me, self.address(1001), 17, udp(me, self.address(1001), (5000, 5001), b"inside"))
        yield (
            time + 6 * 10**6,
            self.frame(host, 1, 47, struct.pack(">HHI", 0x2000, 0x0800, 7) + inner, False, 0),
        )


def traffic(packets: int, seed: int = 1) -> Iterator[Packet]:
    """Give that many packets in the order of their time."""
    office = Office(seed)
    waiting: list[tuple[int, int, bytes]] = []
    time, order = START, 0
    while packets > 0:
        kind = office.random.random()
        talk = office.download if kind < 0.55 else office.lookup if kind < 0.95 else office.chores
        for when, frame in talk(time):
            heapq.heappush(waiting, (when, order, frame))
            order += 1
        time += office.random.randrange(10**5, 4 * 10**6)
        while waiting and waiting[0][0] < time and packets > 0:
            when, _, frame = heapq.heappop(waiting)
            yield when, frame
            packets -= 1


def write_capture(path: Path, packets: int, seed: int = 1) -> None:
    """Write traffic as a pcap of nanoseconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for time, frame in traffic(packets, seed):
            file.write(struct.pack("<IIII", time // 10**9, time % 10**9, len(frame), len(frame)) + frame)


def main() -> None:
    """Write a capture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="the capture to write")
    parser.add_argument("--packets", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write_capture(arguments.out, arguments.packets, arguments.seed)


if __name__ == "__main__":
    main()
