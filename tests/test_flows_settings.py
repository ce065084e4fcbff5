"""The settings of flows on the command line and in files, and real captures through it all."""

import pytest
from captures import NANO, pcap, read
from flow_packets import conversation
from flow_runs import TYPES, chunks, run

import netbeam.kernel
from netbeam.formats.ncap import open_records
from pipeline.cli import main


def test_each_file_of_flows_tells_by_which_settings_it_was_made(tmp_path):
    capture = tmp_path / "in.pcap"
    capture.write_bytes(pcap(conversation(0), magic=NANO))
    flags = (
        "--idle-timeout",
        "tcp=1.5,other=7",
        "--active-timeout",
        "1800",
        "--per-file",
        "--community-id-seed",
        "9",
    )
    assert main(["run", str(capture), "-o", str(tmp_path / "out"), "--quiet", *flags]) == 0
    for name in TYPES:
        header = open_records(tmp_path / "out" / f"{name}.ncap.gz").header
        assert dict(header.Settings) == {
            "idle_tcp": "1.5s", "idle_udp": "60s", "idle_icmp": "60s", "idle_other": "7s",
            "active": "1800s", "linger": "5s", "per_file": "True", "seed": "9",
        }  # fmt: skip
    assert not dict(open_records(tmp_path / "out" / "TCP.ncap.gz").header.Settings)


@pytest.mark.parametrize(
    "flags",
    [
        ("--idle-timeout", "foo=1"),
        ("--idle-timeout", "tcp=x"),
        ("--idle-timeout", "tcp"),
        ("--idle-timeout", "tcp=0"),
        ("--idle-timeout", "udp=-1"),
        ("--active-timeout", "-1"),
        ("--active-timeout", "soon"),
        ("--community-id-seed", "70000"),
        ("--community-id-seed", "-1"),
        ("--community-id-seed", "x"),
    ],
    ids="=".join,
)
def test_settings_that_cannot_be_are_refused_in_one_line(flags, tmp_path, capsys):
    (tmp_path / "in.pcap").write_bytes(pcap(conversation(0), magic=NANO))
    try:
        status = main(["run", str(tmp_path / "in.pcap"), "-o", str(tmp_path / "out"), *flags])
    except SystemExit as ended:
        status = ended.code
    said = capsys.readouterr().err.strip().splitlines()
    assert status == 2
    assert len(said) == 1, said
    assert flags[0] in said[0]
    assert flags[1] in said[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not netbeam.kernel.compiled(), reason="interpreted, so many packets take long")
def test_packets_of_connections_are_all_packets_with_ip_in_every_capture(shared_pcaps, tmp_path):
    total = 0
    for path in sorted(path for path in shared_pcaps.glob("*/*") if path.is_file()):
        packets, _ = read(path, spill=tmp_path)
        made = run(chunks(packets, 5000), ("Connection", "Flow"))
        connections, flows = made.connections, made.flows
        assert made.packets == made.ip_packets == sum(each.NumPackets for each in connections), path
        assert made.packets == sum(each.Packets for each in flows), path
        assert made.ends.total() == made.states.total() == len(connections), path
        assert len({each.UID for each in connections}) == len(connections), path
        total += made.packets
    assert total > 50_000
