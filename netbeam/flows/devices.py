"""DeviceProfile records: what each MAC address sent and received, for which IP addresses, to which."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from netbeam.flows.device_fields import DEVICE_PROFILE
from netbeam.flows.digests import BEGINNING
from netbeam.flows.endpoints import Partial
from netbeam.flows.summaries import Listing, Names, records
from netbeam.flows.tables import Columns, arrange, selected, unpack
from netbeam.flows.wire import Value

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
