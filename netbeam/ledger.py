"""The ledger of incremental runs: which captures are done, by content and plan.

It is the manifests of the partitions, OUT/run=ID/manifest.json, each written once, as the last file of its
partition. A partition without one was never published.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from netbeam.publish import SUMMARY
from netbeam.segments import write_all
from netbeam.storage import Storage

MANIFEST = "manifest.json"
VERSION = 1
"""The version of the manifests that are written, and the only one that is read."""

PLAN_DIGITS, RUN_DIGITS = 8, 24
"""Hexadecimal digits of a run's ID: first those of its plan, so that a glob can choose one plan's runs."""

READERS = 16
"""How many manifests are read at once: on an object store each takes its time."""


class NotManifest(ValueError):
    """A file is no manifest, or one that was cut or changed; the message says what is wrong with it."""


class NewerLedger(Exception):
    """A manifest is of a later netbeam; without understanding it nobody knows what is done."""


class Taken(Exception):
    """The captures of a run, or its name, are another run's meanwhile."""


class Capture(NamedTuple):
    """A capture as the ledger has it: its name then, the SHA-256 of its bytes, and how many they are."""

    name: str
    sha256: str
    bytes: int


class Manifest(NamedTuple):
    """What one run did: its `plan` (the configuration), the captures and the files made of them.

    `source` is the input as the files' headers name it; `accounts` has what became of each capture.
    """

    run: str
    plan: Mapping[str, Any]
    source: str
    captures: tuple[Capture, ...]
    accounts: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, int]


@dataclass
class Ledger:
    """What is done: `done` gives a capture of this plan and its run by the SHA-256.

    `other_plans` are the IDs of the plans of other runs. `problems` say, in sentences, which partitions
    can't be told: their captures count as not done.
    """

    done: dict[str, tuple[str, Capture]] = field(default_factory=dict)
    other_plans: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def named(self) -> dict[str, list[Capture]]:
        """Give what is done by the name that it had."""
        captures: dict[str, list[Capture]] = {}
        for _, capture in self.done.values():
            captures.setdefault(capture.name, []).append(capture)
        return captures


def digest(value: Any) -> str:
    """Give the SHA-256 of a value of JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def run_id(plan: Mapping[str, Any], source: str, captures: Sequence[Capture]) -> str:
    """Give the ID of a run: equal for two runs only if their files are, since it has all that shows in these.

    That is the plan, the input as the headers name it, and names and contents of the captures.
    """
    everything = [digest(plan), source, [[capture.name, capture.sha256] for capture in captures]]
    return f"{digest(plan)[:PLAN_DIGITS]}-{digest(everything)[:RUN_DIGITS]}"


def partition_of(storage: Storage, output: str, run: str) -> str:
    """Give the folder of a run's results."""
    return storage.join(output, f"run={run}")


def read_ledger(storage: Storage, output: str, plan: Mapping[str, Any]) -> Ledger:
    """Read all manifests in `output`.

    Raises:
        NewerLedger: one is of a later version than this module reads.
    """
    ledger = Ledger()
    files = storage.find(output, "run=*/*")
    partitions = sorted({path.rpartition("/")[0] for path in files})
    manifests = [f"{partition}/{MANIFEST}" for partition in partitions]
    with ThreadPoolExecutor(READERS) as pool:
        texts = list(pool.map(storage.read_text, manifests))
    for partition, text in zip(partitions, texts, strict=True):
        try:
            manifest = parse_manifest(partition, text)
        except NotManifest as error:
            ledger.problems.append(f"{error}; what it holds counts as not done")
            continue
        if manifest.plan != plan:
            ledger.other_plans.add(digest(manifest.plan)[:PLAN_DIGITS])
            continue
        for capture in manifest.captures:
            ledger.done.setdefault(capture.sha256, (manifest.run, capture))
    return ledger


def parse_manifest(partition: str, text: str | None) -> Manifest:
    """Read the manifest of a partition; it must be the partition's own, and whole.

    Raises:
        NotManifest: it isn't.
        NewerLedger: its version is greater than VERSION.
    """
    where = f"{partition}/{MANIFEST}"
    if text is None:
        raise NotManifest(f"{partition}: no run has published it, for it has no {MANIFEST}")
    try:
        given = json.loads(text)
        version = given["ledger"]
        if isinstance(version, int) and version > VERSION:
            raise NewerLedger(f"{where}: is of ledger version {version}, and this netbeam reads {VERSION}")
        captures = tuple(Capture(each["name"], each["sha256"], each["bytes"]) for each in given["captures"])
        manifest = Manifest(
            given["run"],
            given["plan"],
            given["source"],
            captures,
            {each["name"]: each["account"] for each in given["captures"]},
            given["files"],
        )
        expected = run_id(manifest.plan, manifest.source, manifest.captures)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise NotManifest(f"{where}: is no manifest of netbeam, or not a whole one ({error})") from error
    if not partition.endswith(f"run={expected}") or manifest.run != expected:
        raise NotManifest(f"{where}: does not belong there: what it lists makes it that of run={expected}")
    return manifest


def manifest_text(manifest: Manifest) -> str:
    """Write a manifest. Nothing in it depends on the clock: two runs of one ID write the same bytes."""
    return (
        json.dumps(
            {
                "ledger": VERSION,
                "run": manifest.run,
                "plan_id": digest(manifest.plan)[:PLAN_DIGITS],
                "plan": manifest.plan,
                "source": manifest.source,
                "captures": [
                    {**capture._asdict(), "account": manifest.accounts[capture.name]}
                    for capture in manifest.captures
                ],
                "files": manifest.files,
            },
            indent=2,
        )
        + "\n"
    )


def publish_partition(
    storage: Storage, stage: str, output: str, manifest: Manifest, summary: Mapping[str, Any]
) -> None:
    """Publish the results in the folder `stage` as the partition of their run, all at once.

    Where folders can be renamed, `stage` lies elsewhere and is moved into place with the manifest in it.
    On an object store it is the partition itself, and the manifest, written last, makes it one. Done
    twice, or by two at once, it comes to the same.

    Raises:
        Taken: one of the captures was done by another run meanwhile, or its partition holds other results.
    """
    partition = partition_of(storage, output, manifest.run)
    there = read_manifest(storage, partition)
    if there is not None and there != manifest:
        raise Taken(f"{partition}: holds other results of the same captures; nothing was published")
    if there is not None and stage != partition and storage.size(storage.join(stage, SUMMARY)) is None:
        return  # an earlier try got as far as that
    done = read_ledger(storage, output, manifest.plan).done
    for capture in manifest.captures:
        run, _ = done.get(capture.sha256, (manifest.run, capture))
        if run != manifest.run:
            raise Taken(f"{capture.name}: was done by run={run} meanwhile; nothing was published")
    write(storage, storage.join(stage, SUMMARY), json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    write(storage, storage.join(stage, MANIFEST), manifest_text(manifest))
    storage.settle(stage)
    if stage != partition:
        if storage.taken(partition):  # results that no whole manifest names
            storage.rename(partition, f"{stage}.replaced")
        storage.rename(stage, partition)
        storage.settle(output)


def read_manifest(storage: Storage, partition: str) -> Manifest | None:
    """Give the manifest of a partition, None when there is no whole one."""
    try:
        return parse_manifest(partition, storage.read_text(storage.join(partition, MANIFEST)))
    except NotManifest:
        return None


def write(storage: Storage, path: str, text: str) -> None:
    """Write a text file in the place of what is there."""
    storage.remove([path])
    with storage.create(path) as file:
        write_all(file, text.encode(errors="backslashreplace"))
        storage.finish(file)
