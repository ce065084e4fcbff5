"""Decompression of whole captures, in pieces of bounded size, that says when the data is cut or corrupt.

A compression is told by the magic bytes at the start, never by the name.
"""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Iterator
from typing import Any

import lz4.frame  # type: ignore[import-untyped]
import zstandard
from isal import igzip_lib

MAGIC_BYTES = 6
"""How many bytes `compression_of` needs to see."""
PIECE = 4096
"""Bytes given to and asked of a decompressor at once: all that can be lost in front of a corrupt place."""
XZ_MEMORY = 256 << 20
"""The most memory that an xz stream may ask for; `xz -9` needs 65 MiB."""

_SKIPPABLE = tuple(bytes((0x50 + n, 0x2A, 0x4D, 0x18)) for n in range(16))
_MAGICS = {
    "gz": (b"\x1f\x8b",),
    "zst": (b"\x28\xb5\x2f\xfd", *_SKIPPABLE),
    "xz": (b"\xfd7zXZ\0",),
    "bz2": (b"BZh",),
    "lz4": (b"\x04\x22\x4d\x18", *_SKIPPABLE),
}
_DECODERS: dict[str, Callable[[], Any]] = {
    "gz": lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP),
    "xz": lambda: lzma.LZMADecompressor(memlimit=XZ_MEMORY),
    "bz2": bz2.BZ2Decompressor,
    "lz4": lz4.frame.LZ4FrameDecompressor,
}
_ERRORS: Any = (
    igzip_lib.IsalError,
    lzma.LZMAError,
    zstandard.ZstdError,
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
)


class Fault(Exception):
    """The data ends early or is corrupt; what came before is good. The message is a sentence for people."""


def compression_of(head: bytes) -> str | None:
    """Name the compression of data that starts with `head`: gz, zst, xz, bz2, lz4 or None."""
    return next((kind for kind, magics in _MAGICS.items() if head.startswith(magics)), None)


def decompress(kind: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress `pieces` of data of the given kind, with all its members, frames or streams.

    Raises:
        Fault: after all that could be decompressed, if the data is cut or corrupt or other data follows.
    """
    given = _Pieces(pieces)
    member = _zstd_frame if kind == "zst" else _member
    try:
        yield from member(kind, given)
        while True:
            given.skip_zeros()
            head = given.peek(MAGIC_BYTES)
            if not head:
                return
            if not head.startswith(_MAGICS[kind]):
                raise Fault(f"something that is not {kind} data follows its byte {given.taken}")
            yield from member(kind, given)
    except EOFError:
        raise Fault(f"{kind} data is cut after {given.taken} bytes") from None


class _Pieces:
    """A stream of bytes that can be looked at before they are taken."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""
        self._at = 0
        self.taken = 0

    def peek(self, size: int) -> bytes:
        """Give the next `size` bytes without taking them; fewer only at the end."""
        while len(self._held) - self._at < size and (piece := next(self._pieces, b"")):
            self._held = self._held[self._at :] + piece
            self._at = 0
        return self._held[self._at : self._at + size]

    def take(self, size: int) -> bytes:
        """Take exactly `size` bytes."""
        head = self.peek(size)
        if len(head) < size:
            self.taken += len(head)
            raise EOFError
        self._at += size
        self.taken += size
        return head

    def take_some(self) -> bytes:
        """Take the next bytes, PIECE or fewer."""
        head = self.peek(1) and self._held[self._at : self._at + PIECE]
        if not head:
            raise EOFError
        return self.take(len(head))

    def give_back(self, size: int) -> None:
        """Put back as many of the bytes that `take_some` gave last."""
        self._at -= size
        self.taken -= size

    def skip_zeros(self) -> None:
        """Take the zero bytes that pad some formats."""
        while (head := self.peek(1)) and not head[0]:
            self.give_back(len(self.take_some().lstrip(b"\0")))


def _member(kind: str, given: _Pieces) -> Iterator[bytes]:
    """Decompress one gz member, xz or bz2 stream, or lz4 frame."""
    decoder = _DECODERS[kind]()
    while not decoder.eof:
        piece = given.take_some() if decoder.needs_input else b""
        out = _decoded(kind, given, decoder, piece, PIECE)
        if out:
            yield out
    given.give_back(len(decoder.unused_data or b""))


def _zstd_frame(kind: str, given: _Pieces) -> Iterator[bytes]:
    """Decompress one zstd frame (RFC 8878).

    Block by block, as python-zstandard bounds neither what a piece gives nor what a fault loses.
    """
    magic = given.peek(4)
    if magic in _SKIPPABLE:
        left = int.from_bytes(given.take(8)[4:], "little")
        while left:
            step = min(left, 1 << 16)
            given.take(step)
            left -= step
        return
    descriptor = given.peek(5)[4:]
    if not descriptor:
        raise EOFError
    flags = descriptor[0]
    single = flags >> 5 & 1
    size = 6 - single + (0, 1, 2, 4)[flags & 3] + (single, 2, 4, 8)[flags >> 6]
    decoder = zstandard.ZstdDecompressor().decompressobj()
    _decoded(kind, given, decoder, given.take(size))
    last = False
    while not last:
        header = int.from_bytes(given.peek(3), "little")
        last = bool(header & 1)
        out = _decoded(kind, given, decoder, given.take(3 + (1 if header >> 1 & 3 == 1 else header >> 3)))
        if out:
            yield out
    if flags & 4:
        _decoded(kind, given, decoder, given.take(4))


def _decoded(kind: str, given: _Pieces, decoder: Any, *arguments: Any) -> bytes:
    try:
        return decoder.decompress(*arguments)
    except _ERRORS as error:
        raise Fault(f"{kind} data is corrupt near its byte {given.taken}: {error}") from None
