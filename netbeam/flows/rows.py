"""From the rows, service rows and names of a replay item to partials of what they tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from netbeam.flows.digests import BEGINNING
from netbeam.flows.endpoints import TABLES, Lists, Partial
from netbeam.flows.tables import Columns, Numbers, Table, distinct, grouped, joined, selected
from netbeam.kernel.digest import ROW_WORDS
from netbeam.kernel.replay import SERVICE_WORDS

TCP, UDP, SCTP = 6, 17, 132
PORTED = (TCP, UDP, SCTP)
"""The IP protocols whose ports are told; others have type and code, or nothing, in their place."""

SYN_ACK, ANSWERED, BOTH_SIDES, SYN = 1, 2, 4, 8
"""What a service row's bits say: see netbeam.flows.services for what follows from them."""

CONFIDENCES = (0, 40, 60, 80, 90, 100)
"""Steps of confidence in a service, in hundredths; the table holds the place of the highest."""

_PAIR = Table(
    ("source", "target", "source_mac", "target_mac", "protocol"),
    ("packets", "bytes", "ip_bytes"),
    ("first",),
    ("last",),
)


class Item:
    """One replay item's data, its addresses, MAC addresses and texts replaced by places in `lists`."""

    def __init__(
        self,
        rows: bytes | bytearray | memoryview,
        services: bytes | bytearray | memoryview,
        names: Sequence[tuple[int, bytes, bytes, str]],
        layer_names: Sequence[str],
    ) -> None:
        words = np.ascontiguousarray(np.frombuffer(rows, "<u8").reshape(-1, ROW_WORDS).T, np.uint64)
        service = np.ascontiguousarray(np.frombuffer(services, "<u8").reshape(-1, SERVICE_WORDS).T, np.uint64)
        answers = [(time, answer, name) for time, _, answer, name in names if name]
        versions, highs, lows = _addresses([answer for _, answer, _ in answers])
        version = words[4] >> np.uint64(16) & np.uint64(0xFF)
        addresses, places = distinct(
            [
                np.concatenate([version, version, service[2] >> np.uint64(32) & np.uint64(0xFF), versions]),
                np.concatenate([words[0], words[2], service[0], highs]),
                np.concatenate([words[1], words[3], service[1], lows]),
            ]
        )
        (macs,), mac_places = distinct([np.concatenate([words[5], words[6]])])
        applications = [name.encode(errors="surrogateescape") for name in ("", *layer_names)]
        encoded = [name.encode(errors="surrogateescape") for _, _, name in answers]
        texts = sorted({*applications, *encoded})
        self.lists = Lists(addresses, macs, texts)
        count, served = words.shape[1], service.shape[1]
        text_place = {text: place for place, text in enumerate(texts)}
        self.names = {
            "address": places[2 * count + served :],
            "text": np.array([text_place[name] for name in encoded], np.uint64),
            "first": np.array([time + BEGINNING for time, _, _ in answers], np.uint64),
        }
        self.services = _services(service, places[2 * count : 2 * count + served])
        layer_text = np.array([text_place[name] for name in applications], np.uint64)
        self.services["text"] = layer_text[service[2] & np.uint64(0xFFFFFFFF)]
        self.rows = {
            **_facts(words), "source": places[:count], "target": places[count : 2 * count],
            "source_mac": mac_places[:count], "target_mac": mac_places[count:],
        }  # fmt: skip

    def tables(self) -> dict[str, Columns]:
        """Give all tables, their rows grouped."""
        pairs = grouped(_PAIR, self.rows)
        found = {
            **self._hosts(selected(pairs, self.lists.addresses[0][pairs["source"]] != 0)),
            **self._ports(),
            **self._devices(pairs),
            "names": self.names,
            "services": self.services,
            "applications": selected(self.services, self.services["text"] != 0),
            "clients": selected(self.services, self.services["client"] != 0),
        }
        return {name: grouped(table, found[name]) for name, table in TABLES.items()}

    def _hosts(self, pairs: Columns) -> dict[str, Columns]:
        """Give what packets with an IP header tell of their source and of their target."""
        sent = {
            **_sent(pairs), "address": pairs["source"], "peer": pairs["target"],
            "protocol": pairs["protocol"], "mac": pairs["source_mac"], "ip_bytes_sent": pairs["ip_bytes"],
        }  # fmt: skip
        received = {
            **_received(pairs, pairs["source"] == pairs["target"]), "address": pairs["target"],
            "peer": pairs["source"], "protocol": pairs["protocol"], "ip_bytes_received": pairs["ip_bytes"],
        }  # fmt: skip
        hosts = joined([sent, received])
        return {
            "hosts": hosts,
            "protocols": hosts,
            "peers": hosts,
            "stations": selected(sent, self.lists.macs[sent["mac"]] != 0),
        }

    def _ports(self) -> dict[str, Columns]:
        """Give what packets with ports tell of their source and of their target."""
        rows = selected(self.rows, np.isin(self.rows["protocol"], PORTED))
        source, target = (
            rows["protocol"] << np.uint64(16) | rows[port] for port in ("source_port", "target_port")
        )
        return {
            "ports": joined(
                [
                    {**_sent(rows), "address": rows["source"], "end": source},
                    {**_received(rows), "address": rows["target"], "end": target},
                ]
            ),
            "contacted": {
                "address": rows["source"], "end": target, "packets": rows["packets"], "bytes": rows["bytes"],
            },
        }  # fmt: skip

    def _devices(self, pairs: Columns) -> dict[str, Columns]:
        """Give what frames tell of the devices they come from and go to."""
        macs = self.lists.macs
        sent = {**_sent(pairs), "mac": pairs["source_mac"]}
        received = {
            **_received(pairs, pairs["source_mac"] == pairs["target_mac"]),
            "mac": pairs["target_mac"],
        }
        devices = joined([sent, received])
        from_ip = (macs[pairs["source_mac"]] != 0) & (self.lists.addresses[0][pairs["source"]] != 0)
        packets = selected(pairs, from_ip)
        known = {"mac": packets["source_mac"], "packets": packets["packets"]}
        return {
            "devices": selected(devices, macs[devices["mac"]] != 0),
            "device_addresses": {**known, "address": packets["source"]},
            "contacts": {**known, "address": packets["target"]},
            "vlans": self._vlans(),
        }

    def _vlans(self) -> Columns:
        """Give the VLANs of devices' frames: every tag of every frame."""
        parts = [{"mac": np.zeros(0, np.uint64), "vlan": np.zeros(0, np.uint64)}]
        for place in range(0, 64, 16):
            tag = self.rows["vlans"] >> np.uint64(place) & np.uint64(0xFFFF)
            for side in ("source_mac", "target_mac"):
                chosen = (tag != 0) & (self.lists.macs[self.rows[side]] != 0)
                vlan = tag[chosen] & np.uint64(0xFFF)
                parts.append({"mac": self.rows[side][chosen], "vlan": vlan})
        return joined(parts)


def partials(
    rows: bytes | bytearray | memoryview,
    services: bytes | bytearray | memoryview,
    names: Sequence[tuple[int, bytes, bytes, str]],
    shards: int,
    layer_names: Sequence[str],
) -> dict[int, Partial]:
    """Summarise a replay item's data, by the shard in which an address's or a device's facts come together.

    Args:
        rows: ROW_WORDS unsigned 64-bit little-endian words for each direction of a flow in a chunk.
        services: SERVICE_WORDS such words for each connection with ports.
        names: time, client's address, address and name of each DNS answer.
        shards: the number of shards, the same in the whole run.
        layer_names: the names of the layers whose numbers, less one, rows and service rows hold.
    """
    item = Item(rows, services, names, layer_names)
    tables = item.tables()
    owners = {
        "address": _shards(item.lists.addresses, shards),
        "mac": _shards([item.lists.macs], shards),
    }
    found: list[dict[str, Columns]] = [{} for _ in range(shards)]
    for name, columns in tables.items():
        key = TABLES[name].keys[0]
        owner = owners[key][columns[key]]
        order = np.argsort(owner, kind="stable")
        ends = np.searchsorted(owner[order], np.arange(shards, dtype=owner.dtype), "right")
        placed = selected(columns, order)
        for shard, start, end in zip(range(shards), [0, *ends], ends, strict=False):
            found[shard][name] = selected(placed, slice(start, end))
    made = {shard: item.lists.partial(part) for shard, part in enumerate(found)}
    return {shard: partial for shard, partial in made.items() if partial.tables}


def _facts(words: Numbers) -> Columns:
    """Give what rows hold beside addresses."""
    return {
        "protocol": words[4] >> np.uint64(24) & np.uint64(0xFF),
        "source_port": words[4] >> np.uint64(48),
        "target_port": words[4] >> np.uint64(32) & np.uint64(0xFFFF),
        "vlans": words[7], "packets": words[14], "bytes": words[15], "ip_bytes": words[16],
        "first": words[17], "last": words[18],
    }  # fmt: skip


def _sent(rows: Columns) -> Columns:
    return {
        "packets": rows["packets"], "bytes": rows["bytes"], "packets_sent": rows["packets"],
        "bytes_sent": rows["bytes"], "first": rows["first"], "last": rows["last"],
    }  # fmt: skip


def _received(rows: Columns, sent_too: Numbers | bool = False) -> Columns:
    """Give what rows tell of their target; what it sent to itself is in its sums already."""
    return {
        "packets": np.where(sent_too, np.uint64(0), rows["packets"]),
        "bytes": np.where(sent_too, np.uint64(0), rows["bytes"]),
        "packets_received": rows["packets"], "bytes_received": rows["bytes"],
        "first": rows["first"], "last": rows["last"],
    }  # fmt: skip


def _services(words: Numbers, address: Numbers) -> Columns:
    bits = words[7]
    answered = bits & np.uint64(SYN_ACK | ANSWERED) != 0
    payload = bits & np.uint64(ANSWERED) != 0
    steps = [
        (bits & np.uint64(SYN_ACK) != 0) & payload,
        bits & np.uint64(SYN_ACK) != 0,
        payload & (words[2] & np.uint64(0xFFFFFFFF) != 0),
        payload & (bits & np.uint64(SYN) != 0),
        payload,
    ]
    return {
        "address": address,
        "end": (words[2] >> np.uint64(40) & np.uint64(0xFF)) << np.uint64(16) | words[2] >> np.uint64(48),
        "connections": np.ones(len(bits), np.uint64),
        "answered": answered.astype(np.uint64),
        "packets": words[6], "bytes_server": words[4], "bytes_client": words[5],
        "first": words[3], "last": words[3], "client": words[8],
        "confidence": np.select(steps, [np.uint64(step) for step in (5, 4, 3, 2, 1)], np.uint64(0)),
    }  # fmt: skip


def _addresses(values: Sequence[bytes]) -> Iterator[Numbers]:
    """Give IP version, high and low word of addresses of four or sixteen bytes."""
    numbers = [int.from_bytes(value, "big") for value in values]
    yield np.array([4 if len(value) == 4 else 6 for value in values], np.uint64)
    yield np.array([number >> 64 for number in numbers], np.uint64)
    yield np.array([number & (1 << 64) - 1 for number in numbers], np.uint64)


def _shards(words: Sequence[Numbers], shards: int) -> NDArray[np.uint16]:
    """Spread addresses over shards by their words alone, mixed as in SplitMix64 (Steele and others 2014)."""
    mixed = np.zeros(len(words[0]), np.uint64)
    for word in words:
        mixed = (mixed ^ word) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return (mixed % np.uint64(shards)).astype(np.uint16)
