"""What tshark makes of the TCP connections of a capture, and where netbeam differs."""

from __future__ import annotations

import subprocess
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from truth.tshark import ENVIRONMENT

KINDS = {
    "RETRANSMISSIONS": "tcp.analysis.retransmission",
    "OUT_OF_ORDER": "tcp.analysis.out_of_order",
    "DUPLICATE_ACKS": "tcp.analysis.duplicate_ack",
    "ZERO_WINDOWS": "tcp.analysis.zero_window",
    "KEEP_ALIVES": "tcp.analysis.keep_alive",
}
"""What is compared, by netbeam's slots: fast and spurious retransmissions are among the first."""

FIELDS = (
    *("frame.number", "frame.time_epoch", "tcp.stream", "ip.src", "ipv6.src", "tcp.srcport", "tcp.dstport"),
    *("ip.dst", "ipv6.dst", "tcp.seq_raw", "tcp.ack_raw", "tcp.flags", "tcp.window_size_value", "tcp.len"),
    *("tcp.options.wscale.shift", "tcp.analysis.ack_rtt", "tcp.analysis.acks_frame"),
    *KINDS.values(),
)


class Segment(NamedTuple):
    """One TCP segment: what its header says, and what tshark says of it."""

    frame: int
    time: int
    sender: tuple[str, str]
    receiver: tuple[str, str]
    seq: int
    ack: int
    flags: int
    window: int
    payload: int
    shift: int
    kinds: frozenset[str]
    rtt: int
    acks_frame: int


def streams(path: Path) -> dict[int, list[Segment]]:
    """Give the segments of a capture by tshark's number of their stream, innermost headers only."""
    command = ["tshark", "-n", "-r", str(path), "-Y", "tcp", "-T", "fields", "-E", "occurrence=l"]
    command += [part for field in FIELDS for part in ("-e", field)]
    done = subprocess.run(command, capture_output=True, check=False, env=ENVIRONMENT)
    found = defaultdict(list)
    for line in done.stdout.decode(errors="replace").splitlines():
        said = dict(zip(FIELDS, line.split("\t"), strict=True))
        if said["tcp.len"] and said["tcp.window_size_value"]:  # what is cut short, tshark does not analyse
            found[int(said["tcp.stream"])].append(segment(said))
    return found


def segment(said: dict[str, str]) -> Segment:
    """Give a segment of tshark's words for it."""
    return Segment(
        int(said["frame.number"]),
        nanoseconds(said["frame.time_epoch"]),
        (said["ip.src"] or said["ipv6.src"], said["tcp.srcport"]),
        (said["ip.dst"] or said["ipv6.dst"], said["tcp.dstport"]),
        int(said["tcp.seq_raw"]),
        int(said["tcp.ack_raw"]),
        int(said["tcp.flags"], 16) & 0x1FF,
        int(said["tcp.window_size_value"]),
        int(said["tcp.len"]),
        int(said["tcp.options.wscale.shift"] or -1),
        frozenset(kind for kind, field in KINDS.items() if said[field]),
        nanoseconds(said["tcp.analysis.ack_rtt"] or "0"),
        int(said["tcp.analysis.acks_frame"] or 0),
    )


def nanoseconds(seconds: str) -> int:
    """Give decimal seconds as nanoseconds."""
    whole, _, part = seconds.partition(".")
    return int(whole) * 10**9 + int(part.ljust(9, "0")[:9])


def client(segments: Sequence[Segment]) -> tuple[str, str]:
    """Give the end that sent the SYN, got the SYN-ACK, or was the first."""
    for flags, end in ((2, "sender"), (18, "receiver")):
        for one in segments:
            if one.flags & 18 == flags:
                return getattr(one, end)
    return segments[0].sender


def rows(segments: Sequence[Segment]) -> array[int]:
    """Give segments as `Tcp.replay` takes them."""
    first = client(segments)
    return array("q", (n for one in segments for n in row(one, first)))


def row(one: Segment, first: tuple[str, str]) -> tuple[int, ...]:
    """Give the numbers of a segment."""
    numbers = (one.time, one.seq, one.ack, one.flags, one.window, one.payload, one.shift)
    return (int(one.sender != first), *numbers)


def counts(segments: Sequence[Segment]) -> Counter[tuple[str, int]]:
    """Give how many segments of each kind and direction tshark found.

    tshark 4.0 calls what comes soon out of order even when it saw the same bytes before; Wireshark no longer
    does (its issues 13843 and 13863). Here, as with netbeam, that is a retransmission.
    """
    first = client(segments)
    seen: dict[tuple[str, str], set[int]] = defaultdict(set)
    found: Counter[tuple[str, int]] = Counter()
    for one in segments:
        occupied = one.payload + (one.flags >> 1 & 1) + (one.flags & 1)
        positions = {number & 0xFFFFFFFF for number in range(one.seq, one.seq + occupied)}
        for kind in one.kinds:
            again = kind == "OUT_OF_ORDER" and positions <= seen[one.sender]
            found["RETRANSMISSIONS" if again else kind, int(one.sender != first)] += 1
        seen[one.sender] |= positions
    return found


def round_trips(segments: Sequence[Segment], direction: int) -> Iterator[int]:
    """Give tshark's round-trip times (ns) of a direction's data; a RST is no answer."""
    first = client(segments)
    sent = {one.frame: one for one in segments}
    for one in segments:
        if one.acks_frame in sent and int(one.sender != first) != direction and not one.flags & 4:
            acked = sent[one.acks_frame]
            if acked.payload and one.rtt:
                yield one.rtt


class Differs(NamedTuple):
    """A stream of a capture of which netbeam says something else than tshark 4.0, and why."""

    capture: str
    streams: tuple[int, ...]
    reason: str


CONNECTIONS = (
    Differs(
        "ndpi/rtsp.pcap",
        (4,),
        "The server refused the first attempt; the next has the number of the first, and is another.",
    ),
    Differs(
        "zeek/pop3__pop3.pcap",
        (0, 1),
        "The server refused three attempts with the same number; each is one, as it is to Zeek.",
    ),
    Differs(
        "suricata-verify/tls-subjectaltname.pcap",
        (0, 1, 3, 7, 8, 12, 20, 35, 40),
        "The server answered the SYN with an ACK of an older connection, the client with a RST and a SYN of "
        "the same number: netbeam ends a connection at a RST. tshark's view, one attempt, is as good.",
    ),
    Differs(
        "gopacket/linux_sll_oversized_addr.pcapng",
        (0,),
        "Damaged: flags that none of the ends sent, a RST among them, and data long after it.",
    ),
)
"""Streams that are several connections to netbeam."""

SAME_CONNECTION = (
    Differs(
        "ndpi/vnc.pcap",
        (0, 1, 2, 3),
        "Packets after the fourth are another stream to tshark, whose VNC dissector begins one; no SYN does.",
    ),
)
"""Streams that are one connection to netbeam, two by two."""

COUNTS = (
    Differs(
        "ndpi/fuzz-2006-06-26-2594.pcap",
        (3,),
        "tshark takes the acknowledgement number of a damaged SYN without the ACK flag for one.",
    ),
    Differs(
        "zeek/ipv6-http-atomic-frag.pcap",
        (0,),
        "The file is not in the order of time: data behind its own ACK is sent again to tshark, though it "
        "was never seen before. Netbeam sorts by time.",
    ),
)
"""Streams with other counts."""


ZEEK = {
    # testing/btest/Baseline/scripts.base.protocols.ssh.basic/conn.log of zeek/zeek, 1843e2daaeb3
    "zeek/ssh__ssh.pcap": {
        51880: ("SF", "ShAdDaFf"),
        40184: ("SF", "ShADadFf"),
        57189: ("SF", "ShADadFf"),
        57191: ("SF", "ShAdDaFf"),
        55179: ("RSTR", "ShADadFr"),
        56594: ("SF", "ShAdDaFf"),
        56821: ("SF", "ShAdDaFf"),
        56837: ("SF", "ShAdDaFf"),
        56845: ("SF", "ShAdDaFf"),
        56875: ("SF", "ShAdDaFf"),
        56878: ("SF", "ShAdDaFf"),
        56940: ("SF", "ShAdDaFf"),
        57831: ("SF", "ShAdDaFf"),
        59246: ("SF", "ShADadFf"),
        41164: ("SF", "ShADadFf"),
        33910: ("SF", "ShADadFf"),
        41268: ("SF", "ShADadFf"),
        52294: ("SF", "ShADadFf"),
        51476: ("SF", "DaFfA"),
        51489: ("SF", "ShAdDaFf"),
        58641: ("SF", "ShADdaFf"),
        58646: ("SF", "ShADadFf"),
        58649: ("SF", "ShADadFf"),
    },
    # .../core.vlan-mpls/conn.log, 012acb22e96f; the first was captured in one direction only
    "zeek/mixed-vlan-mpls.pcap": {
        11001: ("SH", "SADF"),
        56730: ("SF", "ShADdFaf"),
        50343: ("SF", "ShADadfF"),
    },
    # .../core.tunnels.teredo/conn.log, 010cd80f2faf, without connections that Zeek cuts by its own timeouts
    "zeek/tunnels__Teredo.pcap": {1580: ("SF", "ShADadFf")},
}
"""Zeek's states and histories of connections by the client's port, as its own tests expect them."""
