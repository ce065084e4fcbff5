"""Packets that are too much: names, counts, records, layers and rejects beyond every limit."""

import random
import struct
import time
import tracemalloc

import pytest
from captures import START, Packet
from decoding import ALL, CLASSES, batch, check, decode, decode_one, joined, split
from packets import PACKETS

from netbeam.decode import REJECTS_AT_ONCE, Decoder
from netbeam.plan import compile_plan
from netbeam.protocols import LAYERS

ETHERNET = bytes.fromhex("020000000002 020000000001")
RAW_IPV4, RAW_IPV6 = 228, 229


def ipv4(protocol, payload, total=None):
    """Write an IPv4 header before a payload; a total of 0 leaves the length to what encloses it."""
    total = 20 + len(payload) if total is None else total
    return struct.pack(">BBHHHBBH8s", 0x45, 0, total, 0, 0, 64, protocol, 0, bytes(8)) + payload


def udp(port, payload):
    """Write a UDP header before a payload; the length 0 is what a jumbogram has."""
    size = 8 + len(payload)
    return struct.pack(">HHHH", 40000, port, size if size < 1 << 16 else 0, 0) + payload


def dns(body, questions=0, answers=0, authorities=0, additionals=0):
    """Give a packet of a DNS message, as long as one may be."""
    header = struct.pack(">HHHHHH", 1, 0x8000, questions, answers, authorities, additionals)
    return raw(ipv4(17, udp(53, header + body), 0))


def raw(data, link=RAW_IPV4):
    """Give a packet that was captured without a link header."""
    return Packet(START, data, len(data), link)


def pointer(at):
    """Write a pointer to a name."""
    return struct.pack(">H", 0xC000 | at)


@pytest.fixture(scope="module")
def decoder():
    return Decoder(ALL, bytes, 1 << 12)


ONE = struct.pack(">HH", 1, 1)
RECORD = ONE + struct.pack(">IH", 300, 0)


@pytest.mark.parametrize(
    ("body", "at"),
    [
        pytest.param(pointer(12) + ONE, 12, id="to itself"),
        pytest.param(pointer(14) + pointer(12) + ONE, 12, id="to one that points back"),
        pytest.param(b"\1a" + pointer(12) + ONE, 14, id="to the label before it"),
        pytest.param(b"\1a\1b" + pointer(14) + ONE, 16, id="into its own labels"),
        pytest.param(pointer(0x3FFF) + ONE, 12, id="far beyond the end"),
        pytest.param(b"\1a" + pointer(16) + b"\0" + ONE, 14, id="forwards"),
    ],
)
def test_a_name_pointer_must_lead_backwards(decoder, body, at):
    one = decode_one(decoder, dns(body, questions=1))
    assert one.reject.reason == "DNS name pointer"
    assert one.reject.offset == 28 + at
    assert one.records.keys() == {"IPv4", "UDP"}


def test_a_name_of_255_bytes_is_read_and_one_of_256_is_not(decoder):
    labels = b"".join(bytes([size]) + b"x" * size for size in (63, 63, 63, 61))
    (record,) = decode_one(decoder, dns(labels + b"\0" + ONE, questions=1)).records["DNS"]
    assert len(record.Questions[0].Name) == 253
    labels = b"".join(bytes([size]) + b"x" * size for size in (63, 63, 63, 62))
    assert decode_one(decoder, dns(labels + b"\0" + ONE, questions=1)).reject.reason == "DNS name"


def test_a_name_put_together_by_pointers_is_as_limited(decoder):
    first = b"\x3f" + b"x" * 63 + b"\x3f" + b"y" * 63 + b"\0"
    second = b"\x3f" + b"z" * 63 + b"\x3e" + b"u" * 62 + pointer(12)
    long = dns(first + ONE + second + ONE, questions=2)
    assert decode_one(decoder, long).reject.reason == "DNS name"
    second = b"\x3f" + b"z" * 63 + b"\x3d" + b"u" * 61 + pointer(12)
    (record,) = decode_one(decoder, dns(first + ONE + second + ONE, questions=2)).records["DNS"]
    assert [len(question.Name) for question in record.Questions] == [127, 253]


def pointers(count, names):
    """Give a message with a chain of pointers in a record's data, and records that are named by its end."""
    at = 23
    chain = b"\0" + b"".join(pointer(at if i == 0 else at - 1 + 2 * i) for i in range(count))
    chained = b"\0" + struct.pack(">HHIH", 4096, 1, 300, len(chain)) + chain
    return dns(chained + (pointer(at - 1 + 2 * count) + RECORD) * names, answers=names + 1)


def test_a_chain_of_pointers_may_be_as_long_as_a_name_has_labels(decoder):
    assert decode_one(decoder, pointers(126, 2)).records["DNS"]
    assert decode_one(decoder, pointers(127, 2)).reject.reason == "DNS name pointer"


def test_long_chains_of_pointers_cost_no_time(decoder):
    packet = pointers(8170, 4000)
    began = time.perf_counter()
    decode_one(decoder, packet)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("section", range(4))
def test_a_count_of_65535_records_that_are_not_there_is_an_error(decoder, section):
    counts = [0, 0, 0, 0]
    counts[section] = 65535
    assert decode_one(decoder, dns(b"", *counts)).reject.reason == "DNS content"
    assert decode_one(decoder, dns(b"\0" * 600, *counts)).reject.reason == "DNS content"


def test_as_many_records_as_a_message_holds_are_read(decoder):
    (record,) = decode_one(decoder, dns((b"\0" + RECORD) * 5900, answers=5900)).records["DNS"]
    assert len(record.Answers) == 5900
    (record,) = decode_one(decoder, dns((b"\0" + ONE) * 13000, questions=13000)).records["DNS"]
    assert len(record.Questions) == 13000


def test_a_message_may_swell_to_many_times_its_size(decoder):
    labels = b"".join(bytes([size]) + b"x" * size for size in (63, 63, 63, 61)) + b"\0"
    ns = pointer(12) + struct.pack(">HHIH", 2, 1, 300, 2) + pointer(12)
    packet = dns(labels + ONE + ns * 4500, questions=1, answers=4500)
    (record,) = decode_one(decoder, packet).records["DNS"]
    assert {len(answer.NS) for answer in record.Answers} == {253}
    assert record.ByteSize() > 30 * len(packet.data)


@pytest.mark.parametrize("size", [0, 100, 127, 128, 16383, 16384, 65507, 600_000])
def test_a_payload_may_be_larger_than_the_buffer(size):
    payload = random.Random(size).randbytes(size)
    some = [PACKETS[0], raw(ipv4(17, udp(4000, payload), 0)), raw(ipv4(17, udp(4001, b"after"))), PACKETS[0]]
    whole = decode(some, buffer_bytes=1 << 24)
    for buffer_bytes in (16, 1000, 1 << 16):
        tiny = decode(some, buffer_bytes=buffer_bytes)
        assert joined(tiny) == joined(whole)
        payloads = [record.Payload for record in check(some, tiny)["UDP"]]
        assert payload in payloads
        assert payloads[-1] == b"after"


def test_blocks_are_no_larger_than_the_buffer_unless_one_packets_records_are():
    some = [packet._replace(time=START + number) for number, packet in enumerate(PACKETS)]
    for buffer_bytes in (16, 100, 600):
        for block in decode(some, buffer_bytes=buffer_bytes).blocks:
            times = {CLASSES[block.file].FromString(message).Timestamp for message in split(block.data)}
            assert len(times) == 1 or block.raw_bytes <= buffer_bytes


@pytest.mark.parametrize("buffer_bytes", [1, 16, 17, 40, 64, 100, 128, 200, 256, 300, 1000])
def test_a_tiny_buffer_gives_the_same_records(buffer_bytes):
    some = random.Random(buffer_bytes).choices(PACKETS, k=300)
    whole = decode(some, buffer_bytes=1 << 20)
    tiny = decode(some, buffer_bytes=buffer_bytes)
    check(some, tiny)
    assert joined(tiny) == joined(whole)
    assert (tiny.rejects, tiny.account.sources) == (whole.rejects, whole.account.sources)


@pytest.mark.parametrize("buffer_bytes", [0, -1])
def test_a_buffer_that_holds_nothing_is_refused(buffer_bytes):
    with pytest.raises(ValueError, match=f"buffers of {buffer_bytes} bytes hold nothing"):
        Decoder(ALL, bytes, buffer_bytes)


def test_a_decoder_does_not_grow_with_its_chunks():
    decoder = Decoder(ALL, bytes, 256)
    one = batch([raw(ipv4(17, udp(4000, bytes(10_000)), 0))])
    tracemalloc.start()
    try:
        decoder.decode(one)
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(20):
            decoder.decode(one)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 10_000


@pytest.mark.parametrize("protocol", [4, 47])
def test_thirty_two_layers_are_walked_and_no_more(decoder, protocol):
    between = b"" if protocol == 4 else bytes.fromhex("0000 0800")
    data = ipv4(59, b"")
    for _ in range(60):
        data = ipv4(protocol, between + data)
    one = decode_one(decoder, raw(data))
    assert one.reject.reason == "too many layers"
    assert len(one.layers) == 32
    assert len(one.records["IPv4"]) == 32 // (1 if protocol == 4 else 2)


def test_a_stack_of_tags_ends_too(decoder):
    data = ETHERNET + bytes.fromhex("8100 0001") * 40 + bytes.fromhex("0806")
    one = decode_one(decoder, raw(data, 1))
    assert one.reject.reason == "too many layers"
    assert len(one.records["Dot1Q"]) == 31


def test_an_extension_chain_ends_too(decoder):
    header = struct.pack(">IHBB32s", 6 << 28, 8 * 40, 0, 64, bytes(32))
    one = decode_one(decoder, raw(header + bytes.fromhex("0000 0104 00000000") * 40, RAW_IPV6))
    assert one.reject.reason == "too many layers"
    assert len(one.records["IPv6HopByHop"]) == 31


@pytest.mark.parametrize("count", [REJECTS_AT_ONCE - 1, REJECTS_AT_ONCE, REJECTS_AT_ONCE + 1, 10_000])
def test_every_reject_of_a_chunk_is_told(count):
    unknown, error = raw(b"\x45" + bytes(8), 1000), raw(b"\x45", RAW_IPV4)
    some = [unknown, error] * (count // 2) + [unknown] * (count % 2)
    decoded = decode(some, buffer_bytes=16)
    check(some, decoded)
    assert len(decoded.rejects) == count
    assert decoded.account.sources["test.pcap"].unknown == {"link_type 1000": count - count // 2}


def test_rejects_and_records_fill_up_together():
    some = [raw(ipv4(253, bytes(8))), raw(ipv4(17, udp(4000, bytes(90))))] * 5000
    whole, tiny = decode(some, buffer_bytes=1 << 22), decode(some, buffer_bytes=2000)
    check(some, tiny)
    assert joined(tiny) == joined(whole)
    assert tiny.rejects == whole.rejects
    assert len(tiny.rejects) == 5000


def test_a_plan_without_record_types_still_accounts_for_every_packet():
    nothing = compile_plan(LAYERS, ())
    decoded = decode(PACKETS, nothing)
    assert check(PACKETS, decoded) == {}
    assert decoded.rejects == decode(PACKETS).rejects


def test_the_rejects_of_a_chunk_are_handed_over_in_lists_of_bounded_length():
    packets = batch([raw(b"\xff", 1)] * 20_000)
    lists = [made for made in Decoder(ALL, bytes).stream(packets) if isinstance(made, list)]
    assert max(map(len, lists)) <= REJECTS_AT_ONCE
    assert [reject.packet for made in lists for reject in made] == list(range(1, 20_001))


def test_unknown_numbers_of_24_bits_are_one_reason_in_the_account():
    frames = [bytes(12) + b"\x00\x40\xaa\xaa\x03" + i.to_bytes(3, "big") + bytes(60) for i in range(1, 1000)]
    account = Decoder(ALL, bytes).decode(batch([raw(frame, 1) for frame in frames])).account
    assert account.total().unknown == {"SNAP organizational code": 999}
