"""Host records: what each IP address sent and received, to whom, on which ports, under which names."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from netbeam.declare import Field, Message
from netbeam.flows.digests import BEGINNING
from netbeam.flows.endpoints import Partial
from netbeam.flows.host_fields import HOST, PORT, PORT_STATS, PROTOCOL
from netbeam.flows.summaries import Listing, Names, protocol, records, spans
from netbeam.flows.tables import Columns, Table, arrange, grouped, selected, unpack
from netbeam.flows.wire import Value, write

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
