"""Delimited messages: each behind its length, a protobuf varint, with nothing between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netbeam.formats.compression import Truncated

MAX_RECORD_BYTES = 64 << 20
"""A longer record is taken for damage: what a length claims is never believed beyond this."""

_MAX_VARINT_BYTES = 10


def delimited(message: bytes) -> bytes:
    """Give a message behind its length."""
    length, prefix = len(message), bytearray()
    while length > 127:
        prefix.append(length & 127 | 128)
        length >>= 7
    return bytes((*prefix, length)) + message


def split(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Split delimited messages; no more is held than one message and one piece.

    Raises:
        Truncated: a length or a message is cut short, or a length makes no sense.
    """
    pieces = iter(pieces)
    buffer, position, offset = b"", 0, 0
    ended: Exception | None = None
    while True:
        size, missing = len(buffer), 1
        while position < size:
            length, start = buffer[position], position + 1
            if length > 127:
                length, start = _uvarint(buffer, position, offset)
            end = start + length
            if not start or end > size:
                missing = end - size if start else 1
                break
            yield buffer[start:end]
            position = end
        offset += position
        parts, position = [buffer[position:]], 0
        if ended is not None:
            _finish(parts[0], offset, ended)
            return
        try:
            while missing > 0:
                parts.append(next(pieces))
                missing -= len(parts[-1])
        except (StopIteration, Truncated) as end_of_pieces:
            ended = end_of_pieces
        buffer = b"".join(parts)


def _uvarint(buffer: bytes, position: int, offset: int) -> tuple[int, int]:
    """Give a length and where its message starts; start 0 when the length goes on past the buffer."""
    value = 0
    for index, byte in enumerate(buffer[position : position + _MAX_VARINT_BYTES]):
        value |= (byte & 127) << 7 * index
        if byte < 128:
            if value > MAX_RECORD_BYTES:
                break
            return value, position + index + 1
    else:
        if len(buffer) - position < _MAX_VARINT_BYTES:
            return 0, 0
        value = -1
    where = offset + position
    claim = f"{value} bytes, more than any has" if value >= 0 else "a length of more than ten bytes"
    raise Truncated(f"at byte {where} (uncompressed) begins a record of {claim}", where)


def _finish(rest: bytes, offset: int, ended: Exception) -> None:
    """Raise what the end of the file calls for when it isn't the end of a record."""
    if isinstance(ended, Truncated):
        raise ended
    if rest:
        length, start = _uvarint(rest, 0, offset)
        whole = f" of its {start + length}" if start else ""
        raise Truncated(
            f"the last record begins at byte {offset} (uncompressed) and has {len(rest)}{whole} bytes", offset
        )
