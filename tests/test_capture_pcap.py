"""Classic pcap: what is read from it, sound and broken."""

import struct

import pytest
from captures import (
    BIG,
    KUZNETZOV,
    LITTLE,
    MICRO,
    NANO,
    SECOND,
    START,
    Packet,
    framed,
    pcap,
    record,
    some_packets,
)


@pytest.mark.parametrize("order", [LITTLE, BIG])
@pytest.mark.parametrize("magic", [MICRO, NANO, KUZNETZOV])
def test_every_variant_gives_its_packets(read_bytes, order, magic):
    packets = some_packets(40)
    assert read_bytes(pcap(packets, order=order, magic=magic)) == (packets, [])


def test_nanoseconds_are_kept(read_bytes):
    packets = [Packet(START + 123_456_789, b"x", 1)]
    assert read_bytes(pcap(packets, magic=NANO)) == (packets, [])


def test_the_bits_above_the_link_type_are_not_part_of_it(read_bytes):
    packets = some_packets(1, link=113)
    assert read_bytes(pcap(packets, link=0x2400_0071)) == (packets, [])


def test_a_packet_captured_longer_than_its_length_has_the_captured_length(read_bytes):
    data = pcap([Packet(START, b"12345678", 3)])
    assert read_bytes(data) == ([Packet(START, b"12345678", 8)], [])


def test_a_packet_longer_than_the_snap_length_of_the_file_is_read(read_bytes):
    packets = [Packet(START, bytes(400), 400), Packet(START, b"next", 4)]
    assert read_bytes(pcap(packets, snap=96)) == (packets, [])


def test_times_may_jump_by_decades_and_lie_at_both_ends_of_what_a_file_can_say(read_bytes):
    times = [START, 0, (2**32 - 1) * SECOND, START - 40 * 365 * 86_400 * SECOND]
    packets = [Packet(time, b"x", 1) for time in times]
    assert read_bytes(pcap(packets)) == (packets, [])


def test_a_fraction_of_more_than_a_second_is_added_as_it_is(read_bytes):
    head = struct.pack("<IIII", 10, 2**32 - 1, 0, 0)
    packets, _ = read_bytes(pcap([]) + head)
    assert packets == [Packet(10 * SECOND + (2**32 - 1) * 1000, b"", 0)]


def test_an_empty_file_is_a_problem(read_bytes):
    assert read_bytes(b"") == ([], ["empty file"])


def test_a_file_of_only_the_header_has_no_packets_and_no_problem(read_bytes):
    assert read_bytes(pcap([])) == ([], [])


@pytest.mark.parametrize("size", range(4, 24))
def test_a_cut_file_header_is_a_problem(read_bytes, size):
    assert read_bytes(pcap([])[:size]) == ([], [f"pcap header is cut: 24 bytes needed, {size} there"])


@pytest.mark.parametrize("size", [1, 2, 3])
def test_less_than_a_magic_number_is_not_a_capture(read_bytes, size):
    assert read_bytes(pcap([])[:size]) == ([], [f"not a capture: starts with 0x{'d4c3b2a1'[: 2 * size]}"])


def test_an_unknown_magic_number_is_named(read_bytes):
    assert read_bytes(b"\x7fELF" + bytes(100)) == ([], ["not a capture: starts with 0x7f454c46"])


def test_an_unknown_version_is_named(read_bytes):
    assert read_bytes(pcap([], version=(3, 1))) == ([], ["pcap version 3.1 is not read, only 2.x"])


@pytest.mark.parametrize("magic", [MICRO, KUZNETZOV])
def test_a_record_cut_at_any_byte_leaves_those_before_it(read_bytes, magic):
    packets = some_packets(5, seed=3)
    whole = pcap(packets, magic=magic)
    start = len(pcap(packets[:-1], magic=magic))
    header = 24 if magic == KUZNETZOV else 16
    assert read_bytes(whole[:start]) == (packets[:-1], [])
    for size in range(start + 1, len(whole)):
        left = size - start
        how = "in its header" if left < header else f": {len(whole) - start} bytes needed"
        sentence = f"record at byte {start} is cut {how}; {left} bytes skipped".replace(" :", ":")
        assert read_bytes(whole[:size]) == (packets[:-1], [sentence])


@pytest.mark.parametrize("captured", [2**32 - 1, 2**31, (128 << 20) + 1])
def test_an_absurd_captured_length_ends_the_file(read_bytes, captured):
    packets = some_packets(3)
    good = pcap(packets)
    bad = record(packets[0], captured=captured) + bytes(1000)
    sentence = f"record at byte {len(good)} has a packet of {captured} bytes, and 134217728 is the most"
    assert read_bytes(good + bad) == (packets, [f"{sentence}; {len(bad)} bytes skipped"])


def test_zeros_where_a_record_should_be_end_the_file(tmp_path):
    packets = some_packets(3)
    path = tmp_path / "hole"
    path.write_bytes(pcap(packets))
    end = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(end + 16 * 1000 + 7)
    chunks, problems = framed(path, chunk_bytes=4096)
    assert sum(chunk.packets for chunk in chunks) == 3
    sentence = f"record at byte {end} is nothing but zeros, as a crash leaves them; 16007 bytes skipped"
    assert problems == [sentence]


def test_an_empty_packet_is_one_if_its_header_says_anything(read_bytes):
    packets = [Packet(0, b"", 1), Packet(1000, b"", 0)]
    assert read_bytes(pcap(packets)) == (packets, [])
