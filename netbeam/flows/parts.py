"""Parts: the flows of a run, divided so that each part's packets fit in memory, and replayed one by one."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from netbeam.declare import LAYER_NAMES, PROTOCOL_NAMES, SOURCE_NAMES, Layer
from netbeam.flows.connection import CONNECTION, END_REASONS, FLOW, back
from netbeam.flows.devices import device_records
from netbeam.flows.digests import BEGINNING, DigestGroup, read_sections
from netbeam.flows.endpoints import Partial, merge
from netbeam.flows.features import FLOW_FEATURES
from netbeam.flows.hosts import host_records
from netbeam.flows.rows import partials
from netbeam.flows.runs import Records
from netbeam.flows.services import service_records
from netbeam.flows.settings import FlowSettings
from netbeam.flows.sheets import SheetTables, compile_sheet
from netbeam.flows.tcp_fields import STATES
from netbeam.kernel import features, replay, sheet, tcp
from netbeam.kernel.digest import PARTITIONS, SIZES
from netbeam.kernel.replay import Replay
from netbeam.storage import Storage

SHARDS = 16
"""Hosts and devices are summed in so many parts."""

PART_PACKETS = 128 << 10
"""Partitions are put together up to so many packets, so that workers share the work."""

MOST_PACKETS = 2 << 20
"""A partition with more is replayed in several parts, divided by the whole key of flows."""

INTERVAL_PACKETS = 256 << 10
"""For every so many packets records are merged in one more interval of time, each by itself."""


class Part(NamedTuple):
    """Some partitions, or of one the flows whose hash modulo `shares` is `share`.

    `skipped` numbers the chunks of each group that another group has as well. `sources` are the captures by
    name, `borders` the times (as digests have them) that divide records for merging, `latest` are the times
    of the captures' last packets, Unix ns.
    """

    first: int
    last: int
    share: int
    shares: int
    groups: tuple[DigestGroup, ...]
    skipped: tuple[tuple[int, ...], ...]
    sources: tuple[str, ...]
    borders: tuple[int, ...]
    latest: tuple[int, ...]


def plan_parts(groups: Iterable[DigestGroup]) -> list[Part]:
    """Divide the work; the records that come of it don't depend on how."""
    ordered = sorted(groups, key=lambda group: (group.chunks[0][:2], group.path))
    if not ordered:
        return []
    skipped, seen = [], set()
    packets = array("q", bytes(8 * PARTITIONS))
    for group in ordered:
        twice = []
        for number, chunk in enumerate(group.chunks):
            if chunk[:2] in seen:
                twice.append(number)
                continue
            seen.add(chunk[:2])
            for partition in range(PARTITIONS):
                packets[partition] += chunk.sizes[SIZES * partition + 2]
        skipped.append(tuple(twice))
    chunks = [chunk for group in ordered for chunk in group.chunks]
    sources = tuple(sorted({chunk.source for chunk in chunks}))
    latest: dict[str, int] = {}
    for chunk in chunks:
        latest[chunk.source] = max(chunk.latest, latest.get(chunk.source, chunk.latest))
    earliest = min(chunk.earliest for chunk in chunks)
    borders = intervals(earliest, max(latest.values()), sum(packets))
    times = tuple(latest[source] for source in sources)
    return [
        Part(
            first,
            last,
            share,
            shares,
            tuple(group.cut(first, last) for group in ordered),
            tuple(skipped),
            sources,
            borders,
            times,
        )
        for first, last, share, shares in cut_partitions(packets)
    ]


def cut_partitions(packets: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    """Give (first, last, share, shares) of parts, by how many packets each partition has."""
    first, held = 0, 0
    for partition, count in enumerate(packets):
        if first < partition and held + count > PART_PACKETS:
            yield first, partition, 0, 1
            first, held = partition, 0
        held += count
        if count > MOST_PACKETS:
            shares = -(-count // MOST_PACKETS)
            yield from ((partition, partition + 1, share, shares) for share in range(shares))
            first, held = partition + 1, 0
    if first < len(packets):
        yield first, len(packets), 0, 1


def intervals(earliest: int, latest: int, packets: int) -> tuple[int, ...]:
    """Give the times that divide a run into intervals of equal length, as biased as those of digests."""
    count = packets // INTERVAL_PACKETS + 1
    return tuple(BEGINNING + earliest + (latest - earliest) * i // count for i in range(1, count))


class Replayed(NamedTuple):
    """What comes of a part: records by type, how its connections ended and in which states, their packets.

    `partials` are what it says of hosts, devices and services, by their shard.
    """

    records: Mapping[str, Records]
    ends: Counter[str]
    states: Counter[str]
    packets: int
    partials: Mapping[int, Partial]


SUMMED: Mapping[str, Callable[[Partial], Iterator[tuple[int, bytes, bytes]]]] = {
    "Host": host_records,
    "DeviceProfile": device_records,
    "Service": service_records,
}
"""The record types that are summed over a run, and what makes them of a partial."""

MADE = (CONNECTION, FLOW, FLOW_FEATURES)
"""The record types that a replay makes."""


class Replayer:
    """Replays parts: `wanted` are the names of the record types, `layers` all that are declared.

    Holds the memory of the greatest part; every thread has its own.
    """

    def __init__(self, layers: tuple[Layer, ...], wanted: frozenset[str], settings: FlowSettings) -> None:
        self.layers = layers
        self.wanted = wanted
        self.settings = settings
        self._made: tuple[tuple[str, ...], tuple[int, ...]] | None = None

    @property
    def hosts(self) -> bool:
        """Whether records are wanted that rows, services and names are collected for."""
        return not self.wanted.isdisjoint(SUMMED)

    def replay(self, storage: Storage, part: Part) -> Replayed:
        """Read a part's digests and replay them.

        Raises:
            LostBlock: a file of digests is gone, or not as it was written.
            MemoryError: the part does not fit in memory.
        """
        machine = self.machine(part.sources, part.latest)
        machine.begin(part.share, part.shares)
        numbers = {source: number for number, source in enumerate(part.sources)}
        names: list[tuple[int, bytes, bytes, str]] = []
        for group, skipped in zip(part.groups, part.skipped, strict=True):
            for section in read_sections(storage, group, skipped):
                chunk = section.chunk
                machine.load(
                    section.words,
                    section.text,
                    section.sizes,
                    numbers[chunk.source],
                    chunk.first_packet,
                    chunk.start,
                )
                if self.hosts and part.share == 0:
                    names.extend(section.names())
        machine.run()
        *made, (services, _), (rows, _) = machine.take_records()
        ends, states, packets = machine.summary()
        return Replayed(
            {m.name: Records.of(*each) for m, each in zip(MADE, made, strict=True) if m.name in self.wanted},
            Counter({name: count for name, count in zip(END_REASONS, ends, strict=True) if count}),
            Counter({name: count for name, count in zip(STATES, states, strict=True) if count}),
            packets,
            self.partials(rows, services, names) if self.hosts else {},
        )

    def partials(
        self, rows: bytearray, services: bytearray, names: list[tuple[int, bytes, bytes, str]]
    ) -> dict[int, Partial]:
        """Give what a part says of hosts, devices and services."""
        return partials(rows, services, names, SHARDS, [layer.name for layer in self.layers])

    def sum_up(self, found: Iterable[Partial]) -> dict[str, Records]:
        """Give the records of hosts, devices and services of one shard."""
        whole = merge(found)
        return {name: summed(make(whole)) for name, make in SUMMED.items() if name in self.wanted}

    def machine(self, sources: tuple[str, ...], latest: tuple[int, ...]) -> Replay:
        """Give the machine for a run's parts; it is made once, with the memory that it needs."""
        if self._made != (sources, latest):
            self._made = sources, latest
            tables = self.tables(sources)
            connection, of_features = (sheet.Sheet(*each[:3]) for each in tables)
            if not self.settings.per_file:
                latest = (max(latest),) * len(latest)
            self._machine = Replay(
                connection,
                of_features,
                self.first_rows(*tables),
                self.numbers(),
                array("q", latest),
                array("Q", [0, *(stable(layer.name) for layer in self.layers)]),
            )
        return self._machine

    def numbers(self) -> array[int]:
        """Give the settings as the kernel takes them."""
        settings = self.settings
        numbers = array("q", bytes(8 * replay.SETTINGS))
        for column, value in {
            replay.TCP_IDLE: settings.idle_tcp,
            replay.UDP_IDLE: settings.idle_udp,
            replay.ICMP_IDLE: settings.idle_icmp,
            replay.OTHER_IDLE: settings.idle_other,
            replay.ACTIVE_LIMIT: settings.active,
            replay.LINGER: settings.linger,
            replay.SEED: settings.seed,
            replay.PER_FILE: settings.per_file,
        }.items():
            numbers[column] = value
        return numbers

    def tables(self, sources: Sequence[str]) -> tuple[SheetTables, SheetTables]:
        """Give the tables of the connection's sheet, and of that of its features."""
        names = {
            LAYER_NAMES: ["", *(layer.name for layer in self.layers)],
            PROTOCOL_NAMES: protocol_names(self.layers),
            SOURCE_NAMES: sources,
        }
        modules = (replay, tcp, sheet)
        connection = compile_sheet((CONNECTION, FLOW, back(FLOW, modules)), modules, names)
        return connection, compile_sheet((FLOW_FEATURES,), (features, sheet), names)

    def first_rows(self, connection: SheetTables, of_features: SheetTables) -> array[int]:
        """Give where each wanted record's table begins, -1 for the others."""
        rows = array("q", [-1] * replay.TABLES)
        if CONNECTION.name in self.wanted:
            rows[replay.CONNECTION] = connection.first_rows[0]
        if FLOW.name in self.wanted:
            rows[replay.FLOW], rows[replay.FLOW_BACK] = connection.first_rows[1:]
        if FLOW_FEATURES.name in self.wanted:
            rows[replay.FLOW_FEATURES] = of_features.first_rows[0]
        if self.hosts:
            rows[replay.SERVICES] = 0
        return rows


def stable(data: bytes | str) -> int:
    """Give a hash of 64 bits that is the same in every process."""
    encoded = data.encode() if isinstance(data, str) else data
    return int.from_bytes(blake2b(encoded, digest_size=8).digest(), "big")


def summed(records: Iterable[tuple[int, bytes, bytes]]) -> Records:
    """Give records with the keys of their order: a hash stands for what orders those of one time."""
    data = bytearray()
    keys = array("Q")
    for time, tie, record in records:
        data += record
        keys.extend((time, stable(tie), len(data)))
    return Records.of(data, keys.tobytes())


def protocol_names(layers: Iterable[Layer]) -> list[str]:
    """Give the names of the layers that IP protocol numbers lead to, by number; others have none."""
    names = [""] * 256
    for layer in layers:
        for key in layer.found_by:
            if key.space == "ip_protocol":
                names[key.number] = layer.name
    return names
