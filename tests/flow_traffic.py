"""Random traffic in which everything happens that flows have to do with."""

from flow_packets import (
    A6,
    B6,
    IPIP,
    SIX_IN_FOUR,
    A,
    B,
    C,
    answer,
    at,
    datagram,
    ether,
    gre,
    icmp,
    ip,
    sctp,
    segment,
    tcp,
    udp,
)

STEPS = (
    *(0, 1e-9, 1e-3, 1e-3, 0.02, 0.02, -0.001) * 12, 0.5, 1.5, -2, 4.9, 5.1, 60, 60.1, 300, 300.1, -61, -301
)  # fmt: skip
"""Seconds from one packet to the next: about the timeouts, and back."""

ARP = bytes.fromhex("ffffffffffff02000000000108060001080006040001020000000001000000000000000000000a000002")
SYN_OPTIONS = (b"", b"\2\4\5\xb4", b"\2\4\2\x18\1\3\3\7\4\2", b"\3\3\2")


def traffic(count, pick):
    """Make packets; `pick` chooses one of several values, as random.choice does."""
    now, made = 0.0, []
    for _ in range(count):
        now += pick(STEPS)
        made.append(at(now, pick(KINDS)(pick), captured=pick((None,) * 12 + (44, 60))))
    return made


def ends(pick):
    """Give two of three addresses, and the ports of a client and a server on either side."""
    source, target = pick(((A, B), (B, A), (A, C), (C, B), (A, A)))
    return source, target, pick(((40000, 80), (80, 40000), (40001, 40002), (40002, 40001)))


def some_tcp(pick):
    """Give a segment: streams of few numbers, so that all is repeated, overtaken and acknowledged."""
    source, target, ports = ends(pick)
    flags = pick(("S", "SA", "A", "A", "PA", "PA", "FA", "F", "R", "RA", "SF", "AU", "AEC"))
    options = pick(SYN_OPTIONS) if "S" in flags else b""
    payload = pick((b"", b"", b"x", bytes(10), bytes(40))) if flags in ("PA", "FA", "A") else b""
    seq, ack = (pick((100, 101, 102, 111, 141, 0xFFFFFFFF)) for _ in range(2))
    window = pick((0, 500, 1000))
    return tcp(source, target, flags, seq, ack, payload, ports, window=window, options=options)


def some_udp(pick):
    """Give a datagram, some of them in VLANs."""
    source, target, ports = ends(pick)
    return udp(source, target, pick((b"", b"hello")), ports, vlans=pick(((), (), (1,), (2,), (1, 2))))


def some_icmp(pick):
    """Give an ICMP message of a pair, or one that stands alone."""
    source, target = pick(((A, B), (B, A), (A, A)))
    return icmp(source, target, *pick(((8, 0), (0, 0), (3, 1), (3, 3), (13, 0), (14, 0))))


def some_icmp6(pick):
    """Give an ICMPv6 message."""
    return icmp(*pick(((A6, B6), (B6, A6))), *pick(((128, 0), (129, 0), (135, 0), (136, 0), (1, 4))))


def some_v6(pick):
    """Give a segment or a datagram over IPv6."""
    source, target = pick(((A6, B6), (B6, A6)))
    ports = (40000, 443) if source == A6 else (443, 40000)
    flags = pick(("S", "SA", "A", "FA"))
    one = pick(((6, segment(*ports, flags, 100, 100)), (17, datagram(*ports, b"quic"))))
    return ether(ip(source, target, *one, ttl=pick((64, 63))))


def tunnelled(pick):
    """Give a datagram in a tunnel, or in two."""
    source, target = pick(((A, B), (B, A)))
    inner = ip(*pick(((A, B), (B, A))), 17, datagram(40000, 53, b"?"))
    kind = pick(("gre", "key 1", "key 2", "ipip", "6in4", "two"))
    if kind == "6in4":
        return ether(ip(source, target, SIX_IN_FOUR, ip(A6, B6, 17, datagram(40000, 53))))
    if kind == "ipip":
        return ether(ip(source, target, IPIP, inner))
    if kind == "two":
        return ether(ip(source, target, 47, gre(ip(A, C, IPIP, inner), 1)))
    return ether(ip(source, target, 47, gre(inner, int(kind[4:]) if kind[4:] else None)))


def other(pick):
    """Give SCTP, another protocol, a fragment, no IP at all or nothing that can be read."""
    source, target = pick(((A, B), (B, A)))
    return pick(
        (
            ether(ip(source, target, 132, sctp(7, 7))),
            ether(ip(source, target, 46, b"rsvp")),
            ether(ip(source, target, 17, datagram(40000, 5000, bytes(24)), fragment=0x2000)),
            ether(ip(source, target, 17, bytes(24), fragment=4)),
            ARP,
            bytes(9),
        )
    )


def told(pick):
    """Give an answer of DNS."""
    records = pick(([("a.example", B)], [("a.example", "b.example"), ("b.example", B)], [("b.example", C)]))
    return answer(pick((A, C)), pick((B, C)), records[0][0], *records)


KINDS = (*[some_tcp] * 8, *[some_udp] * 3, some_icmp, some_icmp6, some_v6, tunnelled, other, told)
