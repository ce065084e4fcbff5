"""Capture reading on real captures, against Wireshark's and dpkt's readers."""

import shutil
import subprocess

import dpkt
import pytest
from captures import read
from conftest import absent

NOT_WIRESHARK = {
    "linktype-reserved-field-not-zero.pcap": "Wireshark refuses reserved bits; there is no packet in it",
    "brcm-tag.pcap": "Wireshark 4.0 does not know its link type",
    "dsa.pcap": "Wireshark 4.0 does not know its link type",
    "timestamp_invalid_nano.pcap": "Wireshark 4.0 reads a fraction of 2 ** 31 nanoseconds as a negative one",
}
UNREADABLE = {
    "be__test901.pcapng": "block at byte 480 has pcapng version 2.0, and only 1.x is read; 988 bytes skipped",
    "pcap-invalid-version-1.pcap": "pcap version 1.4 is not read, only 2.x",
    "pcapng-invalid-vers-1.pcapng": "block at byte 0 has pcapng version 0.1, and only 1.x is read; "
    "260 bytes skipped",
    "shb-option-too-long.pcapng": "block at byte 0 ends with another length, 808464432; 180 bytes skipped",
}
SEVERAL_INTERFACES = "dpkt reads the times of all interfaces with the resolution of the first"
NOT_DPKT = {
    "pcapng-suite": "dpkt leaves simple packet blocks out",
    "kafka.pcapng": SEVERAL_INTERFACES,
    "sites.pcapng": SEVERAL_INTERFACES,
    "stun.pcap": SEVERAL_INTERFACES,
    "stun_google_meet.pcapng": SEVERAL_INTERFACES,
    "pcapng-multi-interface.pcapng": SEVERAL_INTERFACES,
}


@pytest.fixture(scope="module")
def captures(shared_pcaps, tmp_path_factory):
    """Read every capture of the collection: its packets and problems, by path."""
    spill = tmp_path_factory.mktemp("spill")
    return {path: read(path, chunk_bytes=8192, spill=spill) for path in sorted(shared_pcaps.glob("*/*"))}


def capinfos(paths):
    """Give what Wireshark counts: packets, first and last time as text, by path."""
    if not shutil.which("capinfos"):
        absent("capinfos")
    command = ["capinfos", "-T", "-M", "-r", "-c", "-a", "-e", "-S", *map(str, paths)]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    return {path: rest for path, *rest in (line.split("\t") for line in lines)}


def as_shown(time, shown):
    """Write a time with as many digits as `shown` has, as Wireshark does: cut off, not rounded."""
    digits = len(shown.partition(".")[2])
    text = f"{time // 10**9}.{time % 10**9:09d}"
    return text[: len(text) - 9 + digits].rstrip(".")


def test_all_400_captures_are_there(captures):
    assert len(captures) == 400


def test_packets_and_times_are_those_of_wireshark(captures):
    theirs = capinfos(captures)
    untimed = 0
    for path, (packets, _) in captures.items():
        if path.name in NOT_WIRESHARK or path.name in UNREADABLE:
            assert str(path) not in theirs or path.name == "timestamp_invalid_nano.pcap"
            continue
        count, first, last = theirs[str(path)]
        assert (path.name, len(packets)) == (path.name, int(count))
        times = [packet.time for packet in packets]
        if first == "n/a":
            untimed += bool(packets)
            assert not packets or 0 in times
        else:
            assert (path.name, as_shown(min(times), first)) == (path.name, first)
            assert (path.name, as_shown(max(times), last)) == (path.name, last)
    assert untimed == 14, "captures with simple packet blocks, which have no time"


def test_only_what_wireshark_cannot_read_either_has_problems(captures):
    assert {path.name: problems[0] for path, (_, problems) in captures.items() if problems} == UNREADABLE


def test_what_wireshark_reads_wrongly_has_the_packets_that_its_origin_names(captures):
    counts = {path.name: len(packets) for path, (packets, _) in captures.items()}
    assert [counts[name] for name in sorted(NOT_WIRESHARK)] == [23, 8, 0, 3]
    assert counts["be__test901.pcapng"] == 1


def test_bytes_and_times_are_those_of_dpkt(captures):
    compared = 0
    for path, (packets, problems) in captures.items():
        if problems or path.suffix == ".gz" or path.parent.name in NOT_DPKT:
            continue
        with path.open("rb") as file:
            theirs = list(dpkt.pcap.UniversalReader(file))
        assert [packet.data for packet in packets] == [data for _, data in theirs], path.name
        for packet, (time, _) in zip(packets, theirs, strict=True):
            assert abs(packet.time - int(time * 10**9)) <= 1000 or path.name in NOT_DPKT, path.name
        compared += 1
    assert compared == 368
