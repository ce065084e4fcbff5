"""The comparison of one packet: netbeam's layers and records with what tshark says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from truth.fields import ROWS, Row, wanted
from truth.records import Ours
from truth.tshark import Said
from truth.values import ipv6, number, octets

LAYER = {
    "eth": "Ethernet",
    "vlan": "Dot1Q",
    "ieee8021ad": "Dot1Q",
    "llc": "LLC",
    "arp": "ARP",
    "ip": "IPv4",
    "ipv6": "IPv6",
    "ipv6.hopopts": "IPv6HopByHop",
    "ipv6.fraghdr": "IPv6Fragment",
    "ipv6.routing": "IPv6Routing",
    "ipv6.dstopts": "IPv6Destination",
    "icmp": "ICMPv4",
    "icmpv6": "ICMPv6",
    "igmp": "IGMP",
    "gre": "GRE",
    "lldp": "LinkLayerDiscovery",
    "eapol": "EAPOL",
    "vrrp": "VRRP",
    "tcp": "TCP",
    "udp": "UDP",
    "sctp": "SCTP",
    "dns": "DNS",
    "dhcp": "DHCPv4",
    "ntp": "NTP",
}
"""netbeam's layers by tshark's names; other names are not compared."""


BY_TYPE: dict[str, list[Row]] = {}
for _row in ROWS:
    BY_TYPE.setdefault(_row.type, []).append(_row)
SAID_OF = {type_: {name for row in rows for name in row.tshark} for type_, rows in BY_TYPE.items()}


class Difference(NamedTuple):
    """A value that netbeam and tshark give differently: the record's field ("TCP.Window"), both values."""

    field: str
    ours: Any
    tshark: Any


class Comparison(NamedTuple):
    """What was found in one packet: the differences, and how many values were compared."""

    differences: list[Difference]
    values: int


def layers_of(said: Said) -> tuple[list[str], bool]:
    """Give tshark's layers up to an ICMP error, and whether it dissected the packet quoted in one."""
    names = said["frame.protocols"][0].split(":") if said["frame.protocols"] else []
    names = [
        name
        for i, name in enumerate(names)
        if name != (names[i - 1] if i else "") or name in ("vlan", "ip", "ipv6")
    ]
    for i, name in enumerate(names):
        if name in ("icmp", "icmpv6") and any(n in ("ip", "ipv6") for n in names[i + 1 :]):
            return [LAYER[n] for n in names[: i + 1] if n in LAYER], True
    return [LAYER[n] for n in names if n in LAYER], False


def nanoseconds(time: list[str]) -> int:
    """Read a number of seconds since 1970; a packet without a time has 0."""
    if not time:
        return 0
    seconds, fraction = time[0].split(".")
    return int(seconds) * 10**9 + int(fraction) * (-1 if seconds.startswith("-") else 1)


TRANSPORT = {"TCP": "tcp", "UDP": "udp", "SCTP": "sctp"}
IP = {"IPv4": "ip", "IPv6": "ipv6"}


def around(our: Ours, said: Said) -> Iterator[Difference]:
    """Compare what a record says of the layers around its own: addresses, ports, bytes carried.

    tshark's side is put together from the fields of those layers, taken in the order of its layers.
    """
    addresses: tuple[str, ...] = ("", "")
    seen: Counter[str] = Counter()
    names = [layer.name for layer in our.packet.layers]
    ports = list(ports_around(names, said))
    for layer, port in zip(names, ports, strict=True):
        nth = seen[layer]
        seen[layer] += 1
        if layer in IP:
            addresses = tuple(said[f"{IP[layer]}.{end}"][nth] for end in ("src", "dst"))
            if layer == "IPv6":
                addresses = tuple(map(ipv6, addresses))
        records = our.records.get(layer, ())
        if nth >= len(records):
            continue
        record = records[nth]
        if layer == "IPv6":
            header = our.records.get("IPv6HopByHop", []) if record.NextHeader == 0 else []
            mine = list(record.HopByHop.Options)
            yield Difference("IPv6.HopByHop", mine, [o for h in header[:1] for o in h.Options])
        if hasattr(record, "SrcIP"):
            yield Difference(f"{layer}.SrcIP", (record.SrcIP, record.DstIP), addresses)
        if hasattr(record, "SrcPort"):
            yield Difference(f"{layer}.SrcPort", (record.SrcPort, record.DstPort), port)
        if hasattr(record, "PayloadSize"):
            size = carried(layer, nth, our, said)
            if size is not None:
                yield Difference(f"{layer}.PayloadSize", record.PayloadSize, size)


def ports_around(names: list[str], said: Said) -> Iterator[tuple[int, int]]:
    """Give for each layer the ports of the transport header in the same IP packet."""
    packets: list[int] = []
    for name in names:
        packets.append((packets[-1] if packets else 0) + (name in IP))
    seen: Counter[str] = Counter()
    found: dict[int, tuple[int, int]] = {}
    for name, packet in zip(names, packets, strict=True):
        if name in TRANSPORT:
            ends = (said[f"{TRANSPORT[name]}.{end}"][seen[name]] for end in ("srcport", "dstport"))
            found[packet] = (number(next(ends)), number(next(ends)))
            seen[name] += 1
    return (found.get(packet, (0, 0)) for packet in packets)


def carried(layer: str, nth: int, our: Ours, said: Said) -> int | None:
    """Give the bytes that a layer carries by tshark's lengths; None where it does not tell."""
    if layer == "IPv4":
        return number(said["ip.len"][nth]) - number(said["ip.hdr_len"][nth])
    if layer == "IPv6":
        return number(said["ipv6.plen"][nth]) or None
    if layer == "UDP":
        # A first fragment has less than the header says; 0 is a jumbogram's.
        length = number(said["udp.length"][nth])
        first = any(map(number, (*said["ip.flags.mf"], *said["ipv6.fraghdr.more"])))
        return None if first or length == 0 else length - 8
    whole = len(our.packet.data) == our.packet.length
    if (
        layer == "Ethernet"
        and whole
        and len(said["eth.src"]) == 1
        and said["frame.protocols"][0][:3] == "eth"
    ):
        texts = [text for name in ("eth.padding", "eth.trailer", "vlan.trailer") for text in said[name]]
        added = sum(len(octets(text) or "") // 2 for text in texts)
        return our.packet.length - 14 - added - 4 * len(said["eth.fcs"])
    return None


def within(some: list[Any], all_: list[Any]) -> bool:
    """Tell whether a list holds the values of another in their order, with others between them."""
    rest = iter(all_)
    return bool(some) and all(value in rest for value in some)


def wrong(our: Ours) -> bool:
    """Tell whether netbeam calls a packet an error."""
    return our.reject is not None and our.reject.kind == "error"


EXPERT_ERROR = 8388608
"""The severity of what tshark's experts call errors."""


def objects(said: Said) -> bool:
    """Tell whether tshark finds a packet malformed too, or cut."""
    marks = said["_ws.short"] or said["_ws.malformed"] or said["_ws.unreassembled"]
    return bool(marks) or any(number(text) >= EXPERT_ERROR for text in said["_ws.expert.severity"])


def compare(our: Ours, said: Said) -> Comparison:
    """Compare everything that both give.

    What tshark shows beyond netbeam's records is no difference where it goes on to what an ICMP error
    quotes, and in a packet that is broken: tshark shows the fields of a layer up to the fault or the cut,
    netbeam gives records of whole layers only.
    """
    found = []
    theirs, quoted = layers_of(said)
    mine = [layer.name for layer in our.packet.layers if layer.name in set(LAYER.values())]
    count = 1
    broken = wrong(our) or bool(said["_ws.short"] or said["_ws.malformed"] or said["_ws.unreassembled"])
    if broken:
        theirs = theirs[: len(mine)]
    if mine != theirs:
        found.append(Difference("layers", mine, theirs))
    if not broken and mine == theirs:
        more = list(around(our, said))
        found += [difference for difference in more if difference.ours != difference.tshark]
        count += len(more)
    time = nanoseconds(said["frame.time_epoch"])
    for type_, records in our.records.items():
        count += len(records)
        others = [record.Timestamp for record in records if record.Timestamp != time]
        if others:
            found.append(Difference(f"{type_}.Timestamp", others, time))
    for type_, rows in BY_TYPE.items():
        records = our.records.get(type_, [])
        if not records and said.keys().isdisjoint(SAID_OF[type_]):
            continue
        have = [[v for record in records for v in row.of(record) if v is not None] for row in rows]
        want = [[] if row.shared and not records else list(wanted(row, said)) for row in rows]
        if quoted or broken:
            want = [values[: len(have[i])] for i, values in enumerate(want)]
        count += sum(map(len, have))
        shared = all(row.shared for row in rows)
        if any(want) != bool(records) and not shared:
            found.append(Difference(type_, len(records), "some" if any(want) else "none"))
            continue
        found += [
            Difference(f"{type_}.{row.field}", h, w)
            for row, h, w in zip(rows, have, want, strict=True)
            if h != w and not (row.repeats and within(h, w))
        ]
    return Comparison(found, count)
