"""Host records: what each IP address sent and received, to whom, on which ports, under which names."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from netbeam.declare import Field, Map, Message, given
from netbeam.flows.endpoints import Partial
from netbeam.flows.rows import BEGINNING
from netbeam.flows.summaries import Listing, Names, protocol, records, spans
from netbeam.flows.tables import Columns, Table, arrange, grouped, selected, unpack
from netbeam.flows.wire import Value, write

PORT_STATS = Message(
    "PortStats",
    None,
    (
        given("Packets", 1, "uint64", doc="Packets."),
        given("Bytes", 2, "uint64", doc="Bytes of their frames on the wire."),
    ),
    "How much went through a port.",
)
PORT = Message(
    "Port",
    None,
    (
        Field(
            "PortNumber", 1, "int32", "given", doc="The port; 0 also stands for fragments after the first."
        ),
        given("Protocol", 2, "string", doc="TCP, UDP or SCTP."),
        given("Stats", 3, PORT_STATS),
    ),
    "A port of a host.",
)

PROTOCOL = Message(
    "Protocol",
    None,
    (
        given("Packets", 1, "uint64", doc="Packets with the protocol behind their innermost IP header."),
        given("Category", 2, "string", doc="Not filled: nothing here sorts protocols."),
    ),
    "How much of a host's traffic was of one protocol.",
)
_LATER = "Not filled: no decoder here finds them yet."

HOST = Message(
    "Host",
    101,
    (
        given("Addr", 1, "string", doc="The IP address."),
        given(
            "NumPackets", 2, "int64",
            doc="Packets that have the address as source or target in their innermost IP header.",
        ),
        given("Geolocation", 3, "string", doc="Not filled: places are looked up in no database here."),
        given(
            "DNSNames", 4, "string", repeated=True,
            doc="Names for which DNS answers in the capture gave the address, in the order of their first "
            "answers; the first 1000.",
        ),
        given("TimestampFirst", 5, "int64", doc="The first packet, Unix nanoseconds."),
        given("TimestampLast", 6, "int64", doc="The last packet, Unix nanoseconds."),
        given(
            "Applications", 7, "string", repeated=True,
            doc="Layers above the ports in connections to the host, most connections first.",
        ),
        given(
            "Protocols", 9, Map(PROTOCOL),
            doc="Packets by what their innermost IP header carries: a record type, IANA's name, or a number.",
        ),
        given("Bytes", 10, "uint64", doc="Bytes of the packets' frames on the wire."),
        given("SNIs", 11, "map<string,int64>", doc=_LATER),
        given(
            "SrcPorts", 12, PORT, repeated=True,
            doc="Ports of the host from which it sent, most packets first; the first 1000.",
        ),
        given(
            "DstPorts", 13, PORT, repeated=True,
            doc="Ports of the host at which packets arrived, most packets first; the first 1000.",
        ),
        given(
            "ContactedPorts", 14, PORT, repeated=True,
            doc="Ports of others to which the host sent, most packets first; the first 1000.",
        ),
        given(
            "Devices", 15, "string", repeated=True,
            doc="MAC addresses that its packets came from (its own, or routers'), most packets first; "
            "the first 1000.",
        ),
        given("Ja4Fingerprints", 18, "string", repeated=True, doc=_LATER),
        given("Ja4sFingerprints", 19, "string", repeated=True, doc=_LATER),
        given("PacketsSent", 1000, "uint64", doc="Packets with the address as source."),
        given("PacketsReceived", 1001, "uint64", doc="Packets with the address as target."),
        given("BytesSent", 1002, "uint64", doc="Bytes on the wire of the packets sent."),
        given("BytesReceived", 1003, "uint64", doc="Bytes on the wire of the packets received."),
        given("IPBytesSent", 1004, "uint64", doc="Bytes of the packets sent by their IP lengths."),
        given("IPBytesReceived", 1005, "uint64", doc="Bytes of the packets received by their IP lengths."),
        given("IPVersion", 1006, "int32", doc="4 or 6."),
        given("IsPrivate", 1007, "bool", doc="A private (RFC 1918) or unique local (RFC 4193) address."),
        given("IsMulticast", 1008, "bool", doc="A group's address: 224.0.0.0/4 or ff00::/8."),
        given("NumPeers", 1009, "uint64", doc="Addresses with which packets were exchanged, either way."),
        given("NumDNSNames", 1010, "uint64", doc="How many names there are in all."),
        given("NumSrcPorts", 1011, "uint64", doc="How many ports sent, in all."),
        given("NumDstPorts", 1012, "uint64", doc="How many ports received, in all."),
        given("NumContactedPorts", 1013, "uint64", doc="How many ports were contacted, in all."),
        given("NumDevices", 1014, "uint64", doc="How many MAC addresses its packets came from, in all."),
    ),
    "An IP address and all that went from and to it.",
)  # fmt: skip

_FIELDS = {field.name: field for field in HOST.fields}
_ENTRY = Message("ProtocolsEntry", None, (Field("key", 1, "string"), Field("value", 2, PROTOCOL)))
_APPLICATIONS = Table(("address", "text"), ("connections",))
_COLUMNS = {
    "NumPackets": "packets", "Bytes": "bytes", "PacketsSent": "packets_sent",
    "PacketsReceived": "packets_received", "BytesSent": "bytes_sent", "BytesReceived": "bytes_received",
    "IPBytesSent": "ip_bytes_sent", "IPBytesReceived": "ip_bytes_received",
}  # fmt: skip


def host_records(partial: Partial) -> Iterator[tuple[int, bytes, bytes]]:
    """Give a partial's Host records, by time of the first packet, then IP version and address.

    Each comes as its time (ns + 2**63), what orders those of one time, and its bytes behind their length.
    """
    names = Names.of(partial)
    hosts = partial.table("hosts")
    hosts = selected(hosts, arrange([hosts["first"], hosts["address"]])[0])
    address = hosts["address"]

    def listing(name: str, columns: Columns, value: Callable[[Columns], Value], **rank: str) -> Listing:
        owner = columns["address"]
        return Listing(_FIELDS[name], columns, owner=owner, owners=address, value=value, **rank)

    def text(rows: Columns) -> Value:
        return names.text(rows["text"])

    ports, answers = partial.table("ports"), partial.table("names")
    counted = {
        "DNSNames": listing("DNSNames", answers, text, least="first"),
        "SrcPorts": listing("SrcPorts", _one_way(ports, "sent"), _ports, most="packets"),
        "DstPorts": listing("DstPorts", _one_way(ports, "received"), _ports, most="packets"),
        "ContactedPorts": listing("ContactedPorts", partial.table("contacted"), _ports, most="packets"),
        "Devices": listing(
            "Devices", partial.table("stations"), lambda rows: names.mac(rows["mac"]), most="packets"
        ),
    }
    applications = grouped(_APPLICATIONS, partial.table("applications"))
    others = [
        listing("Applications", applications, text, most="connections"),
        listing("Protocols", partial.table("protocols"), _protocols, most="packets"),
    ]
    _, peers = spans(partial.table("peers")["address"], address)
    private, multicast = scopes(partial)

    def values(block: slice) -> dict[str, Value]:
        return {
            "Addr": names.address(address[block]),
            "TimestampFirst": hosts["first"][block] ^ np.uint64(BEGINNING),
            "TimestampLast": hosts["last"][block] ^ np.uint64(BEGINNING),
            "IPVersion": names.versions[address[block]],
            "IsPrivate": private[address[block]],
            "IsMulticast": multicast[address[block]],
            "NumPeers": peers[block],
            **{field: hosts[column][block] for field, column in _COLUMNS.items()},
            **{f"Num{field}": each.counts[block] for field, each in counted.items()},
        }

    return records(HOST, values, [*counted.values(), *others], hosts["first"], names.address_key(address))


def scopes(partial: Partial) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which of a partial's addresses are private, and which are groups'."""
    version, high, low = (unpack(column) for column in partial.addresses)
    private = np.where(
        version == 4, (low >> 24 == 10) | (low >> 20 == 0xAC1) | (low >> 16 == 0xC0A8), high >> 57 == 0x7E
    )
    return private, np.where(version == 4, low >> 28 == 0xE, high >> 56 == 0xFF)


def _one_way(ports: Columns, way: str) -> Columns:
    """Give the ports that sent, or those that received, and how much."""
    packets = ports[f"packets_{way}"]
    columns = {
        "address": ports["address"], "end": ports["end"], "packets": packets, "bytes": ports[f"bytes_{way}"],
    }  # fmt: skip
    return selected(columns, packets != 0)


def _ports(rows: Columns) -> Value:
    stats = write(PORT_STATS, {"Packets": rows["packets"], "Bytes": rows["bytes"]})
    number, carrier = rows["end"] & np.uint64(0xFFFF), protocol(rows["end"] >> np.uint64(16))
    return write(PORT, {"PortNumber": number, "Protocol": carrier, "Stats": stats})


def _protocols(rows: Columns) -> Value:
    packets = write(PROTOCOL, {"Packets": rows["packets"]})
    return write(_ENTRY, {"key": protocol(rows["protocol"]), "value": packets})
