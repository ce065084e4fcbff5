"""Rejected packets as pcapng: what is written is what Wireshark's tools read."""

import re
import shutil
import struct
import subprocess

import pytest
from conftest import absent
from hypothesis import given
from hypothesis import strategies as st

from netbeam.block import Reject
from netbeam.formats.pcapng import COMMENT_BYTES, PACKET_BYTES, UNKNOWN_LINK_TYPE, comment, section

ARP = Reject(
    kind="unknown",
    reason="ether_type 0x88cc",
    layer="Ethernet",
    offset=12,
    detail="nobody here decodes EtherType 0x88cc",
    source="dir/a b:ü.pcap",
    packet=7,
    time=1_700_000_000_123_456_789,
    link_type=1,
    length=1500,
    data=bytes(range(61)),
)
RAW = ARP._replace(kind="error", reason="short header", link_type=101, data=b"\x45", length=1, packet=8)


def blocks(data: bytes) -> list[tuple[int, bytes]]:
    """Give the type and body of each block; fail when their lengths don't fit."""
    found = []
    while data:
        kind, length = struct.unpack_from("<II", data)
        assert length % 4 == 0
        assert struct.unpack_from("<I", data, length - 4) == (length,)
        found.append((kind, data[8 : length - 4]))
        data = data[length:]
    return found


def packets(data: bytes) -> list[tuple[int, int, int, bytes, str]]:
    """Give interface, time, length, data and comment of each packet."""
    found = []
    for kind, body in blocks(data):
        if kind == 6:
            interface, high, low, captured, length = struct.unpack_from("<IIIII", body)
            options = body[20 + captured + -captured % 4 :]
            code, size = struct.unpack_from("<HH", options)
            assert code == 1
            assert options[4 + size + -size % 4 :] == bytes(4)
            text = options[4 : 4 + size].decode()
            found.append((interface, high << 32 | low, length, body[20 : 20 + captured], text))
    return found


def test_a_section_tells_its_length_and_has_an_interface_for_each_link_type():
    data = section([ARP, RAW, ARP])
    (first, header), *rest = blocks(data)
    assert first == 0x0A0D0D0A
    assert struct.unpack("<IHHq", header) == (0x1A2B3C4D, 1, 0, len(data) - 28)
    assert [kind for kind, _ in rest] == [1, 1, 6, 6, 6]
    assert [body[:8] for kind, body in rest if kind == 1] == [
        struct.pack("<HHI", link, 0, 0) for link in (1, 101)
    ]
    assert all(body[8:] == bytes.fromhex("0900010009000000 00000000") for kind, body in rest if kind == 1)
    assert [packet[0] for packet in packets(data)] == [0, 1, 0]


def test_a_packet_keeps_its_time_bytes_and_length_and_says_what_was_wrong():
    (packet,) = packets(section([ARP]))
    assert packet[:4] == (0, ARP.time, 1500, ARP.data)
    assert packet[4] == (
        "ether_type 0x88cc; layer Ethernet at offset 12; dir/a b:ü.pcap packet 7: "
        "nobody here decodes EtherType 0x88cc"
    )


def test_no_packets_are_an_empty_section():
    assert len(section([])) == 28


@pytest.mark.parametrize(("time", "written"), [(-1, 0), (-(1 << 63), 0), ((1 << 63) - 1, (1 << 63) - 1)])
def test_times_before_1970_are_1970(time, written):
    assert packets(section([ARP._replace(time=time)]))[0][1] == written


@pytest.mark.parametrize("link_type", [-1, 1 << 16])
def test_a_packet_of_no_interface_gets_a_link_type_of_its_own(link_type):
    (_, interface), *_ = blocks(section([ARP._replace(link_type=link_type)]))[1:]
    assert interface[:2] == struct.pack("<H", UNKNOWN_LINK_TYPE)


def test_a_long_comment_is_cut_between_characters():
    (packet,) = packets(section([ARP._replace(detail="é" * COMMENT_BYTES)]))
    assert COMMENT_BYTES - 1 <= len(packet[4].encode()) <= COMMENT_BYTES
    assert packet[4].endswith("é")


def test_a_source_that_is_no_utf8_is_escaped():
    (packet,) = packets(section([ARP._replace(source=b"\xff.pcap".decode("utf-8", "surrogateescape"))]))
    assert r"\udcff.pcap packet 7" in packet[4]


def test_a_huge_packet_is_cut():
    (packet,) = packets(section([ARP._replace(data=bytes(PACKET_BYTES + 1))]))
    assert len(packet[3]) == PACKET_BYTES


REJECTS = st.builds(
    Reject,
    kind=st.just("error"),
    reason=st.text(),
    layer=st.text(),
    offset=st.integers(0, 1 << 20),
    detail=st.text(),
    source=st.text(),
    packet=st.integers(1, 1 << 40),
    time=st.integers(-(1 << 63), (1 << 63) - 1),
    link_type=st.integers(-1, 300),
    length=st.integers(0, (1 << 32) - 1),
    data=st.binary(max_size=70),
)


@given(st.lists(st.lists(REJECTS, max_size=5), max_size=4))
def test_sections_in_a_row_hold_every_packet_in_order(groups):
    written = packets(b"".join(map(section, groups)))
    rejects = [reject for group in groups for reject in group]
    assert [packet[1:4] for packet in written] == [(max(r.time, 0), r.length, r.data) for r in rejects]
    for packet, reject in zip(written, rejects, strict=True):
        assert comment(reject).startswith(packet[4])


@pytest.fixture
def wireshark():
    if not (shutil.which("tshark") and shutil.which("capinfos")):
        absent("tshark")


@pytest.mark.usefixtures("wireshark")
def test_wireshark_reads_sections_in_a_row_and_shows_the_comments(tmp_path):
    path = tmp_path / "errors.pcapng"
    strange = ARP._replace(link_type=-1, time=-5, data=b"")
    path.write_bytes(section([ARP, RAW]) + section([]) + section([strange, ARP]))
    fields = ("frame.time_epoch", "frame.len", "frame.cap_len", "frame.comment")
    command = ["tshark", "-r", str(path), "-T", "fields", *(part for name in fields for part in ("-e", name))]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert [line.split("\t") for line in done.stdout.splitlines()] == [
        ["1700000000.123456789", "1500", "61", comment(ARP)],
        ["1700000000.123456789", "1", "1", comment(RAW)],
        ["0.000000000", "1500", "0", comment(strange)],
        ["1700000000.123456789", "1500", "61", comment(ARP)],
    ]
    infos = subprocess.run(["capinfos", "-c", str(path)], capture_output=True, check=True, text=True).stdout
    assert re.search(r"Number of packets:\s+4\n", infos)
