"""A run that is killed at any moment, as by a power cut, harms nothing that the next one does not repair."""

import gzip
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.traffic import write_capture
from netbeam.kernel import compiled
from netbeam.publish import SUMMARY
from pipeline.cli import main

pytestmark = pytest.mark.skipif(not compiled(), reason="many runs; interpreted they take minutes")

ROOT = Path(__file__).parents[1]
KILLS = 10


@pytest.fixture(scope="module")
def captures(tmp_path_factory):
    """A capture of some chunks, and one whose chunks are spilled."""
    folder = tmp_path_factory.mktemp("captures")
    write_capture(folder / "office.pcap", 40_000)
    (folder / "home.pcap.gz").write_bytes(gzip.compress((folder / "office.pcap").read_bytes(), 1))
    return folder


@pytest.fixture(scope="module")
def undisturbed(captures, tmp_path_factory):
    """What an undisturbed run writes, and how many seconds it takes in a process of its own."""
    output = tmp_path_factory.mktemp("undisturbed") / "out"
    began = time.monotonic()
    assert start(captures, output).wait() == 0
    return files(output), time.monotonic() - began


def start(captures, output):
    """Start a run in a process group of its own; it has a directory for temporary files to itself."""
    output.with_name("temporary").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pipeline.cli", "run", ".", "-o", str(output), "--overwrite", "--quiet"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(output.with_name("temporary"))}
    return subprocess.Popen(command, cwd=captures, env=environment, start_new_session=True)


def files(output):
    """Give all files below a directory, with what is in them; of the summary, that it is there."""
    found = {str(path.relative_to(output)): path for path in output.rglob("*") if path.is_file()}
    return {name: path.read_bytes() if name != SUMMARY else b"" for name, path in found.items()}


def kill_at(captures, output, seconds):
    """Start a run and kill it after some seconds; tell whether it was not done by then."""
    process = start(captures, output)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def test_a_run_killed_at_any_moment_is_repaired_by_the_next(captures, undisturbed, tmp_path, monkeypatch):
    expected, seconds = undisturbed
    output = tmp_path / "out"
    moments = random.Random(2026)
    monkeypatch.chdir(captures)
    for number in range(KILLS):
        while not kill_at(captures, output, seconds * (number + moments.random()) / KILLS):
            seconds *= 0.9  # the machine has less to do than when the run was measured
        assert main(["run", ".", "-o", str(output), "--overwrite", "--quiet"]) == 0
        assert files(output) == expected
        assert {path.name for path in output.iterdir()} == set(expected)
        if number % 2:  # the next one finds nothing, another one the results of before
            for path in output.iterdir():
                path.unlink()
    assert files(tmp_path / "temporary") == {}
