"""pcapng: what is read from it, sound and broken."""

import io
import struct
from fractions import Fraction

import pytest
from captures import (
    BIG,
    LITTLE,
    START,
    Packet,
    block,
    enhanced,
    framed,
    interface,
    obsolete,
    option,
    pcapng,
    read,
    section,
    simple,
    some_packets,
)
from hypothesis import given
from hypothesis import strategies as st

from netbeam.kernel import frame

ORDERS = pytest.mark.parametrize("order", [LITTLE, BIG])
HEAD = section() + interface()
INT64 = st.integers(-(2**63), 2**63 - 1)
WHOLE_SIZES = (1, 7, 64, 1000, 1 << 20)


@ORDERS
def test_packets_are_read_in_either_byte_order(read_bytes, order):
    packets = some_packets(40)
    assert read_bytes(pcapng(packets, order=order)) == (packets, [])


@pytest.mark.parametrize("chunk_bytes", WHOLE_SIZES)
def test_sections_of_both_byte_orders_in_one_file_are_read(read_bytes, chunk_bytes):
    packets = some_packets(60)
    data = b"".join(
        pcapng(packets[at : at + 10], order=order)
        for at, order in zip(range(0, 60, 10), "<><<>>", strict=True)
    )
    assert read_bytes(data, chunk_bytes=chunk_bytes) == (packets, [])


@ORDERS
@pytest.mark.parametrize("chunk_bytes", WHOLE_SIZES)
def test_each_interface_has_its_link_type_resolution_and_offset(read_bytes, order, chunk_bytes):
    described = [
        section(order=order),
        interface(1, order=order),
        interface(113, order=order, resolution=9, offset=-3600),
        enhanced(b"a", 5, order=order),
        enhanced(b"b", 5, order=order, on=1),
        interface(101, order=order, resolution=0x80 | 10, offset=1_700_000_000),
        enhanced(b"c", 1536, order=order, on=2),
        obsolete(b"d", 7, order=order, on=1),
        enhanced(b"e", 6, order=order),
    ]
    hour = 3600 * 10**9
    assert read_bytes(b"".join(described), chunk_bytes=chunk_bytes) == (
        [
            Packet(5000, b"a", 1, 1),
            Packet(5 - hour, b"b", 1, 113),
            Packet(START + 1_500_000_000, b"c", 1, 101),
            Packet(7 - hour, b"d", 1, 113),
            Packet(6000, b"e", 1, 1),
        ],
        [],
    )


def test_a_section_header_ends_the_interfaces_before_it(read_bytes):
    data = HEAD + enhanced(b"a") + section() + enhanced(b"b") + interface(147) + enhanced(b"c")
    assert [packet.link for packet in read_bytes(data)[0]] == [1, -1, 147]


@pytest.mark.parametrize("chunk_bytes", WHOLE_SIZES)
def test_a_packet_of_an_interface_that_is_not_described_has_no_link_type(read_bytes, chunk_bytes):
    data = section() + simple(b"a") + enhanced(b"b", 3, on=0) + obsolete(b"c", on=65_535) + interface()
    data += enhanced(b"d", on=1) + enhanced(b"e", on=2**32 - 1)
    packets, problems = read_bytes(data, chunk_bytes=chunk_bytes)
    assert [(packet.data, packet.link, packet.time) for packet in packets] == [
        (b"a", -1, 0),
        (b"b", -1, 3000),
        (b"c", -1, 0),
        (b"d", -1, 0),
        (b"e", -1, 0),
    ]
    assert problems == []


def test_the_first_65536_interfaces_of_a_section_are_kept(read_bytes):
    data = (
        section() + interface(147) * 65_537 + enhanced(b"last", on=65_535) + enhanced(b"too many", on=65_536)
    )
    assert [packet.link for packet in read_bytes(data)[0]] == [147, -1]


def test_a_simple_packet_is_as_long_as_its_length_the_snap_length_and_its_block_allow(read_bytes):
    data = section() + interface(snap=6) + simple(b"12345678") + simple(b"1234", length=4) + simple(b"12")
    data += section() + interface(snap=0) + simple(b"12345678", length=1500) + simple(b"12345", length=5)
    assert read_bytes(data)[0] == [
        Packet(0, b"123456", 8),
        Packet(0, b"1234", 4),
        Packet(0, b"12", 2),
        Packet(0, b"12345678", 1500),
        Packet(0, b"12345", 5),
    ]


def test_a_packet_captured_longer_than_its_length_has_the_captured_length(read_bytes):
    assert read_bytes(HEAD + enhanced(b"12345678", length=3))[0] == [Packet(0, b"12345678", 8)]


def test_unknown_blocks_and_options_are_skipped(read_bytes):
    strange = option(2, b"eth0") + option(0x8FFF, b"xyz") + option(1, b"a comment")
    data = section(options=strange) + block(0x0BAD, b"custom") + block(5, bytes(12)) + block(0x80000001, b"")
    data += interface(101, options=strange, resolution=9) + block(4, bytes(40))
    data += enhanced(b"a", 5, options=strange) + block(0xFFFFFFFF, bytes(100)) + enhanced(b"b", 6)
    assert read_bytes(data) == ([Packet(5, b"a", 1, 101), Packet(6, b"b", 1, 101)], [])


@pytest.mark.parametrize(
    "bad",
    [
        struct.pack("<HH", 9, 200) + b"\x09\0\0\0",
        struct.pack("<HH", 9, 2) + b"\x09\x09\0\0",
        struct.pack("<HH", 14, 4) + bytes(4),
        struct.pack("<HH", 0, 0) + option(9, b"\x09"),
        b"\x09\0",
    ],
    ids=["longer than the block", "of two bytes", "offset of four bytes", "behind the end", "cut"],
)
def test_a_malformed_option_leaves_the_interface_its_defaults(read_bytes, bad):
    assert read_bytes(section() + interface(113, options=bad) + enhanced(b"a", 5))[0] == [
        Packet(5000, b"a", 1, 113)
    ]


@pytest.mark.parametrize("chunk_bytes", WHOLE_SIZES)
def test_blocks_that_describe_may_cross_any_chunk_border(read_bytes, chunk_bytes):
    long = option(1, b"comment" * 300) + option(9, b"\x09")
    data = (
        section(options=long) + interface(113, options=long) + enhanced(b"a", 5) + block(0x0BAD, bytes(3000))
    )
    data += interface(101, options=long) + enhanced(b"b", 6, on=1) + section(order=BIG)
    data += interface(147, order=BIG) + enhanced(b"c", 7, order=BIG)
    packets = [Packet(5, b"a", 1, 113), Packet(6, b"b", 1, 101), Packet(7000, b"c", 1, 147)]
    assert read_bytes(data, chunk_bytes=chunk_bytes) == (packets, [])


@pytest.mark.parametrize("kind", [1, 2, 3, 6, 0x0BAD, 0x0A0D0D0A])
@pytest.mark.parametrize("length", [0, 1, 4, 8, 11, 13, 33, 2**32 - 1])
def test_an_impossible_block_length_ends_the_file(read_bytes, kind, length):
    body = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + bytes(16)
    good = HEAD + enhanced(b"good")
    packets, problems = read_bytes(good + block(kind, body, length=length) + enhanced(b"behind"))
    assert packets == [Packet(0, b"good", 4)]
    assert len(problems) == 1
    assert problems[0].startswith(f"block at byte {len(good)} has the impossible length {length}; ")


@pytest.mark.parametrize(
    ("kind", "least"), [(1, 20), (2, 32), (3, 16), (6, 32), (0x0BAD, 12), (0x0A0D0D0A, 28)]
)
def test_a_block_shorter_than_its_kind_needs_ends_the_file(read_bytes, kind, least):
    body = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + bytes(16)
    bad = block(kind, body[: max(0, least - 16)], length=least - 4)
    assert read_bytes(HEAD + enhanced(b"good") + bad + bytes(40))[0] == [Packet(0, b"good", 4)]


@pytest.mark.parametrize("length", [1000, 2**31, 2**32 - 4])
def test_a_block_that_ends_behind_the_file_is_cut(read_bytes, length):
    good = HEAD + enhanced(b"good")
    bad = block(0x0BAD, bytes(40), length=length)
    sentence = f"block at byte {len(good)} is cut: {length} bytes needed; {len(bad)} bytes skipped"
    assert read_bytes(good + bad) == ([Packet(0, b"good", 4)], [sentence])


@ORDERS
@pytest.mark.parametrize("chunk_bytes", [1, 1 << 20])
def test_a_block_cut_at_any_byte_leaves_those_before_it(read_bytes, order, chunk_bytes):
    packets = some_packets(3, seed=5)
    good = pcapng(packets, order=order)
    for last in (
        enhanced(b"the last one", order=order),
        simple(b"the last", order=order),
        obsolete(b"the last", order=order),
        interface(order=order, resolution=9),
        section(order=order),
        block(0x0BAD, b"custom", order=order),
    ):
        assert read_bytes(good, chunk_bytes=chunk_bytes) == (packets, [])
        for size in range(1, len(last)):
            read_packets, problems = read_bytes(good + last[:size], chunk_bytes=chunk_bytes)
            assert read_packets == packets
            assert len(problems) == 1
            assert problems[0].startswith(f"block at byte {len(good)} is cut")
            assert problems[0].endswith(f"; {size} bytes skipped")


@pytest.mark.parametrize("chunk_bytes", [1, 1 << 20])
@pytest.mark.parametrize("kind", [6, 0x0BAD])
def test_a_block_whose_length_is_repeated_wrongly_ends_the_file_as_in_wireshark(
    read_bytes, chunk_bytes, kind
):
    good = HEAD + enhanced(b"good")
    bad = block(kind, enhanced(b"bad" * 30)[8:-4], trailer=999)
    packets, problems = read_bytes(good + bad + enhanced(b"behind"), chunk_bytes=chunk_bytes)
    assert packets == [Packet(0, b"good", 4)]
    skipped = len(bad) + len(enhanced(b"behind"))
    assert problems == [f"block at byte {len(good)} ends with another length, 999; {skipped} bytes skipped"]


@pytest.mark.parametrize("captured", [9, 100, 2**32 - 1])
@pytest.mark.parametrize("chunk_bytes", [1, 1 << 20])
def test_a_packet_longer_than_its_block_ends_the_file(read_bytes, captured, chunk_bytes):
    good = HEAD + enhanced(b"good")
    packets, problems = read_bytes(good + enhanced(b"12345678", captured=captured), chunk_bytes=chunk_bytes)
    assert packets == [Packet(0, b"good", 4)]
    sentence = (
        f"block at byte {len(good)} has {captured} captured bytes, more than fit in it; 40 bytes skipped"
    )
    assert problems == [sentence]


def test_an_absurdly_long_packet_block_ends_the_file(read_bytes):
    good = HEAD + enhanced(b"good")
    packets, problems = read_bytes(good + block(6, bytes(40), length=(128 << 20) + 4))
    assert packets == [Packet(0, b"good", 4)]
    sentence = f"block at byte {len(good)} has a packet of 134217732 bytes, and 134217728 is the most"
    assert problems == [f"{sentence}; 52 bytes skipped"]


def test_a_section_of_an_unknown_version_ends_the_file(read_bytes):
    good = HEAD + enhanced(b"good")
    packets, problems = read_bytes(good + section(version=(2, 0)) + interface() + enhanced(b"bad"))
    assert packets == [Packet(0, b"good", 4)]
    assert problems[0].startswith(f"block at byte {len(good)} has pcapng version 2.0, and only 1.x is read; ")


def test_a_section_of_an_unknown_byte_order_ends_the_file(read_bytes):
    bad = bytearray(section())
    bad[8:12] = b"\x1a\x2b\x3c\x4e"
    packets, problems = read_bytes(HEAD + enhanced(b"good") + bad)
    assert packets == [Packet(0, b"good", 4)]
    assert "has the unknown byte-order mark 0x1a2b3c4e; 28 bytes skipped" in problems[0]


def test_a_file_of_only_a_section_header_has_no_packets_and_no_problem(read_bytes):
    assert read_bytes(section()) == ([], [])


def test_a_block_before_any_section_is_not_a_capture(read_bytes):
    assert read_bytes(interface() + enhanced(b"a")) == ([], ["not a capture: starts with 0x01000000"])


def test_a_chunk_without_packets_is_not_given_and_its_number_is_not_used(tmp_path):
    path = tmp_path / "capture"
    path.write_bytes(HEAD + enhanced(b"a") + block(0x0BAD, bytes(5000)) + enhanced(b"b"))
    chunks, _ = framed(path, chunk_bytes=1000)
    assert [(chunk.number, chunk.first_packet, chunk.packets) for chunk in chunks] == [(0, 1, 1), (5, 2, 1)]


@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 255),
    st.one_of(st.just(0), st.integers(-(10**10), 10**10), INT64),
)
def test_any_time_is_converted_exactly_and_held_within_int64(ticks, resolution, offset):
    exponent = resolution & 0x7F
    seconds = Fraction(ticks, 2**exponent if resolution & 0x80 else 10**exponent) + offset
    exact = seconds * 10**9 // 1
    assert frame.unix_ns(ticks, resolution, offset) == max(-(2**63), min(2**63 - 1, exact))


@pytest.mark.parametrize("resolution", range(256))
def test_every_resolution_is_read(read_bytes, resolution):
    exponent = resolution & 0x7F
    ticks = min(2**64 - 1, 3 * (2 if resolution & 0x80 else 10) ** exponent)
    packets, problems = read_bytes(section() + interface(resolution=resolution) + enhanced(b"a", ticks))
    assert packets[0].time == frame.unix_ns(ticks, resolution, 0)
    assert packets[0].time == 3 * 10**9 or ticks == 2**64 - 1
    assert problems == []


@pytest.mark.parametrize("chunk_bytes", [1000, 1 << 20, 8 << 20])
def test_blocks_longer_than_what_is_held_of_a_stream_are_gone_over(tmp_path, read_bytes, chunk_bytes):
    behind_a_mebibyte = option(1, bytes(65_000)) * 17
    parts = [HEAD, enhanced(b"a", 1), block(0x0BAD, bytes(300_000)), enhanced(bytes(200_000), 2)]
    parts += [interface(113, resolution=9, options=behind_a_mebibyte), enhanced(b"b", 3, on=1)]
    parts += [interface(147, options=behind_a_mebibyte, resolution=9), enhanced(b"c", 4, on=2)]
    parts += [block(0x0BAD, bytes(200_000), trailer=5), enhanced(b"behind", 5)]
    data = b"".join(parts)
    packets, problems = read_bytes(data, chunk_bytes=chunk_bytes)
    assert [(packet.time, packet.link) for packet in packets] == [
        (1000, 1),
        (2000, 1),
        (3000, 113),
        (4000, 147),
    ]
    assert problems[0].startswith(f"block at byte {len(b''.join(parts[:-2]))} ends with another length, 5; ")
    stream = read("x://y", chunk_bytes=chunk_bytes, spill=tmp_path, open_file=lambda _: io.BytesIO(data))
    assert stream == (packets, problems)
