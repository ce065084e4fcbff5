"""A Flink cluster of two TaskManagers and a worker pool, and what befalls it in the middle of a job."""

import shlex
import signal
import subprocess
import sys
from hashlib import sha256

import boto3
import pytest
from flink_runs import ROOT, Held, digests, end, needs_flink, run, start, wait_for
from s3 import s3_server

from benchmarks.captures import big_capture
from runners.flink import rest
from runners.flink.cluster import answers, cluster

pytestmark = pytest.mark.flink
needs_flink()
DECODING = "Decode packets"


@pytest.fixture(scope="module")
def flink():
    """Two TaskManagers of two slots each, so that one can take the work of both."""
    with cluster(2, 2) as running:
        yield running


@pytest.fixture(scope="module")
def capture(traffic):
    """A capture of six chunks."""
    return traffic(80_000)


@pytest.fixture
def held(tmp_path):
    """A job that waits."""
    return Held(tmp_path / "held")


@pytest.fixture
def undisturbed(capture, held, tmp_path):
    """The digests of a local run of the job that waits, without waiting."""
    ready = Held(tmp_path / "ready")
    ready.go()
    run(capture, "-o", tmp_path / "undisturbed", "--encoders", ready.encoders)
    return digests(tmp_path / "undisturbed")


@pytest.fixture
def small_disk(tmp_path):
    """A file system in memory, of 64 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], check=False).returncode:
        pytest.skip("only root can mount")
    yield folder
    subprocess.run(["umount", "-l", folder], check=False)


def on(flink, *more):
    """Give the options of a run on the cluster."""
    pool = f"--environment_config={flink.pool}"
    return "--runner", "flink", "--flink-master", flink.master, "--workers", "2", pool, *more


def submit(flink, capture, out, held):
    """Start a job and wait until both TaskManagers' workers wait in it; give netbeam and the job's id."""
    running = start(capture, "-o", out, *on(flink), "--encoders", held.encoders)
    wait_for(lambda: len(held.waiting()) == 2 or running.poll() is not None)
    assert running.poll() is None, running.communicate()
    (job,) = (job for job in rest.ask(flink.master, "/jobs")["jobs"] if job["status"] == "RUNNING")
    return running, job["id"]


def state(flink, job):
    """Give a job's state."""
    return rest.ask(flink.master, f"/jobs/{job}")["state"]


def failures(flink, job):
    """Give what has failed in a job so far, of which the JobManager has begun to take care."""
    return rest.ask(flink.master, f"/jobs/{job}/exceptions")["exceptionHistory"]["entries"]


def fill(disk):
    """Write a file until the file system is full."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while filler.write(bytes(1 << 16)):
                pass
        except OSError:
            return


@pytest.mark.parametrize("beam", [True, False], ids=["Beam in the class path", "Beam with the job"])
def test_a_cluster_writes_the_bytes_that_the_local_runner_writes(shared_pcaps, tmp_path, beam):
    captures = shared_pcaps, big_capture(256)
    run(*captures, "-o", tmp_path / "local")
    with cluster(2, 1, beam=beam) as running:
        run(*captures, "-o", tmp_path / "flink", *on(running))
        (job,) = rest.ask(running.master, "/jobs")["jobs"]
        parts = rest.subtasks(running.master, job["id"], DECODING)
    assert digests(tmp_path / "flink") == digests(tmp_path / "local")
    assert {part["taskmanager-id"] for part in parts} == {"taskmanager-1", "taskmanager-2"}
    assert all(part["metrics"]["read-records"] > 0 for part in parts)


def test_workers_reach_an_object_store_by_the_options_of_the_run(flink, capture, tmp_path):
    with s3_server() as (host, port):
        place = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
        keys = {"access_key_id": "test", "secret_access_key": "test"}
        options = [f"--s3_{name}={value}" for name, value in {**place, **keys}.items()]
        client = boto3.client("s3", **place, **{f"aws_{name}": key for name, key in keys.items()})
        client.create_bucket(Bucket="lab")
        client.upload_file(capture, "lab", "in/office.pcap")
        run("s3://lab/in/office.pcap", "-o", "s3://lab/out", *on(flink), *options)
        run(capture, "-o", tmp_path / "out", "--source-name", "s3://lab/in/office.pcap")
        for name, digest in digests(tmp_path / "out").items():
            body = client.get_object(Bucket="lab", Key=f"out/{name}")["Body"].read()
            assert name == "summary.json" or sha256(body).hexdigest() == digest


def test_a_job_survives_the_death_of_a_task_manager(flink, capture, held, undisturbed, tmp_path):
    running, job = submit(flink, capture, tmp_path / "out", held)
    before = held.waiting()
    flink.kill("taskmanager-1")
    wait_for(lambda: failures(flink, job))
    wait_for(lambda: held.waiting() > before)  # what was lost is decoded anew
    held.go()
    assert end(running) == (0, "")
    assert digests(tmp_path / "out") == undisturbed
    flink.start_task_manager(1)
    flink.wait(2)


def test_a_job_survives_the_death_of_the_worker_pool(flink, capture, held, undisturbed, tmp_path):
    running, job = submit(flink, capture, tmp_path / "out", held)
    before = held.waiting()
    flink.kill("pool")
    wait_for(lambda: failures(flink, job))
    flink.start_pool()
    wait_for(lambda: held.waiting() > before)
    held.go()
    assert end(running) == (0, "")
    assert digests(tmp_path / "out") == undisturbed


def test_a_job_fails_in_one_line_when_the_worker_pool_stays_away(flink, capture, held, tmp_path):
    running, _ = submit(flink, capture, tmp_path / "out", held)
    flink.kill("pool")
    status, said = end(running)
    flink.start_pool()
    wait_for(lambda: answers(flink.pool))
    assert status == 1
    assert said.startswith(f"netbeam: a TaskManager finds no Python worker pool at {flink.pool};")
    assert not (tmp_path / "out").exists()


def test_a_job_survives_a_disk_that_is_full_for_a_while(flink, capture, held, undisturbed, small_disk):
    running, job = submit(flink, capture, small_disk / "out", held)
    fill(small_disk)
    held.go()
    wait_for(lambda: failures(flink, job))
    (small_disk / "filler").unlink()
    assert end(running) == (0, "")
    assert digests(small_disk / "out") == undisturbed


def test_a_disk_that_stays_full_is_said_in_one_line_and_nothing_is_published(
    flink, capture, held, small_disk
):
    out = small_disk / "out"
    running, _ = submit(flink, capture, out, held)
    fill(small_disk)
    held.go()
    assert end(running) == (
        1,
        f"netbeam: cannot write to {out}: no space left on device; nothing was published\n",
    )
    assert not out.exists()


@pytest.fixture
def seen_here_alone(tmp_path, capture):
    """Start a run that sees a directory, with the capture in it, that the cluster's workers do not see."""
    folder = tmp_path / "here"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", folder]
    if subprocess.run(["unshare", "--mount", *mount], capture_output=True, check=False).returncode:
        pytest.skip("only root can mount")

    def begin(*arguments):
        words = [sys.executable, "-m", "pipeline.cli", "run", *arguments, "--quiet"]
        script = f"{shlex.join(map(str, mount))} && cp {shlex.quote(str(capture))} {folder}/in.pcap && "
        command = ["unshare", "--mount", "sh", "-c", f"{script} exec {shlex.join(map(str, words))}"]
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)

    return folder, begin


def test_a_capture_that_the_workers_do_not_see_is_said(flink, seen_here_alone, tmp_path):
    folder, begin = seen_here_alone
    status, said = end(begin(folder / "in.pcap", "-o", tmp_path / "out", *on(flink)))
    assert (status, said.count("\n")) == (1, 1)
    assert f"{folder}/in.pcap: " in said
    assert not (tmp_path / "out").exists()


def test_an_output_directory_that_this_machine_does_not_see_is_said(flink, seen_here_alone, capture):
    folder, begin = seen_here_alone
    status, said = end(begin(capture, "-o", folder / "out", *on(flink)))
    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith(f"netbeam: -o {folder}/out: the workers have written the results to a directory")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_job_of_a_run_that_is_ended_is_cancelled(flink, capture, held, tmp_path, number):
    running, job = submit(flink, capture, tmp_path / "out", held)
    running.send_signal(number)
    wait_for(lambda: state(flink, job) == "CANCELED")
    held.go()
    assert end(running)[0] == (130 if number == signal.SIGINT else -signal.SIGKILL)
    assert not list(tmp_path.glob("out/*.ncap.gz"))


def test_more_workers_than_the_cluster_has_slots_are_refused(flink, capture, tmp_path):
    options = on(flink, "--workers", "5")
    status, said = end(start(capture, "-o", tmp_path / "out", *options))
    assert (status, said) == (2, f"netbeam: --workers 5: the Flink cluster at {flink.master} has 4 slots\n")
