"""Flows of packets without Beam: digests -> parts -> replays -> runs -> records, in one process."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from captures import Packet

from netbeam.block import Digest
from netbeam.chunk import PacketBatch
from netbeam.decode import Decoder
from netbeam.descriptors import message_classes
from netbeam.flows.digests import write_group
from netbeam.flows.endpoints import Partial
from netbeam.flows.parts import Replayer, plan_parts
from netbeam.flows.runs import Records, Run, merge_runs, write_runs
from netbeam.flows.settings import FlowSettings
from netbeam.formats.delimited import delimited, split
from netbeam.plan import compile_plan
from netbeam.protocols import LAYERS
from netbeam.records import FLOW_RECORDS
from netbeam.schema import declared
from netbeam.storage import LocalStorage

TYPES = tuple(layer.name for layer in FLOW_RECORDS)
CLASSES = message_classes(declared(FLOW_RECORDS))
DECODER = Decoder(compile_plan(LAYERS, (), flows=True), bytes)
PLACES = {
    "Connection": ("SourceFile", "LastSourceFile", "FirstPacket", "LastPacket", "FirstOffset"),
    "Flow": ("FirstPacket", "LastPacket"),
}
"""The fields that say where in which capture packets lie."""

RECORD_HEADER = 16
"""Bytes before each packet, as in a pcap."""


class Made(NamedTuple):
    """The records of a run as they would lie in one file each, and its sums."""

    files: Mapping[str, bytes]
    ends: Counter[str]
    states: Counter[str]
    packets: int
    ip_packets: int

    def parsed(self, name: str) -> list[Any]:
        """Give the records of a type, which must know all their fields."""
        found = []
        for body in split([self.files.get(name, b"")]):
            record = CLASSES[name].FromString(body)
            record.DiscardUnknownFields()
            assert record.ByteSize() == len(body), f"{name}: {body.hex()}"
            found.append(record)
        return found

    @property
    def connections(self) -> list[Any]:
        """The Connections."""
        return self.parsed("Connection")

    @property
    def flows(self) -> list[Any]:
        """The Flows."""
        return self.parsed("Flow")

    def anywhere(self) -> dict[str, bytes]:
        """Give the files without what says in which captures the packets lay."""
        files = dict(self.files)
        for name in PLACES.keys() & files.keys():
            records = self.parsed(name)
            for record in records:
                for field in PLACES[name]:
                    record.ClearField(field)
            files[name] = b"".join(delimited(record.SerializeToString()) for record in records)
        return files


def chunks(
    packets: Sequence[Packet], cuts: int | Sequence[int] = 1 << 20, source: str = "test.pcap"
) -> Iterator[PacketBatch]:
    """Give packets as the chunks of a capture: of so many each, or cut before the packets of some numbers."""
    borders = range(cuts, len(packets), cuts) if isinstance(cuts, int) else sorted(cuts)
    start = 24
    for number, (first, last) in enumerate(zip([0, *borders], [*borders, len(packets)], strict=True)):
        joined, index = bytearray(), array("q")
        for packet in packets[first:last]:
            joined += bytes(RECORD_HEADER)
            index.extend((len(joined), len(packet.data), packet.length, packet.time, packet.link))
            joined += packet.data
        if index:
            data = array("B", bytes(1)) * len(joined)  # of exactly this size, for a sanitizer
            memoryview(data)[:] = joined
            yield PacketBatch(source, number, first + 1, memoryview(data), index, start)
        start += len(joined)


def captures(packets: Sequence[Packet], count: int, size: int = 1 << 20) -> list[PacketBatch]:
    """Cut packets into captures whose names are in their order; give their chunks."""
    each = -(-len(packets) // count)
    return [
        batch
        for number in range(count)
        for batch in chunks(packets[number * each : (number + 1) * each], size, f"cut{number}.pcap")
    ]


def digested(batches: Iterable[PacketBatch]) -> list[Digest]:
    """Give the digests of chunks."""
    return [digest for batch in batches for digest in DECODER.decode(batch).digests]


def run(
    batches: Iterable[PacketBatch], types: Iterable[str] = TYPES, group: int = 1 << 20, **settings: Any
) -> Made:
    """Make the records of chunks, whose digests lie in files of `group` chunks, by FlowSettings."""
    digests = digested(batches)
    with TemporaryDirectory() as folder:
        return Job(folder, Replayer(LAYERS, frozenset(types), FlowSettings(**settings))).run(
            [digests[at : at + group] for at in range(0, len(digests), group)]
        )


def flows(*packets: Packet, **settings: Any) -> list[Any]:
    """Give the Connections of packets."""
    made = run(chunks(packets), ("Connection",), **settings)
    assert made.packets == made.ip_packets
    return made.connections


class Job:
    """What transforms.flows does, in order and in one process."""

    def __init__(self, folder: str, replayer: Replayer) -> None:
        self.folder = folder
        self.replayer = replayer
        self.storage = LocalStorage()
        self.runs: dict[tuple[str, int], list[Run]] = defaultdict(list)
        self.files = 0

    def run(self, groups: Sequence[Sequence[Digest]]) -> Made:
        """Make the records of digests."""
        files = [write_group(self.storage, self.folder, group) for group in groups]
        parts = plan_parts(files)
        ends, states, packets = Counter[str](), Counter[str](), 0
        shards: dict[int, list[Partial]] = defaultdict(list)
        for part in reversed(parts):
            replayed = self.replayer.replay(self.storage, part)
            self.store(replayed.records, part.borders)
            ends += replayed.ends
            states += replayed.states
            packets += replayed.packets
            for shard, partial in replayed.partials.items():
                shards[shard].append(partial)
        for found in shards.values():
            self.store(self.replayer.sum_up(found), parts[0].borders)
        once = {(digest.source, digest.chunk): digest.packets for group in groups for digest in group}
        return Made(self.merged(), ends, states, packets, sum(once.values()))

    def store(self, made: Mapping[str, Records], borders: Sequence[int]) -> None:
        """Write records as runs to a file of their own."""
        path, offset = Path(self.folder) / f"{self.files}.runs", 0
        self.files += 1
        with path.open("xb", buffering=0) as file:
            for name, records in made.items():
                runs, offset = write_runs(file, str(path), offset, records, borders)
                for interval, one in enumerate(runs):
                    self.runs[name, interval].append(one)

    def merged(self) -> dict[str, bytes]:
        """Merge the runs of each type and interval; give what lies in each type's file."""
        files: dict[str, bytes] = {}
        for name, interval in sorted(self.runs):
            blocks = merge_runs(self.storage, self.runs[name, interval], 1 << 12)
            files[name] = files.get(name, b"") + b"".join(records for records, _ in blocks)
        return files
