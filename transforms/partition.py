"""Publishing what a job wrote as one run's partition: the last step of an incremental run, on any runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from netbeam.capture import LostInput
from netbeam.ledger import MANIFEST, Capture, Manifest, Taken, partition_of, publish_partition, run_id
from transforms.sources import printable
from transforms.stamps import Stamp, stamp_of
from transforms.storage import storage_of


@dataclass(frozen=True)
class Partition:
    """One run's results to be: in the folder `stage` first, then in its partition of `output`.

    `source` is the input as the files' headers name it, `captures` are what is read, as the ledger has
    it; `accounts` has the name of each in the account, `stamps` the path and stamp of each as it was
    looked at. `shown` is the partition's folder as the user would name it, `told` what the summary says
    of captures. Local paths are absolute: a worker's directory may be another.
    """

    output: str
    stage: str
    plan: Mapping[str, Any]
    source: str
    captures: tuple[Capture, ...]
    accounts: tuple[str, ...]
    stamps: tuple[tuple[str, Stamp], ...]
    shown: str
    told: Mapping[str, Any]

    @property
    def run(self) -> str:
        """The run's ID."""
        return run_id(self.plan, self.source, self.captures)

    @property
    def path(self) -> str:
        """The folder of the results when they are published."""
        return partition_of(storage_of(self.output), self.output, self.run)


@dataclass
class PublishPartition(beam.PTransform):
    """Publish what was written to `partition.stage`: takes and gives the content of summary.json.

    Raises:
        LostInput, Taken, OSError: in the running pipeline; nothing was published then.
    """

    partition: Partition

    def expand(self, summaries: PCollection[dict[str, Any]]) -> PCollection[dict[str, Any]]:
        """Wire it."""
        return summaries | "Publish partition" >> beam.Map(publish, self.partition)


def publish(summary: Mapping[str, Any], partition: Partition) -> dict[str, Any]:
    """Publish a partition, if its captures are as they were; give the content of its summary.json.

    If they aren't, or another run has done them, nothing of it stays.
    """
    try:
        for capture, (path, stamp) in zip(partition.captures, partition.stamps, strict=True):
            check_unchanged(capture.name, path, stamp)
        return publish_unchanged(summary, partition)
    except (LostInput, Taken):
        storage = storage_of(partition.output)
        if storage.size(storage.join(partition.stage, MANIFEST)) is None:
            storage.remove_tree(partition.stage)
        raise


def publish_unchanged(summary: Mapping[str, Any], partition: Partition) -> dict[str, Any]:
    """Publish a partition; give the content of its summary.json."""
    told = {
        **summary,
        "options": {**summary["options"], "output": printable(partition.shown)},
        "captures": dict(partition.told),
    }
    inputs = {
        capture.name: summary["inputs"][name]
        for capture, name in zip(partition.captures, partition.accounts, strict=True)
    }
    manifest = Manifest(
        partition.run, partition.plan, partition.source, partition.captures, inputs, summary["files"]
    )
    publish_partition(storage_of(partition.output), partition.stage, partition.output, manifest, told)
    return told


def check_unchanged(name: str, path: str, stamp: Stamp) -> None:
    """Check that a capture has not been written to since it was looked at.

    Raises:
        LostInput: it has, so that nobody knows which bytes were processed, or it is gone.
    """
    try:
        now = stamp_of(path)
    except FileNotFoundError as error:
        raise LostInput(f"{name}: is gone since it was looked at; nothing was published") from error
    if (now.bytes, now.written) != (stamp.bytes, stamp.written):
        raise LostInput(
            f"{name}: was written to since it was looked at; nothing was published, the next run looks again"
        )
