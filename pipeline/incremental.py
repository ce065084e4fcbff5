"""`netbeam run --incremental`: only captures that the ledger in the output does not have are processed."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbeam import FORMAT
from netbeam.account import Account, SourceAccount
from netbeam.ledger import (
    PLAN_DIGITS,
    Capture,
    NewerLedger,
    digest,
    partition_of,
    read_ledger,
    run_id,
)
from netbeam.publish import SUMMARY, describe, describe_flows
from netbeam.schema import declared, type_name
from netbeam.storage import LocalStorage, Storage
from pipeline import run
from pipeline.captures import Found, Survey, keep_stamps, read_stamps, sort_out
from pipeline.options import BadOption, Options, preset_name
from pipeline.records import Records
from pipeline.workspace import RemoteWorkspace, Workspace, workspace
from transforms.remote import is_remote, set_up_file_systems
from transforms.sources import (
    STDIN,
    Source,
    absolute,
    expand,
    open_remote,
)

if TYPE_CHECKING:
    from transforms.partition import Partition


def attempt(options: Options, records: Records) -> run.Outcome:
    """Process the captures that are new; give the exit status and the summary."""
    check_options(options)
    if any(map(is_remote, (*options.inputs, options.output, options.encoders))):
        set_up_file_systems(options.beam)
    plan = plan_of(options, records)
    if preset_name(options.runner) in run.DETACHED:
        return run.submit(options, records, lambda: work_of(options, plan))
    sources = find_captures(options)
    storage = storage_at(options.output)
    # `survey` looks for results itself.
    space = workspace(options.output, options.run, overwrite=True, leftover_days=options.leftover_days)
    space.check()
    if options.dry_run:
        with run.refusals():
            run.preset_of(options).options(options)
        with tempfile.TemporaryDirectory() as spill:
            found, told = survey(options, sources, plan, storage, spill)
        return dry_run(options, found, told)
    with run.at_work(space, options) as endings:
        try:
            found, told = survey(options, sources, plan, storage, space.spill)
            if not found.new:
                return nothing_new(options, told)
            return process(options, records, plan, found, told, space, endings)
        except Exception as error:
            return run.failed(error, options)


def work_of(options: Options, plan: Mapping[str, Any]) -> run.Work | run.Outcome:
    """Give a runner that goes on without us the captures that are new."""
    space = workspace(options.output, options.run, overwrite=True)
    storage = storage_at(options.output)
    with tempfile.TemporaryDirectory() as spill:
        found, told = survey(options, find_captures(options), plan, storage, spill)
    if not found.new:
        return nothing_new(options, told)
    if options.dry_run:
        return dry_run(options, found, told)
    if not (options.quiet or options.json):
        from pipeline.report import capture_sentences

        print("\n".join(capture_sentences(told)))
    partition = partition_to_be(options, plan, found, told, space)
    return work(options, found, partition, run.spill_of(space, options))


def work(options: Options, found: Found, partition: Partition, spill: str) -> run.Work:
    """Give the job on the new captures; its last step publishes the partition."""
    from transforms.partition import PublishPartition

    sources = tuple(look.source for look in found.new)
    job = replace(options, stage=partition.stage)
    return run.Work(job, sources, spill, partition.shown, PublishPartition(partition))


def check_options(options: Options) -> None:
    """Refuse what an incremental run can't do.

    Raises:
        BadOption: says what.
    """
    if options.overwrite:
        raise BadOption("--overwrite: --incremental replaces nothing; remove the partitions to be made anew")
    if STDIN in options.inputs:
        raise BadOption("-: standard input can be read only once, and --incremental looks at captures first")


def find_captures(options: Options) -> tuple[Source, ...]:
    """Give all captures, new or not. A directory may be empty: captures come and go there.

    Raises:
        BadOption: an input names nothing.
    """
    output = "" if is_remote(options.output) else os.path.realpath(options.output)
    inputs = [
        given
        for given in options.inputs
        if not os.path.isdir(given) or next(expand(given, output), None) is not None  # noqa: PTH112
    ]
    return run.sources_of(inputs, options)


def storage_at(output: str) -> Storage:
    """Give the storage of the output; a local one without the time that it takes to import Beam."""
    if not is_remote(output):
        return LocalStorage()
    from transforms.storage import storage_of

    return storage_of(output)


def plan_of(options: Options, records: Records) -> dict[str, Any]:
    """Give the plan of a run: all of its configuration that shows in its files, as JSON has it."""
    layers = records.types()
    schema = declared(layers[name] for name in options.types)
    fields = {
        name: [[field.name, field.number, type_name(field)] for field in message.fields]
        for name, message in schema.messages.items()
    }
    encoders = content(options.encoders) if options.encoders else None
    return {
        "format": FORMAT,
        "types": list(options.types),
        "schema": digest([fields, list(schema.types.items())]),
        "compression": options.compression,
        "buffer_size": options.buffer_bytes,
        "shards": options.shards,
        "payload": options.payload,
        "entropy": options.entropy,
        "flows": dict(options.flows.described()) if records.flows_of(options.types) else None,
        "encoders": None if encoders is None else hashlib.sha256(encoders).hexdigest(),
        "source_name": options.source_name,
        "created": options.created,
    }


def content(path: str) -> bytes:
    """Read a file, local or not."""
    if not is_remote(path):
        return Path(path).read_bytes()
    with open_remote(path) as file:
        return file.read()


def survey(
    options: Options, sources: tuple[Source, ...], plan: Mapping[str, Any], storage: Storage, spill: str
) -> tuple[Found, dict[str, Any]]:
    """Look at all captures; give them sorted out, and what the summary says of them.

    Raises:
        BadOption: the output holds what no incremental run wrote, or a later netbeam did.
    """
    if storage.size(storage.join(options.output, SUMMARY)) is not None:
        raise BadOption(
            f"-o {options.output}: holds the results of a run without --incremental; choose another directory"
        )
    try:
        ledger = read_ledger(storage, options.output, plan)
    except NewerLedger as error:
        raise BadOption(f"-o {error}; use the netbeam that wrote it, or another directory") from error
    stamps = read_stamps(storage, options.output)
    looks = Survey(stamps, ledger.named(), options.settle, spill).look_at_all(sources, options.workers)
    if not options.dry_run:
        keep_stamps(storage, options.output, options.run, stamps, looks)
    found = sort_out(looks, ledger)
    captures = captures_of(found)
    return found, {
        "run": run_id(plan, options.source, captures) if captures else None,
        "plan": digest(plan)[:PLAN_DIGITS],
        "processed": [capture.name for capture in captures],
        "done_before": len(found.before),
        "renamed": found.renamed,
        "copies": found.copies,
        "grown": found.grown,
        "waiting": found.waiting,
        "unreadable": found.unreadable,
        "ledger_problems": ledger.problems,
        "other_plans": sorted(ledger.other_plans),
    }


def captures_of(found: Found) -> tuple[Capture, ...]:
    """Give the new captures as the ledger will have them."""
    return tuple(Capture(look.source.name, look.sha256, look.stamp.bytes) for look in found.new if look.stamp)


def partition_to_be(
    options: Options,
    plan: Mapping[str, Any],
    found: Found,
    told: Mapping[str, Any],
    space: Workspace | RemoteWorkspace,
) -> Partition:
    """Give the partition that the job will publish."""
    from transforms.partition import Partition

    path = partition_of(storage_at(options.output), options.output, told["run"])
    # Where folders can't be renamed the results are written to their place, and the manifest shows them.
    stage = path if is_remote(options.output) else f"{space.folder}.partition"
    return Partition(
        absolute(options.output),
        absolute(stage),
        plan,
        options.source,
        captures_of(found),
        tuple(source.name for source in run.named(tuple(look.source for look in found.new), options)),
        tuple((absolute(look.source.path), look.stamp) for look in found.new if look.stamp),
        path,
        told,
    )


def process(
    options: Options,
    records: Records,
    plan: Mapping[str, Any],
    found: Found,
    told: Mapping[str, Any],
    space: Workspace | RemoteWorkspace,
    endings: list[Callable[[], None]],
) -> run.Outcome:
    """Run the job on the new captures to its end; `endings` are as in `run.process`."""
    storage = storage_at(options.output)
    partition = partition_to_be(options, plan, found, told, space)
    job = work(options, found, partition, run.spill_of(space, options))
    storage.make_directory(partition.stage)
    try:
        run.process(job.options, job.sources, records, job.spill, endings, job.then)
    finally:
        if partition.stage != partition.path:
            storage.remove_tree(partition.stage)
    return run.conclude(options, run.read_summary(partition.shown), partition.shown)


def nothing_new(options: Options, told: dict[str, Any]) -> run.Outcome:
    """Say so, and how the captures are that were found."""
    summary = {
        **describe(SourceAccount()),
        "records": {},
        "flows": describe_flows(Account()),
        "inputs": {},
        "files": {},
        "elapsed_seconds": round(time.time() - options.started, 3),
        "packets_per_second": None,
        "captures": told,
    }
    return run.conclude(options, summary, options.output)


def dry_run(options: Options, found: Found, told: Mapping[str, Any]) -> run.Outcome:
    """Print what a run would do."""
    from pipeline.report import capture_sentences

    print("\n".join(capture_sentences(told)))
    if found.new:
        run.print_plan(
            replace(options, output=f"{options.output}/run={told['run']}"),
            tuple(look.source for look in found.new),
        )
    else:
        print("nothing was written")
    return run.Outcome(0)
