"""Beam's job server for Flink, a Java process, for the length of one run."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import IO, NamedTuple

from pipeline.options import BadOption
from runners.flink.guard import guarded, stop
from runners.flink.home import STAYS, beam_jars, java_command, job_server_jars

EMBEDDED = "[local]"
LAST_LINES = 200
_STARTED = re.compile(r"JobService started on (\S+)")
_DRIVER = "org.apache.beam.runners.jobsubmission.JobServerDriver"


class JobServer(NamedTuple):
    """A running job server: its address, and the guard of its process."""

    address: str
    guard: subprocess.Popen

    def stop(self) -> None:
        """End the job and the process, and wait until they have ended."""
        stop(self.guard)


@contextmanager
def job_server(master: str, job: str, *, upload: bool = False, shown: bool = False) -> Iterator[JobServer]:
    """Run the job server. What it logs goes to standard error if `shown`.

    `master` is a cluster's host:port or EMBEDDED. A job of the name `job` that still runs on the cluster
    at the end is cancelled. With `upload` the job takes the jars of Beam along.

    Raises:
        BadOption: Java or the jars are missing, or it does not start.
    """
    level = "info" if shown else "warn"
    with tempfile.TemporaryDirectory(prefix="netbeam-flink-", ignore_cleanup_errors=True) as folder:
        command = [
            *java_command(
                [beam_jars() if upload else beam_jars() / STAYS, job_server_jars()],
                f"-Djava.io.tmpdir={folder}",
                f"-Dorg.slf4j.simpleLogger.defaultLogLevel={level}",
                "-Dorg.slf4j.simpleLogger.showDateTime=true",
                f"-Dorg.slf4j.simpleLogger.log.{_DRIVER}=info",
            ),
            "org.apache.beam.runners.flink.FlinkJobServerDriver",
            "--job-port=0",
            "--artifact-port=0",
            "--expansion-port=-1",
            f"--flink-master={master}",
            f"--artifacts-dir={folder}/artifacts",
        ]
        cluster = ("", "") if master == EMBEDDED else (master, job)
        with guarded(command, job=cluster, output=subprocess.PIPE) as guard:
            assert guard.stdout
            yield JobServer(address(TextIOWrapper(guard.stdout, errors="replace"), shown), guard)


def address(output: IO[str], shown: bool) -> str:
    """Wait until the job server says where it listens; what it says later is read by a thread."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    for line in output:
        last.append(line)
        if shown:
            sys.stderr.write(line)
        if found := _STARTED.search(line):
            threading.Thread(target=drain, args=(output, shown), daemon=True).start()
            return found[1]
    raise BadOption(f"--runner flink: Beam's job server does not start: {reason(last)}")


def reason(lines: deque[str]) -> str:
    """Give the line of a dead Java process's output that says most."""
    said = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("at ")]
    telling = [line for line in said if line.startswith(("Caused by", "Error", "Exception", "Unrecognized"))]
    return (telling or said or ["it said nothing"])[-1].removeprefix("Caused by: ")


def drain(output: IO[str], shown: bool) -> None:
    """Read what the job server says until it ends, so that it never has to wait."""
    for line in output:
        if shown:
            sys.stderr.write(line)
