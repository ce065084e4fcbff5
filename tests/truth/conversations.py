"""Connections, hosts and devices of whole captures, by netbeam and as sums over tshark's packets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from captures import enhanced, interface, section

from netbeam.chunk import COLUMNS, PacketBatch
from netbeam.decode import Decoder
from netbeam.descriptors import message_classes
from netbeam.flows.digests import write_group
from netbeam.flows.parts import Replayer, plan_parts
from netbeam.flows.settings import SECOND, FlowSettings
from netbeam.formats.delimited import split
from netbeam.plan import compile_plan
from netbeam.protocols import LAYERS
from netbeam.records import RECORDS
from netbeam.schema import declared
from netbeam.storage import LocalStorage
from truth.records import LINK_TYPES, batches
from truth.tshark import Said
from truth.values import ipv6

PLAN = compile_plan(LAYERS, [], flows=True)
CLASSES = message_classes(declared(RECORDS))
TYPES = ("Connection", "Host", "DeviceProfile")
CENTURY = 100 * 365 * 86400 * SECOND
"""Longer than any capture: tshark has no timeouts."""

REPLAYER = Replayer(
    LAYERS, frozenset(TYPES), FlowSettings(CENTURY, CENTURY, CENTURY, CENTURY, linger=CENTURY)
)
TCP, UDP, ICMP6, SCTP = 6, 17, 58, 132
TRANSPORTS = {TCP: "tcp", UDP: "udp", SCTP: "sctp"}
EXTENSIONS = ("ipv6.hopopts", "ipv6.dstopts", "ipv6.routing", "ipv6.fraghdr")

FIELDS = (
    "frame.len", "frame.encap_type", "frame.protocols", "eth.src", "eth.dst", "sll.src.eth",
    "ip.src", "ip.dst", "ip.proto", "ip.len", "ip.hdr_len", "ipv6.src", "ipv6.dst", "ipv6.nxt", "ipv6.plen",
    *(f"{name}.nxt" for name in EXTENSIONS), "tcp.stream", "tcp.srcport", "tcp.dstport", "tcp.len",
    "udp.stream", "udp.srcport", "udp.dstport", "udp.length", "sctp.srcport", "sctp.dstport", "communityid",
)  # fmt: skip


class Key(NamedTuple):
    """What tells conversations apart: IP protocol and both ends, address and port, the lesser first."""

    protocol: int
    ends: tuple[tuple[str, int], tuple[str, int]]


class Sums(NamedTuple):
    """Packets, and bytes of frames, by IP length and behind the transport header, each way.

    The way from the lesser end comes first.
    """

    packets: tuple[int, int] = (0, 0)
    wire: tuple[int, int] = (0, 0)
    ip: tuple[int, int] = (0, 0)
    payload: tuple[int, int] = (0, 0)

    def __add__(self, other: Sums) -> Sums:  # type: ignore[override]
        """Add what another counted."""
        return Sums(*((a + c, b + d) for (a, b), (c, d) in zip(self, other, strict=True)))


class Conversation(NamedTuple):
    """A connection of netbeam's, or a stream of tshark's."""

    key: Key
    sums: Sums
    community_id: str


class Captured(NamedTuple):
    """A capture: its packets, and netbeam's records of them by type."""

    packets: list[PacketBatch]
    records: dict[str, list[Any]]


def capture_flows(root: Path, capture: str, folder: Path) -> Captured:
    """Read a capture, and replay its flows without timeouts."""
    decoder, storage = Decoder(PLAN, bytes), LocalStorage()
    packets = list(batches(root, capture, folder))
    digests = [digest for batch in packets for digest in decoder.decode(batch).digests]
    records: dict[str, list[Any]] = {type_: [] for type_ in TYPES}
    partials = defaultdict(list)
    for part in plan_parts([write_group(storage, str(folder), digests)]) if digests else ():
        done = REPLAYER.replay(storage, part)
        records["Connection"] += parsed("Connection", done.records["Connection"].data)
        for shard, partial in done.partials.items():
            partials[shard].append(partial)
    for shard in partials.values():
        for type_, found in REPLAYER.sum_up(shard).items():
            records[type_] += parsed(type_, found.data)
    return Captured(packets, records)


def parsed(type_: str, data: bytes | bytearray) -> list[Any]:
    """Parse records, each behind its length."""
    return [CLASSES[type_].FromString(message) for message in split([bytes(data)])]


def key_of(protocol: int, source: tuple[str, int], target: tuple[str, int]) -> tuple[Key, bool]:
    """Give the key of a conversation, and whether its lesser end is the target."""
    turned = source > target
    return Key(protocol, (target, source) if turned else (source, target)), turned


def connections(records: Iterable[Any]) -> Iterator[Conversation]:
    """Give netbeam's connections; those of protocols without ports have 0 instead."""
    for r in records:
        ports = (int(r.SrcPort), int(r.DstPort)) if r.IPProto in TRANSPORTS else (0, 0)
        key, turned = key_of(r.IPProto, (r.SrcIP, ports[0]), (r.DstIP, ports[1]))
        pairs = (
            (r.PacketsClientToServer, r.PacketsServerToClient),
            (r.WireBytesClientToServer, r.WireBytesServerToClient),
            (r.BytesClientToServer, r.BytesServerToClient),
            (r.PayloadBytesClientToServer, r.PayloadBytesServerToClient),
        )
        sums = Sums(*((b, a) if turned else (a, b) for a, b in pairs))
        yield Conversation(key, sums, r.CommunityID)


class Heard(NamedTuple):
    """What tshark says of a packet by its innermost IP header: the conversation of this packet alone."""

    conversation: Conversation
    turned: bool
    stream: str


def heard(said: Said) -> Heard | None:
    """Read what tshark says of a packet; None where it finds no IP header."""
    version, place, behind = innermost(said)
    if len(said[f"{version}.dst"]) <= place:
        return None
    source, target = said[f"{version}.src"][place], said[f"{version}.dst"][place]
    headers = [name for name in behind if name in EXTENSIONS and said[f"{name}.nxt"]]
    if version == "ip":
        protocol, size = int(said["ip.proto"][place]), int(said["ip.len"][place])
        carried = size - int(said["ip.hdr_len"][place])
    else:
        source, target = ipv6(source), ipv6(target)
        protocol, carried = int(said["ipv6.nxt"][place]), int(said["ipv6.plen"][place])
        size = 40 + carried
        carried -= 8 * headers.count("ipv6.fraghdr")
    if headers:
        protocol = int(said[f"{headers[-1]}.nxt"][-1])
    transport = TRANSPORTS.get(protocol, "")
    ports, stream, payload = (0, 0), "", 0
    if transport in behind and said[f"{transport}.dstport"]:
        ports = (int(said[f"{transport}.srcport"][0]), int(said[f"{transport}.dstport"][0]))
        stream = (said[f"{transport}.stream"] or [""])[0]
        if protocol == TCP and said["tcp.len"]:
            payload = int(said["tcp.len"][0])
        elif protocol == UDP and said["udp.length"]:
            payload = max(min(int(said["udp.length"][0]), carried) - 8, 0)  # the rest is in other fragments
    # tshark's identifiers have the protocol that IPv6's own header names, and for some none at all.
    named = version == "ip" or stream != "" or (protocol == ICMP6 and not headers)
    community_id = (said["communityid"] or [""])[0] if named else ""
    key, turned = key_of(protocol, (source, ports[0]), (target, ports[1]))
    volumes = (1, int(said["frame.len"][0]), size, payload)
    sums = Sums(*((0, n) if turned else (n, 0) for n in volumes))
    return Heard(Conversation(key, sums, community_id), turned, stream)


def innermost(said: Said) -> tuple[str, int, list[str]]:
    """Give the innermost IP header that no ICMP error quotes: ip or ipv6, which of those, what is behind."""
    names = (said["frame.protocols"] or [""])[0].split(":")
    quoting = [i for i, name in enumerate(names) if name in ("icmp", "icmpv6")]
    names = names[: quoting[0] + 1] if quoting else names
    headers = [i for i, name in enumerate(names) if name in ("ip", "ipv6")]
    if not headers:
        return "none", 0, []
    version = names[headers[-1]]
    return version, names[: headers[-1]].count(version), names[headers[-1] + 1 :]


def bundles(captured: dict[str, Captured]) -> list[list[str]]:
    """Put captures together that share no conversation: tshark takes longer to start than to read one."""
    found: list[tuple[list[str], set[Key]]] = []
    for capture, (_, records) in captured.items():
        keys = {each.key for each in connections(records["Connection"]) if each.key.protocol in (TCP, UDP)}
        for names, known in found:
            if keys.isdisjoint(known):
                names.append(capture)
                known |= keys
                break
        else:
            found.append(([capture], keys))
    return [names for names, _ in found]


def places(batch: PacketBatch) -> Iterator[Sequence[int]]:
    """Give offset, captured length, length, time and link type of packets that both tools can read."""
    rows = (batch.index[i : i + COLUMNS] for i in range(0, len(batch.index), COLUMNS))
    return (row for row in rows if row[4] in LINK_TYPES)


def pcapng_of(packets: Iterable[PacketBatch]) -> Iterator[bytes]:
    """Write packets to one pcapng, with an interface for each link type."""
    links = sorted(LINK_TYPES)
    yield section() + b"".join(interface(link, resolution=9) for link in links)
    for batch in packets:
        for offset, captured, length, time, link in places(batch):
            data = bytes(batch.data[offset : offset + captured])
            yield enhanced(data, max(time, 0), on=links.index(link), length=length)
