"""What parts of a run tell of hosts, devices and services: tables that merge exactly, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import NamedTuple

import numpy as np

from netbeam.flows.tables import (
    Columns,
    Numbers,
    Packed,
    Table,
    distinct,
    grouped,
    joined,
    pack,
    stacked,
    unpack,
)

_VOLUME = ("packets", "bytes")
_BOTH_WAYS = ("packets_sent", "bytes_sent", "packets_received", "bytes_received")

TABLES = {
    "hosts": Table(
        ("address",),
        (*_VOLUME, *_BOTH_WAYS, "ip_bytes_sent", "ip_bytes_received"),
        ("first",),
        ("last",),
    ),
    "protocols": Table(("address", "protocol"), ("packets",)),
    "ports": Table(("address", "end"), _BOTH_WAYS),
    "contacted": Table(("address", "end"), _VOLUME),
    "peers": Table(("address", "peer")),
    "stations": Table(("address", "mac"), ("packets",)),
    "names": Table(("address", "text"), (), ("first",)),
    "services": Table(
        ("address", "end"),
        ("connections", "answered", "packets", "bytes_server", "bytes_client"),
        ("first",),
        ("last", "confidence"),
    ),
    "applications": Table(("address", "end", "text"), ("connections",)),
    "clients": Table(("address", "end", "client")),
    "devices": Table(("mac",), (*_VOLUME, *_BOTH_WAYS), ("first",), ("last",)),
    "vlans": Table(("mac", "vlan")),
    "device_addresses": Table(("mac", "address"), ("packets",)),
    "contacts": Table(("mac", "address"), ("packets",)),
}
"""All tables. `end` is IP protocol << 16 | port; times are ns + 2**63; PLACES says what stands for what."""

PLACES = {"address": "addresses", "peer": "addresses", "mac": "macs", "text": "texts"}
"""Columns that hold places in a list of addresses, MAC addresses or texts, and which."""


class Partial(NamedTuple):
    """What some part of a run tells of some addresses and MAC addresses.

    `addresses` are the columns IP version, high and low word, `macs` one column, `texts` names and
    applications: distinct and in order, so that the same facts always give the same partial.
    """

    addresses: tuple[Packed, Packed, Packed]
    macs: Packed
    texts: tuple[bytes, ...]
    tables: dict[str, dict[str, Packed]]

    def table(self, name: str) -> Columns:
        """Give a table's columns, its rows in the order of the keys."""
        columns = self.tables.get(name)
        if columns is None:
            return {column: np.zeros(0, np.uint64) for column in TABLES[name].names}
        return {column: unpack(packed) for column, packed in columns.items()}


class Lists(NamedTuple):
    """What the places in PLACES stand for."""

    addresses: Sequence[Numbers]
    macs: Numbers
    texts: Sequence[bytes]

    def partial(self, tables: Mapping[str, Columns]) -> Partial:
        """Make a partial of tables with rows in order: keep of the lists what they use, drop empty tables."""
        tables = {
            name: dict(columns) for name, columns in tables.items() if len(columns[TABLES[name].keys[0]])
        }
        used = {
            "addresses": np.zeros(len(self.addresses[0]), bool),
            "macs": np.zeros(len(self.macs), bool),
            "texts": np.zeros(len(self.texts), bool),
        }
        places = [
            (columns, column, PLACES[column])
            for columns in tables.values() for column in columns if column in PLACES
        ]  # fmt: skip
        for columns, column, kind in places:
            used[kind][columns[column]] = True
        moved = {kind: np.cumsum(mask, dtype=np.uint64) - np.uint64(1) for kind, mask in used.items()}
        for columns, column, kind in places:
            columns[column] = moved[kind][columns[column]]
        version, high, low = (pack(column[used["addresses"]]) for column in self.addresses)
        return Partial(
            (version, high, low),
            pack(self.macs[used["macs"]]),
            tuple(compress(self.texts, used["texts"])),
            {
                name: {column: pack(values) for column, values in columns.items()}
                for name, columns in tables.items()
            },
        )


def merge(partials: Iterable[Partial]) -> Partial:
    """Bring partials together; neither their order nor how facts were split makes a difference."""
    partials = list(partials)
    (version, high, low), address_places = distinct(
        [stacked(unpack(partial.addresses[index]) for partial in partials) for index in range(3)]
    )
    (macs,), mac_places = distinct([stacked(unpack(partial.macs) for partial in partials)])
    texts = sorted({text for partial in partials for text in partial.texts})
    text_place = {text: place for place, text in enumerate(texts)}
    moved = {
        "addresses": np.split(address_places, np.cumsum([each.addresses[0].size for each in partials])),
        "macs": np.split(mac_places, np.cumsum([each.macs.size for each in partials])),
        "texts": [np.array([text_place[text] for text in each.texts], np.uint64) for each in partials],
    }
    tables = {}
    for name, table in TABLES.items():
        parts = []
        for index, partial in enumerate(partials):
            if name in partial.tables:
                columns = partial.table(name)
                for column in columns.keys() & PLACES.keys():
                    columns[column] = moved[PLACES[column]][index][columns[column]]
                parts.append(columns)
        if parts:
            whole = joined(parts)
            del parts
            tables[name] = {column: pack(values) for column, values in grouped(table, whole).items()}
    return Partial((pack(version), pack(high), pack(low)), pack(macs), tuple(texts), tables)
