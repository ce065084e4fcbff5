"""Writing: blocks of records -> segments -> commit -> merged files -> published results."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import apache_beam as beam
from apache_beam.coders import PickleCoder, registry
from apache_beam.pvalue import AsSingleton, PCollection
from apache_beam.transforms.window import GlobalWindows

from netbeam import publish
from netbeam.account import Account
from netbeam.block import Block
from netbeam.declare import Layer
from netbeam.formats.ncap import CODECS, header_bytes
from netbeam.merge import FilePlan, FileResult, holds_records, merge, plan_files
from netbeam.segments import BlockRef, SegmentWriter
from transforms.local import PROGRESS
from transforms.storage import storage_of

FINISHED = "finished"
"""The folder in a run's own for files that are whole."""


class BlockCoder(PickleCoder):
    """Blocks, pickled; their size is known without pickling."""

    def estimate_size(self, value: Block) -> int:
        """Give about the size; Beam asks for it often."""
        return len(value.data) + 100


registry.register_coder(Block, BlockCoder)


@dataclass(frozen=True)
class Headers:
    """What the headers of the record files say; `created` None stands for the first packet's time.

    `settings` are said in those of the record types `settled`.
    """

    type_ids: Mapping[str, int]
    source: str
    version: str
    created: int | None = None
    payloads: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    settled: Collection[str] = ()

    @classmethod
    def of(cls, layers: Iterable[Layer], source: str, version: str, **more: Any) -> Headers:
        """Give the headers for the record types among `layers`; `more` are the other fields."""
        type_ids = {layer.name: layer.type_id for layer in layers if layer.type_id is not None}
        return cls(type_ids, source, version, **more)


class AppendBlocks(beam.DoFn):
    """Appends blocks to segments; gives (file, references) for every segment that was closed.

    To Beam the references are of Any type, so that a list of thousands is pickled in one go.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def setup(self) -> None:
        """Make the folder of the segments. The writer serves every bundle of this instance in turn."""
        storage = storage_of(self._folder)
        storage.make_directory(self._folder)
        self._writer = SegmentWriter(storage, self._folder)

    def start_bundle(self) -> None:
        """Forget the segment of a bundle that failed."""
        self._writer.forget()

    def process(self, block: Block) -> Iterator[tuple[str, Any]]:
        """Append one block."""
        yield from self._writer.append(block).items()

    def teardown(self) -> None:
        """Forget the segment that a failed bundle left open."""
        self._writer.forget()

    def finish_bundle(self) -> Iterator[Any]:
        """Close the segment: only now may its blocks be referenced."""
        for item in self._writer.close().items():
            yield GlobalWindows.windowed_value(item)


class AddAccounts(beam.CombineFn):
    """Adds up accounts."""

    def create_accumulator(self) -> Account:
        """Start with nothing."""
        return Account()

    def add_input(self, total: Account, account: Account) -> Account:
        """Add one."""
        total.add(account)
        return total

    def merge_accumulators(self, accounts: Iterable[Account]) -> Account:
        """Add several."""
        total = Account()
        for account in accounts:
            total.add(account)
        return total

    def extract_output(self, total: Account) -> Account:
        """Give the sum."""
        return total


class PlanFiles(beam.DoFn):
    """Plans the files of one record type from the references to its blocks."""

    def __init__(self, suffix: str, shards: int) -> None:
        self._suffix = suffix
        self._shards = shards

    def process(self, grouped: tuple[str, Iterable[list[BlockRef]]]) -> list[FilePlan]:
        """Plan one type's files."""
        file, lists = grouped
        return plan_files(file, (ref for refs in lists for ref in refs), self._suffix, self._shards)


class MergeFile(beam.DoFn):
    """Writes one planned file into the folder of finished files."""

    def __init__(self, folder: str, headers: Headers, codec: str) -> None:
        self._finished = storage_of(folder).join(folder, FINISHED)
        self._headers = headers
        self._codec = codec

    def setup(self) -> None:
        """Make the folder of finished files."""
        storage_of(self._finished).make_directory(self._finished)

    def process(self, plan: FilePlan, account: Account) -> Iterator[FileResult]:
        """Write one file."""
        storage = storage_of(self._finished)
        # A worker that the runner has given up, and whose work another does again, may still be at it.
        path = storage.join(self._finished, f"{uuid4().hex}-{plan.name}")
        yield merge(storage, plan, path, self._head(plan, account))

    def _head(self, plan: FilePlan, account: Account) -> bytes:
        """Give the header of a type's first file, and what makes an empty file a valid one."""
        if not holds_records(plan.file) or (plan.shard and plan.refs):
            return b""
        header = b"" if plan.shard else self._header(plan.file, account)
        return CODECS[self._codec].compress(header)

    def _header(self, file: str, account: Account) -> bytes:
        headers = self._headers
        created = account.total().first_time if headers.created is None else headers.created
        return header_bytes(
            headers.type_ids[file],
            created or 0,
            headers.source,
            headers.version,
            headers.payloads,
            headers.settings if file in headers.settled else None,
        )


class PublishFiles(beam.DoFn):
    """Checks the account, gives all files their final names, writes summary.json. One element, one call."""

    def __init__(self, folder: str, output: str, about: Mapping[str, Any], started: float) -> None:
        self._folder = folder
        self._output = output
        self._about = about
        self._started = started

    def process(self, grouped: tuple[None, Iterable[FileResult | Account]]) -> Iterator[dict[str, Any]]:
        """Publish the run; give the summary."""
        account, results = Account(), []
        for item in grouped[1]:
            if isinstance(item, Account):
                account = item
            else:
                results.append(item)
        publish.check_account(account, results)
        storage = storage_of(self._output)
        finished = storage.join(self._folder, FINISHED)
        storage.make_directory(finished)
        summary = publish.summarize(account, results, self._about, time.time() - self._started)
        PROGRESS.publishing = True
        try:
            publish.publish(storage, finished, self._output, results, summary)
        except BaseException:
            PROGRESS.publishing = False
            raise
        with suppress(OSError):  # the results are there; the caller tries again, and says what stays
            storage.remove_tree(self._folder)
        yield summary


@dataclass
class AppendSegments(beam.PTransform):
    """Append the blocks of several PCollections to segments: by file, references to what was written."""

    folder: str

    def expand(self, blocks: Mapping[str, PCollection[Block]]) -> PCollection[tuple[str, Any]]:
        """Wire it."""
        refs = [
            each | f"Append {name}" >> beam.ParDo(AppendBlocks(self.folder)) for name, each in blocks.items()
        ]
        return refs | beam.Flatten()


@dataclass
class MergeSegments(beam.PTransform):
    """Copy the blocks of each file, once all are written, in order into a finished file."""

    folder: str
    headers: Headers
    codec: str
    shards: int
    account: PCollection[Account]

    def expand(self, refs: PCollection[tuple[str, Any]]) -> PCollection[FileResult]:
        """Wire it."""
        suffix = f".ncap{CODECS[self.codec].suffix}"
        plans = refs | "Commit" >> beam.GroupByKey() | "Plan" >> beam.ParDo(PlanFiles(suffix, self.shards))
        spread = plans | "Spread" >> beam.Reshuffle() if self.shards else plans
        merge_file = MergeFile(self.folder, self.headers, self.codec)
        return spread | "Merge" >> beam.ParDo(merge_file, AsSingleton(self.account, Account()))


@dataclass
class WriteRecords(beam.PTransform):
    """Write blocks as one file a record type, or `shards` of them, and summary.json beside them.

    Applied to a dict of PCollections: "accounts" holds Accounts, at least one; all the others hold
    Blocks. Files appear under their final names only when all are whole and the account adds up; a
    record type without records has none. Temporary files lie in .netbeam-tmp/`run` in the folder
    `beside`, or else in `output`, and stay for the caller to remove. Gives the content of summary.json, of
    which `about` is a part; `started` (Unix s) is when the run began.

    Raises:
        AccountError, LostBlock, OSError: in the running pipeline; nothing was published then.
    """

    output: str
    headers: Headers
    codec: str = "gzip"
    shards: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.time)
    run: str = field(default_factory=lambda: uuid4().hex)
    beside: str = ""

    def expand(self, inputs: Mapping[str, PCollection]) -> PCollection[dict[str, Any]]:
        """Wire it."""
        folder = storage_of(self.output).join(self.beside or self.output, publish.TEMPORARY, self.run)
        blocks = {name: each for name, each in inputs.items() if name != "accounts"}
        account = inputs["accounts"] | "Add up" >> beam.CombineGlobally(AddAccounts()).without_defaults()
        merge_segments = MergeSegments(folder, self.headers, self.codec, self.shards, account)
        results = blocks | AppendSegments(folder) | merge_segments
        gathered = (results, account) | beam.Flatten() | beam.WithKeys(None) | beam.GroupByKey()
        return gathered | "Publish" >> beam.ParDo(PublishFiles(folder, self.output, self.about, self.started))
