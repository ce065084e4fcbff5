"""Record files: headers, codecs, and readers that survive what they are given."""

import contextlib
import gzip
import io
import threading
import tracemalloc
from random import Random

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from netbeam.declare import Layer, coded, derived
from netbeam.formats.ncap import (
    CODECS,
    MAX_RECORD_BYTES,
    NotRecords,
    Truncated,
    delimited,
    header_bytes,
    open_records,
    parse_header,
    read_records,
)

NOTE = Layer("Note", 1001, 0, (derived("Timestamp", 1), coded("Text", 2, "string")))
HEADER = header_bytes(1001, 1_700_000_000_123_456_789, "a.pcap", "netbeam 0.1.0", False)
RECORDS = [b"\x08\x01", b"", b"\x12\x02hi", b"\x12\x8c\x01" + b"x" * 140]
BODY = b"".join(map(delimited, RECORDS))
FILE = HEADER + BODY


def messages(data: bytes) -> tuple[list[bytes], Truncated | None]:
    """Give what can be read, and what was said at the end."""
    read = []
    try:
        for message in read_records(io.BytesIO(data)):
            read.append(message)  # noqa: PERF402, what was read before the fault counts
    except Truncated as error:
        return read, error
    return read, None


def texts(*files: bytes) -> list[str]:
    return [record.Text for record in open_records(*map(io.BytesIO, files), layers=[NOTE])]


def test_a_header_is_read_as_netcap_writes_it():
    length, message = HEADER[0], HEADER[1:]
    header = parse_header(message)
    assert length == len(message)
    assert (header.Created, header.InputSource, header.Type) == (1_700_000_000_123_456_789, "a.pcap", 1001)
    assert (header.Version, header.ContainsPayloads) == ("netbeam 0.1.0", False)


def test_a_source_name_that_is_no_utf8_is_written_escaped():
    header = header_bytes(38, 0, b"caf\xe9.pcap".decode("utf-8", "surrogateescape"), "netbeam 1", True)
    assert parse_header(header[1:]).InputSource == r"caf\udce9.pcap"


def test_a_record_is_not_taken_for_a_header():
    number_for_text, no_version = b"\x08\x01\x10\x05\x18\x26", b"\x08\x01\x12\x02hi\x18\x26"
    assert parse_header(number_for_text) is None
    assert parse_header(no_version, sure=True) is None


@pytest.mark.parametrize("name", CODECS)
def test_what_a_codec_compresses_is_read_back(name):
    block = CODECS[name].compress(memoryview(FILE))
    assert messages(block) == ([HEADER[1:], *RECORDS], None)


def test_gzip_members_hold_no_time_and_no_name():
    member = CODECS["gzip"].compress(FILE)
    assert member[:10] == bytes.fromhex("1f8b08 00 00000000 00 ff")
    assert gzip.decompress(member) == FILE


def test_zstd_frames_tell_their_size_and_hold_no_checksum():
    parameters = zstandard.get_frame_parameters(CODECS["zstd"].compress(FILE))
    assert parameters.content_size == len(FILE)
    assert not parameters.has_checksum


@pytest.mark.parametrize("name", CODECS)
def test_threads_compress_to_the_same_bytes(name):
    data = bytes(range(256)) * 4096
    made = []
    threads = [threading.Thread(target=lambda: made.append(CODECS[name].compress(data))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1


@pytest.mark.parametrize("name", CODECS)
def test_where_the_compressor_lies_in_memory_does_not_show_in_its_bytes(name):
    """ISA-L left alone fails this: it finds one match more or less in blocks whose start comes again."""
    random = Random(1)
    starts = [random.randbytes(60) for _ in range(400)]
    blocks = [start + random.randbytes(60) + start + start[5:] + random.randbytes(100) for start in starts]
    gate = threading.Barrier(24)
    made = [set() for _ in blocks]

    def compress():
        gate.wait()
        held = []
        for block, found in zip(blocks, made, strict=True):
            held.append(bytearray(70_000))
            found.add(CODECS[name].compress(block))

    threads = [threading.Thread(target=compress) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {len(found) for found in made} == {1}


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_members_in_a_row_are_one_file(name):
    compress = CODECS[name].compress
    data = compress(HEADER) + b"".join(compress(delimited(record)) for record in RECORDS)
    assert messages(data) == ([HEADER[1:], *RECORDS], None)


def test_members_of_both_codecs_and_empty_ones_are_one_file():
    data = CODECS["gzip"].compress(HEADER) + CODECS["zstd"].compress(b"") + CODECS["zstd"].compress(BODY)
    assert messages(data) == ([HEADER[1:], *RECORDS], None)


def test_zeros_after_a_gzip_member_are_padding():
    assert messages(CODECS["gzip"].compress(FILE) + bytes(5000)) == ([HEADER[1:], *RECORDS], None)


def test_other_bytes_after_a_gzip_member_are_reported_where_they_begin():
    member = CODECS["gzip"].compress(FILE)
    read, error = messages(member + b"rubbish")
    assert read == [HEADER[1:], *RECORDS]
    assert error.offset == len(member)


def test_every_truncation_gives_the_whole_records_and_says_where_it_is():
    ends = [0]
    for message in (HEADER[1:], *RECORDS):
        ends.append(ends[-1] + len(delimited(message)))
    for cut in range(len(FILE)):
        read, error = messages(FILE[:cut])
        whole = sum(end <= cut for end in ends) - 1
        assert read == [HEADER[1:], *RECORDS][:whole]
        if cut in ends:
            assert error is None
        else:
            assert error.offset == ends[whole]
            assert f"byte {ends[whole]} " in str(error)


def test_a_truncated_record_is_said_to_be_short_by_how_much():
    _, error = messages(FILE[:-13])
    assert (
        str(error)
        == f"the last record begins at byte {len(FILE) - 145} (uncompressed) and has 132 of its 145 bytes"
    )


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_every_truncation_of_a_compressed_file_gives_a_prefix_and_says_so(name):
    compress = CODECS[name].compress
    first = compress(HEADER + delimited(RECORDS[0]))
    data = first + compress(BODY)
    everything = [HEADER[1:], RECORDS[0], *RECORDS]
    for cut in range(1, len(data)):
        read, error = messages(data[:cut])
        assert read == everything[: len(read)]
        assert len(read) >= 2 * (cut >= len(first))
        assert (error is None) == (cut == len(first))


def test_damage_within_a_member_keeps_what_came_before_it():
    compress = CODECS["gzip"].compress
    damaged = bytearray(compress(BODY))
    damaged[-6] ^= 1  # its checksum
    read, error = messages(compress(HEADER + BODY) + bytes(damaged))
    assert read[: 1 + len(RECORDS)] == [HEADER[1:], *RECORDS]
    assert "damaged" in str(error)


@pytest.mark.parametrize(
    ("length", "claim"),
    [
        (b"\x80\x80\x80\x80\x80\x80\x80\x80\x10", f"a record of {1 << 60} bytes"),
        (b"\xff" * 9 + b"\x01", f"a record of {(1 << 64) - 1} bytes"),
        (b"\xff" * 10 + b"\x01", "a length of more than ten bytes"),
        (b"\x80\x80\x80\x21", f"a record of {0x21 << 21} bytes"),
    ],
)
def test_a_length_that_makes_no_sense_ends_the_file(length, claim):
    read, error = messages(FILE + length + b"rest")
    assert read == [HEADER[1:], *RECORDS]
    assert claim in str(error)
    assert error.offset == len(FILE)


def test_a_length_past_the_end_allocates_nothing():
    claim = b"\x80\x80\x80\x20"  # 64 MiB
    tracemalloc.start()
    _, error = messages(FILE + claim + b"rest")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert f"has 8 of its {MAX_RECORD_BYTES + 4} bytes" in str(error)
    assert peak < 1 << 20


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_a_member_of_many_records_is_read_in_little_memory(name):
    member = CODECS[name].compress(HEADER + delimited(b"\x12\x8c\x01" + b"x" * 140) * 400_000)
    tracemalloc.start()
    count = sum(1 for _ in read_records(io.BytesIO(member)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 400_001
    assert peak < MAX_RECORD_BYTES


def test_a_length_in_more_bytes_than_it_needs_is_read():
    assert messages(b"\x82\x80\x00hi") == ([b"hi"], None)


@given(st.binary(max_size=200), st.sampled_from(sorted(CODECS)))
def test_random_bytes_are_read_or_refused_with_a_sentence(data, name):
    messages(data)
    messages(CODECS[name].compress(data))
    with contextlib.suppress(NotRecords):
        list(open_records(io.BytesIO(data), layers=[NOTE], warn=False))


@given(st.integers(0, len(FILE) * 8 - 1), st.sampled_from(sorted(CODECS)))
def test_a_flipped_bit_is_survived(bit, name):
    data = bytearray(CODECS[name].compress(FILE))
    bit %= len(data) * 8
    data[bit // 8] ^= 1 << bit % 8
    messages(bytes(data))
    with contextlib.suppress(NotRecords):
        list(open_records(io.BytesIO(data), layers=[NOTE], warn=False))


@given(st.lists(st.binary(max_size=300)), st.lists(st.integers(1, 50), min_size=1))
def test_records_are_the_same_however_the_file_is_cut_into_members(records, sizes):
    data = b"".join(map(delimited, records))
    compressed, position = CODECS["gzip"].compress(b""), 0
    while position < len(data):
        size = sizes[position % len(sizes)]
        compressed += gzip.compress(data[position : position + size])
        position += size
    assert messages(compressed) == (records, None)


def test_records_are_messages_with_fields():
    assert texts(FILE) == ["", "", "hi", "x" * 140]


def test_shards_are_read_as_one_whether_they_have_headers_or_not():
    assert texts(FILE, BODY, b"", FILE, CODECS["zstd"].compress(BODY)) == ["", "", "hi", "x" * 140] * 4


def test_a_shard_alone_is_read_by_the_type_in_its_name(tmp_path):
    path = tmp_path / "Note-00003-of-00032.ncap.gz"
    path.write_bytes(CODECS["gzip"].compress(BODY))
    records = open_records(path, layers=[NOTE])
    assert records.header is None
    assert [record.Timestamp for record in records] == [1, 0, 0, 0]


def test_a_shard_of_nothing_gives_nothing(tmp_path):
    path = tmp_path / "Note-00001-of-00002.ncap"
    path.write_bytes(b"")
    assert list(open_records(path, layers=[NOTE])) == []


def test_shards_of_different_types_are_not_mixed():
    other = header_bytes(38, 0, "", "netbeam 0.1.0", False)
    with pytest.raises(NotRecords, match="and not Note records"):
        texts(FILE, other + BODY)


def test_a_truncated_file_warns_and_keeps_the_sentence():
    records = open_records(io.BytesIO(FILE[:-1]), layers=[NOTE])
    with pytest.warns(UserWarning, match="has 144 of its 145 bytes"):
        assert len(list(records)) == len(RECORDS) - 1
    assert len(records.problems) == 1
    assert "3 records before that are whole" in records.problems[0]


def test_a_record_that_is_no_message_is_left_out_and_counted():
    records = open_records(io.BytesIO(HEADER + delimited(b"\xff") + BODY), layers=[NOTE], warn=False)
    assert len(list(records)) == len(RECORDS)
    assert records.problems == ["the input: 1 of 5 records are damaged and left out"]


@pytest.mark.parametrize(
    "data", [b"", BODY, b"#!/bin/sh\n", bytes.fromhex("d4c3b2a1020004000000000000000000")]
)
def test_a_file_of_something_else_is_refused(data):
    with pytest.raises(NotRecords, match="is not a file of records"):
        texts(data)


def test_a_type_that_nobody_declared_is_refused():
    with pytest.raises(NotRecords, match="type 1001"):
        open_records(io.BytesIO(FILE), layers=[])


def test_text_that_is_no_utf8_is_given_as_bytes():
    assert texts(HEADER + delimited(b"\x12\x02\xff\xfe")) == [b"\xff\xfe"]


@pytest.mark.parametrize(
    ("version", "number", "name"),
    [
        ("v0.6.11", 97, "Credentials"),
        ("v0.16.2", 97, "Secret"),
        ("v0.6.3", 101, "IPProfile"),
        ("v1.0", 101, "Host"),
    ],
)
def test_the_version_in_the_header_decides_what_a_type_number_means(version, number, name):
    file = header_bytes(number, 0, "", version, False)
    assert open_records(io.BytesIO(file)).type == name


@pytest.mark.parametrize("name", ["Credentials", "Secret"])
def test_without_a_version_the_file_name_decides(tmp_path, name):
    path = tmp_path / f"{name}.ncap"
    path.write_bytes(header_bytes(97, 0, "", "", False))
    assert open_records(path).type == name
