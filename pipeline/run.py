"""The command `netbeam run`: checks, the job on its runner, the report."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from netbeam.ledger import MANIFEST
from netbeam.publish import SUMMARY
from pipeline.about import started
from pipeline.failures import ends_on_signals, sentence
from pipeline.options import BadOption, Options, preset_name
from pipeline.progress import progress_bar
from pipeline.records import Records
from pipeline.workspace import RemoteWorkspace, Workspace, workspace
from transforms.local import reported
from transforms.remote import is_remote, set_up_file_systems
from transforms.sources import MissingInput, Source, absolute, find_sources, printable

if TYPE_CHECKING:
    from apache_beam import Pipeline, PTransform
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners import PipelineRunner

PRESETS = {
    "direct": "runners.direct",
    "fnapi": "runners.direct",
    "flink": "runners.flink.preset",
    "dataflow": "runners.dataflow",
}
"""The modules that set up runners, by name without "runner" in small letters."""

DETACHED = ("dataflow",)
"""Presets whose runner takes the job and lets us go; `submitted` of such a preset says what became of it."""

FAILED, FOUND_FAULTS = 1, 3


class Outcome(NamedTuple):
    """How a run ended: its exit status, and the content of summary.json unless it failed."""

    status: int
    summary: dict[str, Any] | None = None


def run(options: Options, records: Records) -> int:
    """Run the job, and write the metrics however it ends; give the exit status."""
    from pipeline.metrics import measured

    if options.metrics and preset_name(options.runner) in DETACHED:
        raise BadOption(f"--metrics {options.metrics}: nobody waits for the job; summary.json has the sums")
    with measured(options) as metrics:
        if options.incremental:
            from pipeline import incremental

            outcome = incremental.attempt(options, records)
        else:
            outcome = attempt(options, records)
        return metrics.take(outcome.status, outcome.summary)


def attempt(options: Options, records: Records) -> Outcome:
    """Process all captures; give the exit status and the summary."""
    if preset_name(options.runner) in DETACHED:
        return submit(options, records, lambda: work_of(options))
    if any(map(is_remote, (*options.inputs, options.output))):
        set_up_file_systems(options.beam)
    sources = sources_of(options.inputs, options)
    space = workspace(
        options.output, options.run, overwrite=options.overwrite, leftover_days=options.leftover_days
    )
    if options.dry_run:
        space.check()
        with refusals():
            preset = preset_of(options)
            graph(None, preset.options(options), options, sources, records, spill_of(space, options))
        print_plan(options, sources)
        return Outcome(0)
    with at_work(space, options) as endings:
        try:
            process(options, sources, records, spill_of(space, options), endings)
            summary = read_summary(options.output)
            if summary.get("started") != started(options):
                raise RuntimeError(
                    f"-o {options.output}: the workers have written the results to a directory of that name "
                    "that this machine does not see; choose one that all machines share"
                )
        except Exception as error:
            return failed(error, options)
    return conclude(options, summary, options.output)


@contextmanager
def at_work(space: Workspace | RemoteWorkspace, options: Options) -> Iterator[list[Callable[[], None]]]:
    """Hold the output while the body runs; give what is called in turn when a signal ends the run."""
    endings = [space.close]
    with ends_on_signals(lambda: call_all(endings)):
        space.open()
        if space.note and not options.quiet:
            print(f"netbeam: {printable(space.note)}", file=sys.stderr)
        try:
            yield endings
        finally:
            space.close()


def spill_of(space: Workspace | RemoteWorkspace, options: Options) -> str:
    """Give the directory for pieces of captures: this machine's own only if all workers are on it."""
    return space.spill if options.on_one_machine else space.shared_spill


def failed(error: Exception, options: Options) -> Outcome:
    """Say why a run failed, or raise what others say: a bad option, and with --debug everything."""
    if isinstance(error, BadOption) or options.debug:
        raise error
    print(f"netbeam: {printable(sentence(error, options.output))}", file=sys.stderr)
    return Outcome(FAILED)


def process(
    options: Options,
    sources: tuple[Source, ...],
    records: Records,
    spill: str,
    endings: list[Callable[[], None]],
    then: PTransform | None = None,
) -> None:
    """Run the job on its runner to the end; `then` takes the summary that it gives.

    `endings` are what an interrupted run calls, to which a runner of a job elsewhere adds its own.
    """
    with refusals():
        preset = preset_of(options)
        chosen = preset.options(options)
    shown = not (options.quiet or options.json)
    total = sum(source.size for source in sources)
    with progress_bar(total, shown=shown) as bar, preset.runner(chosen) as runner:
        if hasattr(runner, "interrupt"):  # a job that runs elsewhere has to end first
            endings.insert(0, runner.interrupt)
        reports = ""
        if getattr(runner, "elsewhere", False) and not is_remote(options.output):
            reports = absolute(str(Path(spill).with_name("progress")))
            bar.measure = lambda: reported(reports)
        with refusals():
            pipeline = graph(runner, chosen, options, sources, records, spill, then, reports)
        pipeline.run().wait_until_finish()


def conclude(options: Options, summary: dict[str, Any], output: str) -> Outcome:
    """Report a run that has ended well, with its results in `output`."""
    if options.json:
        print(json.dumps(summary, indent=2))
    elif not options.quiet:
        from pipeline.report import report

        report(summary, printable(output))
    return Outcome(FOUND_FAULTS if options.strict and faults(summary) else 0, summary)


class Work(NamedTuple):
    """What is to be done: `sources` are processed into `output`, and `then` takes the summary.

    `spill` is a directory that all workers see, for the pieces of compressed captures.
    """

    options: Options
    sources: tuple[Source, ...]
    spill: str
    output: str
    then: PTransform | None = None


def work_of(options: Options) -> Work:
    """Give all captures to be processed, if the output may be written to."""
    sources = sources_of(options.inputs, options)
    space = workspace(options.output, options.run, overwrite=options.overwrite)
    space.check()
    return Work(options, sources, spill_of(space, options), options.output)


def submit(options: Options, records: Records, find: Callable[[], Work | Outcome]) -> Outcome:
    """Hand the job to a runner that goes on without us; `find` gives its work, or how it ends without.

    What is temporary is the job's to remove: it may begin long after this process has ended.
    """
    from apache_beam.io.filesystems import FileSystems

    with refusals():
        preset = preset_of(options)
        chosen = preset.options(options)
    FileSystems.set_options(chosen)
    try:
        with preset.runner(chosen) as runner:
            work = find()
            if isinstance(work, Outcome):
                return work
            with refusals():
                pipeline = graph(runner, chosen, work.options, work.sources, records, work.spill, work.then)
            job = {} if options.dry_run else preset.submitted(pipeline.run(), chosen)
    except Exception as error:
        return failed(error, options)
    if options.dry_run:
        print_plan(options, work.sources)
    elif options.json:
        print(json.dumps({**job, "output": printable(work.output)}, indent=2))
    elif not options.quiet:
        print("\n".join(f"{name}: {value}" for name, value in job.items()))
        last = MANIFEST if options.incremental else SUMMARY
        print(f"results will be in {printable(work.output)}, {last} as the last of them")
    return Outcome(0)


def sources_of(inputs: Iterable[str], options: Options) -> tuple[Source, ...]:
    """Give the captures that `inputs` name, but those in the output.

    Raises:
        BadOption: an input names nothing.
    """
    try:
        return tuple(find_sources(inputs, skip=options.output))
    except MissingInput as error:
        raise BadOption(str(error)) from None


def call_all(functions: Iterable[Callable[[], None]]) -> None:
    """Call functions in turn."""
    for function in functions:
        function()


def graph(
    runner: PipelineRunner | None,
    chosen: PipelineOptions,
    options: Options,
    sources: tuple[Source, ...],
    records: Records,
    spill: str,
    then: PTransform | None = None,
    reports: str = "",
) -> Pipeline:
    """Give the pipeline of a run, ready to run on `runner`; `then` takes the summary that it gives."""
    import apache_beam as beam

    from pipeline import job

    pipeline = beam.Pipeline(runner=runner, options=chosen)
    Path(pipeline.local_tempdir).rmdir()  # for other languages' transforms; a killed run would leave it
    summary = job.build(pipeline, options, named(sources, options), records, spill, reports)
    if then is not None:
        summary | then
    return pipeline


@contextmanager
def refusals() -> Iterator[None]:
    """Take what Beam refuses for a bad option."""
    try:
        yield
    except ValueError as error:
        if isinstance(error, BadOption):
            raise
        raise BadOption(" ".join(str(error).split())) from error


def preset_of(options: Options) -> ModuleType:
    """Give the module of `runners` that sets up the runner: the passing one if there is none of its own."""
    return importlib.import_module(PRESETS.get(preset_name(options.runner), "runners.named"))


def named(sources: tuple[Source, ...], options: Options) -> tuple[Source, ...]:
    """Give a single source the name that the user wants, and all of them paths that other machines find."""
    if options.source_name and len(sources) == 1:
        sources = (sources[0]._replace(name=options.source),)
    return tuple(source._replace(path=absolute(source.path)) for source in sources)


def read_summary(output: str) -> dict[str, Any]:
    """Read what the run published last."""
    from transforms.storage import storage_of

    storage = storage_of(output)
    return json.loads(storage.read_text(storage.join(output, SUMMARY)) or "{}")


def faults(summary: Mapping[str, Any]) -> bool:
    """Tell whether anything was unknown, an error, or wrong with a file."""
    captures = summary.get("captures", {})
    return bool(
        summary["packets"]["unknown"]
        or summary["packets"]["errors"]
        or summary["problems"]
        or captures.get("unreadable")
        or captures.get("ledger_problems")
    )


def print_plan(options: Options, sources: tuple[Source, ...]) -> None:
    """Print what a run would do."""
    from netbeam.formats.ncap import CODECS

    suffix = CODECS[options.compression].suffix
    print("inputs:")
    for source in sources:
        print(f"  {source.name} ({source.size:,} bytes)" if source.size else f"  {source.name}")
    print(f"record types: {' '.join(options.types)}")
    shards = f"-00000-of-{options.shards:05}" if options.shards else ""
    print(f"files in {options.output}: TYPE{shards}.ncap{suffix} for each type found, summary.json,")
    print("  and errors.pcapng, unknown.pcapng, errors.jsonl for packets that can't be decoded")
    workers = "" if preset_name(options.runner) in DETACHED else f", {options.workers} workers"
    print(f"runner: {options.runner}{workers}")
    print("nothing was written")
