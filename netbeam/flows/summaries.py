"""From partials to the records of hosts, devices and services: their lists, and their bytes in time order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netbeam.declare import Field, Message
from netbeam.flows.endpoints import Partial
from netbeam.flows.tables import Columns, Numbers, arrange, selected, unpack
from netbeam.flows.wire import Cells, Ragged, Texts, Value, lists, texts, write
from netbeam.formats.delimited import delimited
from netbeam.kernel.addresses import ROOM, address_texts

LISTED = 1000
"""A list in a record holds so many entries at most; a field beside it counts how many there are in all."""

_BLOCK = 2048
"""So many records are written at a time, which bounds memory."""

PORT_STATS = Message(
    "PortStats",
    None,
    (
        Field("Packets", 1, "uint64", "given", doc="Packets."),
        Field("Bytes", 2, "uint64", "given", doc="Bytes of their frames on the wire."),
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
        Field("Protocol", 2, "string", "given", doc="TCP, UDP or SCTP."),
        Field("Stats", 3, PORT_STATS, "given"),
    ),
    "A port of a host.",
)

IP_PROTOCOLS = {
    0: "IPv6HopByHop", 1: "ICMPv4", 2: "IGMP", 4: "IPv4", 6: "TCP", 8: "EGP", 17: "UDP", 33: "DCCP",
    41: "IPv6", 43: "IPv6Routing", 44: "IPv6Fragment", 46: "RSVP", 47: "GRE", 50: "ESP", 51: "AH",
    58: "ICMPv6", 59: "IPv6NoNextHeader", 60: "IPv6Destination", 88: "EIGRP", 89: "OSPF", 97: "EtherIP",
    103: "PIM", 108: "IPComp", 112: "VRRP", 115: "L2TP", 132: "SCTP", 136: "UDPLite", 137: "MPLS",
}  # fmt: skip
"""IP protocols by number (IANA), those that are decoded by the name of their record type."""


class Names(NamedTuple):
    """The texts of a partial's addresses, MAC addresses and names, for columns of places."""

    versions: NDArray[np.uint8]
    words: NDArray[np.uint8]
    macs: NDArray[np.uint8]
    texts: Sequence[bytes]

    @classmethod
    def of(cls, partial: Partial) -> Names:
        """Read what a partial's places stand for."""
        versions, high, low = (unpack(column) for column in partial.addresses)
        macs = unpack(partial.macs)
        return cls(
            versions.astype(np.uint8), octets(high, low), octets(np.zeros_like(macs), macs), partial.texts
        )

    def address(self, places: Numbers) -> Texts:
        """Give IP addresses: dotted decimal, or as RFC 5952 says."""
        return _text(self.words[places], self.versions[places])

    def mac(self, places: Numbers) -> Texts:
        """Give MAC addresses."""
        return _text(self.macs[places], np.zeros(len(places), np.uint8))

    def text(self, places: Numbers, known: NDArray[np.bool_] | None = None) -> Texts:
        """Give names; the empty text for one that is not `known`."""
        chosen = (
            [self.texts[place] for place in places.tolist()]
            if known is None
            else [
                self.texts[place] if there else b""
                for place, there in zip(places.tolist(), known.tolist(), strict=True)
            ]
        )
        return texts(chosen)

    def key(self, places: Numbers) -> Cells:
        """Give what orders addresses: the IP version, then the address."""
        used = np.ones((len(places), 17), bool)
        used[:, 1:13] = (self.versions[places] != 4)[:, None]
        return Cells(np.hstack([self.versions[places, None], self.words[places]]), used)

    def mac_key(self, places: Numbers) -> Cells:
        """Give what orders MAC addresses: their bytes."""
        return Cells(self.macs[places, 10:], np.ones((len(places), 6), bool))


def protocol(numbers: Numbers) -> Texts:
    """Give the names of IP protocols; one without a name by its number."""
    named, places = np.unique(numbers, return_inverse=True)
    known = texts([IP_PROTOCOLS.get(int(number), f"IP protocol {number}").encode() for number in named])
    return Texts(known.data[places], known.lengths[places])


def octets(high: Numbers, low: Numbers) -> NDArray[np.uint8]:
    """Give sixteen bytes for each pair of words, in network order."""
    return np.stack([high, low], 1).astype(">u8").view(np.uint8).reshape(-1, 16)


def _text(words: NDArray[np.uint8], versions: NDArray[np.uint8]) -> Texts:
    lengths = np.zeros(len(versions), np.uint8)
    rows = address_texts(np.ascontiguousarray(words).tobytes(), versions.tobytes(), lengths)
    longest = int(lengths.max(initial=1))
    data = np.frombuffer(rows, np.uint8)[: ROOM * len(versions)].reshape(-1, ROOM)
    return Texts(data[:, :longest], lengths.astype(np.int64))


class Listing:
    """The rows of a table that go into a repeated field of the records, those of one record together.

    `entry` makes the field's bytes from rows; `rank` names the column by which the greatest come first, or
    the least where it begins with "-"; equals are in the order of the table.
    """

    def __init__(
        self, owner: Numbers, columns: Columns, rank: str, owners: Numbers, entry: Callable[[Columns], Cells]
    ) -> None:
        column = rank.removeprefix("-")
        values = (
            columns[column] if rank != column or not len(owner) else columns[column].max() - columns[column]
        )
        order, _ = arrange([owner, values, np.arange(len(owner), dtype=np.uint64)])
        self.columns = selected(columns, order)
        placed = owner[order]
        self.begins = np.searchsorted(placed, owners, "left")
        self.counts = np.searchsorted(placed, owners, "right") - self.begins
        self.entry = entry

    def top(self, column: str, records: slice) -> tuple[Numbers, NDArray[np.bool_]]:
        """Give a column's value in the first row of each of some records, and whether there is one."""
        known = self.counts[records] > 0
        values = np.append(self.columns[column], np.uint64(0))
        return values[np.where(known, self.begins[records], 0)], known

    def runs(self, records: slice) -> Ragged:
        """Give the field's bytes for each of some records."""
        begins = self.begins[records]
        ends = begins + np.minimum(self.counts[records], LISTED)
        return lists(begins, ends, lambda rows: self.entry(selected(self.columns, rows)))


def records(
    message: Message,
    values: Callable[[slice], Mapping[str, Value]],
    listings: Sequence[Listing],
    first: Numbers,
    keys: Cells,
) -> Iterator[tuple[int, bytes, bytes]]:
    """Give the records of a type: time, what orders records of the same time, and the bytes.

    `values` gives the columns of some records, which are in order already; `first` are their times and
    `keys` what orders those of the same time.
    """
    for start in range(0, len(first), _BLOCK):
        block = slice(start, min(start + _BLOCK, len(first)))
        parts = [whole(write(message, values(block))), *(listing.runs(block) for listing in listings)]
        bodies = zip(*(part.split() for part in parts), strict=True)
        ordered = whole(Cells(keys.data[block], keys.used[block])).split()
        for time, key, pieces in zip(first[block].tolist(), ordered, bodies, strict=True):
            yield time, key, delimited(b"".join(pieces))


def whole(made: Cells) -> Ragged:
    """Give the bytes of messages."""
    return Ragged(made.data[made.used].tobytes(), np.cumsum(made.used.sum(1)))
