"""The command `netbeam run`: checks, the job on its runner, the report."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbeam.publish import SUMMARY
from pipeline.failures import ends_on_signals, sentence
from pipeline.options import BadOption, Options
from pipeline.progress import progress_bar
from pipeline.records import Records
from pipeline.workspace import workspace
from transforms.sources import MissingInput, Source, find_sources, is_remote, printable

if TYPE_CHECKING:
    from apache_beam import Pipeline

LOCAL_RUNNERS = ("direct", "fnapi")
"""Runners that runners/direct.py sets up, as Beam reads names: in any case, with or without "runner"."""

FAILED, FOUND_FAULTS = 1, 3


def run(options: Options, records: Records) -> int:
    """Run the job; give the exit status."""
    try:
        sources = tuple(find_sources(options.inputs, skip=options.output))
    except MissingInput as error:
        raise BadOption(str(error)) from None
    space = workspace(options.output, options.run, overwrite=options.overwrite)
    if options.dry_run:
        space.check()
        graph(options, sources, records, space.spill)
        print_plan(options, sources)
        return 0
    with ends_on_signals(space.close):
        space.open()
        try:
            with progress_bar(shown=not (options.quiet or options.json)):
                graph(options, sources, records, space.spill).run().wait_until_finish()
            summary = read_summary(options.output)
        except BadOption:
            raise
        except Exception as error:
            if options.debug:
                raise
            print(f"netbeam: {printable(sentence(error, options.output))}", file=sys.stderr)
            return FAILED
        finally:
            space.close()
    if options.json:
        print(json.dumps(summary, indent=2))
    elif not options.quiet:
        from pipeline.report import report

        report(summary, printable(options.output))
    return FOUND_FAULTS if options.strict and faults(summary) else 0


def graph(options: Options, sources: tuple[Source, ...], records: Records, spill: str) -> Pipeline:
    """Give the pipeline of a run, ready to run."""
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    from pipeline import job

    name, beam_options = runner_of(options)
    try:
        if is_local(name):
            preset = importlib.import_module("runners.direct")
            chosen = preset.options(options.workers, beam_options)
            pipeline = beam.Pipeline(runner=preset.runner(chosen), options=chosen)
        else:
            pipeline = beam.Pipeline(options=PipelineOptions(list(options.beam)))
    except ValueError as error:
        raise BadOption(" ".join(str(error).split())) from error
    job.build(pipeline, options, named(sources, options), records, spill)
    return pipeline


def runner_of(options: Options) -> tuple[str, list[str]]:
    """Give the name of the runner, and Beam's options without it."""
    from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

    name = PipelineOptions(list(options.beam)).view_as(StandardOptions).runner or "DirectRunner"
    rest = list(options.beam)
    for place, flag in enumerate(rest):
        if flag == "--runner":
            del rest[place : place + 2]
        elif flag.startswith("--runner="):
            del rest[place]
    return name, rest


def is_local(runner: str) -> bool:
    """Tell whether a runner's name means this machine's."""
    return runner.lower().removesuffix("runner") in LOCAL_RUNNERS


def named(sources: tuple[Source, ...], options: Options) -> tuple[Source, ...]:
    """Give a single source the name that the user wants for it."""
    if options.source_name and len(sources) == 1:
        return (Source(options.source, sources[0].path),)
    return sources


def read_summary(output: str) -> dict[str, Any]:
    """Read what the run published last."""
    from transforms.storage import storage_of

    storage = storage_of(output)
    return json.loads(storage.read_text(storage.join(output, SUMMARY)) or "{}")


def faults(summary: Mapping[str, Any]) -> bool:
    """Tell whether anything was unknown, an error, or wrong with a file."""
    return bool(summary["packets"]["unknown"] or summary["packets"]["errors"] or summary["problems"])


def print_plan(options: Options, sources: tuple[Source, ...]) -> None:
    """Print what a run would do."""
    from netbeam.formats.ncap import CODECS

    name, _ = runner_of(options)
    suffix = CODECS[options.compression].suffix
    print("inputs:")
    for source in sources:
        print(f"  {source.name}{size(source.path)}")
    print(f"record types: {' '.join(options.types)}")
    shards = f"-00000-of-{options.shards:05}" if options.shards else ""
    print(f"files in {options.output}: TYPE{shards}.ncap{suffix} for each type found, summary.json,")
    print("  and errors.pcapng, unknown.pcapng, errors.jsonl for packets that can't be decoded")
    print(f"runner: {name}, {options.workers} workers" if is_local(name) else f"runner: {name}")
    print("nothing was read or written")


def size(path: str) -> str:
    """Give the size of a local file as text."""
    return "" if path == "-" or is_remote(path) else f" ({Path(path).stat().st_size:,} bytes)"
