"""DeviceProfile records: what each MAC address sent and received, for which IP addresses, to which."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from netbeam.declare import Message, given
from netbeam.flows.endpoints import Partial
from netbeam.flows.rows import BEGINNING
from netbeam.flows.summaries import Listing, Names, records
from netbeam.flows.tables import Columns, arrange, selected, unpack
from netbeam.flows.wire import Value

DEVICE_PROFILE = Message(
    "DeviceProfile",
    89,
    (
        given("MacAddr", 1, "string", doc="The MAC address; 00:00:00:00:00:00 is no device."),
        given("DeviceManufacturer", 2, "string", doc="Not filled: there is no table of makers here."),
        given(
            "DeviceIPs", 3, "string", repeated=True,
            doc="IP addresses seen as sources (of the innermost IP header) in frames that the device sent, "
            "those of most packets first; the first 1000.",
        ),
        given(
            "Contacts", 4, "string", repeated=True,
            doc="IP addresses that are targets (of the innermost IP header) of frames that the device sent, "
            "those of most packets first; the first 1000.",
        ),
        given(
            "NumPackets", 5, "int64",
            doc="Frames that have the address as source or target in their outermost header, IP or not.",
        ),
        given("Timestamp", 6, "int64", doc="The first frame, Unix nanoseconds."),
        given("Bytes", 7, "uint64", doc="Bytes of the frames on the wire."),
        given("TimestampLast", 1000, "int64", doc="The last frame, Unix nanoseconds."),
        given("PacketsSent", 1001, "uint64", doc="Frames with the address as source."),
        given("PacketsReceived", 1002, "uint64", doc="Frames with the address as target."),
        given("BytesSent", 1003, "uint64", doc="Bytes on the wire of the frames sent."),
        given("BytesReceived", 1004, "uint64", doc="Bytes on the wire of the frames received."),
        given("NumDeviceIPs", 1005, "uint64", doc="How many addresses sent from behind it, in all."),
        given("NumContacts", 1006, "uint64", doc="How many addresses it sent to, in all."),
        given(
            "VLANs", 1007, "uint32", repeated=True,
            doc="VLANs of its frames, either way, every tag of each; the lowest 1000.",
        ),
        given("NumVLANs", 1008, "uint64", doc="How many VLANs there are in all."),
        given("IsGroup", 1009, "bool", doc="The address is a group's, as broadcast is."),
        given("IsLocal", 1010, "bool", doc="The address was given locally, not by a maker."),
    ),
    "A MAC address and all frames from and to it.",
)  # fmt: skip

_FIELDS = {field.name: field for field in DEVICE_PROFILE.fields}
_COLUMNS = {
    "NumPackets": "packets", "Bytes": "bytes", "PacketsSent": "packets_sent",
    "PacketsReceived": "packets_received", "BytesSent": "bytes_sent", "BytesReceived": "bytes_received",
}  # fmt: skip


def device_records(partial: Partial) -> Iterator[tuple[int, bytes, bytes]]:
    """Give a partial's DeviceProfile records, by time of the first frame, then address.

    Each comes as its time (ns + 2**63), what orders those of one time, and its bytes behind their length.
    """
    names = Names.of(partial)
    devices = partial.table("devices")
    devices = selected(devices, arrange([devices["first"], devices["mac"]])[0])
    mac = devices["mac"]
    number = unpack(partial.macs)[mac]

    def addresses(rows: Columns) -> Value:
        return names.address(rows["address"])

    def listing(name: str, table: str, value: Callable[[Columns], Value], **rank: str) -> Listing:
        columns = partial.table(table)
        return Listing(_FIELDS[name], columns, owner=columns["mac"], owners=mac, value=value, **rank)

    listings = {
        "DeviceIPs": listing("DeviceIPs", "device_addresses", addresses, most="packets"),
        "Contacts": listing("Contacts", "contacts", addresses, most="packets"),
        "VLANs": listing("VLANs", "vlans", lambda rows: rows["vlan"], least="vlan"),
    }

    def values(block: slice) -> dict[str, Value]:
        return {
            "MacAddr": names.mac(mac[block]),
            "Timestamp": devices["first"][block] ^ np.uint64(BEGINNING),
            "TimestampLast": devices["last"][block] ^ np.uint64(BEGINNING),
            "IsGroup": number[block] >> np.uint64(40) & np.uint64(1),
            "IsLocal": number[block] >> np.uint64(41) & np.uint64(1),
            **{field: devices[column][block] for field, column in _COLUMNS.items()},
            **{f"Num{field}": each.counts[block] for field, each in listings.items()},
        }

    return records(DEVICE_PROFILE, values, [*listings.values()], devices["first"], names.mac_key(mac))
