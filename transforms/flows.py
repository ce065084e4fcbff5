"""Flows: digests -> partitions on disk -> parts replayed in order -> runs merged by time -> blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import uuid4

import apache_beam as beam
from apache_beam.pvalue import PCollection, TaggedOutput
from apache_beam.transforms.window import GlobalWindows

from netbeam.account import Account, Written
from netbeam.block import BUFFER_BYTES, Block, Digest
from netbeam.flows.digests import GROUP_BYTES, write_group
from netbeam.flows.parts import Part, Replayer, plan_parts
from netbeam.flows.runs import Records, Run, merge_runs, write_runs
from netbeam.formats.ncap import CODECS
from netbeam.storage import Storage
from transforms.counters import Counters
from transforms.local import PROGRESS
from transforms.storage import storage_of


class StoreDigests(beam.DoFn):
    """Writes digests to files of several chunks each; gives what is in each file.

    To Beam a group is of Any type, so that its arrays are pickled in one go.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def setup(self) -> None:
        """Make the folder."""
        self._storage = storage_of(self._folder)
        self._storage.make_directory(self._folder)

    def start_bundle(self) -> None:
        """Forget the digests of a bundle that failed."""
        self._held: list[Digest] = []
        self._bytes = 0

    def process(self, digest: Digest) -> Iterator[Any]:
        """Take one chunk's digest."""
        self._held.append(digest)
        self._bytes += len(digest.words) + len(digest.text)
        if self._bytes >= GROUP_BYTES:
            yield write_group(self._storage, self._folder, self._held)
            self.start_bundle()

    def finish_bundle(self) -> Iterator[Any]:
        """Write what is left."""
        if self._held:
            group: Any = write_group(self._storage, self._folder, self._held)
            yield GlobalWindows.windowed_value(group)
        self.start_bundle()


class ReplayPart(beam.DoFn):
    """Replays one part; gives its runs by (record type, interval), "partials" by shard, and "accounts"."""

    def __init__(self, folder: str, replayer: Replayer, reports: str) -> None:
        self._folder = folder
        self._replayer = replayer
        self._reports = reports

    def process(self, part: Part) -> Iterator[Any]:
        """Replay one part."""
        storage = storage_of(self._folder)
        replayed = self._replayer.replay(storage, part)
        yield from stored(storage, self._folder, replayed.records, part.borders)
        for shard, partial in replayed.partials.items():
            yield TaggedOutput("partials", (shard, (partial, part.borders)))
        yield TaggedOutput(
            "accounts",
            Account(replayed=replayed.packets, flow_ends=replayed.ends, flow_states=replayed.states),
        )
        PROGRESS.add(replayed_packets=replayed.packets)
        PROGRESS.report(self._reports)


class SumUp(beam.DoFn):
    """Makes the records of one shard's hosts, devices and services; gives their runs."""

    def __init__(self, folder: str, replayer: Replayer) -> None:
        self._folder = folder
        self._replayer = replayer

    def process(self, grouped: tuple[int, Iterable[tuple[Any, tuple[int, ...]]]]) -> Iterator[Any]:
        """Sum up one shard."""
        found, borders = zip(*grouped[1], strict=True)
        made = self._replayer.sum_up(found)
        yield from stored(storage_of(self._folder), self._folder, made, borders[0])


def stored(
    storage: Storage, folder: str, made: Mapping[str, Records], borders: tuple[int, ...]
) -> list[tuple[tuple[str, int], Run]]:
    """Write records as sorted runs to a file of their own; give each by (record type, interval)."""
    path = storage.join(folder, f"{uuid4().hex}.runs")
    offset = 0
    found = []
    with storage.create(path) as file:
        for name, records in made.items():
            runs, offset = write_runs(file, path, offset, records, borders)
            found += [((name, interval), run) for interval, run in enumerate(runs) if run.pages]
    return found


class MergeRuns(beam.DoFn):
    """Merges the runs of a record type in one interval of time; gives blocks, and "accounts"."""

    def __init__(self, folder: str, codec: str, buffer_bytes: int) -> None:
        self._folder = folder
        self._codec = codec
        self._buffer_bytes = buffer_bytes

    def setup(self) -> None:
        """Find the codec."""
        self._compress = CODECS[self._codec].compress
        self._counters = Counters()

    def process(self, grouped: tuple[tuple[str, int], Iterable[Run]]) -> Iterator[Any]:
        """Merge the runs of one key."""
        (name, interval), runs = grouped
        written = Written()
        storage = storage_of(self._folder)
        merged = merge_runs(storage, list(runs), self._buffer_bytes)
        for sequence, (records, count) in enumerate(merged):
            data = self._compress(memoryview(records))
            written.add(Written(count, len(records), len(data)))
            yield Block(name, "", interval, sequence, count, len(records), data)
        account = Account(encoded={name: written})
        self._counters.add(account)
        yield TaggedOutput("accounts", account)


@dataclass
class MakeFlows(beam.PTransform):
    """Make records of many packets: Digest -> `blocks` (Block) and `accounts` (Account), for WriteRecords.

    Digests and runs lie in `folder`, which all workers see, for the caller to remove. `replayer` says what
    is made (netbeam.flows.parts); `codec`, `buffer_bytes` and `reports` are as in DecodePackets.
    """

    folder: str
    replayer: Replayer
    codec: str = "gzip"
    buffer_bytes: int = BUFFER_BYTES
    reports: str = ""

    def expand(self, digests: PCollection[Digest]) -> Any:
        """Wire it."""
        parts = (
            digests
            | "Store" >> beam.ParDo(StoreDigests(self.folder))
            | "Key" >> beam.WithKeys(None)
            | "Gather" >> beam.GroupByKey()
            | "Divide" >> beam.FlatMap(lambda grouped: plan_parts(grouped[1]))
            | "Spread" >> beam.Reshuffle()
        )
        replayed = parts | "Replay" >> beam.ParDo(
            ReplayPart(self.folder, self.replayer, self.reports)
        ).with_outputs("accounts", "partials", main="runs")
        runs = replayed.runs
        if self.replayer.hosts:
            summed = (
                replayed.partials
                | "Shards" >> beam.GroupByKey()
                | "Sum up" >> beam.ParDo(SumUp(self.folder, self.replayer))
            )
            runs = (runs, summed) | "Runs" >> beam.Flatten()
        merged = (
            runs
            | "Group" >> beam.GroupByKey()
            | "Merge"
            >> beam.ParDo(MergeRuns(self.folder, self.codec, self.buffer_bytes))
            .with_output_types(Block)
            .with_outputs("accounts", main="blocks")
        )
        return Flows(merged.blocks, (replayed.accounts, merged.accounts) | "Accounts" >> beam.Flatten())


class Flows(NamedTuple):
    """What flows give: blocks of records, and their accounts."""

    blocks: PCollection[Block]
    accounts: PCollection[Account]
