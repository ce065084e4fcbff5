"""What the tests on Flink share: netbeam in a process of its own, a job that waits, the bytes of a run."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netbeam.kernel import compiled
from pipeline.options import BadOption
from runners.flink.home import beam_jars, cluster_jars, java_command, job_server_jars

ROOT = Path(__file__).parents[1]
SECONDS_FOR_A_JOB = 240

WAITING = """\
import os
import time
from pathlib import Path
from uuid import uuid4

from netbeam.declare import Message, given
from netbeam.encoders import Encoder

FOLDER = Path({folder!r})


def waiting(packet):
    if packet.number % 2000 == 0:
        if not (FOLDER / "go").exists():
            (FOLDER / f"waits-{{uuid4().hex}}").touch()
            while not (FOLDER / "go").exists():
                time.sleep(0.02)
        return {{"Packet": packet.number}}


ENCODERS = [Encoder(Message("Waiting", 1950, (given("Packet", 1, "uint64"),)), waiting)]
"""
"""An encoder that holds the job up, in the middle of its captures, until there is a file `go`."""


def needs_flink():
    """Skip the tests of a module without Java or the jars; `make test-flink` has them fail."""
    if not compiled():
        pytest.skip("Flink is tested with the compiled kernel", allow_module_level=True)
    try:
        java_command([beam_jars(), job_server_jars(), cluster_jars()])
    except BadOption as error:
        if os.environ.get("NETBEAM_FLINK_TESTS"):
            pytest.fail(str(error))
        pytest.skip(str(error), allow_module_level=True)


def start(*arguments, **environment):
    """Start `netbeam run`."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "run", *map(str, arguments), "--quiet"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process):
    """Wait for the end of netbeam; give its status and what it said."""
    said = process.communicate(timeout=SECONDS_FOR_A_JOB)[1]
    return process.returncode, said


def run(*arguments, **environment):
    """Run `netbeam run`, which has to succeed and to say nothing."""
    assert end(start(*arguments, **environment)) == (0, "")


def digests(folder):
    """Give the sha256 of each file of a run, and the summary without what the clock and the machine say."""
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in Path(folder).iterdir()}
    summary = json.loads(Path(folder, "summary.json").read_text())
    for changing in ("started", "elapsed_seconds", "packets_per_second", "machine", "options"):
        del summary[changing]
    return {**files, "summary.json": summary}


def wait_for(condition, seconds=120):
    """Wait until something is so; give it."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)
    return found


class Held:
    """A job that waits in its workers until `go`; `encoders` is what makes it wait."""

    def __init__(self, folder):
        folder.mkdir()
        self._folder = folder
        self.encoders = folder / "waiting.py"
        self.encoders.write_text(WAITING.format(folder=str(folder)))

    def waiting(self):
        """Give the workers' threads that have waited so far, as a set of names."""
        return {path.name for path in self._folder.glob("waits-*")}

    def go(self):
        """Let it go on."""
        (self._folder / "go").touch()
