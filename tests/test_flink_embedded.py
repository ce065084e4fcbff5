"""Flink embedded in the job server of a run."""

import os
import signal
import subprocess

import pytest
from flink_runs import Held, digests, end, needs_flink, run, start, wait_for

from benchmarks.captures import big_capture
from runners.flink import rest
from runners.flink.cluster import free_port

pytestmark = pytest.mark.flink
needs_flink()
DECODING = "Decode packets"


@pytest.fixture(scope="module")
def capture(traffic):
    """A capture of six chunks."""
    return traffic(80_000)


@pytest.fixture
def held(tmp_path):
    """A job that waits."""
    return Held(tmp_path / "held")


def children_of(process):
    """Give the processes that netbeam has started, and those that they have."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True).stdout
    parents = dict(tuple(map(int, line.split())) for line in listed.splitlines())
    found = {process.pid}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process.pid}


def alive(pids):
    """Give those processes that have not ended."""
    return {pid for pid in pids if os.path.exists(f"/proc/{pid}/exe")}  # noqa: PTH110


def test_embedded_flink_writes_the_bytes_that_the_local_runner_writes(shared_pcaps, tmp_path):
    captures = shared_pcaps, big_capture(256)
    run(*captures, "-o", tmp_path / "local")
    run(*captures, "-o", tmp_path / "flink", "--runner", "flink")
    assert digests(tmp_path / "flink") == digests(tmp_path / "local")


def test_more_than_one_subtask_decodes(capture, held, tmp_path):
    port = free_port()
    (tmp_path / "flink-conf.yaml").write_text(f"rest.port: {port}\n")
    options = "-o", tmp_path / "out", "--runner", "flink", "--workers", "2", "--encoders", held.encoders
    running = start(capture, *options, FLINK_CONF_DIR=str(tmp_path))
    wait_for(lambda: len(held.waiting()) == 2)
    (job,) = rest.ask(f"localhost:{port}", "/jobs")["jobs"]
    parts = rest.subtasks(f"localhost:{port}", job["id"], DECODING)
    held.go()
    assert end(running) == (0, "")
    assert [part["status"] for part in parts] == ["RUNNING"] * 2


def test_what_made_a_job_fail_is_said_in_one_line_and_nothing_is_published(capture, tmp_path):
    encoders = tmp_path / "failing.py"
    encoders.write_text(
        "from netbeam.declare import Message, given\n"
        "from netbeam.encoders import Encoder\n"
        "def fail(packet):\n"
        "    return {'Ratio': 1 // (packet.number - 7)}\n"
        "ENCODERS = [Encoder(Message('Failing', 1951, (given('Ratio', 1, 'int64'),)), fail)]\n"
    )
    out = tmp_path / "out"
    status, said = end(start(capture, "-o", out, "--runner", "flink", "--encoders", encoders))
    assert status == 1
    assert said.startswith(f"netbeam: encoder Failing failed at packet 7 of {capture}: ZeroDivisionError(")
    assert said.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_process(capture, held, tmp_path, number):
    running = start(capture, "-o", tmp_path / "out", "--runner", "flink", "--encoders", held.encoders)
    wait_for(held.waiting)
    children = children_of(running)
    assert len(alive(children)) >= 2  # the guard and Java
    running.send_signal(number)
    end(running)
    wait_for(lambda: not alive(children))
    assert not list(tmp_path.glob("out/*.ncap.gz"))
