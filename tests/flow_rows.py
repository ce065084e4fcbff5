"""Rows and service rows made by hand, and the records that come of them."""

import struct
from ipaddress import ip_address

from netbeam.declare import Layer
from netbeam.descriptors import message_classes
from netbeam.flows.device_fields import DEVICE_PROFILE
from netbeam.flows.devices import device_records
from netbeam.flows.digests import BEGINNING
from netbeam.flows.endpoints import merge
from netbeam.flows.host_fields import HOST
from netbeam.flows.hosts import host_records
from netbeam.flows.rows import partials
from netbeam.flows.service_fields import SERVICE
from netbeam.flows.services import service_records
from netbeam.formats.delimited import split
from netbeam.schema import declared

LAYERS = ["Ethernet", "DNS", "HTTP"]
SCHEMA = declared(
    [Layer(each.name, each.type_id, 0, each.fields, doc=each.doc) for each in (HOST, DEVICE_PROFILE, SERVICE)]
)
CLASSES = message_classes(SCHEMA)
RECORDS = {"Host": host_records, "DeviceProfile": device_records, "Service": service_records}
A_MAC, B_MAC = 0x001B210A0B0C, 0x001B210A0B0D


def words(address):
    """Give IP version, high and low word."""
    address = ip_address(address)
    return address.version, int(address) >> 64, int(address) & (1 << 64) - 1


def row(
    source="10.0.0.1", target="8.8.8.8", ports=(40000, 53), protocol=17, *,
    macs=(A_MAC, B_MAC), vlans=(), packets=1, size=100, first=5, last=None,
):  # fmt: skip
    """Give a row of packets of `size` bytes, 14 of them the frame's; without a source one of no IP."""
    version, source_high, source_low = words(source) if source else (0, 0, 0)
    _, target_high, target_low = words(target) if source else (0, 0, 0)
    ends = ports[0] << 48 | ports[1] << 32 | protocol << 24 | version << 16 | 1
    tags = sum((vlan | 0x1000) << 48 - 16 * place for place, vlan in enumerate(vlans))
    times = [time + BEGINNING for time in (first, first if last is None else last)]
    return struct.pack(
        "<19Q", source_high, source_low, target_high, target_low, ends, *macs, tags, *[0] * 6,
        packets, packets * size, packets * (size - 14), *times,
    )  # fmt: skip


def service(
    address="8.8.8.8", port=53, protocol=17, *, layer=2, first=5, sent=0, received=0, packets=1, bits=6,
    client=0,
):  # fmt: skip
    """Give the service row of a connection."""
    version, high, low = words(address)
    end = port << 48 | protocol << 40 | version << 32 | layer
    return struct.pack("<9Q", high, low, end, first + BEGINNING, sent, received, packets, bits, client)


def name(address, text, time=1):
    """Give what a DNS answer tells."""
    return time, b"\x0a\0\0\1", ip_address(address).packed, text


def summarised(rows=(), services=(), names=(), shards=1):
    """Give the partials of one replay item."""
    return partials(b"".join(rows), b"".join(services), list(names), shards, LAYERS)


def written(partial, type_="Host"):
    """Give times, keys and bytes of a partial's records."""
    return list(RECORDS[type_](partial))


def parsed(partial, type_="Host"):
    """Give a partial's records."""
    whole = [next(split([data])) for _, _, data in written(partial, type_)]
    return [CLASSES[type_].FromString(message) for message in whole]


def made(rows=(), services=(), names=(), type_="Host"):
    """Give the records of one replay item."""
    return parsed(merge(summarised(rows, services, names).values()), type_)
