"""Capture reading on bytes that mean harm: no exception, no packets from nowhere, compiled as interpreted."""

import io
from array import array

import pytest
from captures import (
    BIG,
    KUZNETZOV,
    block,
    enhanced,
    framed,
    interface,
    obsolete,
    packets_of,
    pcap,
    pcapng,
    read,
    section,
    simple,
    some_packets,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netbeam.capture import read_chunk
from netbeam.capture.pcapng import read_interface
from netbeam.kernel import frame

PACKETS = some_packets(12, most=40)
SEEDS = [
    pcap(PACKETS),
    pcap(PACKETS, order=BIG, magic=KUZNETZOV),
    pcapng(PACKETS),
    pcapng(PACKETS[:5], order=BIG) + pcapng(PACKETS[5:]),
    section()
    + interface(snap=6, resolution=0x8A, offset=-5)
    + simple(b"123")
    + block(0x0BAD, bytes(20))
    + obsolete(b"1234", 2**63)
    + interface(113, resolution=127)
    + enhanced(b"12345", 2**64 - 1, on=1),
]
NUMBERS = [0, 1, 3, 4, 8, 11, 12, 16, 20, 28, 32, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF, 128 << 20]
folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@st.composite
def corrupted(draw):
    """Make a capture with some bytes overwritten, taken out or put in, perhaps with its end cut off."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        order = draw(st.sampled_from(["little", "big"]))
        number = st.sampled_from(NUMBERS).map(lambda n, order=order: n.to_bytes(4, order))
        new = draw(st.one_of(st.binary(min_size=1, max_size=8), number))
        data[at : at + draw(st.sampled_from([0, len(new), 4]))] = new
    return bytes(data[: draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))])


HOSTILE = st.one_of(
    corrupted(),
    st.binary(max_size=200),
    st.binary(max_size=200).map(lambda data: pcap([]) + data),
    st.binary(max_size=200).map(lambda data: section() + interface() + data),
)


@folder
@given(data=HOSTILE, chunk_bytes=st.sampled_from([1, 13, 64, 1 << 20]))
def test_any_bytes_give_packets_that_lie_in_them_and_at_most_one_problem(tmp_path, data, chunk_bytes):
    path = tmp_path / "capture"
    path.write_bytes(data)
    chunks, problems = framed(path, chunk_bytes=chunk_bytes)
    assert len(problems) <= 1
    end = 0
    for chunk in chunks:
        assert chunk.offset // chunk_bytes == chunk.number
        assert end <= chunk.offset
        end = chunk.offset + chunk.length
        assert end <= len(data)
        assert 0 < chunk.packets <= chunk.length // 16
        batch = read_chunk(chunk, None)
        assert len(batch) == chunk.packets
        for packet in packets_of(batch):
            assert packet.data in data
            assert len(packet.data) <= packet.length
            assert -1 <= packet.link <= 0xFFFF
    assert read(path, chunk_bytes=chunk_bytes) == read(path)


@folder
@given(data=HOSTILE, chunk_bytes=st.sampled_from([1, 64, 1 << 20]))
def test_a_stream_gives_what_a_file_does(tmp_path, data, chunk_bytes):
    path = tmp_path / "capture"
    path.write_bytes(data)
    here = read(path, chunk_bytes=chunk_bytes, spill=tmp_path)
    assert here == read(
        "x://y", chunk_bytes=chunk_bytes, spill=tmp_path, open_file=lambda _: io.BytesIO(data)
    )


@given(
    data=HOSTILE,
    position=st.integers(0, 60),
    border=st.one_of(st.integers(0, 300), st.just(1 << 40)),
    big=st.booleans(),
    header=st.sampled_from([16, 24]),
    room=st.integers(0, 12),
)
def test_the_pcap_walk_is_the_same_interpreted(interpreted, data, position, border, big, header, room):
    results = []
    for module in (frame, interpreted("frame")):
        rows = array("q", bytes(8 * room))
        results.append((module.walk_pcap(data, position, border, big, header, 1000, 113, rows), rows))
    assert results[0] == results[1]


@given(
    data=HOSTILE,
    position=st.integers(0, 60),
    border=st.one_of(st.integers(0, 300), st.just(1 << 40)),
    big=st.booleans(),
    interfaces=st.lists(
        st.tuples(
            st.integers(0, 0xFFFF),
            st.integers(0, 2**32 - 1),
            st.integers(0, 255),
            st.integers(-(2**63), 2**63 - 1),
        ),
        max_size=3,
    ),
    room=st.integers(0, 12),
)
def test_the_pcapng_walk_is_the_same_interpreted(interpreted, data, position, border, big, interfaces, room):
    table = array("q", [number for row in interfaces for number in row])
    results = []
    for module in (frame, interpreted("frame")):
        rows = array("q", bytes(8 * room))
        results.append((module.walk_pcapng(data, position, border, big, table, rows), rows))
    assert results[0] == results[1]


@given(st.integers(0, 2**64 - 1), st.integers(0, 255), st.integers(-(2**63), 2**63 - 1))
def test_times_are_the_same_interpreted(interpreted, ticks, resolution, offset):
    assert interpreted("frame").unix_ns(ticks, resolution, offset) == frame.unix_ns(ticks, resolution, offset)


@given(st.binary(min_size=16, max_size=100), st.sampled_from(["little", "big"]))
def test_any_interface_is_read(data, order):
    interface = read_interface(data, order)
    assert 0 <= interface.link_type <= 0xFFFF
    assert 0 <= interface.resolution <= 0xFF
    assert -(2**63) <= interface.offset < 2**63


@pytest.mark.parametrize("data", SEEDS)
def test_every_seed_of_these_tests_is_sound(read_bytes, data):
    packets, problems = read_bytes(data)
    assert packets
    assert problems == []


@pytest.mark.parametrize("data", SEEDS)
def test_every_truncation_gives_a_beginning_of_the_packets(read_bytes, data):
    whole, _ = read_bytes(data)
    for size in range(len(data)):
        packets, _ = read_bytes(data[:size], chunk_bytes=64)
        assert packets == whole[: len(packets)]
