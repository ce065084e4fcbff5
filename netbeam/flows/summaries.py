"""From partials to the records of hosts, devices and services: their lists, and their bytes in time order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netbeam.declare import Field, Message
from netbeam.flows.endpoints import Partial
from netbeam.flows.tables import Columns, Numbers, arrange, selected, unpack
from netbeam.flows.wire import Cells, Ragged, Texts, Value, cells, entries, lists, texts, write
from netbeam.formats.delimited import delimited
from netbeam.kernel.addresses import ROOM, address_texts

LISTED = 1000
"""A list in a record holds so many entries at most; a field beside it counts how many there are in all."""

_BLOCK = 2048
"""So many records are written at a time, which bounds memory."""

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
    high: Numbers
    low: Numbers
    macs: Numbers
    texts: Sequence[bytes]

    @classmethod
    def of(cls, partial: Partial) -> Names:
        """Read what a partial's places stand for."""
        versions, high, low = (unpack(column) for column in partial.addresses)
        return cls(versions.astype(np.uint8), high, low, unpack(partial.macs), partial.texts)

    def address(self, places: Numbers) -> Texts:
        """Give IP addresses: dotted decimal, or as RFC 5952 says."""
        return _text(self.versions[places], octets(self.high[places], self.low[places]))

    def address_key(self, places: Numbers) -> Cells:
        """Give what orders addresses: the IP version, then the address."""
        versions = self.versions[places, None]
        used = np.ones((len(places), 17), bool)
        used[:, 1:13] = versions != 4
        return Cells(np.hstack([versions, octets(self.high[places], self.low[places])]), used)

    def mac(self, places: Numbers) -> Texts:
        """Give MAC addresses."""
        macs = self.macs[places]
        return _text(np.zeros(len(macs), np.uint8), octets(np.zeros_like(macs), macs))

    def mac_key(self, places: Numbers) -> Cells:
        """Give what orders MAC addresses: their bytes."""
        macs = self.macs[places]
        return Cells(octets(macs, macs)[:, 10:], np.ones((len(places), 6), bool))

    def text(self, places: Numbers, known: NDArray[np.bool_] | None = None) -> Texts:
        """Give names; the empty text for one that is not `known`."""
        if known is None:
            return texts([self.texts[place] for place in places.tolist()])
        chosen = zip(places.tolist(), known.tolist(), strict=True)
        return texts([self.texts[place] if there else b"" for place, there in chosen])


def protocol(numbers: Numbers) -> Texts:
    """Give the names of IP protocols; one without a name by its number."""
    named, places = np.unique(numbers, return_inverse=True)
    known = texts([IP_PROTOCOLS.get(int(number), f"IP protocol {number}").encode() for number in named])
    return Texts(known.data[places], known.lengths[places])


def octets(high: Numbers, low: Numbers) -> NDArray[np.uint8]:
    """Give sixteen bytes for each pair of words, in network order."""
    return np.stack([high, low], 1).astype(">u8").view(np.uint8).reshape(-1, 16)


def _text(versions: NDArray[np.uint8], words: NDArray[np.uint8]) -> Texts:
    lengths = np.zeros(len(versions), np.uint8)
    rows = address_texts(words.tobytes(), versions.tobytes(), lengths)
    data = np.frombuffer(rows, np.uint8)[: ROOM * len(versions)].reshape(-1, ROOM)
    return Texts(data[:, : int(lengths.max(initial=1))], lengths.astype(np.int64))


class Listing:
    """The rows of a table that go into a repeated field of the records, those of one record together.

    Rows belong to the record whose place in `owners` holds their `owner`. Those with the greatest numbers in
    the column `most` come first, or those with the least in `least`; equals are in the order of the table.
    `value` makes the field's entries of rows.
    """

    def __init__(
        self,
        field: Field,
        columns: Columns,
        *,
        owner: Numbers,
        owners: Numbers,
        value: Callable[[Columns], Value],
        most: str = "",
        least: str = "",
    ) -> None:
        rank = columns[most].max(initial=0) - columns[most] if most else columns[least]
        order, _ = arrange([owner, rank, np.arange(len(owner), dtype=np.uint64)])
        self.columns = selected(columns, order)
        self.begins, self.counts = spans(owner[order], owners)
        self.field, self.value = field, value

    def top(self, column: str, records: slice) -> tuple[Numbers, NDArray[np.bool_]]:
        """Give a column's value in the first row of each of some records, and whether there is one."""
        known = self.counts[records] > 0
        values = np.append(self.columns[column], np.uint64(0))
        return values[np.where(known, self.begins[records], 0)], known

    def pieces(self, records: slice) -> list[bytes]:
        """Give the field's bytes for each of some records."""
        begins = self.begins[records]
        ends = begins + np.minimum(self.counts[records], LISTED)
        packed = self.field.type in ("uint32", "uint64")

        def make(rows: NDArray[np.int64]) -> Cells:
            value = self.value(selected(self.columns, rows))
            return entries(value) if packed and isinstance(value, np.ndarray) else cells(self.field, value)

        runs = lists(begins, ends, make).split()
        if not packed:
            return runs
        key = entries(np.array([self.field.number << 3 | 2])).data.tobytes()
        return [key + delimited(run) if run else b"" for run in runs]


def spans(placed: Numbers, owners: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give where the rows of each of `owners` begin, in rows in order of owners, and how many they are."""
    begins = np.searchsorted(placed, owners, "left")
    return begins, np.searchsorted(placed, owners, "right") - begins


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
        parts = [whole(write(message, values(block))).split(), *(each.pieces(block) for each in listings)]
        bodies = zip(*parts, strict=True)
        ordered = whole(Cells(keys.data[block], keys.used[block])).split()
        for time, key, pieces in zip(first[block].tolist(), ordered, bodies, strict=True):
            yield time, key, delimited(b"".join(pieces))


def whole(made: Cells) -> Ragged:
    """Give the bytes of messages."""
    return Ragged(made.data[made.used].tobytes(), np.cumsum(made.used.sum(1)))
