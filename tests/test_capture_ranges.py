"""Ranges: framing a capture's parts at once gives what one walk gives, whatever was guessed."""

import io
import os
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace

import pytest
from captures import (
    BIG,
    KUZNETZOV,
    NANO,
    Packet,
    enhanced,
    framed,
    interface,
    no_remote,
    packets_of,
    pcap,
    pcapng,
    record,
    section,
    some_packets,
)
from hypothesis import given
from hypothesis import strategies as st
from test_capture_hostile import corrupted, folder

from netbeam.account import SourceAccount
from netbeam.capture import LostInput, Spill, cut_capture, frame_range, join_ranges, read_chunk

PACKETS = some_packets(300, seed=2)
MORE = interface(101, resolution=6) + b"".join(
    enhanced(p.data, p.time, on=i % 3) for i, p in enumerate(PACKETS)
)
CAPTURES = {
    "pcap": pcap(PACKETS),
    "big-endian pcap": pcap(PACKETS, order=BIG, magic=NANO),
    "pcap of the Kuznetzov variant": pcap(PACKETS, magic=KUZNETZOV),
    "pcapng": pcapng(PACKETS),
    "big-endian pcapng": pcapng(PACKETS, order=BIG),
    "pcapng with a late interface": pcapng(PACKETS) + MORE,
    "pcapng with two sections": pcapng(PACKETS) + pcapng(PACKETS, order=BIG),
    "pcapng with an unknown byte order": section(order=BIG)[:8] + b"what" + section(order=BIG)[12:] * 3000,
}
NOWHERE = Spill("")
SIZES = [(400, 800), (1000, 3000), (4096, 8192), (4096, 20_000)]


def in_ranges(path, chunk_bytes, range_bytes, open_file=no_remote, size=None, spill=NOWHERE):
    """Frame a capture in ranges; give its chunks, its problems, and the ranges."""
    size = Path(path).stat().st_size if size is None else size
    ranges = cut_capture("source", str(path), size, open_file, range_bytes, chunk_bytes)
    if not ranges:
        return *framed(path, chunk_bytes=chunk_bytes, open_file=open_file), []
    parts = [frame_range(part, open_file, spill, chunk_bytes) for part in ranges]
    made = list(join_ranges(reversed(parts), open_file, spill, chunk_bytes))
    problems = made.pop().problems if made and isinstance(made[-1], SourceAccount) else []
    return made, problems, parts


def starts(data):
    """Find where the records of a little-endian pcap start, without netbeam."""
    at = 24
    while at < len(data):
        yield at
        at += 16 + int.from_bytes(data[at + 8 : at + 12], "little")


@pytest.fixture
def file(tmp_path):
    """Write captures."""
    return tmp_path / "capture"


@pytest.mark.parametrize(("chunk_bytes", "range_bytes"), SIZES)
@pytest.mark.parametrize("name", CAPTURES)
def test_ranges_give_the_chunks_that_one_walk_gives(file, name, chunk_bytes, range_bytes):
    file.write_bytes(CAPTURES[name])
    made, problems, parts = in_ranges(file, chunk_bytes, range_bytes)
    assert (made, problems) == framed(file, chunk_bytes=chunk_bytes)
    assert len(parts) == -(-len(CAPTURES[name]) // (range_bytes // chunk_bytes * chunk_bytes))


@pytest.mark.parametrize("chunk_bytes", [1000, 4096])
def test_the_first_record_of_each_range_is_found(file, chunk_bytes):
    data = CAPTURES["pcap"]
    file.write_bytes(data)
    _, _, parts = in_ranges(file, chunk_bytes, chunk_bytes)
    true = list(starts(data))
    expected = [next((at for at in true if at >= part.range.start), len(data)) for part in parts]
    assert [part.first for part in parts] == expected


@pytest.mark.parametrize("name", ["pcap", "pcapng", "pcapng with a late interface"])
def test_a_remote_capture_is_framed_in_ranges_by_reading_each_from_its_start(name):
    data, positions = CAPTURES[name], []

    class Remote(io.BytesIO):
        def read(self, size=-1):
            positions.append(self.tell())
            return super().read(size)

    made, problems, parts = in_ranges("memory://x", 4096, 8192, lambda _: Remote(data), len(data))
    assert problems == []
    assert [ref[6:] for ref in made] == [
        ref[6:] for ref in framed("memory://x", open_file=lambda _: io.BytesIO(data), chunk_bytes=4096)[0]
    ]
    assert {part.range.start for part in parts[1:]} <= set(positions)


def test_a_capture_no_longer_than_a_range_is_not_cut(file):
    file.write_bytes(CAPTURES["pcap"])
    size = len(CAPTURES["pcap"])
    assert cut_capture("source", str(file), size, no_remote, size, 1) == []
    assert len(cut_capture("source", str(file), size, no_remote, size - 1, 1)) == 2


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b" + bytes(100), b"no capture at all", pcap([])[:23]])
def test_what_is_no_plain_capture_is_not_cut(file, content):
    file.write_bytes(content)
    assert cut_capture("source", str(file), 1 << 30, no_remote) == []


def test_a_capture_that_is_gone_is_not_cut_and_its_ranges_are_lost(file):
    assert cut_capture("source", str(file), 1 << 30, no_remote) == []
    file.write_bytes(CAPTURES["pcap"])
    ranges = cut_capture("source", str(file), len(CAPTURES["pcap"]), no_remote, 4096, 4096)
    file.unlink()
    with pytest.raises(LostInput, match="No such file"):
        frame_range(ranges[1], no_remote, NOWHERE)


@pytest.mark.parametrize("name", CAPTURES)
@pytest.mark.parametrize("free", [0, 3, 1000])
def test_chunks_of_a_remote_capture_are_copied_while_there_is_room(tmp_path, monkeypatch, name, free):
    data = CAPTURES[name]
    disk = chain([len(data) + 1] * free, repeat(len(data)))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=next(disk)))
    open_file = lambda _: io.BytesIO(data)  # noqa: E731
    spill = Spill(str(tmp_path / "spill"), copies=True)
    made, problems, _ = in_ranges("memory://x", 4096, 8192, open_file, len(data), spill)
    there, same = framed("memory://x", chunk_bytes=4096, open_file=open_file)
    assert problems == same
    copied = [ref for ref in made if ref.path != "memory://x"]
    assert len(copied) == min(free, len(made))
    for one, other in zip(made, there, strict=True):
        assert one[:2] + one[6:] == other[:2] + other[6:]
        assert packets_of(read_chunk(one, open_file)) == packets_of(read_chunk(other, open_file))


# Captures in which a guess goes wrong.


def inner_records(total):
    """Make records of a capture for a payload, of `total` bytes altogether."""
    made = b"".join(record(packet) for packet in some_packets(200, seed=7)) * (total // 20_000 + 1)
    return made[:total]


@pytest.mark.parametrize("inside", [pcap, pcapng])
@pytest.mark.parametrize("outside", [pcap, pcapng])
def test_captures_that_travel_in_packets_are_payload(file, inside, outside):
    content = inside(some_packets(400, seed=5))
    pieces = [content[at : at + 1400] for at in range(0, len(content), 1400)]
    packets = [Packet(PACKETS[0].time + i, piece, len(piece), 1) for i, piece in enumerate(pieces)]
    file.write_bytes(outside(packets))
    for chunk_bytes, range_bytes in SIZES:
        assert in_ranges(file, chunk_bytes, range_bytes)[:2] == framed(file, chunk_bytes=chunk_bytes)


@pytest.mark.parametrize("in_step", [False, True])
def test_a_capture_made_to_fool_the_search_is_framed_again(file, in_step):
    """A packet longer than the search looks, full of records that end where it does, or do not."""
    payload = inner_records(3 << 20)
    if in_step:
        behind = [*starts(bytes(24) + payload)][-1] - 24
        last = bytearray(payload[behind : behind + 16])
        last[8:12] = last[12:16] = (len(payload) - behind - 16).to_bytes(4, "little")
        payload = payload[:behind] + bytes(last) + payload[behind + 16 :]
    big = Packet(PACKETS[0].time, payload, len(payload), 1)
    data = pcap([*PACKETS, big, *PACKETS])
    file.write_bytes(data)
    made, problems, parts = in_ranges(file, 1 << 20, 1 << 20)
    assert (made, problems) == framed(file, chunk_bytes=1 << 20)
    true = set(starts(data))
    assert [part.first in true for part in parts] == [True, False, False, True]
    assert sum(ref.packets for ref in made) == 601


def test_records_that_no_search_takes_for_plausible_are_framed_all_the_same(file):
    packets = [packet._replace(length=len(packet.data)) for packet in PACKETS]
    data = bytearray(pcap(packets))
    for at in starts(bytes(data)):
        data[at + 12 : at + 16] = bytes(4)
    file.write_bytes(data)
    made, problems, parts = in_ranges(file, 4096, 4096)
    assert {part.first for part in parts[1:]} == {len(data)}
    assert (made, problems) == framed(file, chunk_bytes=4096)


@pytest.mark.parametrize("name", ["pcap", "pcapng"])
def test_a_fault_in_any_range_ends_the_capture_there(file, name):
    data = CAPTURES[name]
    for at in range(0, len(data), 997):
        broken = data[:at] + b"\xff" * 40 + data[at + 40 :]
        file.write_bytes(broken)
        assert in_ranges(file, 1000, 3000)[:2] == framed(file, chunk_bytes=1000)


@pytest.mark.parametrize("name", ["pcap", "pcapng"])
def test_a_capture_cut_anywhere_is_read_up_to_there(file, name):
    file.write_bytes(CAPTURES[name])
    for size in range(len(CAPTURES[name]) - 1, 100, -991):
        os.truncate(file, size)
        assert in_ranges(file, 1000, 3000)[:2] == framed(file, chunk_bytes=1000)


@folder
@given(data=corrupted(), chunk_bytes=st.sampled_from([4, 16, 100, 1000]), more=st.integers(1, 4))
def test_damaged_captures_give_the_same_in_ranges(tmp_path, data, chunk_bytes, more):
    path = tmp_path / "capture"
    path.write_bytes(data)
    assert in_ranges(path, chunk_bytes, more * chunk_bytes)[:2] == framed(path, chunk_bytes=chunk_bytes)


def test_real_captures_give_the_same_in_ranges(shared_pcaps):
    seen = 0
    for path in sorted(shared_pcaps.glob("*/*")):
        if cut_capture("source", str(path), path.stat().st_size, no_remote, 8192, 4096):
            assert in_ranges(path, 4096, 8192)[:2] == framed(path, chunk_bytes=4096), path
            seen += 1
    assert seen > 100
