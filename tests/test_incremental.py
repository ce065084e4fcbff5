"""Incremental runs: each capture once, by content; nothing half done is seen; nothing is lost."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import boto3
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners import PipelineRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from captures import SECOND, START, Packet, pcap, some_packets
from hypothesis import given
from hypothesis import strategies as st
from objects import OBJECTS
from s3 import s3_server

import netbeam
from benchmarks.traffic import ethernet, ipv4, udp, write_capture
from netbeam.chunk import CHUNK_BYTES
from netbeam.examine import examine
from netbeam.formats.ncap import open_records
from netbeam.ledger import (
    MANIFEST,
    Capture,
    Manifest,
    NewerLedger,
    NotManifest,
    Taken,
    manifest_text,
    parse_manifest,
    publish_partition,
    run_id,
)
from netbeam.storage import LocalStorage
from pipeline.captures import LONGEST_WAIT, STAMPS
from pipeline.cli import main
from pipeline.run import preset_of
from transforms import s3
from transforms.sources import open_remote

ROOT = Path(__file__).parents[1]
ENCODER = """
import pathlib, time
from netbeam.declare import Message, given
from netbeam.encoders import Encoder

HERE = pathlib.Path(__file__)

def wait(packet):
    HERE.with_name("began").touch()
    while not HERE.with_name("go").exists():
        time.sleep(0.01)
    return {"Timestamp": packet.time}

ENCODERS = (Encoder(Message("Waited", 1951, (given("Timestamp", 1, "int64"),)), wait),)
"""
"""An encoder that waits for a file `go` beside it."""


@pytest.fixture
def night(tmp_path, monkeypatch):
    """A folder with captures in `in`, each settled; the output is `out`."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    put("in/a.pcap", 1)
    put("in/b.pcap", 2)
    return tmp_path


def capture_bytes(seed, packets=40):
    """Make a capture."""
    return pcap(some_packets(packets, seed))


def put(path, seed=0, *, data=None, age=3600):
    """Write a capture that was last written to `age` seconds ago."""
    Path(path).write_bytes(capture_bytes(seed) if data is None else data)
    os.utime(path, (time.time() - age,) * 2)


def run(*arguments, inputs=("in",), out="out"):
    """Run `netbeam run --incremental`; give its exit status."""
    return main(["run", "--incremental", *inputs, "-o", str(out), *map(str, arguments)])


def told(capsys, *arguments, status=0, **where):
    """Run, and give what the summary says of captures."""
    capsys.readouterr()
    assert run("--json", *arguments, **where) == status
    return json.loads(capsys.readouterr().out)["captures"]


def partitions(out="out"):
    """Give the partitions, by ID."""
    return {path.name.removeprefix("run="): path for path in Path(out).glob("run=*")}


def results(folder):
    """Give the bytes of all files of a partition whose bytes must not depend on the clock."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.name != "summary.json"}


def summary_of(folder):
    """Read the summary of a partition."""
    return json.loads((Path(folder) / "summary.json").read_text())


def start(*arguments):
    """Start an incremental run in a process of its own."""
    command = [sys.executable, "-m", "pipeline.cli", "run", "--incremental", "in", "-o", "out", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def wait_for(path, process, seconds=60):
    """Wait until a file is there; fail when the process ends before."""
    end = time.monotonic() + seconds
    while not Path(path).exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


# What is processed.


def test_the_first_run_writes_what_a_plain_run_does_into_one_partition(night):
    assert run("--quiet") == 0
    assert main(["run", "in", "-o", "plain", "--quiet"]) == 0
    [(name, partition)] = partitions().items()
    written = results(partition)
    manifest = json.loads(written.pop(MANIFEST))
    assert written == results("plain")
    assert manifest["run"] == name
    assert [capture["name"] for capture in manifest["captures"]] == ["in/a.pcap", "in/b.pcap"]
    assert manifest["captures"][0]["account"]["packets"]["read"] == 40
    assert manifest["files"] == {file: len(data) for file, data in written.items()}
    assert summary_of(partition)["options"]["output"] == f"out/run={name}"
    assert not Path("out/.netbeam-tmp").exists()


def test_the_ledger_names_each_capture_by_the_sum_that_sha256sum_prints(night):
    run("--quiet")
    [partition] = partitions().values()
    listed = "".join(
        f"{capture['sha256']}  {capture['name']}\n"
        for capture in json.loads((partition / MANIFEST).read_text())["captures"]
    )
    assert (
        subprocess.run(["sha256sum", "in/a.pcap", "in/b.pcap"], capture_output=True, text=True).stdout
        == listed
    )


def test_a_second_run_does_nothing_and_says_so_without_beam(night, capsys):
    run("--quiet")
    before = {path: results(path) for path in partitions().values()}
    assert run() == 0
    assert capsys.readouterr().out == "nothing new: 2 captures found, 2 done before\n"
    assert {path: results(path) for path in partitions().values()} == before
    code = (
        "import sys, pipeline.cli as cli\n"
        "assert cli.main(['run', '--incremental', 'in', '-o', 'out', '--quiet']) == 0\n"
        "print('apache_beam' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    shown = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert shown.stdout == "False\n"


def test_only_what_is_new_is_processed(night, capsys):
    run("--quiet")
    [first] = partitions()
    put("in/c.pcap", 3)
    assert run() == 0
    assert "1 new of 3 captures, 2 done before\n" in capsys.readouterr().out
    [second] = set(partitions()) - {first}
    assert list(summary_of(partitions()[second])["inputs"]) == ["in/c.pcap"]
    assert second[:8] == first[:8]


def test_dump_reads_all_partitions_as_one(night, capfd):
    for name, packets in (("office", 500), ("home", 700)):
        write_capture(Path(f"in/{name}.pcap"), packets)
        os.utime(f"in/{name}.pcap", (1, 1))
        run("--quiet")
    files = sorted(map(str, Path("out").glob("run=*/Ethernet.ncap.gz")))
    assert len(files) == 2
    capfd.readouterr()
    assert main(["dump", *files]) == 0
    ethernet = sum(summary_of(path)["records"]["Ethernet"]["count"] for path in partitions().values())
    assert capfd.readouterr().out.count("\n") == ethernet


def test_a_capture_with_another_name_is_known_by_its_content(night, capsys):
    run("--quiet")
    [name] = partitions()
    Path("in/deeper").mkdir()
    Path("in/a.pcap").rename("in/deeper/x.pcap")
    assert run() == 0
    assert capsys.readouterr().out == (
        "nothing new: 2 captures found, 2 done before\n"
        f"done before: in/deeper/x.pcap is in/a.pcap of run={name}\n"
    )
    assert list(partitions()) == [name]


def test_content_under_two_names_is_counted_once_and_said_so(night, capsys):
    put("in/c.pcap", 1)
    said = told(capsys)
    assert said["copies"] == {"in/c.pcap": "in/a.pcap"}
    assert said["processed"] == ["in/a.pcap", "in/b.pcap"]
    [partition] = partitions().values()
    assert summary_of(partition)["packets"]["read"] == 80
    assert told(capsys)["done_before"] == 3


def test_captures_that_differ_in_one_byte_in_the_middle_are_two(night, capsys):
    data = bytearray(capture_bytes(1))
    data[len(data) // 2] ^= 1
    put("in/c.pcap", data=bytes(data))
    assert told(capsys)["processed"] == ["in/a.pcap", "in/b.pcap", "in/c.pcap"]


def test_new_content_under_a_known_name_size_and_time_is_new(night, capsys, monkeypatch):
    monkeypatch.setattr("transforms.stamps.COARSE_NS", -60_000_000_000)
    put("in/a.pcap", 1, age=5000)
    times = Path("in/a.pcap").stat()
    run("--quiet")
    assert f"{night}/in/a.pcap" in json.loads(Path("out", STAMPS).read_text())
    data = bytearray(capture_bytes(1))
    data[-1] ^= 1
    Path("in/a.pcap").write_bytes(data)
    os.utime("in/a.pcap", ns=(times.st_mtime_ns, times.st_mtime_ns))
    assert told(capsys)["processed"] == ["in/a.pcap"]


def test_a_capture_without_packets_is_done_once(night, capsys):
    put("in/empty.pcap", data=pcap([]))
    assert "in/empty.pcap" in told(capsys)["processed"]
    assert told(capsys)["done_before"] == 3


def test_an_empty_directory_has_nothing_new_and_a_missing_one_is_refused(night, capsys):
    Path("none").mkdir()
    assert run(inputs=["none"]) == 0
    assert capsys.readouterr().out == "nothing new: 0 captures found\n"
    assert not Path("out").exists()
    assert run(inputs=["none", "in"], out="other") == 0
    assert run(inputs=["gone"]) == 2
    assert capsys.readouterr().err == "netbeam: gone: no such file or directory\n"


def test_compressed_captures_are_looked_through(night, capsys):
    packed = gzip.compress(capture_bytes(5, 3000))
    put("in/whole.pcap.gz", data=packed)
    put("in/cut.pcap.gz", data=packed[:-9])
    said = told(capsys)
    assert said["processed"] == ["in/a.pcap", "in/b.pcap", "in/whole.pcap.gz"]
    assert "is not whole" in said["waiting"]["in/cut.pcap.gz"]
    assert not Path("out/.netbeam-tmp").exists()


LARGE = pcap(some_packets(180, most=60_000))
assert len(LARGE) > CHUNK_BYTES // 2


@pytest.mark.parametrize("where", ["local", "remote"])
@pytest.mark.parametrize(
    "data",
    [
        capture_bytes(1),
        capture_bytes(1)[:-3],
        capture_bytes(1) + bytes(5_000_000),
        gzip.compress(capture_bytes(1)),
        gzip.compress(LARGE)[:-9],
        LARGE * 3,
        LARGE + LARGE[24:] + LARGE[24:] + LARGE[24:],
        pcap([]),
    ],
    ids=["whole", "cut", "zeros", "gzip", "cut gzip", "damaged", "chunks", "empty"],
)
def test_the_fingerprint_is_of_all_bytes_whatever_the_walk_reads(tmp_path, bucket, where, data):
    path = str(tmp_path / "capture") if where == "local" else f"{bucket}/capture"
    if where == "local":
        Path(path).write_bytes(data)
    else:
        OBJECTS[path] = (data, 1.0)
    marks = (0, 1, 24, len(data) // 2, len(data) - 1, len(data))
    examined = examine(path, open_remote, str(tmp_path / "spill"), marks)
    assert (examined.sha256, examined.bytes) == (sha256(data).hexdigest(), len(data))
    assert examined.starts == {mark: sha256(data[:mark]).hexdigest() for mark in marks}
    assert list(tmp_path.glob("spill/*")) == []


def test_compressed_captures_are_told_apart(night, capsys):
    for name in ("x", "y"):
        put(f"in/{name}.pcap.gz", data=gzip.compress(capture_bytes(name)))
    assert told(capsys)["copies"] == {}


# What waits, and what can't be read.


def test_a_capture_that_is_being_written_to_waits_until_it_is_quiet(night, capsys):
    put("in/c.pcap", 3, age=5)
    said = told(capsys, "--settle", 60)
    assert said["processed"] == ["in/a.pcap", "in/b.pcap"]
    assert "s ago, and --settle is 60" in said["waiting"]["in/c.pcap"]
    assert told(capsys, "--settle", 1)["processed"] == ["in/c.pcap"]


def test_a_capture_whose_last_record_is_cut_waits_until_it_is_whole(night, capsys):
    put("in/c.pcap", data=capture_bytes(3)[:-3])
    said = told(capsys, "--settle", 0)
    assert "in/c.pcap" not in said["processed"]
    assert "is cut" in said["waiting"]["in/c.pcap"]
    put("in/c.pcap", 3)
    assert told(capsys)["processed"] == ["in/c.pcap"]


def test_a_capture_that_nobody_has_finished_for_a_day_is_taken_as_it_is(night, capsys):
    put("in/c.pcap", data=capture_bytes(3)[:-3], age=LONGEST_WAIT + 60)
    assert "in/c.pcap" in told(capsys)["processed"]
    [partition] = partitions().values()
    assert summary_of(partition)["inputs"]["in/c.pcap"]["packets"]["read"] == 39
    accounts = {
        each["name"]: each["account"] for each in json.loads((partition / MANIFEST).read_text())["captures"]
    }
    assert "is cut" in accounts["in/c.pcap"]["problems"][0]
    assert told(capsys)["done_before"] == 3


def test_a_capture_from_the_future_waits_and_a_wrong_clock_is_guessed(night, capsys):
    put("in/c.pcap", 3, age=-5000)
    assert "is a clock wrong?" in told(capsys)["waiting"]["in/c.pcap"]


def test_a_capture_that_grew_after_it_was_taken_is_said_to_be_there_twice(night, capsys):
    run("--quiet")
    [name] = partitions()
    put("in/a.pcap", data=capture_bytes(1) + capture_bytes(7)[24:])
    size = len(capture_bytes(1))
    assert told(capsys)["grown"] == {"in/a.pcap": f"its first {size:,} bytes are in run={name}, too"}


def test_what_is_no_capture_is_a_problem_each_time_and_tried_again(night, capsys):
    put("in/notes.txt", data=b"not a capture")
    put("in/zero.pcap", data=b"")
    Path("in/gone.pcap").symlink_to("nowhere")
    said = told(capsys)
    assert said["unreadable"] == {
        "in/notes.txt": "not a capture: starts with 0x6e6f7420",
        "in/zero.pcap": "empty file",
    }
    assert said["processed"] == ["in/a.pcap", "in/b.pcap"]
    assert run() == 0
    assert "problem: in/zero.pcap: empty file; the next run tries again\n" in capsys.readouterr().out
    assert run("--quiet", "--strict") == 3
    put("in/zero.pcap", 3)
    assert told(capsys)["processed"] == ["in/zero.pcap"]


def test_a_pipe_is_no_capture(night, capsys):
    os.mkfifo("pipe")
    said = told(capsys, inputs=["in", "pipe"])
    assert said["unreadable"] == {"pipe": "cannot be read: it is no regular file"}


def test_a_capture_that_is_written_to_while_it_is_processed_fails_the_run(night, capsys):
    Path("grow.py").write_text(
        ENCODER.replace('HERE.with_name("began").touch()', 'open("in/a.pcap", "ab").write(b"more")')
    )
    Path("go").touch()
    assert run("--encoders", "grow.py") == 1
    error = capsys.readouterr().err
    assert error.startswith("netbeam: in/a.pcap: ")
    assert error.count("\n") == 1
    assert not partitions()


# What is read again, and what is not.


def test_captures_that_were_read_are_known_by_their_stamps(night, capsys, monkeypatch):
    monkeypatch.setattr("transforms.stamps.COARSE_NS", -60_000_000_000)
    run("--quiet")
    assert set(json.loads(Path("out", STAMPS).read_text())) == {f"{night}/in/a.pcap", f"{night}/in/b.pcap"}
    monkeypatch.setattr("pipeline.captures.examine", None)
    assert told(capsys)["done_before"] == 2
    assert told(capsys, "--payload")["processed"] == ["in/a.pcap", "in/b.pcap"]


def test_a_stamp_that_is_too_young_to_be_sure_of_is_not_kept(night, capsys):
    run("--quiet")
    assert not Path("out", STAMPS).exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": 1}', '{"x": [1]}', "\0", "[" * 10_000])
def test_without_stamps_all_is_read_again(night, capsys, text):
    run("--quiet")
    Path("out", STAMPS).write_text(text)
    assert told(capsys)["done_before"] == 2


# Connections.


def conversation(first, packets):
    """Make a capture of a part of a conversation, whose packets come a second after each other."""
    client, server = bytes((10, 0, 0, 2)), bytes((10, 0, 0, 1))
    frame = ethernet(2, 1, 0x0800, ipv4(client, server, 17, udp(client, server, (4000, 53), b"again")))
    times = range(START + first * SECOND, START + (first + packets) * SECOND, SECOND)
    return pcap([Packet(time, frame, len(frame)) for time in times])


def connections(folder):
    """Give the size and end of each of a run's connections, and their records."""
    records = list(open_records(Path(folder) / "Connection.ncap.gz"))
    return [(record.NumPackets, record.EndReason) for record in records], records


def test_a_connection_belongs_to_its_run(night, capsys):
    for path in ("in/a.pcap", "in/b.pcap"):
        Path(path).unlink()
    put("in/a.pcap", data=conversation(0, 3))
    put("in/b.pcap", data=conversation(3, 4))
    run("--quiet", out="together")
    [whole] = partitions("together").values()
    assert connections(whole)[0] == [(7, "eof")]
    Path("in/b.pcap").rename("b.pcap")
    run("--quiet")
    [first] = partitions().values()
    before = results(first)
    Path("b.pcap").rename("in/b.pcap")
    run("--quiet")
    [second] = set(partitions().values()) - {first}
    assert results(first) == before
    told_first, [one] = connections(first)
    told_second, [other] = connections(second)
    assert (told_first, told_second) == ([(3, "eof")], [(4, "eof")])
    assert one.UID != other.UID
    assert one.CommunityID == other.CommunityID


# Plans.


@pytest.mark.parametrize(
    "change",
    [
        ["--payload"],
        ["--entropy"],
        ["--exclude", "TCP"],
        ["--compression", "zstd"],
        ["--shards", "2"],
        ["--buffer-size", "64K"],
        ["--created", "0"],
        ["--idle-timeout", "tcp=100"],
        ["--active-timeout", "60.000000001"],
        ["--per-file"],
        ["--community-id-seed", "1"],
    ],
    ids=" ".join,
)
def test_another_configuration_is_a_new_plan(night, capsys, change):
    run("--quiet")
    [first] = partitions()
    before = results(partitions()[first])
    assert run(*change) == 0
    [second] = set(partitions()) - {first}
    said = f"a new plan, {second[:8]}: all is processed anew; run={first[:8]}-* stay as they are\n"
    assert said in capsys.readouterr().out
    assert results(partitions()[first]) == before
    assert told(capsys, *change)["done_before"] == 2
    assert told(capsys)["done_before"] == 2


def test_the_options_of_flows_are_no_part_of_a_plan_without_them(night, capsys):
    run("--quiet", "--include", "TCP")
    assert told(capsys, "--include", "TCP", "--idle-timeout", "tcp=100", "--per-file")["done_before"] == 2


def test_how_the_work_is_done_is_no_part_of_the_plan(night, capsys):
    run("--quiet")
    for change in (["--workers", 1], ["--quiet"], ["--strict"], ["--runner", "FnApiRunner"], ["--settle", 5]):
        assert run(*change) == 0
    assert len(partitions()) == 1


def test_another_content_of_the_encoders_is_a_new_plan_and_another_path_is_not(night, capsys):
    Path("go").touch()
    Path("own.py").write_text(ENCODER)
    run("--quiet", "--encoders", "own.py")
    Path("own.py").rename("moved.py")
    assert told(capsys, "--encoders", "moved.py")["done_before"] == 2
    Path("moved.py").write_text(ENCODER + "# changed\n")
    assert told(capsys, "--encoders", "moved.py")["done_before"] == 0


def test_a_netbeam_whose_records_differ_has_a_new_plan(night, capsys, monkeypatch):
    run("--quiet")
    monkeypatch.setattr("pipeline.incremental.FORMAT", netbeam.FORMAT + 1)
    assert told(capsys)["processed"] == ["in/a.pcap", "in/b.pcap"]


# Runs that fail, die, or meet.


def test_a_run_that_is_killed_leaves_nothing_visible_and_the_next_writes_the_same_bytes(night):
    Path("wait.py").write_text(ENCODER)
    flags = ["--encoders", "wait.py", "--quiet"]
    killed = start(*flags)
    wait_for("began", killed)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert list(Path("out/.netbeam-tmp").iterdir())
    assert not partitions()
    Path("go").touch()
    assert run(*flags) == 0
    assert run(*flags, out="undisturbed") == 0
    [name] = partitions()
    assert partitions("undisturbed").keys() == {name}
    assert results(partitions()[name]) == results(partitions("undisturbed")[name])
    assert {path.name for path in Path("out").iterdir()} <= {f"run={name}", STAMPS}


@pytest.mark.parametrize("number", range(4))
def test_a_run_that_is_killed_while_it_publishes_is_repeated(night, number):
    code = (
        "import os, signal, sys\n"
        "from netbeam.storage import LocalStorage\n"
        "import netbeam.ledger, pipeline.cli\n"
        "def die(*_): os.kill(os.getpid(), signal.SIGKILL)\n"
        "def publish(storage, stage, output, manifest, summary, real=netbeam.ledger.publish_partition):\n"
        f"    if {number} == 0: die()\n"
        f"    if {number} == 1: netbeam.ledger.write = die\n"
        f"    if {number} == 2: LocalStorage.rename = die\n"
        "    real(storage, stage, output, manifest, summary)\n"
        "    die()\n"
        "import transforms.partition\n"
        "transforms.partition.publish_partition = publish\n"
        "pipeline.cli.main(['run', '--incremental', 'in', '-o', 'out', '--quiet'])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == -signal.SIGKILL
    assert len(partitions()) == (number == 3)
    assert run("--quiet") == 0
    [name] = partitions()
    run("--quiet", out="undisturbed")
    assert results(partitions()[name]) == results(partitions("undisturbed")[name])
    assert {path.name for path in Path("out").iterdir()} <= {f"run={name}", STAMPS}


def test_two_at_once_exclude_each_other(night, capsys):
    Path("wait.py").write_text(ENCODER)
    first = start("--encoders", "wait.py", "--quiet")
    wait_for("began", first)
    assert run("--encoders", "wait.py") == 2
    assert "another netbeam run is writing there" in capsys.readouterr().err
    Path("go").touch()
    assert first.wait() == 0
    assert told(capsys, "--encoders", "wait.py")["done_before"] == 2


def test_a_run_that_fails_publishes_nothing_and_is_repeated(night, capsys):
    Path("own.py").write_text(ENCODER.replace('HERE.with_name("began").touch()', "1 / 0"))
    assert run("--encoders", "own.py") == 1
    assert "encoder Waited failed at packet" in capsys.readouterr().err
    assert not partitions()
    assert told(capsys)["processed"] == ["in/a.pcap", "in/b.pcap"]


# The ledger.


def damaged(night, capsys, damage):
    """Run twice, with a damaged manifest between; give what the second run printed, and both partitions."""
    run("--quiet")
    [path] = partitions().values()
    kept = results(path)
    damage(path / MANIFEST)
    assert run() == 0
    return capsys.readouterr().out, path, kept


@pytest.mark.parametrize("text", ["", "{", '{"ledger": 1}', "[]", "null", "\0\0", '"run"'])
def test_a_damaged_manifest_is_said_and_its_captures_are_processed_again(night, capsys, text):
    shown, path, kept = damaged(night, capsys, lambda manifest: manifest.write_text(text))
    said = f"problem: {path}/manifest.json: is no manifest of netbeam, or not a whole one ("
    assert said in shown
    assert results(path) == kept
    assert told(capsys)["ledger_problems"] == []


def test_a_partition_without_a_manifest_is_said_and_stays_when_others_take_its_captures(night, capsys):
    run("--quiet")
    [path] = partitions().values()
    (path / MANIFEST).unlink()
    kept = results(path)
    put("in/c.pcap", 3)
    assert run() == 0
    said = f"problem: {path}: no run has published it, for it has no manifest.json; what it holds counts as"
    assert said in capsys.readouterr().out
    assert results(path) == kept
    assert len(partitions()) == 2
    assert told(capsys)["done_before"] == 3
    assert run("--strict", "--quiet") == 3


def test_a_manifest_in_the_place_of_another_is_said(night, capsys):
    run("--quiet")
    [path] = partitions().values()
    path.rename("out/run=mine")
    assert "does not belong there" in told(capsys)["ledger_problems"][0]
    assert len(partitions()) == 2


def test_foreign_files_beside_the_partitions_are_left_alone(night, capsys):
    Path("out").mkdir()
    Path("out/notes.txt").write_text("mine")
    Path("out/run=file").write_text("mine")
    run("--quiet")
    assert told(capsys)["ledger_problems"] == []
    assert Path("out/notes.txt").read_text() == Path("out/run=file").read_text() == "mine"


def test_a_ledger_of_a_later_netbeam_is_refused(night, capsys):
    run("--quiet")
    [path] = partitions().values()
    text = (path / MANIFEST).read_text()
    (path / MANIFEST).write_text(text.replace('"ledger": 1', '"ledger": 2'))
    assert run() == 2
    assert "is of ledger version 2, and this netbeam reads 1; use the netbeam" in capsys.readouterr().err


def test_record_files_that_are_removed_are_not_made_again(night, capsys):
    run("--quiet")
    [path] = partitions().values()
    for file in path.iterdir():
        if file.name != MANIFEST:
            file.unlink()
    assert told(capsys)["done_before"] == 2


PLAN = {"format": 1, "types": ["TCP"]}
CAPTURES = (Capture("a", "12", 3), Capture("ü\\xff", "34", 5))
WHOLE = Manifest(
    run_id(PLAN, "in", CAPTURES),
    PLAN,
    "in",
    CAPTURES,
    {"a": {}, "ü\\xff": {"problems": []}},
    {"TCP.ncap.gz": 7},
)


def test_a_manifest_is_read_as_it_was_written():
    assert parse_manifest(f"out/run={WHOLE.run}", manifest_text(WHOLE)) == WHOLE


def test_no_start_of_a_manifest_is_one():
    text = manifest_text(WHOLE)
    for end in range(len(text) - 2):
        with pytest.raises(NotManifest):
            parse_manifest(f"out/run={WHOLE.run}", text[:end])


@given(st.data())
def test_a_manifest_with_other_captures_is_none(data):
    text = manifest_text(WHOLE)
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.characters(exclude_categories=["Cs"])) + text[at + 1 :]
    try:
        read = parse_manifest(f"out/run={WHOLE.run}", changed)
    except (NotManifest, NewerLedger):
        return
    assert [(each.name, each.sha256) for each in read.captures] == [(e.name, e.sha256) for e in CAPTURES]
    assert read.plan == PLAN


def test_results_that_differ_from_published_ones_are_not_published(tmp_path):
    storage = LocalStorage()
    stages = [str(tmp_path / name) for name in ("a", "b")]
    for stage in stages:
        storage.make_directory(stage)
    publish_partition(storage, stages[0], str(tmp_path), WHOLE, {})
    with pytest.raises(Taken, match="holds other results of the same captures"):
        publish_partition(storage, stages[1], str(tmp_path), WHOLE._replace(files={"TCP.ncap.gz": 8}), {})
    assert parse_manifest(*read(tmp_path / f"run={WHOLE.run}")) == WHOLE


def test_publishing_twice_comes_to_the_same(tmp_path):
    storage = LocalStorage()
    stage, partition = str(tmp_path / "stage"), tmp_path / f"run={WHOLE.run}"
    storage.make_directory(stage)
    for _ in range(2):
        publish_partition(storage, stage, str(tmp_path), WHOLE, {"a": 1})
        assert {path.name for path in tmp_path.iterdir()} == {partition.name}
        assert json.loads((partition / "summary.json").read_text()) == {"a": 1}


def read(partition):
    """Give a partition's path and the text of its manifest."""
    return str(partition), (partition / MANIFEST).read_text()


@pytest.mark.parametrize(
    ("plan", "source", "captures"),
    [
        ({"format": 2, "types": ["TCP"]}, "in", CAPTURES),
        (PLAN, "on", CAPTURES),
        (PLAN, "in", CAPTURES[:1]),
        (PLAN, "in", (CAPTURES[0], Capture("b", "34", 5))),
        (PLAN, "in", (CAPTURES[0], Capture("ü\\xff", "35", 5))),
    ],
)
def test_whatever_shows_in_the_files_is_in_the_id(plan, source, captures):
    assert run_id(plan, source, captures) != WHOLE.run


# What is refused, and what is shown.


@pytest.mark.parametrize(
    ("arguments", "inputs", "sentence"),
    [
        (["--overwrite"], ["in"], "--overwrite: --incremental replaces nothing"),
        ([], ["-"], "-: standard input can be read only once"),
        (["--runner", "Nope", "--dry-run"], ["in"], "Nope"),
        (["--settle", "soon"], ["in"], "--settle: soon: not a whole number"),
    ],
)
def test_what_cannot_be_is_refused(night, capsys, arguments, inputs, sentence):
    assert run(*arguments, inputs=inputs) == 2
    assert sentence in capsys.readouterr().err
    assert not Path("out").exists()


def test_results_of_a_run_that_was_not_incremental_are_kept(night, capsys):
    assert main(["run", "in", "-o", "out", "--quiet"]) == 0
    before = results("out")
    assert run() == 2
    assert "-o out: holds the results of a run without --incremental" in capsys.readouterr().err
    assert results("out") == before


def test_a_dry_run_tells_new_captures_from_others_and_touches_nothing(night, capsys):
    run("--quiet")
    put("in/c.pcap", 3)
    before = sorted(night.rglob("*"))
    capsys.readouterr()
    assert run("--dry-run") == 0
    shown = capsys.readouterr().out
    assert "1 new of 3 captures, 2 done before\n" in shown
    assert "  in/c.pcap (" in shown
    assert "in/a.pcap" not in shown
    assert sorted(night.rglob("*")) == before
    [first] = partitions()
    run("--quiet")
    [second] = set(partitions()) - {first}
    assert f"files in out/run={second}: " in shown


def test_the_files_name_the_input_and_no_run(night):
    write_capture(Path("in/office.pcap"), 300)
    os.utime("in/office.pcap", (1, 1))
    run("--quiet", inputs=["in", "in/a.pcap"])
    [path] = partitions().values()
    assert open_records(path / "Ethernet.ncap.gz").header.InputSource == "in, in/a.pcap"


# An object store, where nothing can be locked or renamed.


@pytest.fixture
def bucket():
    """The address of an empty bucket."""
    OBJECTS.clear()
    yield "objects://bucket"
    OBJECTS.clear()


def keys(prefix=""):
    """Give the bytes of the objects, but the summaries, by key."""
    return {
        path.removeprefix("objects://bucket/"): data
        for path, (data, _) in OBJECTS.items()
        if path.startswith(f"objects://bucket/{prefix}") and not path.endswith("/summary.json")
    }


def upload(key, seed, age=3600):
    """Put a capture."""
    OBJECTS[f"objects://bucket/{key}"] = (capture_bytes(seed), time.time() - age)


def test_captures_and_partitions_may_be_objects(night, bucket, capsys):
    where = {"inputs": [f"{bucket}/in/*"], "out": f"{bucket}/out"}
    upload("in/a.pcap", 1)
    upload("in/new.pcap", 2, age=1)
    said = told(capsys, **where)
    assert said["processed"] == [f"{bucket}/in/a.pcap"]
    assert list(said["waiting"]) == [f"{bucket}/in/new.pcap"]
    written = keys("out/run=")
    assert f"out/run={said['run']}/{MANIFEST}" in written
    assert not [key for key in keys("out/") if ".netbeam-tmp" in key]
    upload("in/b.pcap", 1)
    said = told(capsys, **where)
    assert said["done_before"] == 2
    assert said["run"] is None
    assert keys("out/run=") == written


def test_what_a_killed_run_left_on_an_object_store_is_no_partition_and_is_replaced(night, bucket, capsys):
    out = f"{bucket}/out"
    run("--quiet", out=out)
    whole = keys("out/run=")
    [manifest] = [key for key in whole if key.endswith(MANIFEST)]
    del OBJECTS[f"{bucket}/{manifest}"]
    said = told(capsys, out=out)
    assert said["processed"] == ["in/a.pcap", "in/b.pcap"]
    assert "no run has published it" in said["ledger_problems"][0]
    assert keys("out/run=") == whole


def test_two_at_once_on_an_object_store_come_to_the_same_bytes(night, bucket, capsys, monkeypatch):
    out = f"{bucket}/out"
    seen = []

    def another_first(*arguments, real=publish_partition):
        if not seen:
            seen.append(1)
            assert run("--quiet", out=out) == 0
            seen.append(keys("out/run="))
        real(*arguments)

    monkeypatch.setattr("transforms.partition.publish_partition", another_first)
    assert run("--quiet", out=out) == 0
    assert keys("out/run=") == seen[1]


class Detached(PipelineRunner):
    """A runner that takes the job and does it later, when nobody waits any more."""

    def __init__(self):
        super().__init__()
        self.jobs = []

    def options(self, run):
        return PipelineOptions(["--direct_num_workers=1"])

    @contextmanager
    def runner(self, options):
        yield self

    def run_pipeline(self, pipeline, options):
        self.jobs.append((pipeline, options))

    def submitted(self, result, options):
        return {"job": "42"}

    def work(self):
        """Do what was submitted."""
        for pipeline, options in self.jobs:
            FnApiRunner().run_pipeline(pipeline, options).wait_until_finish()
        self.jobs.clear()


@pytest.fixture
def service(monkeypatch):
    """A runner in the place of Dataflow's."""
    made = Detached()
    monkeypatch.setattr(
        "pipeline.run.preset_of", lambda options: made if options.runner == "dataflow" else preset_of(options)
    )
    return made


def test_a_job_that_nobody_waits_for_publishes_its_partition_itself(night, bucket, service, capsys):
    flags = {"out": f"{bucket}/out", "inputs": ["in"]}
    assert run("--runner", "dataflow", **flags) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("2 new of 2 captures\njob: 42\n")
    assert not [key for key in keys("out/") if "run=" in key]
    service.work()
    [manifest] = [key for key in keys("out/") if key.endswith(MANIFEST)]
    folder = f"{bucket}/{manifest.removesuffix(f'/{MANIFEST}')}"
    assert shown.endswith(f"results will be in {folder}, {MANIFEST} as the last of them\n")
    assert not [key for key in keys("out/") if ".netbeam-tmp" in key]
    assert run("--runner", "dataflow", **flags) == 0
    assert capsys.readouterr().out == "nothing new: 2 captures found, 2 done before\n"
    assert service.jobs == []
    run("--quiet")
    [local] = partitions().values()
    assert {key.rpartition("/")[2]: data for key, data in keys("out/run=").items()} == results(local)


def test_a_job_that_nobody_waits_for_leaves_no_metrics(night, bucket, service, capsys):
    assert run("--runner", "dataflow", "--metrics", "m.prom", out=f"{bucket}/out") == 2
    assert "--metrics m.prom: nobody waits for the job" in capsys.readouterr().err


def test_a_capture_that_another_run_did_meanwhile_is_not_done_twice(night, bucket, capsys, monkeypatch):
    out = f"{bucket}/out"
    seen = []

    def another_first(*arguments, real=publish_partition):
        if not seen:
            seen.append(1)
            assert run("--quiet", inputs=["in/a.pcap"], out=out) == 0
        real(*arguments)

    monkeypatch.setattr("transforms.partition.publish_partition", another_first)
    assert run(out=out) == 1
    assert "was done by run=" in capsys.readouterr().err
    [manifest] = [key for key in keys("out/run=") if key.endswith(MANIFEST)]
    folder = manifest.removesuffix(MANIFEST)
    assert all(path.startswith(f"{bucket}/{folder}") for path in OBJECTS)


@pytest.fixture
def s3_bucket(monkeypatch):
    """A bucket of S3 with a capture `in/a.pcap`: its client, and the option that leads to its server."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3.boto_client.cache_clear()
    with s3_server() as (host, port):
        client = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
        client.create_bucket(Bucket="night")
        client.put_object(Bucket="night", Key="in/a.pcap", Body=capture_bytes(1))
        yield client, f"--s3_endpoint_url=http://{host}:{port}"
    s3.boto_client.cache_clear()


def test_captures_and_partitions_may_lie_in_s3(night, s3_bucket, capsys):
    client, endpoint = s3_bucket
    flags = ["--settle", 0, "--source-name", "tap", endpoint]
    where = {"inputs": ["s3://night/in"], "out": "s3://night/out"}
    first = told(capsys, *flags, **where)
    assert first["processed"] == ["s3://night/in/a.pcap"]
    keys = [each["Key"] for each in client.list_objects_v2(Bucket="night", Prefix="out/")["Contents"]]
    assert all(key.startswith((f"out/run={first['run']}/", f"out/{STAMPS}")) for key in keys)
    Path("in/b.pcap").unlink()
    local = told(capsys, "--source-name", "tap")["run"]
    for name, data in results(partitions()[local]).items():
        if name != MANIFEST:  # it has the capture's address
            stored = client.get_object(Bucket="night", Key=f"out/run={first['run']}/{name}")
            assert stored["Body"].read() == data, name
    client.copy_object(Bucket="night", Key="in/b.pcap", CopySource="night/in/a.pcap")
    second = told(capsys, *flags, **where)
    assert (second["run"], second["done_before"]) == (None, 2)
