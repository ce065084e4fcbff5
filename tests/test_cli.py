"""The command line: what it takes, what it refuses and how, what it writes, and how it ends."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from netbeam.formats.ncap import open_records
from pipeline.cli import main
from transforms.sources import find_sources

ROOT = Path(__file__).parents[1]
NETBEAM = [sys.executable, "-m", "pipeline.cli"]
SLOW_ENCODER = """
import pathlib, time
from netbeam.declare import Message, given
from netbeam.encoders import Encoder

def slow(packet):
    pathlib.Path(__file__).with_name("slow.began").touch()
    time.sleep(0.05)

ENCODERS = (Encoder(Message("Slow", 1950, (given("Timestamp", 1, "int64"),)), slow),)
"""


@pytest.fixture(scope="session")
def capture(traffic):
    """A capture of one chunk."""
    return traffic(1000)


@pytest.fixture(scope="session")
def chunked(traffic):
    """A capture of two chunks."""
    return traffic(20_000)


def run(*arguments):
    """Run `netbeam run` in this process; give its exit status."""
    return main(["run", *map(str, arguments)])


def summary_of(folder):
    """Read a run's summary."""
    return json.loads((Path(folder) / "summary.json").read_text())


def results(folder):
    """Give the bytes of all that a run wrote, but the summary."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.name != "summary.json"}


def start(*arguments, **options):
    """Start netbeam in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [*NETBEAM, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, **options)


def wait_for(condition, seconds=30):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


# What a run writes.


def test_a_run_writes_a_file_for_each_record_type_and_the_summary(capture, tmp_path, capsys):
    assert run(capture, "-o", tmp_path / "out") == 0
    summary = summary_of(tmp_path / "out")
    assert summary["packets"]["read"] == 1000
    assert summary["records"]["Ethernet"]["count"] == 1000
    assert set(summary["files"]) == set(results(tmp_path / "out"))
    assert summary["inputs"] == {
        str(capture): {
            key: summary[key] for key in ("packets", "bytes", "first_time", "last_time", "problems")
        }
    }
    shown = capsys.readouterr().out
    assert "1,000 packets read" in shown
    assert f"results in {tmp_path / 'out'}" in shown
    for name, written in summary["records"].items():
        assert f"{name} " in shown
        assert sum(1 for _ in open_records(tmp_path / "out" / f"{name}.ncap.gz")) == written["count"]


def test_the_summary_says_how_the_run_was_made(capture, tmp_path):
    run(
        capture,
        "-o",
        tmp_path / "out",
        "--quiet",
        "--include",
        "TCP,UDP",
        "--shards",
        2,
        "--buffer-size",
        "64K",
    )
    summary = summary_of(tmp_path / "out")
    assert summary["options"] == {
        "inputs": [str(capture)], "source_name": str(capture), "output": str(tmp_path / "out"),
        "types": ["TCP", "UDP"], "compression": "gzip", "buffer_size": 65536, "shards": 2, "payload": False,
        "entropy": False, "encoders": "", "created": None, "beam": [], "runner": "direct",
        "flows": {
            "idle_tcp": "300s", "idle_udp": "60s", "idle_icmp": "60s", "idle_other": "60s", "active": "0s",
            "linger": "5s", "per_file": "False", "seed": "0",
        },
        "framing_range": 64 << 20,
        "workers": summary["options"]["workers"],
    }  # fmt: skip
    assert {"netbeam", "apache-beam", "python", "protobuf", "isal", "zstandard"} == set(summary["versions"])
    assert set(summary["machine"]) == {"host", "system", "processor", "cores", "kernel", "memory_bytes"}
    assert summary["elapsed_seconds"] > 0
    assert summary["packets_per_second"] > 0


def test_quiet_prints_nothing_and_json_prints_the_summary(capture, tmp_path, capfd):
    assert run(capture, "-o", tmp_path / "a", "--quiet") == 0
    assert capfd.readouterr() == ("", "")
    assert run(capture, "-o", tmp_path / "b", "--json") == 0
    shown = capfd.readouterr()
    assert json.loads(shown.out) == summary_of(tmp_path / "b")
    assert shown.err == ""


@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_workers_make_no_difference_to_a_byte(capture, tmp_path, compression):
    for workers in (1, 2):
        flags = ["--compression", compression, "--workers", workers, "--quiet"]
        assert run(capture, "-o", tmp_path / str(workers), *flags) == 0
    assert results(tmp_path / "1") == results(tmp_path / "2")
    assert len(results(tmp_path / "1")) > 5


def test_workers_runs_and_packing_of_the_input_make_no_difference_to_a_byte(chunked, tmp_path):
    flags = ["--source-name", "office", "--quiet"]
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(chunked.read_bytes(), 1))
    for name, given, workers in (
        ("one", chunked, 1),
        ("two", chunked, 2),
        ("five", chunked, 5),
        ("again", chunked, 2),
        ("packed", packed, 2),
    ):
        assert run(given, "-o", tmp_path / "out" / name, *flags, "--workers", workers) == 0
    with chunked.open("rb") as file:
        piped = start("run", "-", "-o", tmp_path / "out" / "piped", *flags, stdin=file)
        assert piped.wait() == 0
    expected = results(tmp_path / "out" / "one")
    assert len(expected) > 5
    for other in ("two", "five", "again", "packed", "piped"):
        assert results(tmp_path / "out" / other) == expected


def test_shards_join_by_cat_to_the_file_of_a_run_without(chunked, tmp_path):
    run(chunked, "-o", tmp_path / "one", "--quiet")
    run(chunked, "-o", tmp_path / "many", "--quiet", "--shards", 3)
    for name in summary_of(tmp_path / "one")["records"]:
        shards = [tmp_path / "many" / f"{name}-{shard:05}-of-00003.ncap.gz" for shard in range(3)]
        joined = b"".join(shard.read_bytes() for shard in shards)
        one = (tmp_path / "one" / f"{name}.ncap.gz").read_bytes()
        assert gzip.decompress(joined) == gzip.decompress(one)
        # A shard without records is a gzip member of nothing.
        assert joined == one or any(not gzip.decompress(shard.read_bytes()) for shard in shards)


def test_include_and_exclude_choose_the_types(capture, tmp_path):
    run(capture, "-o", tmp_path / "a", "--quiet", "--include", "TCP", "--include", "UDP,IPv4")
    assert set(summary_of(tmp_path / "a")["records"]) == {"TCP", "UDP", "IPv4"}
    run(capture, "-o", tmp_path / "b", "--quiet", "--include", "TCP,UDP", "--exclude", "UDP")
    assert set(summary_of(tmp_path / "b")["records"]) == {"TCP"}
    assert summary_of(tmp_path / "b")["packets"]["read"] == 1000


def test_connections_are_told_by_state_and_by_why_they_ended(capture, tmp_path, capsys):
    assert run(capture, "-o", tmp_path / "out") == 0
    shown = capsys.readouterr().out
    flows = summary_of(tmp_path / "out")["flows"]
    records = list(open_records(tmp_path / "out" / "Connection.ncap.gz"))
    assert flows["states"] == Counter(record.ConnState for record in records)
    assert flows["ends"] == Counter(record.EndReason for record in records)
    assert flows["packets"] == sum(record.NumPackets for record in records)
    for count, kind in (
        (len(records), "connections of"),
        *((n, state) for state, n in flows["states"].items()),
    ):
        assert f"{count:,} {kind}" in shown
    assert f"they ended by: {flows['ends']['eof']:,} eof" in shown


def test_every_packet_with_an_ip_header_is_in_one_connection(capture, tmp_path):
    run(capture, "-o", tmp_path / "out", "--quiet")
    summary = summary_of(tmp_path / "out")
    frames, without_ip = (summary["records"][name]["count"] for name in ("Ethernet", "ARP"))
    assert summary["flows"]["packets"] == frames - without_ip


def test_without_records_of_many_packets_nothing_is_told_of_flows(capture, tmp_path, capsys):
    assert run(capture, "-o", tmp_path / "out", "--include", "TCP") == 0
    assert "connections" not in capsys.readouterr().out
    assert summary_of(tmp_path / "out")["flows"] == {"packets": 0, "states": {}, "ends": {}}


def test_connections_are_the_same_whichever_records_are_wanted_beside_them(capture, tmp_path):
    run(capture, "-o", tmp_path / "all", "--quiet")
    for name in ("Connection", "Flow", "FlowFeatures", "Host", "DeviceProfile", "Service"):
        run(capture, "-o", tmp_path / name, "--quiet", "--include", name)
        alone = results(tmp_path / name)
        assert alone == {f"{name}.ncap.gz": results(tmp_path / "all")[f"{name}.ncap.gz"]}
        assert summary_of(tmp_path / name)["flows"] == summary_of(tmp_path / "all")["flows"]


def test_the_options_of_flows_are_in_the_headers_of_their_records_alone(capture, tmp_path):
    flags = ["--idle-timeout", "udp=0.5,tcp=3600", "--active-timeout", "1.000000001", "--per-file"]
    run(capture, "-o", tmp_path / "out", "--quiet", *flags, "--community-id-seed", 7)
    given = {
        "idle_tcp": "3600s", "idle_udp": "0.5s", "idle_icmp": "60s", "idle_other": "60s",
        "active": "1.000000001s", "linger": "5s", "per_file": "True", "seed": "7",
    }  # fmt: skip
    assert summary_of(tmp_path / "out")["options"]["flows"] == given
    for name, settings in (("Connection", given), ("Host", given), ("TCP", {})):
        assert dict(open_records(tmp_path / "out" / f"{name}.ncap.gz").header.Settings) == settings


def test_an_active_timeout_cuts_connections_and_loses_no_packet(capture, tmp_path):
    run(capture, "-o", tmp_path / "whole", "--quiet", "--include", "Connection")
    run(capture, "-o", tmp_path / "cut", "--quiet", "--include", "Connection", "--active-timeout", "0.01")
    whole, cut = (summary_of(tmp_path / name) for name in ("whole", "cut"))
    assert whole["flows"]["packets"] == cut["flows"]["packets"]
    assert whole["records"]["Connection"]["count"] < cut["records"]["Connection"]["count"]
    assert cut["flows"]["ends"]["active"] > 0


def test_headers_name_the_input_and_date_it_as_asked(capture, tmp_path):
    run(capture, "-o", tmp_path / "a", "--quiet", "--include", "TCP")
    header = open_records(tmp_path / "a" / "TCP.ncap.gz").header
    assert (header.InputSource, header.Created) == (str(capture), summary_of(tmp_path / "a")["first_time"])
    named = ["--source-name", "tap 3", "--created", "2024-01-01T08:00:00Z"]
    run(capture, "-o", tmp_path / "b", "--quiet", "--include", "TCP", *named)
    header = open_records(tmp_path / "b" / "TCP.ncap.gz").header
    assert (header.InputSource, header.Created) == ("tap 3", 1_704_096_000_000_000_000)
    assert list(summary_of(tmp_path / "b")["inputs"]) == ["tap 3"]


# What a run reads.


@pytest.mark.parametrize("content", [b"", bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")])
def test_a_capture_without_packets_gives_the_summary_alone(tmp_path, content):
    (tmp_path / "in.pcap").write_bytes(content)
    assert run(tmp_path / "in.pcap", "-o", tmp_path / "out", "--quiet") == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["summary.json"]
    assert summary_of(tmp_path / "out")["packets"]["read"] == 0


def test_a_directory_gives_all_files_below_it_good_and_bad(capture, tmp_path):
    folder = tmp_path / "in"
    (folder / "deep er").mkdir(parents=True)
    good = ("a b.pcap", "c:d.pcap", "ünï.pcap", "-dash.pcap", "deep er/e.pcap")
    for name in good:
        (folder / name).write_bytes(capture.read_bytes())
    (folder / "README").write_text("not a capture")
    (folder / ".hidden.pcap").write_bytes(capture.read_bytes())
    assert run(folder, "-o", tmp_path / "out", "--quiet") == 0
    summary = summary_of(tmp_path / "out")
    assert set(summary["inputs"]) == {f"{folder}/{name}" for name in (*good, "README")}
    assert summary["packets"]["read"] == 5 * 1000
    assert summary["inputs"][f"{folder}/README"]["problems"]


def test_links_to_nowhere_in_a_directory_are_passed_over(capture, tmp_path):
    (tmp_path / "in.pcap").write_bytes(capture.read_bytes())
    (tmp_path / "dangling.pcap").symlink_to("nowhere")
    for number, given in enumerate((tmp_path, tmp_path / "*.pcap")):
        assert run(given, "-o", tmp_path / f"out{number}", "--quiet") == 0
        assert list(summary_of(tmp_path / f"out{number}")["inputs"]) == [f"{tmp_path}/in.pcap"]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_input_that_is_gone_before_it_is_framed_fails_the_run(
    capture, tmp_path, workers, capsys, monkeypatch
):
    lost = tmp_path / "lost.pcap"
    lost.touch()
    found = find_sources([str(capture), str(lost)])
    lost.unlink()
    monkeypatch.setattr("pipeline.run.find_sources", lambda inputs, skip: found)
    assert run(capture, lost, "-o", tmp_path / "out", "--workers", workers) == 1
    assert capsys.readouterr().err == f"netbeam: {lost}: No such file or directory\n"
    assert not (tmp_path / "out").exists()


def test_results_inside_the_input_directory_are_not_read_back(capture, tmp_path):
    (tmp_path / "in.pcap").write_bytes(capture.read_bytes())
    for flags in ([], ["--overwrite"]):
        assert run(tmp_path, "-o", tmp_path / "out", "--quiet", *flags) == 0
        assert set(summary_of(tmp_path / "out")["inputs"]) == {f"{tmp_path}/in.pcap"}


def test_a_file_that_is_named_twice_is_read_once(capture, tmp_path):
    (tmp_path / "link.pcap").symlink_to(capture)
    assert run(capture, capture.parent, tmp_path / "l*.pcap", capture, "-o", tmp_path / "out", "--quiet") == 0
    assert summary_of(tmp_path / "out")["packets"]["read"] == 1000


def test_a_name_with_a_leading_dash_is_read_behind_two_dashes(capture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("-x.pcap").write_bytes(capture.read_bytes())
    assert run("-o", "out", "--quiet", "--", "-x.pcap") == 0
    assert list(summary_of("out")["inputs"]) == ["-x.pcap"]


def test_faults_are_counted_and_strict_makes_them_a_status(capture, tmp_path, capsys):
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(capture.read_bytes()[:-5])
    assert run(cut, "-o", tmp_path / "a") == 0
    assert f"problem: {cut}: " in capsys.readouterr().out
    assert run(cut, "-o", tmp_path / "b", "--strict", "--quiet") == 3
    assert summary_of(tmp_path / "b")["packets"]["read"] == 999
    whole = ["--strict", "--quiet", "--include", "TCP"]
    assert run(capture, "-o", tmp_path / "c", *whole) == (3 if faulty(tmp_path / "b") else 0)


def faulty(folder):
    """Tell whether packets of the capture itself are unknown or errors."""
    packets = summary_of(folder)["packets"]
    return bool(packets["unknown"] or packets["errors"])


def test_a_name_that_is_no_text_is_written_with_escapes(capture, tmp_path, capsys):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff.pcap")
    Path(odd).write_bytes(capture.read_bytes()[:-5])
    assert run(odd, "-o", tmp_path / "out") == 0
    assert f"problem: {tmp_path}/odd\\xff.pcap: " in capsys.readouterr().out
    assert list(summary_of(tmp_path / "out")["inputs"]) == [f"{tmp_path}/odd\\xff.pcap"]
    assert open_records(tmp_path / "out" / "TCP.ncap.gz").header.InputSource == f"{tmp_path}/odd\\xff.pcap"


# What is refused, before anything is done.


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nope.pcap", "-o", "out"], "nope.pcap: no such file or directory"),
        (["no*.pcap", "-o", "out"], "no*.pcap: no capture there"),
        (["dangling", "-o", "out"], "dangling: no such file or directory"),
        (["dang*", "-o", "out"], "dang*: no capture there"),
        (["n" * 300, "-o", "out"], "n: file name too long"),
        (["in.pcap", "-o", "odd", "--overwrite"], "-o odd: summary.json in it is no file; remove it"),
        (["empty", "-o", "out"], "empty: no capture there"),
        (["in.pcap", "-o", "in.pcap"], "-o in.pcap: is a file; netbeam writes into a directory"),
        (["in.pcap", "-o", "in.pcap/out"], "/in.pcap is a file; netbeam writes into a directory"),
        (["in.pcap", "-o", "old"], "-o old: holds results already (TCP.ncap.gz); --overwrite replaces them"),
        (
            ["in.pcap", "-o", "out", "--include", "tcp"],
            "--include tcp: no such record type; did you mean TCP?",
        ),
        (
            ["in.pcap", "-o", "out", "--exclude", "IPv5"],
            "--exclude IPv5: no such record type; did you mean IPv",
        ),
        (["in.pcap", "-o", "out", "--include", "zzz"], "no such record type; `netbeam types` lists them"),
        (["in.pcap", "-o", "out", "--include", "TCP", "--exclude", "TCP"], "leave no record type to write"),
        (["in.pcap", "-o", "out", "--exlude", "TCP"], "--exlude: no such option; did you mean --exclude?"),
        (["in.pcap", "-o", "out", "--quite"], "--quite: no such option; did you mean --quiet?"),
        (["in.pcap", "-o", "out", "--runer=X"], "--runer: no such option; did you mean --runner?"),
        (["in.pcap", "-o", "out", "--runner=NoSuchRunner"], "NoSuchRunner"),
        (["in.pcap", "-o", "out", "-z"], "-z: no such option"),
        (["in.pcap"], "the following arguments are required: -o/--output"),
        (["-o", "out"], "the following arguments are required: PATH"),
        (["in.pcap", "-o", "out", "--shards", "-1"], "--shards"),
        (["in.pcap", "-o", "out", "--shards", "100000"], "--shards 100000: must be 0 to 99999"),
        (["in.pcap", "-o", "out", "--workers", "0"], "--workers 0: must be 1 to 256"),
        (["in.pcap", "-o", "out", "--flink-master", "a:1"], "--flink-master a:1: goes with --runner flink"),
        (
            ["in.pcap", "-o", "out", "--framing-range", "12M"],
            "--framing-range 12582912: must be a multiple of 8M",
        ),
        (["in.pcap", "-o", "out", "--workers", "257"], "--workers 257: must be 1 to 256"),
        (["in.pcap", "-o", "out", "--workers", "two"], "--workers: two: not a whole number"),
        (["in.pcap", "-o", "out", "--buffer-size", "0"], "--buffer-size 0: must be 1 to"),
        (["in.pcap", "-o", "out", "--buffer-size", "1X"], "1X: not a size; sizes are like 4096, 512K or 8M"),
        (
            ["in.pcap", "-o", "out", "--idle-timeout", "tcp=never"],
            "tcp=never: not a timeout; timeouts are like tcp=300 or udp=60, of tcp, udp, icmp, other",
        ),
        (["in.pcap", "-o", "out", "--idle-timeout", "sctp=5"], "sctp=5: not a timeout"),
        (["in.pcap", "-o", "out", "--idle-timeout", "udp=0"], "udp=0: not a timeout"),
        (["in.pcap", "-o", "out", "--active-timeout", "1h"], "1h: not a number of seconds; these are like"),
        (
            ["in.pcap", "-o", "out", "--community-id-seed", "65536"],
            "--community-id-seed 65536: must be 0 to 65535",
        ),
        (["in.pcap", "-o", "out", "--created", "monday"], "monday: not a time; times are like 2024-01-01T08"),
        (["in.pcap", "-o", "out", "--compression", "lz4"], "choose from 'gzip', 'zstd', 'none'"),
        (["in.pcap", "-o", "out", "--encoders", "no.py"], "--encoders no.py: no such file or directory"),
        (
            ["in.pcap", "-o", "out", "--encoders", "bad.py"],
            "--encoders bad.py: ZeroDivisionError: division by zero",
        ),
        (["in.pcap", "-o", "out", "--encoders", "none.py"], "defines neither LAYERS nor ENCODERS"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(arguments, sentence, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    Path("in.pcap").write_bytes(b"")
    Path("empty").mkdir()
    Path("old").mkdir()
    Path("old/TCP.ncap.gz").write_bytes(b"")
    Path("odd").mkdir()
    os.mkfifo("odd/summary.json")
    Path("dangling").symlink_to("nowhere")
    Path("bad.py").write_text("1 / 0")
    Path("none.py").write_text("")
    before = sorted(tmp_path.rglob("*"))
    assert run(*arguments) == 2
    shown = capfd.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("netbeam: ")
    assert shown.err.count("\n") == 1
    assert sentence in shown.err
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unwritable_output_is_refused(capture, mounted, capsys):
    folder = mounted("ro")
    assert run(capture, "-o", folder / "out") == 2
    assert capsys.readouterr().err == f"netbeam: -o {folder / 'out'}: no permission to write in {folder}\n"


def test_an_option_of_beams_takes_its_value_along(capture, tmp_path):
    flags = ["--quiet", "--runner", "DirectRunner", "--job_name", "nope", "--experiments=a"]
    assert run(capture, *flags, "-o", tmp_path / "out") == 0
    beam = ["--job_name", "nope", "--experiments=a"]
    assert summary_of(tmp_path / "out")["options"]["beam"] == beam
    assert list(summary_of(tmp_path / "out")["inputs"]) == [str(capture)]


def test_a_dry_run_shows_the_plan_and_touches_nothing(capture, tmp_path, capsys):
    assert run(capture, "-o", tmp_path / "out", "--dry-run", "--include", "TCP,UDP", "--workers", 2) == 0
    shown = capsys.readouterr().out
    assert f"{capture} ({capture.stat().st_size:,} bytes)" in shown
    assert "record types: TCP UDP" in shown
    assert "runner: direct, 2 workers" in shown
    assert not (tmp_path / "out").exists()


def test_help_and_refusals_import_nothing_heavy():
    code = (
        "import sys, pipeline.cli as cli\n"
        "for arguments in (['--help'], ['run', '--help'], ['run', '/no/such/file', '-o', 'x']):\n"
        "    try: cli.main(arguments)\n"
        "    except SystemExit: pass\n"
        "print(sorted({'apache_beam', 'google.protobuf', 'rich', 'numpy'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.endswith("[]\n")


# Results of an earlier run.


def test_overwriting_replaces_the_earlier_results_and_leaves_other_files(capture, tmp_path):
    run(capture, "-o", tmp_path, "--quiet")
    (tmp_path / "notes.txt").write_text("mine")
    assert run(capture, "-o", tmp_path, "--quiet") == 2
    assert run(capture, "-o", tmp_path, "--quiet", "--include", "TCP", "--overwrite") == 0
    left = {name for name in results(tmp_path) if ".ncap" in name}
    assert left == {"TCP.ncap.gz"}
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_failed_run_leaves_the_earlier_results_and_nothing_else(capture, tmp_path, capsys):
    run(capture, "-o", tmp_path / "out", "--quiet")
    before = results(tmp_path / "out")
    (tmp_path / "broken.py").write_text(SLOW_ENCODER.replace("time.sleep(0.05)", "1 / 0"))
    flags = ["--encoders", tmp_path / "broken.py", "--overwrite"]
    assert run(capture, "-o", tmp_path / "out", *flags) == 1
    sentence = (
        f"netbeam: encoder Slow failed at packet 1 of {capture}: ZeroDivisionError('division by zero')\n"
    )
    assert capsys.readouterr().err == sentence
    assert results(tmp_path / "out") == before


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_fails_the_run_and_keeps_the_earlier_results(capture, chunked, mounted, workers, capfd):
    out = mounted("size=300k") / "out"
    assert run(capture, "-o", out, "--quiet", "--include", "ARP,DNS") == 0
    before = results(out)
    assert run(chunked, "-o", out, "--overwrite", "--workers", workers, "--compression", "none") == 1
    sentence = f"netbeam: cannot write to {out}: no space left on device; nothing was published\n"
    assert capfd.readouterr().err == sentence
    assert results(out) == before


@pytest.mark.parametrize("workers", [1, 2])
def test_a_directory_with_the_name_of_a_result_fails_the_run_and_keeps_the_earlier_results(
    capture, tmp_path, workers, capsys
):
    run(capture, "-o", tmp_path, "--quiet", "--include", "ARP,DNS")
    before = results(tmp_path)
    taken = tmp_path / "TCP.ncap.gz"
    (taken / "kept").mkdir(parents=True)
    assert run(capture, "-o", tmp_path, "--overwrite", "--workers", workers) == 1
    sentence = f"netbeam: {taken}: is no file, and a result has that name; nothing was published\n"
    assert capsys.readouterr().err == sentence
    (taken / "kept").rmdir()
    taken.rmdir()
    assert results(tmp_path) == before


# How a run ends early.


@pytest.fixture
def running(tmp_path):
    """A run that goes on until it is stopped: it has a chunk, and waits for more of a pipe."""
    process = start("run", "-", "-o", tmp_path / "out", stdin=subprocess.PIPE)
    wait_for(lambda: list((tmp_path / "out").glob(".netbeam-tmp/*/")))
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_framing_ends_the_run_at_once_and_cleans_up(running, tmp_path, number, status):
    running.send_signal(number)
    assert running.wait(5) == status
    assert running.stderr.read() == "netbeam: interrupted; nothing was published\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_while_decoding_ends_the_run_and_keeps_the_earlier_results(capture, tmp_path, workers):
    run(capture, "-o", tmp_path / "out", "--quiet")
    before = results(tmp_path / "out")
    (tmp_path / "slow.py").write_text(SLOW_ENCODER)
    flags = ["--overwrite", "--encoders", tmp_path / "slow.py", "--workers", workers]
    slow = start("run", capture, "-o", tmp_path / "out", *flags)
    wait_for((tmp_path / "slow.began").exists)
    slow.send_signal(signal.SIGINT)
    assert slow.wait(5) == 130
    assert results(tmp_path / "out") == before


def test_what_a_killed_run_left_is_removed_by_the_next(capture, running, tmp_path):
    running.kill()
    running.wait()
    assert list((tmp_path / "out").glob(".netbeam-tmp/*"))
    assert run(capture, "-o", tmp_path / "out", "--quiet") == 0
    assert not (tmp_path / "out" / ".netbeam-tmp").exists()
    assert summary_of(tmp_path / "out")["packets"]["read"] == 1000


def test_a_second_run_into_the_same_directory_is_refused(capture, running, tmp_path, capsys):
    assert run(capture, "-o", tmp_path / "out") == 2
    assert f"-o {tmp_path / 'out'}: another netbeam run is writing there" in capsys.readouterr().err
    running.stdin.close()
    assert running.wait() == 0


def test_a_reader_that_leaves_early_is_no_error(capture, tmp_path):
    command = (
        f"{' '.join(NETBEAM)} run {capture} -o {tmp_path / 'out'} --json | head -1; exit ${{PIPESTATUS[0]}}"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    shown = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True)
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, "{\n", "")


@pytest.mark.parametrize("flags", [[], ["--quiet"], ["--json"]])
def test_progress_shows_on_a_terminal_unless_told_not_to(chunked, tmp_path, flags):
    reader, terminal = os.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120"}
    command = [*NETBEAM, "run", str(chunked), "-o", str(tmp_path / "out"), *flags]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    shown = b""
    try:
        while piece := os.read(reader, 65536):
            shown += piece
    except OSError:  # the terminal is gone with the process
        pass
    os.close(reader)
    assert process.wait() == 0
    assert (b"20,000 packets" in shown) == (not flags)
    assert bool(shown) == (not flags)


def test_paths_may_follow_options(capture, tmp_path):
    other = tmp_path / "other.pcap"
    other.write_bytes(capture.read_bytes())
    assert run(capture, "-o", tmp_path / "out", "--workers", 1, other, "--quiet") == 0
    assert set(summary_of(tmp_path / "out")["inputs"]) == {str(capture), str(other)}


def test_a_name_with_a_leading_dash_is_told_from_an_option(tmp_path, capsys):
    assert run("-dash.pcap", "-o", tmp_path / "out") == 2
    assert (
        capsys.readouterr().err
        == "netbeam: -dash.pcap: no such option; a file of that name is ./-dash.pcap\n"
    )


def test_closed_standard_input_is_no_capture(tmp_path):
    for arguments in (["run", "-", "-o", str(tmp_path / "out")], ["dump", "-"]):
        ended = subprocess.run(
            ["sh", "-c", 'exec "$@" <&-', "sh", *NETBEAM, *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert (ended.returncode, ended.stderr) == (2, "netbeam: -: standard input is closed\n")


@pytest.mark.parametrize(
    ("to", "status", "said"),
    [
        (">&-", 0, ""),
        (">/dev/full", 1, "netbeam: cannot print: no space left on device\n"),
        ("| true", 0, ""),
    ],
    ids=["closed", "full", "unread"],
)
def test_results_are_whole_where_the_report_cannot_be_printed(capture, tmp_path, to, status, said):
    script = f'set -o pipefail; "$@" {to}'
    command = ["bash", "-c", script, "bash", *NETBEAM, "run", str(capture), "-o", str(tmp_path / "out")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (status, said)
    assert summary_of(tmp_path / "out")["packets"]["read"] == 1000


def test_a_link_in_the_place_of_the_temporary_folder_is_refused_and_its_files_stay(capture, tmp_path, capsys):
    foreign = tmp_path / "foreign"
    (foreign / "kept").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".netbeam-tmp").symlink_to(foreign)
    assert run(capture, "-o", tmp_path / "out") == 2
    assert "is no directory; remove it" in capsys.readouterr().err
    assert (foreign / "kept").is_dir()
