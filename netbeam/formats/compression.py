"""Compression of record files: gzip members (RFC 1952) and zstd frames (RFC 8878), any number in a row."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
HEAD_BYTES = 16
PIECE_BYTES = 1 << 20
FEED_BYTES = 2 << 10
"""What a decompressor is given at once. zstd's makes up to 128 KiB of 4 bytes, thus 64 MiB of these, and what
was made of the piece in which damage is found is lost."""

_local = threading.local()


class Truncated(ValueError):
    """A file ends, or can't be read on, before its end: the message says where and why.

    `offset` is that of the first byte that was not given; of the compressed file when the compression is at
    fault, else of the records.
    """

    def __init__(self, message: str, offset: int) -> None:
        """Make one of the sentence that says what is missing."""
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True)
class Codec:
    """One way to compress a block: the file name's ending and a function that releases the GIL.

    The same bytes give the same block whenever they are compressed: no time, name or thread shows in it.
    """

    suffix: str
    compress: Callable[[bytes | memoryview], bytes]


def _gzip(data: bytes | memoryview) -> bytes:
    """Compress by ISA-L, the first bytes on their own.

    Else one match that ISA-L (2.32, x86, levels 1 and 2) finds or misses depends on where its state lies in
    memory: what igzip_icf_body_h1_gr_bt.asm does for the first byte of a stream hashes a register that it
    never loaded. A stream that begins with a flush of a few bytes doesn't go there.
    """
    from isal import isal_zlib

    gzip = isal_zlib.compressobj(1, isal_zlib.DEFLATED, 16 + isal_zlib.MAX_WBITS)
    head = gzip.compress(data[:HEAD_BYTES]) + gzip.flush(isal_zlib.Z_SYNC_FLUSH)
    return b"".join((head, gzip.compress(data[HEAD_BYTES:]), gzip.flush()))


def _zstd(data: bytes | memoryview) -> bytes:
    compressor = getattr(_local, "zstd", None)
    if compressor is None:
        import zstandard

        compressor = _local.zstd = zstandard.ZstdCompressor(level=1, write_checksum=False)
    return compressor.compress(data)


CODECS = {"gzip": Codec(".gz", _gzip), "zstd": Codec(".zst", _zstd), "none": Codec("", bytes)}
"""The codecs by the names that `--compression` takes."""


class _Stream(Protocol):
    """One gzip member or zstd frame on its way through its library's decompressor."""

    kind: str
    errors: tuple[Any, ...]

    @property
    def unused(self) -> bytes: ...

    @property
    def ended(self) -> bool: ...

    def feed(self, data: bytes) -> Iterator[bytes]: ...


class _GzipMember:
    kind = "gzip"

    def __init__(self) -> None:
        from isal import igzip_lib

        self._inner = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        self.errors: tuple[Any, ...] = (igzip_lib.IsalError, EOFError)

    @property
    def ended(self) -> bool:
        return self._inner.eof

    @property
    def unused(self) -> bytes:
        return self._inner.unused_data

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield self._inner.decompress(data, PIECE_BYTES)
        while not self._inner.eof and not self._inner.needs_input:
            yield self._inner.decompress(b"", PIECE_BYTES)


class _ZstdFrame:
    kind = "zstd"

    def __init__(self) -> None:
        import zstandard

        self._inner = zstandard.ZstdDecompressor().decompressobj()
        self.errors: tuple[Any, ...] = (zstandard.ZstdError, EOFError)

    @property
    def ended(self) -> bool:
        return self._inner.eof

    @property
    def unused(self) -> bytes:
        return self._inner.unused_data

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield self._inner.decompress(data)


def _stream(magic: bytes) -> _Stream | None:
    if magic.startswith(GZIP_MAGIC):
        return _GzipMember()
    return _ZstdFrame() if magic.startswith(ZSTD_MAGIC) else None


class _Source:
    """The compressed bytes of a file, in small pieces that may be put back; `offset` is that of the next."""

    def __init__(self, file: BinaryIO) -> None:
        self.offset = 0
        self._file = file
        self._data = b""

    def peek(self, count: int) -> bytes:
        while (missing := count - len(self._data)) > 0:
            more = self._file.read(max(missing, FEED_BYTES))
            if not more:
                break
            self._data += more
        return self._data[:count]

    def take(self, count: int) -> bytes:
        taken = self.peek(count)
        self._data = self._data[len(taken) :]
        self.offset += len(taken)
        return taken

    def put_back(self, data: bytes) -> None:
        self._data = data + self._data
        self.offset -= len(data)


def expand(file: BinaryIO) -> Iterator[bytes]:
    """Give the plain bytes of `file` piece by piece; its first bytes tell whether it is compressed.

    Raises:
        Truncated: the last member or frame ends early, is damaged, or is followed by something else.
    """
    source = _Source(file)
    if _stream(source.peek(4)) is None:
        while piece := source.take(PIECE_BYTES):
            yield piece
    while magic := source.peek(4):
        stream, begin = _stream(magic), source.offset
        if stream is not None:
            yield from _expand_one(stream, source, begin)
        elif source.take(1) != b"\0":  # gzip allows for padding with zeros, as of a tape
            raise Truncated(f"byte {begin} begins neither a gzip member nor a zstd frame", begin)


def _expand_one(stream: _Stream, source: _Source, begin: int) -> Iterator[bytes]:
    kind = stream.kind
    while not stream.ended:
        offset = source.offset
        data = source.take(FEED_BYTES)
        if not data:
            raise Truncated(f"the {kind} data that begin at byte {begin} end early, at {offset}", offset)
        try:
            yield from stream.feed(data)
        except stream.errors as error:
            raise Truncated(f"the {kind} data are damaged after byte {offset}: {error}", offset) from None
    source.put_back(stream.unused)
