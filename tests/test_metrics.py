"""Metrics for Prometheus: what a run did, how it ended, and what stays when one fails."""

import json
import os
import time
from pathlib import Path

import pytest
from captures import pcap, some_packets
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.traffic import write_capture
from pipeline.cli import main
from pipeline.metrics import METRICS

FAILS = """
from netbeam.declare import Message, given
from netbeam.encoders import Encoder

def fail(packet):
    1 / 0

ENCODERS = (Encoder(Message("Failing", 1952, (given("Timestamp", 1, "int64"),)), fail),)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a capture `in/office.pcap` and an encoder that fails."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    write_capture(Path("in/office.pcap"), 500)
    os.utime("in/office.pcap", (1, 1))
    Path("fails.py").write_text(FAILS)
    return tmp_path


def run(*arguments, out="out", metrics="m.prom"):
    """Run `netbeam run` with metrics; give its exit status."""
    return main(["run", "in", "-o", out, "--quiet", "--metrics", metrics, *arguments])


def read(path="m.prom"):
    """Give the values of a file by name, and by label where there is one beside `output`."""
    values = {}
    for family in text_string_to_metric_families(Path(path).read_text()):
        assert family.type == "gauge"
        assert family.documentation == METRICS[family.name]
        for sample in family.samples:
            labels = {**sample.labels}
            assert labels.pop("output")
            values[(sample.name, *labels.values())] = sample.value
    return values


def test_the_metrics_are_those_of_the_account(folder):
    before = time.time()
    assert run() == 0
    values = read()
    summary = json.loads(Path("out/summary.json").read_text())
    packets = summary["packets"]
    assert values["netbeam_packets", "decoded"] == packets["decoded"]
    assert values["netbeam_packets", "unknown"] == sum(packets["unknown"].values())
    assert values["netbeam_packets", "errors"] == sum(packets["errors"].values())
    assert values["netbeam_truncated_packets",] == packets["truncated"]
    assert values["netbeam_packet_bytes",] == summary["bytes"]
    assert values["netbeam_newest_packet_timestamp_seconds",] == pytest.approx(summary["last_time"] / 1e9)
    assert summary["records"]
    for name, written in summary["records"].items():
        assert values["netbeam_records", name] == written["count"]
        assert values["netbeam_record_bytes", name] == written["raw_bytes"]
        assert values["netbeam_written_bytes", name] == written["bytes"]
    assert summary["flows"]["states"]
    for state, count in summary["flows"]["states"].items():
        assert values["netbeam_connections", state] == count
    for reason, count in summary["flows"]["ends"].items():
        assert values["netbeam_ended_connections", reason] == count
    assert values["netbeam_captures", "processed"] == 1
    assert values["netbeam_exit_status",] == 0
    assert before < values["netbeam_last_success_timestamp_seconds",] < time.time()
    assert values["netbeam_run_seconds",] >= summary["elapsed_seconds"]


def test_every_metric_is_written_and_described(folder):
    run()
    assert {name for name, *_ in read()} == set(METRICS)


def test_an_incremental_run_counts_captures_by_state(folder):
    for name, seed, age in (("new", 1, 9999), ("copy", 1, 9999), ("young", 2, 0)):
        Path(f"in/{name}").write_bytes(pcap(some_packets(5, seed)))
        os.utime(f"in/{name}", (time.time() - age,) * 2)
    Path("in/notes").write_text("no capture")
    os.utime("in/notes", (1, 1))
    assert run("--incremental") == 0
    states = {name[1]: value for name, value in read().items() if name[0] == "netbeam_captures"}
    assert states == {"processed": 2, "copies": 1, "waiting": 1, "unreadable": 1, "done_before": 0}
    newest = read()["netbeam_newest_packet_timestamp_seconds",]
    assert run("--incremental") == 0
    states = {name[1]: value for name, value in read().items() if name[0] == "netbeam_captures"}
    assert states == {"processed": 0, "copies": 0, "waiting": 1, "unreadable": 1, "done_before": 3}
    assert read()["netbeam_newest_packet_timestamp_seconds",] == newest
    assert read()["netbeam_packets", "decoded"] == 0


@pytest.mark.parametrize(
    ("flags", "status"), [(["--encoders", "fails.py", "--overwrite"], 1), ([], 2)], ids=["failed", "refused"]
)
def test_a_run_that_fails_says_so_and_the_last_success_stays(folder, flags, status, capsys):
    run()
    before = read()
    assert run(*flags) == status
    values = read()
    assert values["netbeam_exit_status",] == status
    assert values["netbeam_last_run_timestamp_seconds",] > before["netbeam_last_run_timestamp_seconds",]
    for kept in ("netbeam_last_success_timestamp_seconds", "netbeam_newest_packet_timestamp_seconds"):
        assert values[kept,] == before[kept,]
    assert ("netbeam_packets", "decoded") not in values


def test_a_run_that_found_faults_is_a_success_with_status_3(folder):
    Path("in/cut.pcap").write_bytes(pcap(some_packets(5))[:-1])
    assert run("--strict") == 3
    values = read()
    assert values["netbeam_exit_status",] == 3
    assert values["netbeam_last_success_timestamp_seconds",] == values["netbeam_last_run_timestamp_seconds",]
    assert values["netbeam_problems",] == 1


def test_the_success_of_another_output_is_not_ours(folder):
    run(out="other")
    assert run("--encoders", "fails.py") == 1
    assert ("netbeam_last_success_timestamp_seconds",) not in read()


@pytest.mark.parametrize("text", ["", "netbeam_last_success_timestamp_seconds{", "\0", "x y z\n"])
def test_a_damaged_file_is_replaced(folder, text):
    Path("m.prom").write_text(text)
    assert run() == 0
    assert read()["netbeam_exit_status",] == 0


def test_who_reads_the_file_meanwhile_reads_the_whole_of_one_run(folder):
    run()
    with Path("m.prom").open() as file:
        before = Path("m.prom").read_text()
        assert run("--overwrite") == 0
        assert file.read() == before
    assert Path("m.prom").read_text() != before
    assert sorted(path.name for path in folder.iterdir()) == ["fails.py", "in", "m.prom", "out"]


@pytest.mark.parametrize(
    ("metrics", "sentence"),
    [
        ("m.txt", "--metrics m.txt: its name must end in .prom"),
        ("none/m.prom", "--metrics none/m.prom: none is no directory"),
        ("in.prom", "--metrics in.prom: no file can be written there"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_the_run(folder, metrics, sentence, capsys):
    Path("in.prom").mkdir()
    assert run(metrics=metrics) == 2
    assert capsys.readouterr().err == f"netbeam: {sentence}\n"
    assert not Path("out").exists()


def test_metrics_that_cannot_be_written_after_all_fail_a_run_that_went_well(folder, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("prometheus_client.write_to_textfile", full)
    assert run() == 1
    assert capsys.readouterr().err == "netbeam: --metrics m.prom: no space left on device\n"
    assert Path("out/summary.json").exists()


def test_a_dry_run_leaves_no_metrics(folder, capsys):
    assert run("--dry-run") == 0
    assert not Path("m.prom").exists()


def test_names_in_labels_are_escaped(folder):
    out = 'o"u\\t\n'
    run(out=out)
    [family] = [
        family
        for family in text_string_to_metric_families(Path("m.prom").read_text())
        if family.name == "netbeam_exit_status"
    ]
    assert family.samples[0].labels == {"output": out}
