"""The examples, and the programs in the documentation, run as they say."""

import json
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.traffic import ethernet, ipv4, tcp, udp, write_capture
from netbeam.encoders import load_extension
from netbeam.formats.ncap import open_records
from pipeline.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples"
DOCS = Path(__file__).parents[1] / "docs"
CLIENT, SERVER = bytes((10, 0, 0, 2)), bytes((10, 0, 0, 1))
SLEEPER = bytes.fromhex("021122334455")


def write_pcap(path, frames):
    """Write frames a second apart."""
    head = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000".replace(" ", ""))
    records = [
        (1_700_000_000 + i).to_bytes(4, "little") + bytes(4) + 2 * len(frame).to_bytes(4, "little") + frame
        for i, frame in enumerate(frames)
    ]
    path.write_bytes(head + b"".join(records))


def run_with(example, frames, tmp_path):
    """Run the main job with an example's record types; give the output directory."""
    write_pcap(tmp_path / "in.pcap", frames)
    flags = ["--encoders", str(EXAMPLES / example), "--quiet"]
    assert main(["run", str(tmp_path / "in.pcap"), "-o", str(tmp_path / "out"), *flags]) == 0
    return tmp_path / "out"


def records(path, example):
    """Give the records of a file of an example's type."""
    extension = load_extension(str(EXAMPLES / example))
    own = (*extension.layers, *(encoder.layer for encoder in extension.encoders))
    return list(open_records(path, layers=own))


def test_a_declared_layer_gives_records_for_a_port_and_for_an_ether_type(tmp_path):
    magic = b"\xff" * 6 + SLEEPER * 16
    frames = [
        ethernet(2, 1, 0x0842, magic),
        ethernet(2, 1, 0x0800, ipv4(CLIENT, SERVER, 17, udp(CLIENT, SERVER, (4000, 9), magic))),
        ethernet(2, 1, 0x0800, ipv4(CLIENT, SERVER, 17, udp(CLIENT, SERVER, (4000, 9), b"x" * 102))),
    ]
    found = records(run_with("wake_on_lan.py", frames, tmp_path) / "WakeOnLAN.ncap.gz", "wake_on_lan.py")
    assert [(record.Target, record.SrcIP) for record in found] == [
        ("02:11:22:33:44:55", ""),
        ("02:11:22:33:44:55", "10.0.0.2"),
    ]


def test_a_python_function_gives_records_of_the_packets_it_knows(tmp_path):
    lines = [(21, b"USER alice\r\n"), (80, b"USER nobody\r\n"), (110, b"USER bob\r\n"), (21, b"PASS x\r\n")]
    frames = [
        ethernet(2, 1, 0x0800, ipv4(CLIENT, SERVER, 6, tcp(CLIENT, SERVER, (4000, port), (1, 1), 24, line)))
        for port, line in lines
    ]
    found = records(
        run_with("clear_text_logins.py", frames, tmp_path) / "ClearTextLogin.ncap.gz", "clear_text_logins.py"
    )
    assert [(record.Protocol, record.User, record.Packet) for record in found] == [
        ("FTP", "alice", 1),
        ("POP3", "bob", 3),
    ]


def test_a_plain_dofn_counts_the_queries_of_a_capture(tmp_path):
    write_capture(tmp_path / "office.pcap", 2000)
    command = [sys.executable, EXAMPLES / "dns_by_client.py", tmp_path / "office.pcap", tmp_path / "counts"]
    subprocess.run(command, check=True)
    lines = [line.split("\t") for line in (tmp_path / "counts").read_text().splitlines()]
    assert sum(int(count) for count, _, _ in lines) > 50
    assert {client.rsplit(".", 1)[0] for _, client, _ in lines} == {"10.0.0"}


def run_the_librarys_program(number, frames, tmp_path):
    """Run a program of the library page on frames, to the output directory `out`; give what it prints."""
    write_pcap(tmp_path / "in.pcap", frames)
    programs = re.findall(r"```python\n(.*?)```", (DOCS / "library.md").read_text(), re.DOTALL)
    (tmp_path / "program.py").write_text(programs[number])
    command = [sys.executable, tmp_path / "program.py", tmp_path / "in.pcap", tmp_path / "out"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_pipeline_of_the_library_page_writes_records_and_rejects_and_accounts_for_every_packet(tmp_path):
    frames = [
        ethernet(2, 1, 0x0800, ipv4(CLIENT, SERVER, 6, tcp(CLIENT, SERVER, (4000, 80), (1, 1), 24, b"x"))),
        ethernet(2, 1, 0x0800, b"broken"),
    ]
    shown = run_the_librarys_program(0, frames, tmp_path)
    assert shown == "2 packets read, 1 decoded\n"
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert set(summary["files"]) == {"IPv4.ncap.gz", "TCP.ncap.gz", "errors.pcapng", "errors.jsonl"}
    (record,) = open_records(tmp_path / "out" / "TCP.ncap.gz")
    assert (record.SrcPort, record.DstPort) == (4000, 80)


def test_the_second_pipeline_of_the_library_page_writes_connections_and_hosts(tmp_path):
    frames = [
        ethernet(2, 1, 0x0800, ipv4(CLIENT, SERVER, 17, udp(CLIENT, SERVER, (4000, 9), b"query"))),
        ethernet(1, 2, 0x0800, ipv4(SERVER, CLIENT, 17, udp(SERVER, CLIENT, (9, 4000), b"answer"))),
        ethernet(2, 1, 0x0800, b"broken"),
    ]
    assert run_the_librarys_program(1, frames, tmp_path) == "2 packets in connections: {'SF': 1}\n"
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert set(summary["files"]) == {"Connection.ncap.gz", "Host.ncap.gz", "errors.pcapng", "errors.jsonl"}
    connections = open_records(tmp_path / "out" / "Connection.ncap.gz")
    assert connections.header.Settings["idle_udp"] == "30s"
    (record,) = connections
    assert (record.SrcIP, record.DstIP, record.AppPayloadSize) == ("10.0.0.2", "10.0.0.1", 11)
    hosts = open_records(tmp_path / "out" / "Host.ncap.gz")
    padded = 60  # bytes that a frame has at least
    assert {host.Addr: host.Bytes for host in hosts} == dict.fromkeys(("10.0.0.2", "10.0.0.1"), 2 * padded)
