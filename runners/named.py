"""Any runner that Beam finds by name and that needs no preset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners import PipelineRunner, create_runner

from pipeline.options import Options


def options(run: Options) -> PipelineOptions:
    """Give Beam's options as the user gave them. Raises ValueError when Beam has no such runner."""
    create_runner(run.runner)
    return PipelineOptions([f"--runner={run.runner}", *run.beam])


@contextmanager
def runner(options: PipelineOptions) -> Iterator[PipelineRunner]:
    """Give the runner."""
    yield create_runner(options.get_all_options()["runner"])
