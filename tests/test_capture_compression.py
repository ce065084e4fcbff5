"""Compressed captures: told by magic bytes, read as far as they are whole, in bounded memory."""

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import lz4.frame
import pytest
import zstandard
from captures import framed, pcap, pcapng, read, record, some_packets

from netbeam.capture.compression import PIECE, Fault, compression_of, decompress

COMPRESS = {
    "gz": gzip.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "lz4": lambda data: lz4.frame.compress(data, content_checksum=True),
}
KINDS = pytest.mark.parametrize("kind", sorted(COMPRESS))
PACKETS = some_packets(300, seed=2)
CAPTURE = pcap(PACKETS)


def pieces(data, size=1000):
    return (data[at : at + size] for at in range(0, len(data), size))


def decompressed(kind, data, size=1000):
    """Decompress as far as it goes; give the bytes and what was wrong."""
    out = []
    try:
        for piece in decompress(kind, pieces(data, size)):
            out.append(piece)  # noqa: PERF402, what came before the fault counts
    except Fault as fault:
        return b"".join(out), str(fault)
    return b"".join(out), ""


@KINDS
@pytest.mark.parametrize("capture", [CAPTURE, pcapng(PACKETS)], ids=["pcap", "pcapng"])
@pytest.mark.parametrize("chunk_bytes", [100, 4096, 1 << 20])
def test_a_compressed_capture_is_told_by_its_magic_bytes_and_read(tmp_path, kind, capture, chunk_bytes):
    path = tmp_path / "capture.pcap"
    path.write_bytes(COMPRESS[kind](capture))
    assert read(path, chunk_bytes=chunk_bytes, spill=tmp_path / "spill") == (PACKETS, [])


@KINDS
def test_a_compressed_capture_is_read_from_standard_input_and_from_afar(monkeypatch, tmp_path, kind):
    data = COMPRESS[kind](CAPTURE)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert read("-", spill=tmp_path) == (PACKETS, [])
    assert read("memory://x", spill=tmp_path, open_file=lambda _: io.BytesIO(data)) == (PACKETS, [])


def test_the_name_of_a_file_says_nothing(tmp_path):
    path = tmp_path / "capture.pcap.gz"
    path.write_bytes(CAPTURE)
    assert read(path) == (PACKETS, [])


@KINDS
@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_members_and_frames_in_a_row_are_one_capture(kind, size):
    data = b"".join(COMPRESS[kind](CAPTURE[at : at + 5000]) for at in range(0, len(CAPTURE), 5000))
    data += COMPRESS[kind](b"")
    assert decompressed(kind, data, size) == (CAPTURE, "")


@pytest.mark.parametrize("kind", ["zst", "lz4"])
def test_skippable_frames_are_skipped(kind):
    skippable = b"\x5a\x2a\x4d\x18" + (100_000).to_bytes(4, "little") + bytes(100_000)
    data = COMPRESS[kind](CAPTURE)
    assert decompressed(kind, data + skippable + data + skippable[:8].replace(b"\xa0\x86\1", bytes(3))) == (
        CAPTURE * 2,
        "",
    )
    assert compression_of(skippable) == "zst"
    assert decompressed("zst", skippable + COMPRESS["zst"](CAPTURE)) == (CAPTURE, "")


@KINDS
def test_zero_bytes_behind_the_data_are_padding(kind):
    assert decompressed(kind, COMPRESS[kind](CAPTURE) + bytes(5000)) == (CAPTURE, "")


@KINDS
def test_other_bytes_behind_the_data_are_a_fault_after_all_of_it(kind):
    data = COMPRESS[kind](CAPTURE)
    fault = f"something that is not {kind} data follows its byte {len(data)}"
    assert decompressed(kind, data + b"garbage") == (CAPTURE, fault)


@KINDS
def test_data_cut_at_any_byte_gives_what_is_whole_and_says_so(kind):
    data = COMPRESS[kind](CAPTURE[:3000])
    last = 0
    for size in range(5, len(data)):
        out, fault = decompressed(kind, data[:size])
        assert CAPTURE.startswith(out)
        assert len(out) >= last
        assert fault == f"{kind} data is cut after {size} bytes"
        last = len(out)
    assert last > 2000 or kind in ("bz2", "zst", "lz4")


@pytest.mark.parametrize("kind", ["gz", "xz"])
def test_a_truncated_gz_gives_its_whole_packets_and_says_so(tmp_path, kind):
    data = COMPRESS[kind](CAPTURE)
    path = tmp_path / "capture.gz"
    path.write_bytes(data[: len(data) // 2])
    packets, problems = read(path, spill=tmp_path / "spill")
    assert len(packets) > 130
    assert packets == PACKETS[: len(packets)]
    good = len(pcap(packets))
    assert problems[-1] == f"{kind} data is cut after {len(data) // 2} bytes"
    assert len(problems) == 1 or problems[0].startswith(f"record at byte {good} is cut")


@KINDS
def test_corrupt_data_gives_what_came_before_and_says_so(kind):
    capture = pcap(some_packets(8000))
    data = bytearray(bz2.compress(capture, 1) if kind == "bz2" else COMPRESS[kind](capture))
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    out, fault = decompressed(kind, bytes(data))
    assert fault.startswith(f"{kind} data is corrupt near its byte ")
    block = {"zst": 128 << 10, "bz2": 100_000}.get(kind, PIECE)
    good = next(
        (at for at, pair in enumerate(zip(out, capture, strict=False)) if pair[0] != pair[1]), len(out)
    )
    assert good > len(capture) // 2 - block - 1000


@KINDS
def test_a_wrong_checksum_is_a_fault(kind):
    data = bytearray(COMPRESS[kind](CAPTURE))
    at = {"xz": -37, "gz": -5, "bz2": -4}.get(kind, -1)
    data[at] ^= 0x01
    out, fault = decompressed(kind, bytes(data))
    assert len(out) > len(CAPTURE) - PIECE
    assert CAPTURE.startswith(out)
    assert fault.startswith(f"{kind} data is corrupt near its byte ")


@KINDS
def test_nothing_but_magic_bytes_is_a_problem(tmp_path, kind):
    path = tmp_path / "capture"
    path.write_bytes(COMPRESS[kind](b"")[:6])
    packets, problems = read(path)
    assert packets == []
    assert problems == [f"{kind} data is cut after 6 bytes"]


@KINDS
def test_an_empty_file_compressed_is_an_empty_file(tmp_path, kind):
    path = tmp_path / "capture"
    path.write_bytes(COMPRESS[kind](b""))
    assert read(path) == ([], ["empty file"])


def test_compressed_data_inside_compressed_data_is_not_read(tmp_path):
    path = tmp_path / "capture"
    path.write_bytes(gzip.compress(zstandard.compress(CAPTURE)))
    assert read(path) == ([], ["not a capture: zst data inside compressed data"])


@KINDS
def test_a_broken_record_in_a_compressed_capture_is_reported_as_in_a_plain_one(tmp_path, kind):
    bad = pcap(PACKETS) + record(PACKETS[0], captured=2**32 - 1) + bytes(100_000)
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(bad)
    packed.write_bytes(COMPRESS[kind](bad))
    assert read(packed, spill=tmp_path / "spill") == read(plain)


BOMB = """
import resource, sys
from captures import framed
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
chunks, problems = framed(sys.argv[1], spill=sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, len(chunks), problems)
"""


@KINDS
def test_a_decompression_bomb_takes_no_memory(tmp_path, kind):
    size = 256 << 20
    bad = pcap(PACKETS) + record(PACKETS[0], captured=2**32 - 1)
    bomb = tmp_path / "bomb"
    part = COMPRESS[kind](bytes(16 << 20))
    bomb.write_bytes(COMPRESS[kind](bad) + part * (size >> 24))
    tests = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(bomb), str(tmp_path / "spill")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)])},
    )
    grown, chunks, problems = done.stdout.split(maxsplit=2)
    assert int(grown) < 40_000, "kilobytes"
    assert chunks == "1"
    skipped = size + len(bad) - len(CAPTURE)
    assert problems.endswith(f"; {skipped} bytes skipped']\n")


def test_a_chunk_of_a_compressed_capture_is_spilled_before_the_next_is_read(tmp_path):
    path = tmp_path / "capture"
    path.write_bytes(gzip.compress(CAPTURE))
    chunks, _ = framed(path, chunk_bytes=4096, spill=tmp_path / "spill")
    assert len(list((tmp_path / "spill").iterdir())) == len(chunks) > 5
