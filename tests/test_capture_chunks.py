"""Chunks: their borders, where their bytes are, and how they are read again."""

import io
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from captures import BIG, NANO, framed, no_remote, packets_of, pcap, pcapng, read, record, some_packets

from netbeam.capture import LostInput, read_chunk
from netbeam.chunk import CHUNK_BYTES

CHUNK_SIZES = (1, 16, 100, 1000, 4096, CHUNK_BYTES)
PACKETS = some_packets(300, seed=1)
CAPTURES = {"pcap": pcap(PACKETS, order=BIG, magic=NANO), "pcapng": pcapng(PACKETS)}


def record_starts(data):
    """Find where records start, without netbeam."""
    if data[:4] != b"\x0a\x0d\x0d\x0a":
        at = 24
        while at < len(data):
            yield at
            at += 16 + int.from_bytes(data[at + 8 : at + 12], "big")
        return
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 6:
            yield at
        at += length


class Unseekable(io.BytesIO):
    def seek(self, *_):
        raise io.UnsupportedOperation("seek")


@pytest.fixture(params=sorted(CAPTURES))
def data(request):
    return CAPTURES[request.param]


@pytest.fixture
def capture(tmp_path, data):
    path = tmp_path / "capture"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("chunk_bytes", CHUNK_SIZES)
def test_a_chunk_holds_the_records_that_start_in_its_bytes(capture, data, chunk_bytes):
    expected = {}
    for start in record_starts(data):
        expected[start // chunk_bytes] = expected.get(start // chunk_bytes, 0) + 1
    chunks, problems = framed(capture, chunk_bytes=chunk_bytes)
    assert [(chunk.number, chunk.packets) for chunk in chunks] == sorted(expected.items())
    assert problems == []
    assert read(capture, chunk_bytes=chunk_bytes) == (PACKETS, [])


def test_a_chunk_names_the_file_as_it_was_framed_and_survives_pickling(capture, data):
    chunks, _ = framed(capture, chunk_bytes=1000)
    status = capture.stat()
    for chunk in chunks:
        assert (chunk.source, chunk.path) == ("source", str(capture))
        assert (chunk.size, chunk.mtime) == (status.st_size, status.st_mtime)
        assert pickle.loads(pickle.dumps(chunk)) == chunk


@pytest.mark.parametrize("chunk_bytes", CHUNK_SIZES)
@pytest.mark.parametrize(
    "way", ["standard input", "remote", "remote, copied", "remote that cannot seek", "pipe"]
)
def test_every_way_in_gives_the_same_chunks(monkeypatch, tmp_path, capture, data, chunk_bytes, way):
    here, _ = framed(capture, chunk_bytes=chunk_bytes)
    path, open_file = "memory://capture", lambda _: io.BytesIO(data)
    if way == "standard input":
        path, open_file = "-", no_remote
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    elif way == "remote that cannot seek":
        open_file = lambda _: Unseekable(data)  # noqa: E731
    elif way == "pipe":
        path, open_file = str(tmp_path / "pipe"), no_remote
        os.mkfifo(path)
        writer = subprocess.Popen(["/bin/sh", "-c", 'cat "$0" > "$1"', str(capture), path])
    spill = tmp_path / "spill" / "here"
    copies = way == "remote, copied"
    there, problems = framed(path, chunk_bytes=chunk_bytes, spill=spill, open_file=open_file, copies=copies)
    if way == "pipe":
        assert writer.wait() == 0
    assert problems == []
    assert len(here) == len(there)
    assert spill.exists() == (way != "remote")
    for one, other in zip(here, there, strict=True):
        assert one[:2] + one[6:] == other[:2] + other[6:]
        assert one.framing == other.framing
        if way == "remote":
            assert (other.path, other.size, other.offset) == (path, len(data), one.offset)
        else:
            assert (other.offset, other.size) == (0, one.length)
            assert Path(other.path).read_bytes() == data[one.offset : one.offset + one.length]
        assert packets_of(read_chunk(other, open_file)) == packets_of(read_chunk(one, no_remote))


def test_two_captures_may_be_spilled_into_one_folder(monkeypatch, tmp_path, data):
    found = []
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
        found += framed("-", chunk_bytes=4096, spill=tmp_path)[0]
    assert len({chunk.path for chunk in found}) == len(found) == len(list(tmp_path.iterdir()))


def test_a_real_standard_input_is_read(tmp_path, capture):
    program = (
        "import sys; from captures import read; packets, problems = read('-', spill=sys.argv[1]); "
        "print(len(packets), problems)"
    )
    tests = Path(__file__).parent
    path = os.pathsep.join([str(tests), str(tests.parent)])
    with capture.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "spill")],
            stdin=file,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
    assert done.stdout == f"{len(PACKETS)} []\n", done.stderr


@pytest.mark.parametrize("name", ["a b", "a:b", "C:\\b", "наб💥", "-o", "--help", "*?[x]", "a\nb", "x.gz"])
def test_any_name_is_read(monkeypatch, tmp_path, data, name):
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(data)
    assert read(name, chunk_bytes=4096) == (PACKETS, [])


def test_a_name_that_is_not_utf8_is_read(tmp_path, data):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe")
    Path(path).write_bytes(data)
    assert read(path) == (PACKETS, [])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("folder", "cannot be read: it is a directory"),
        ("loop", "cannot be read: Too many levels of symbolic links"),
        ("null\0byte", "cannot be read: embedded null byte"),
        ("n" * 300, "cannot be read: File name too long"),
    ],
)
def test_what_cannot_be_read_is_a_problem(tmp_path, name, sentence):
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    assert framed(f"{tmp_path}/{name}") == ([], [sentence])


@pytest.mark.parametrize("name", ["dangling", "missing", "file/below"])
def test_a_file_that_is_gone_is_a_lost_input_and_no_problem(tmp_path, name):
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(LostInput, match=f"{name}: No"):
        framed(f"{tmp_path}/{name}")


def test_a_file_without_permission_is_a_problem(capture):
    capture.chmod(0)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65_534)
        assert framed(capture) == ([], ["cannot be read: Permission denied"])
    finally:
        os.seteuid(user)


def test_a_remote_file_that_may_not_be_read_is_a_problem_and_one_that_is_gone_a_lost_input():
    def refuse(path):
        raise error("nothing here")

    error = PermissionError
    assert framed("memory://x", open_file=refuse) == ([], ["cannot be read: nothing here"])
    error = FileNotFoundError
    with pytest.raises(LostInput, match="memory://x: nothing here"):
        framed("memory://x", open_file=refuse)


def test_a_lost_connection_is_raised_so_that_the_runner_tries_again(data):
    class Dropping(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > 60_000:
                raise ConnectionResetError("by peer")
            return super().read(min(size, 1000))

    with pytest.raises(ConnectionResetError):
        framed("memory://x", open_file=lambda _: Dropping(data * 3))


def test_a_spill_that_cannot_be_written_is_raised(monkeypatch, tmp_path, data):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError):
        framed("-", spill=tmp_path / "file")


def test_a_file_may_grow_between_framing_and_reading(capture):
    chunks, _ = framed(capture, chunk_bytes=4096)
    with capture.open("ab") as file:
        file.write(b"more")
    assert [packet for chunk in chunks for packet in packets_of(read_chunk(chunk, no_remote))] == PACKETS


def test_a_file_that_has_shrunk_is_lost(capture):
    chunks, _ = framed(capture, chunk_bytes=4096)
    size = capture.stat().st_size
    os.truncate(capture, size - 1)
    with pytest.raises(LostInput, match=f"{size} bytes when it was framed, {size - 1} now"):
        read_chunk(chunks[0], no_remote)


def test_a_file_that_was_replaced_by_one_of_the_same_size_is_lost(capture):
    chunks, _ = framed(capture)
    os.utime(capture, (1, 1))
    with pytest.raises(LostInput, match="written to since it was framed"):
        read_chunk(chunks[0], no_remote)


def test_a_file_that_was_replaced_by_a_longer_one_is_lost(capture, data):
    chunks, _ = framed(capture, chunk_bytes=4096)
    capture.write_bytes(bytes(len(data) + 1))
    with pytest.raises(LostInput, match="where other data is now"):
        read_chunk(chunks[1], no_remote)


def test_a_file_that_is_gone_is_lost(capture):
    chunks, _ = framed(capture)
    capture.unlink()
    with pytest.raises(LostInput, match="No such file"):
        read_chunk(chunks[0], no_remote)


def test_a_remote_file_that_has_shrunk_is_lost(data):
    chunks, _ = framed("memory://x", open_file=lambda _: io.BytesIO(data))
    with pytest.raises(LostInput, match=f"only {len(data) - 30 - chunks[0].offset} of them are there now"):
        read_chunk(chunks[0], lambda _: io.BytesIO(data[:-30]))


def test_a_packet_of_many_chunks_belongs_to_the_one_it_starts_in(tmp_path):
    packets = some_packets(3)
    packets[1] = packets[1]._replace(data=bytes(100_000), length=100_000)
    path = tmp_path / "capture"
    path.write_bytes(pcap(packets))
    chunks, _ = framed(path, chunk_bytes=1000)
    behind = (len(pcap(packets)) - len(record(packets[2]))) // 1000
    assert [(chunk.number, chunk.packets) for chunk in chunks] == [(0, 2), (behind, 1)]
    assert read(path, chunk_bytes=1000) == (packets, [])
