"""Google's Dataflow: Beam's options for a job there, and the runner that submits it and does not wait."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    WorkerOptions,
)
from apache_beam.runners import PipelineRunner, create_runner

from netbeam.publish import TEMPORARY
from pipeline.options import BadOption, Options, usual_workers

GCS = r"gs://[a-z0-9][a-z0-9._-]+[a-z0-9](/[^\r\n]*)?"
"""A path of Google Cloud Storage: all that every worker sees."""

ONE_PROCESS = "no_use_multiple_sdk_containers"
"""The experiment that gives a machine one Python process with a thread a core, not a process a core.

The kernel runs without Python's lock, so its threads use all cores; tables and libraries are in memory once.
"""


def options(run: Options) -> PipelineOptions:
    """Give Beam's options of a job on Dataflow; those that the user gave go before ours.

    Our wheel and Beam are in the image already, so that no worker installs anything; our code lies in
    modules, so that no session is pickled. How many threads a machine has, the service takes from its cores.

    Raises:
        BadOption: the user's options leave out what the service needs, or can't be met there.
    """
    check(run)
    given = ("--runner=DataflowRunner", "--sdk_location=container", "--no_save_main_session")
    chosen = PipelineOptions([*given, *run.beam])
    cloud = chosen.view_as(GoogleCloudOptions)
    needed = {
        "--project": cloud.project,
        "--region": cloud.region,
        "--sdk_container_image": chosen.view_as(WorkerOptions).sdk_container_image,
    }
    if missing := [name for name, value in needed.items() if not value]:
        raise BadOption(f"--runner {run.runner}: needs {' and '.join(missing)} (see docs/running.md)")
    cloud.temp_location = (
        cloud.temp_location or cloud.staging_location or f"{run.output.rstrip('/')}/{TEMPORARY}/dataflow"
    )
    for name in ("staging_location", "temp_location"):
        if (value := getattr(cloud, name)) and not re.fullmatch(GCS, value):
            raise BadOption(f"--{name} {value}: must be in Cloud Storage: gs://bucket/...")
    cloud.job_name = cloud.job_name or f"netbeam-{run.run}"
    debug = chosen.view_as(DebugOptions)
    if "use_multiple_sdk_containers" not in (debug.experiments or []):
        debug.add_experiment(ONE_PROCESS)
    return chosen


def check(run: Options) -> None:
    """Refuse what can't be on Dataflow.

    Raises:
        BadOption: an input or the output is local, or an option speaks of this machine.
    """
    for name, path in (*(("", path) for path in run.inputs), ("-o ", run.output)):
        if not re.fullmatch(GCS, path):
            raise BadOption(f"{name}{path}: Dataflow's workers see Cloud Storage only: gs://bucket/...")
    if run.strict:
        raise BadOption("--strict: nobody waits for a Dataflow job; its summary.json tells what was broken")
    if run.workers != usual_workers():
        raise BadOption(
            f"--workers {run.workers}: speaks of this machine; for Dataflow's there are --max_num_workers "
            "and --number_of_worker_harness_threads"
        )


@contextmanager
def runner(options: PipelineOptions) -> Iterator[PipelineRunner]:
    """Give the runner; what Google's libraries raise while it is in use becomes one sentence.

    Raises:
        BadOption: those libraries are not installed.
        RuntimeError: the service took no job.
    """
    try:
        import google.auth
        from apache_beam.runners.dataflow.internal import apiclient  # noqa: F401
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError
    except ImportError:
        raise BadOption(
            "--runner dataflow: Google's libraries are missing; pip install 'netbeam[gcp]'"
        ) from None
    try:
        if not options.view_as(GoogleCloudOptions).no_auth:
            google.auth.default()  # without any, Beam would try for twenty seconds and go on as nobody
        yield create_runner("DataflowRunner")
    except (GoogleAPIError, GoogleAuthError) as error:
        raise RuntimeError(f"Dataflow took no job: {' '.join(str(error).split())}") from error


def submitted(result: Any, options: PipelineOptions) -> dict[str, str]:
    """Tell of the job that has begun; in a Flex Template's launcher, where its description is."""
    cloud = options.view_as(GoogleCloudOptions)
    if not result.has_job:
        return {"template": cloud.template_location}
    job = result.job_id()
    url = f"https://console.cloud.google.com/dataflow/jobs/{cloud.region}/{job}?project={cloud.project}"
    return {"job": job, "name": cloud.job_name, "project": cloud.project, "region": cloud.region, "url": url}
