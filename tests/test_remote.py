"""Captures and results in S3: exact reads, the same bytes, and what becomes of a run when the store fails."""

import gzip
import json
import re
import signal
import subprocess
import sys
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from apache_beam.io.localfilesystem import LocalFileSystem
from s3 import Fault, proxy_of, s3_server

from netbeam.chunk import CHUNK_BYTES
from netbeam.kernel import compiled
from netbeam.publish import TEMPORARY
from pipeline.about import without_secrets
from pipeline.cli import main
from pipeline.options import Options
from pipeline.workspace import RemoteWorkspace
from transforms import s3
from transforms.remote import set_up_file_systems
from transforms.sources import MissingInput, find_sources
from transforms.storage import BeamStorage

pytestmark = pytest.mark.skipif(not compiled(), reason="many runs; interpreted they take minutes")

ROOT = Path(__file__).parents[1]
BUCKET = "netbeam"
IN = f"s3://{BUCKET}/in/office.pcap"
OUT = f"s3://{BUCKET}/out"
TYPES = ("ARP", "Ethernet", "TCP")


@pytest.fixture(scope="module")
def capture(traffic):
    """A capture of two chunks."""
    return traffic(20_000)


@pytest.fixture(scope="module")
def server():
    """A server."""
    with s3_server() as address:
        yield address


@pytest.fixture(scope="module")
def patient(server):
    """A client of the server itself, which no fault meets."""
    return boto3.client(
        "s3",
        endpoint_url="http://{}:{}".format(*server),
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture
def store(server, patient, capture, monkeypatch):
    """A proxy before a server whose bucket holds the capture and nothing else."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_RETRY_MODE": "standard",  # it waits for tens of milliseconds only
        "AWS_MAX_ATTEMPTS": "3",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    s3.boto_client.cache_clear()
    patient.create_bucket(Bucket=BUCKET)
    for key in keys(patient):
        patient.delete_object(Bucket=BUCKET, Key=key)
    for upload in uploads(patient):
        patient.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
    patient.put_object(Bucket=BUCKET, Key="in/office.pcap", Body=capture.read_bytes())
    with proxy_of(server) as proxy:
        yield proxy


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The directory for temporary files, of runs in this and in other processes."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_room(monkeypatch):
    """Disks that are full enough not to take copies."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))


@pytest.fixture(scope="module")
def local(capture, tmp_path_factory):
    """The hashes of what a local run writes."""
    folder = tmp_path_factory.mktemp("local") / "out"
    assert main(["run", str(capture), "-o", str(folder), "--quiet", "--source-name", "office"]) == 0
    files = [path for path in folder.iterdir() if path.name != "summary.json"]
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def few(local):
    """Those of three record types."""
    return {name: each for name, each in local.items() if name.partition(".")[0] in TYPES}


def keys(client, prefix=""):
    found = client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return sorted(each["Key"] for each in found)


def uploads(client):
    """Give the uploads that were begun and neither completed nor aborted."""
    return client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])


def content(client, key):
    return client.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def published(client):
    """Give the hashes of the results, and of what else is there, in the bucket."""
    names = {key.removeprefix("out/") for key in keys(client, "out/")} - {"summary.json"}
    return {name: sha256(content(client, f"out/{name}")).hexdigest() for name in names}


def command(store, *arguments):
    """Give the arguments of a run on the capture in the bucket for three record types."""
    given = [*(arguments or (IN,)), "-o", OUT, "--source-name", "office"]
    types = [] if "--include" in arguments else ["--include", ",".join(TYPES)]
    return ["run", *given, *types, f"--s3_endpoint_url={store.url}"]


def run(store, *arguments):
    """Run it; give the exit status."""
    return main([*command(store, *arguments), "--quiet"])


def one_line(capsys):
    """Give what was printed as an error, which is one line."""
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0].removeprefix("netbeam: ")


def nothing_was_published(client):
    return keys(client, "out/") == [] and uploads(client) == []


# What a run reads and writes.


def test_a_run_in_the_store_writes_the_bytes_of_a_local_one_and_leaves_nothing_else(store, patient, local):
    assert (
        run(
            store, f"s3://{BUCKET}/i?/*.pcap", "--include", ",".join(name.partition(".")[0] for name in local)
        )
        == 0
    )
    assert published(patient) == local
    summary = json.loads(content(patient, "out/summary.json"))
    assert set(summary["files"]) == set(local)
    assert summary["inputs"]["office"]["packets"]["read"] == 20_000
    assert uploads(patient) == []


def test_a_local_run_fetches_each_byte_of_a_capture_once(store, patient, capture, few, temporary):
    assert run(store) == 0
    assert sum(each.sent for each in store.seen("GET", "/in/")) == capture.stat().st_size
    assert published(patient) == few
    assert list(temporary.iterdir()) == []


def test_framing_in_ranges_fetches_no_more_than_their_borders_twice(store, patient, capture, few):
    assert run(store, IN, "--framing-range", "8M") == 0
    size = capture.stat().st_size
    assert CHUNK_BYTES < size < 2 * CHUNK_BYTES
    assert size < sum(each.sent for each in store.seen("GET", "/in/")) < size + (200 << 10)
    assert published(patient) == few


def test_without_room_for_copies_each_chunk_is_fetched_again_by_one_exact_request(
    store, patient, capture, few, no_room
):
    assert run(store) == 0
    size = capture.stat().st_size
    gets = store.seen("GET", "/in/")
    assert all(each.status == 206 and each.range.partition("-")[2] for each in gets)
    assert sum(each.sent for each in gets) == size + size - 24  # framing all, then packets without the header
    chunks = [each for each in gets if each.range != f"bytes=0-{size - 1}"]
    assert len(chunks) == 2 == -(-size // CHUNK_BYTES)
    assert published(patient) == few


def test_workers_that_may_be_on_other_machines_spill_to_the_output(store, patient, capture, few, monkeypatch):
    monkeypatch.setattr(Options, "on_one_machine", False)
    patient.put_object(Bucket=BUCKET, Key="in/office.pcap", Body=gzip.compress(capture.read_bytes(), 1))
    assert run(store) == 0
    assert len(store.seen("POST", rf"/{TEMPORARY}/\w+/spill/\S+\.chunk\?uploads")) == 2
    assert published(patient) == few


def test_a_disk_that_is_full_before_its_time_fails_the_run_in_one_line(
    store, patient, capsys, mounted, monkeypatch
):
    disk = mounted("size=6m")
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1 << 40))
    assert run(store) == 1
    line = one_line(capsys)
    assert re.fullmatch(rf"cannot write to {disk}/\S+: no space left on device; nothing was published", line)
    assert nothing_was_published(patient)
    assert list(disk.iterdir()) == []


def test_a_run_removes_the_copies_of_killed_runs_but_not_those_of_others_at_work(store, temporary):
    set_up_file_systems([f"--s3_endpoint_url={store.url}"])
    (temporary / "netbeam-run-killed").mkdir()
    at_work = RemoteWorkspace(OUT, "first")
    at_work.open()
    assert [path.name for path in temporary.iterdir()] == ["netbeam-run-first"]
    second = RemoteWorkspace(OUT, "second")
    second.open()
    second.close()
    assert [path.name for path in temporary.iterdir()] == ["netbeam-run-first"]
    at_work.close()
    assert list(temporary.iterdir()) == []


def test_the_blocks_of_a_file_are_fetched_together(store, patient):
    assert run(store, IN, "--workers", "1") == 0
    segments = store.seen("GET", r"\.segment")
    files = json.loads(content(patient, "out/summary.json"))["files"]
    assert len(segments) == len(files)
    assert sum(each.sent for each in segments) < sum(files.values())


def test_shards_and_a_second_run_over_the_first(store, patient, local, capsys):
    assert run(store) == 0
    assert run(store, IN) == 2
    assert one_line(capsys) == (f"-o {OUT}: holds results already (summary.json); --overwrite replaces them")
    assert run(store, IN, "--overwrite", "--shards", "4", "--compression", "none", "--include", "ARP") == 0
    assert sorted(published(patient)) == [f"ARP-0000{shard}-of-00004.ncap" for shard in range(4)]
    assert b"" in [content(patient, f"out/{name}") for name in published(patient)]


def test_a_directory_in_the_store_gives_the_captures_below_it(store, patient):
    for key in ("in/day/b.pcap", "in/.hidden/c.pcap", "in/day/", f"in/{TEMPORARY}/x/y", "in/out/TCP.ncap"):
        patient.put_object(Bucket=BUCKET, Key=key, Body=b"")
    set_up_file_systems([f"--s3_endpoint_url={store.url}"])
    folder = f"s3://{BUCKET}/in"
    below = [source.path for source in find_sources([folder], skip=f"{folder}/out/")]
    assert below == [f"{folder}/day/b.pcap", IN]
    assert [source.path for source in find_sources([f"{folder}/*.pcap"])] == [IN]


def test_records_in_the_store_can_be_dumped(store, capsys):
    assert run(store, IN, "--include", "ARP") == 0
    endpoint = f"--s3_endpoint_url={store.url}"
    assert main(["dump", f"{OUT}/ARP.ncap.gz", "--limit", "2", endpoint]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["Operation"] for line in lines] == [1, 1] or len(lines) == 2
    assert main(["dump", f"{OUT}/DNS.ncap.gz", endpoint]) == 2
    assert one_line(capsys) == f"{OUT}/DNS.ncap.gz: no such file"


def test_keys_and_tokens_are_not_published():
    given = ("--s3_secret_access_key=abc", "--s3_access_key_id", "def", "--s3_region_name", "eu", "--x")
    shown = [
        "--s3_secret_access_key=(hidden)",
        "--s3_access_key_id",
        "(hidden)",
        "--s3_region_name",
        "eu",
        "--x",
    ]
    assert without_secrets(given) == shown


# Faults that pass.

PASSING = {
    "slow answers": [Fault("GET", "/in/", pause=0.001)],
    "two errors of each kind of request": [
        Fault(method, target, status=status, times=2)
        for method, target, status in (
            ("HEAD", "/in/", 500),
            ("GET", "list-type", 503),
            ("GET", "/in/", 500),
            ("GET", "segment", 503),
            ("POST", r"\?uploads", 500),
            ("PUT", "partNumber", 500),
            ("POST", "uploadId", 503),
            ("POST", "delete", 500),
        )
    ],
    "errors when results are copied": [Fault("PUT", "/out/", copy=True, status=500, times=2)],
    "a capture that breaks off": [Fault("GET", "/in/", cut=1_000_000, times=3)],
    "a capture that breaks off at once": [Fault("GET", "/in/", cut=0, times=2)],
    "a segment that breaks off": [Fault("GET", "segment", cut=100, times=5)],
    "an upload that breaks off": [Fault("PUT", "partNumber", cut=50_000, times=2)],
    "a connection that is dropped unanswered": [Fault("HEAD", cut=0, times=2)],
}


@pytest.mark.parametrize("faults", PASSING.values(), ids=PASSING)
def test_a_fault_that_passes_changes_nothing(store, patient, few, faults):
    store.faults = [Fault(**{**vars(fault), "seen": 0}) for fault in faults]
    assert run(store) == 0
    assert all(fault.seen for fault in store.faults)
    assert published(patient) == few


# Faults that stay.

STAYING = {
    "reading the capture": (Fault("GET", "/in/", status=500), IN),
    "a capture that always breaks off": (Fault("GET", "/in/", cut=0), f"{IN}: no byte came in three tries"),
    "writing segments": (Fault("PUT", "segment", status=500), r"\.segment"),
    "completing segments": (Fault("POST", r"segment\?uploadId", status=500), r"\.segment"),
    "reading segments": (Fault("GET", "segment", status=503), r"\.segment"),
    "no right to write results": (
        Fault("POST", "finished/.*uploads", status=403, code="AccessDenied"),
        r"AccessDenied",
    ),
    "publishing the first result": (Fault("PUT", copy=True, status=500), OUT),
}


@pytest.mark.parametrize(("fault", "named"), STAYING.values(), ids=STAYING)
def test_a_fault_that_stays_fails_the_run_in_one_line_and_nothing_is_published(
    store, patient, capsys, fault, named, monkeypatch
):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    store.faults = [Fault(**{**vars(fault), "seen": 0})]
    assert run(store) == 1
    line = one_line(capsys)
    assert "internal error" not in line
    assert re.search(named, line), line
    assert nothing_was_published(patient)


def test_a_capture_that_cannot_be_read_again_fails_the_run_in_one_line(
    store, patient, capsys, no_room, monkeypatch
):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    store.faults = [Fault("GET", "/in/", status=500, after=1)]
    assert run(store) == 1
    assert one_line(capsys).startswith(f"{IN}: An error occurred (InternalError)")
    assert nothing_was_published(patient)


def test_a_capture_that_is_replaced_while_it_is_read_fails_the_run_in_one_line(
    store, patient, capture, capsys
):
    other = capture.read_bytes()[:-1] + b"?"
    replace = partial(patient.put_object, Bucket=BUCKET, Key="in/office.pcap", Body=other)
    store.faults = [Fault("GET", "/in/", cut=1_000_000, times=1), Fault("GET", "/in/", act=replace)]
    assert run(store) == 1
    assert one_line(capsys) == f"{IN}: was changed while it was read"
    assert nothing_was_published(patient)


def test_a_capture_that_is_gone_or_forbidden_is_refused_before_the_job(store, patient, capsys):
    assert run(store, f"s3://{BUCKET}/in/absent.pcap") == 2
    assert one_line(capsys) == f"s3://{BUCKET}/in/absent.pcap: no capture there"
    assert run(store, f"s3://{BUCKET}/absent/*.pcap") == 2
    assert one_line(capsys) == f"s3://{BUCKET}/absent/*.pcap: no capture there"
    store.faults = [Fault("HEAD", status=403)]
    assert run(store) == 2
    assert one_line(capsys).startswith(f"{IN}: An error occurred (403)")
    assert nothing_was_published(patient)


def test_a_store_that_refuses_output_is_told_before_the_job(store, patient, capsys):
    store.faults = [Fault("POST", "uploads", status=403, code="AccessDenied")]
    assert run(store) == 2
    assert one_line(capsys).startswith(f"-o {OUT}/{TEMPORARY}/")
    assert store.seen("GET", "/in/") == []
    assert main(["run", IN, "-o", "s3://absent/out", f"--s3_endpoint_url={store.url}"]) == 2
    assert "s3://absent/out" in one_line(capsys)


def test_an_endpoint_that_is_not_there_is_one_line(store, capsys, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert main(["run", IN, "-o", OUT, "--s3_endpoint_url=http://127.0.0.1:9"]) == 2
    assert one_line(capsys).startswith(f'{IN}: Could not connect to the endpoint URL: "http://127.0.0.1:9')


def test_missing_credentials_are_one_line(store, capsys, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    assert run(store) == 2
    assert one_line(capsys) == f"{IN}: Unable to locate credentials"


def test_a_file_system_that_beam_does_not_know_or_lacks_is_named():
    set_up_file_systems([])
    with pytest.raises(MissingInput, match="ftp://x: no file system that Beam knows; it knows s3, gs"):
        find_sources(["ftp://x"])
    with pytest.raises(MissingInput, match=r"azfs://a/b/c: needs apache-beam\[azure\], which is not"):
        find_sources(["azfs://a/b/c"])


def test_an_upload_that_always_breaks_off_is_one_line_in_a_process_of_its_own(store, patient):
    store.faults = [Fault("PUT", "segment", cut=50_000)]
    ended = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *command(store)], cwd=ROOT, capture_output=True, text=True
    )
    line = rf"netbeam: {OUT}/{TEMPORARY}/\S+\.segment: Connection was closed before .*\n"
    assert re.fullmatch(line, ended.stderr), ended.stderr
    assert (ended.returncode, ended.stdout) == (1, "")
    assert nothing_was_published(patient)


def test_a_store_that_is_away_is_waited_for_unless_the_user_says_how_long(store, monkeypatch):
    for name in ("AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"):
        monkeypatch.delenv(name)
    assert s3.boto_client(frozenset()).meta.config.retries == {"total_max_attempts": 6, "mode": "legacy"}
    s3.boto_client.cache_clear()
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    assert s3.boto_client(frozenset()).meta.config.retries["total_max_attempts"] == 9
    s3.boto_client.cache_clear()


# Ends in between.


def test_publishing_that_stops_half_way_is_completed_by_the_next_run(store, patient, few, capsys):
    assert run(store, IN, "--include", "DNS,TCP") == 0
    old = content(patient, "out/summary.json")
    store.faults = [Fault("PUT", copy=True, status=403, code="AccessDenied", after=2)]
    assert run(store, IN, "--overwrite") == 1
    assert re.match(rf"{OUT}/\w+\.ncap\.gz: An error occurred \(AccessDenied\)", one_line(capsys))
    assert content(patient, "out/summary.json") == old
    store.clear()
    assert run(store, IN, "--overwrite") == 0
    assert published(patient) == few


@pytest.mark.parametrize("moment", ["segments are written", "results are copied", "copies are removed"])
def test_a_run_that_is_killed_leaves_no_summary_and_the_next_one_repairs_it(
    store, patient, few, moment, capsys, temporary
):
    process = None

    def kill():
        process.send_signal(signal.SIGKILL)
        process.wait()

    at = {
        "segments are written": Fault("POST", r"segment\?uploadId", act=kill, cut=0),
        "results are copied": Fault("PUT", copy=True, after=1, act=kill),
        "copies are removed": Fault("POST", r"\?delete", after=1, act=kill, cut=0),
    }
    store.faults = [at[moment]]
    process = subprocess.Popen([sys.executable, "-m", "pipeline.cli", *command(store)], cwd=ROOT)
    assert process.wait() == -signal.SIGKILL
    store.clear()
    assert "out/summary.json" not in keys(patient)
    assert keys(patient, f"out/{TEMPORARY}/") != []
    assert len(list(temporary.glob("netbeam-run-*/*.chunk"))) == 2

    assert main([*command(store), "--overwrite"]) == 0
    assert f"{OUT}/{TEMPORARY} holds files of 1 other runs" in one_line(capsys)
    assert {name: each for name, each in published(patient).items() if TEMPORARY not in name} == few
    assert list(temporary.iterdir()) == []


def test_leftovers_are_removed_when_they_are_old_enough(store, patient, few):
    patient.put_object(Bucket=BUCKET, Key=f"out/{TEMPORARY}/dead/1.segment", Body=b"of today")
    assert run(store, IN, "--remove-leftovers", "1") == 0
    assert keys(patient, f"out/{TEMPORARY}/") == [f"out/{TEMPORARY}/dead/1.segment"]
    assert run(store, IN, "--overwrite", "--remove-leftovers", "0") == 0
    assert published(patient) == few


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_removes_what_it_wrote(store, patient, number):
    process = None
    store.faults = [Fault("GET", r"\.segment", after=1, times=1, act=lambda: process.send_signal(number))]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", *command(store)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert process.communicate()[1] == "netbeam: interrupted; nothing was published\n"
    assert process.returncode == 128 + number
    assert nothing_was_published(patient)


def test_where_copying_goes_on_by_itself_files_are_copied_by_hand(tmp_path, monkeypatch):
    class Azure(LocalFileSystem):
        scheme = classmethod(lambda _: "pretended")

        def open(self, path, **more):
            return super().open(path.removeprefix("azfs:/"), **more)

        def create(self, path, **more):
            return super().create(path.removeprefix("azfs:/"), **more)

        def delete(self, paths):
            super().delete([path.removeprefix("azfs:/") for path in paths])

    for module in ("sources", "storage"):
        monkeypatch.setattr(f"transforms.{module}.file_system", lambda _: Azure(None))
    (tmp_path / "from").write_bytes(b"whole")
    BeamStorage().rename(f"azfs:/{tmp_path}/from", f"azfs:/{tmp_path}/to")
    assert (tmp_path / "to").read_bytes() == b"whole"
    assert not (tmp_path / "from").exists()


def test_publishing_twice_comes_to_the_same(store, patient):
    set_up_file_systems([f"--s3_endpoint_url={store.url}"])
    storage = BeamStorage()
    for _ in range(2):
        with storage.create(f"{OUT}/from") as file:
            file.write(b"whole")
        storage.rename(f"{OUT}/from", f"{OUT}/to")
    assert storage.size(f"{OUT}/from") is None
    assert content(patient, "out/to") == b"whole"
    storage.remove([f"{OUT}/to", f"{OUT}/absent"])
    assert keys(patient, "out/") == []
