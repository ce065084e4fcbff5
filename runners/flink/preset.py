"""The preset of `--runner flink`: Flink embedded in this machine's job server, or a cluster."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    GoogleCloudOptions,
    PipelineOptions,
    PortableOptions,
)
from apache_beam.runners.portability.portable_runner import PortableRunner

from pipeline.options import BadOption, Options
from runners.direct import report_errors_once
from runners.flink import rest
from runners.flink.home import FLINK_VERSION
from runners.flink.server import EMBEDDED, JobServer, job_server

POOL = "localhost:50000"
"""Where a TaskManager finds its Python worker pool if --environment_config says nothing else."""

_JAVA_CLASS = re.compile(r"^(?:[a-z][\w]*\.)+[A-Z][\w$]*: ")
WORKERS_STAY_MS = 1_000
"""How long a worker waits for the job's next step, where Flink keeps it (if Beam is in its class path).

It has to be gone before a cluster starts a failed job again: it may be dead, which Flink does not see."""


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
    workers = options.view_as(FlinkRunnerOptions).parallelism
    upload = False
    if master != EMBEDDED:
        try:
            slots = rest.most_slots(master)
            upload = not rest.has_jar(master, "beam-runners-flink-")
        except OSError as error:
            raise BadOption(f"--flink-master {master}: no Flink cluster answers there: {error}") from None
        if workers > slots:
            raise BadOption(f"--workers {workers}: the Flink cluster at {master} has {slots:.0f} slots")
    debug = logging.getLogger().isEnabledFor(logging.INFO)
    job = options.view_as(GoogleCloudOptions).job_name
    with errors_said_once(not debug), job_server(master, job, upload=upload, shown=debug) as server:
        options.view_as(PortableOptions).job_endpoint = server.address
        runner = FlinkRunner(server, elsewhere=master != EMBEDDED)
        try:
            yield runner
        except (RuntimeError, grpc.RpcError) as error:
            if runner.interrupted:  # whoever did that ends the process
                threading.Event().wait()
            raise RuntimeError(in_words(error, options)) from error


class FlinkRunner(PortableRunner):
    """Runs pipelines on a job server, their DoFns in this process or `elsewhere`."""

    def __init__(self, server: JobServer, *, elsewhere: bool) -> None:
        super().__init__()
        self._server = server
        self.elsewhere = elsewhere
        self.interrupted = False

    def interrupt(self) -> None:
        """Cancel the job and stop the job server, from any thread; return when nothing runs any more."""
        self.interrupted = True
        self._server.stop()


def in_words(error: Exception, options: PipelineOptions) -> str:
    """Give the sentence for what the job server says of a failed job; a Python traceback stays as it is."""
    message = str(error)
    if isinstance(error, grpc.RpcError):
        return "Beam's job server has died (--debug shows what it said last); nothing was published"
    if "Traceback" in message:
        return message
    if "NoResourceAvailableException" in message:
        workers = options.view_as(FlinkRunnerOptions).parallelism
        return f"the Flink cluster has no {workers} free slots within its time limit; give fewer --workers"
    if "java.net.ConnectException" in message:
        pool = options.view_as(PortableOptions).environment_config
        return (
            f"a TaskManager finds no Python worker pool at {pool}; start `python -m runners.flink.pool` "
            "beside each, or say by --environment_config where they are"
        )
    state, _, cause = message.partition("failed in state ")[2].partition(": ")
    if state == "CANCELLED":
        return "the job was cancelled on the Flink cluster; nothing was published"
    return f"Flink: {_JAVA_CLASS.sub('', cause or message)}"


@contextmanager
def errors_said_once(yes: bool) -> Iterator[None]:
    """Keep Beam's threads in this process from printing errors that the run's own exception has, too."""

    def own(record: logging.LogRecord) -> bool:
        return record.funcName != "read_messages"

    if not yes:
        yield
        return
    report_errors_once()
    root, hook = logging.getLogger(), threading.excepthook
    root.addFilter(own)
    threading.excepthook = lambda raised: None if is_grpc(raised) else hook(raised)
    try:
        yield
    finally:
        root.removeFilter(own)


def is_grpc(raised: threading.ExceptHookArgs) -> bool:
    """Tell whether a thread ended because the job server, at its end, hung up."""
    return issubclass(raised.exc_type, grpc.RpcError)
