"""The preset of `--runner flink`: Flink embedded in this machine's job server, or a cluster."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    GoogleCloudOptions,
    PipelineOptions,
    PortableOptions,
)
from apache_beam.runners.portability.portable_runner import PortableRunner

from pipeline.options import BadOption, Options
from runners.flink import rest
from runners.flink.home import FLINK_VERSION
from runners.flink.server import EMBEDDED, job_server

POOL = "localhost:50000"
"""Where a TaskManager finds its Python worker pool if --environment_config says nothing else."""

WORKERS_STAY_MS = 10_000
"""How long a worker waits for the job's next step. Flink keeps it only where its class path holds Beam."""


def options(run: Options) -> PipelineOptions:
    """Give Beam's options; those that the user gave go before ours.

    Raises:
        BadOption: the cluster's address is none, or its workers cannot read an input.
    """
    given = PipelineOptions(list(run.beam)).view_as(FlinkRunnerOptions)
    master = run.flink_master or given.flink_master
    common = [
        f"--flink_version={FLINK_VERSION}",
        f"--parallelism={run.workers}",
        f"--job_name=netbeam-{run.run}",
        f"--environment_cache_millis={WORKERS_STAY_MS}",
    ]
    if master in ("[auto]", EMBEDDED):
        return PipelineOptions(
            [*common, "--environment_type=LOOPBACK", *run.beam, f"--flink_master={EMBEDDED}"]
        )
    address = master.removeprefix("http://").rstrip("/")
    if not re.fullmatch(r"[^\s/:]+:\d{1,5}|\[[0-9A-Fa-f:]+\]:\d{1,5}", address):
        raise BadOption(f"--flink-master {master}: must be host:port, as jobmanager:8081")
    if "-" in run.inputs:
        raise BadOption(
            "-: a cluster cannot read this process's standard input; name a file that it can read"
        )
    return PipelineOptions(
        [
            *common,
            "--environment_type=EXTERNAL",
            "--environment_cache_millis=30000",
            f"--environment_config={POOL}",
            # Python encoders hold the lock that the kernel does without: a process for each slot.
            f"--sdk_worker_parallelism={0 if run.encoders else 1}",
            *run.beam,
            f"--flink_master={address}",
        ]
    )


@contextmanager
def runner(options: PipelineOptions) -> Iterator[PortableRunner]:
    """Start the job server and give the runner that talks to it; stop it at the end.

    Raises:
        BadOption: Java, the jars or the cluster are not there.
    """
    master = options.view_as(FlinkRunnerOptions).flink_master
    upload = False
    if master != EMBEDDED:
        try:
            upload = not rest.has_jar(master, "beam-runners-flink-")
        except OSError as error:
            raise BadOption(f"--flink-master {master}: no Flink cluster answers there: {error}") from None
    debug = logging.getLogger().isEnabledFor(logging.INFO)
    job = options.view_as(GoogleCloudOptions).job_name
    with errors_said_once(not debug), job_server(master, job, upload=upload, shown=debug) as endpoint:
        options.view_as(PortableOptions).job_endpoint = endpoint
        yield PortableRunner()


@contextmanager
def errors_said_once(yes: bool) -> Iterator[None]:
    """Keep the job server's error messages off the log: the exception that the run raises has them."""

    def own(record: logging.LogRecord) -> bool:
        return record.funcName != "read_messages"

    root = logging.getLogger()
    if yes:
        root.addFilter(own)
    try:
        yield
    finally:
        root.removeFilter(own)
