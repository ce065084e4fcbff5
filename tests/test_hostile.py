"""Hostile packets: random bytes in the place of every layer, and good packets with random faults."""

import random

import pytest
from captures import START, Packet
from decoding import ALL, batch, check, decode, decode_one, joined
from hypothesis import given
from hypothesis import strategies as st
from packets import PACKETS, SAMPLES

from netbeam.decode import Decoder
from netbeam.packet import packets
from netbeam.protocols import LAYERS

BY_NAME = {layer.name: layer for layer in LAYERS}
EDGES = (0, 1, 2, 3, 4, 5, 6, 15, 16, 31, 63, 64, 127, 128, 192, 254, 255)
"""Bytes at which something changes somewhere."""


def ways_to(name):
    """Give the test packets in which a layer lies, and the spans down to it."""
    found = []
    for sample in SAMPLES:
        (packet,) = packets(batch([sample.packet]))
        for depth, span in enumerate(packet.layers):
            if span.name == name and span.offset < len(packet.data):
                found.append((sample.packet, packet.layers[: depth + 1]))
    return found


WAYS = {layer.name: ways_to(layer.name) for layer in LAYERS}


def write(data, at, value):
    """Write a number into a header, if it fits."""
    if 0 <= value < 1 << 8 * at.width:
        data[at.offset : at.offset + at.width] = value.to_bytes(at.width, "big")


def replaced(packet, spans, tail, honest):
    """Put other bytes in the place of the last layer; if `honest`, with lengths above it that agree."""
    data = bytearray(packet.data[: spans[-1].offset])
    end = len(data) + len(tail)
    for span in spans[:-1] if honest else ():
        total = BY_NAME[span.name].total
        if total:
            header = memoryview(data)[span.offset :]
            write(header, total.at, (end - span.offset - total.add) // total.unit)
    return packet._replace(data=bytes(data) + tail, length=end)


@pytest.fixture(scope="module")
def decoder():
    return Decoder(ALL, bytes, 1 << 12)


@pytest.mark.parametrize("layer", BY_NAME)
def test_there_is_a_way_to_every_layer(layer):
    assert WAYS[layer] or BY_NAME[layer].header_len == 0


@pytest.mark.parametrize("layer", [name for name in BY_NAME if WAYS[name]])
@given(data=st.data())
def test_random_bytes_in_the_place_of_a_layer_do_no_harm(decoder, layer, data):
    packet, spans = data.draw(st.sampled_from(WAYS[layer]))
    tail = data.draw(st.binary(max_size=300))
    honest = data.draw(st.booleans())
    decode_one(decoder, replaced(packet, spans, tail, honest))


@st.composite
def damaged(draw):
    """Change some bytes of a good packet, its lengths and perhaps its link type."""
    packet = draw(st.sampled_from(PACKETS))
    data = bytearray(packet.data)
    edits = st.tuples(st.integers(0, len(data) - 1), st.sampled_from(EDGES) | st.integers(0, 255))
    for at, value in draw(st.lists(edits, max_size=6)):
        data[at] = value
    at = draw(st.integers(0, len(data)))
    data[at:at] = draw(st.binary(max_size=8))
    del data[draw(st.integers(1, len(data))) :]
    length = len(data) + draw(st.sampled_from((0, 0, 0, 1, -1, 1 << 16, (1 << 32) - 1 - len(data))))
    return Packet(packet.time, bytes(data), max(0, length), packet.link)


@given(st.lists(damaged(), max_size=5), st.integers(16, 300))
def test_damaged_packets_do_no_harm(batch_of, buffer_bytes):
    decoder = Decoder(ALL, bytes)
    for packet in batch_of:
        decode_one(decoder, packet)
    whole = decode(batch_of)
    tiny = decode(batch_of, buffer_bytes=buffer_bytes)
    check(batch_of, tiny)
    assert joined(tiny) == joined(whole)
    assert (tiny.rejects, tiny.account.sources) == (whole.rejects, whole.account.sources)


@pytest.mark.parametrize("value", [0x00, 0xFF])
def test_any_byte_of_any_test_packet_may_be_at_its_least_or_greatest(value, decoder):
    for packet in PACKETS:
        for at in range(len(packet.data)):
            data = bytearray(packet.data)
            data[at] = value
            decode_one(decoder, packet._replace(data=bytes(data)))


@pytest.mark.parametrize("width", [2, 4])
def test_any_number_of_any_test_packet_may_be_at_its_greatest(width, decoder):
    for packet in PACKETS:
        for at in range(0, len(packet.data) - width + 1, width):
            data = bytearray(packet.data)
            data[at : at + width] = b"\xff" * width
            decode_one(decoder, packet._replace(data=bytes(data)))


@pytest.mark.parametrize("length", [0, 1, 1 << 16, 1 << 31, (1 << 32) - 1])
def test_any_length_on_the_wire_may_be_claimed(length, decoder):
    for packet in PACKETS:
        decode_one(decoder, packet._replace(length=length))


@pytest.mark.parametrize("time", [-(1 << 63), -1, 0, 1, (1 << 63) - 1])
def test_any_time_may_be_claimed(time, decoder):
    for packet in PACKETS[::5]:
        one = decode_one(decoder, packet._replace(time=time))
        assert all(record.Timestamp == time for records in one.records.values() for record in records)


def test_empty_packets_and_no_packets_are_accounted_for():
    assert check([], decode([])) == {}
    empty = [Packet(START, b"", length, link) for length in (0, 60) for link in (-1, 0, 1, 101, 113, 9999)]
    check(empty, decode(empty))


def test_the_same_chunk_gives_the_same_again():
    rng = random.Random(4)
    some = rng.choices(PACKETS, k=500)
    one = batch(some)
    decoder = Decoder(ALL, bytes, 4096)
    first = decoder.decode(one)
    Decoder(ALL, bytes, 4096).decode(batch(PACKETS))
    decoder.decode(batch(PACKETS))
    assert decoder.decode(one) == first
    assert Decoder(ALL, bytes, 4096).decode(one) == first
