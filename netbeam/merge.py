"""Merging: blocks of a file, sorted and cut into shards, copied as they are from segments to the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import IO, BinaryIO, NamedTuple

from isal import isal_zlib

from netbeam.segments import BlockRef, write_all
from netbeam.storage import Storage

COPY_BYTES = 1 << 20
"""Bytes that are copied at once."""


class LostBlock(Exception):
    """A block that was written is not there any more, or not as it was."""


class FilePlan(NamedTuple):
    """One output file: the record type or whole name it belongs to, its own name, its place, its blocks."""

    file: str
    name: str
    shard: int
    refs: tuple[BlockRef, ...]


class FileResult(NamedTuple):
    """One written file: its records, their bytes before compression, the bytes of the file, where it lies.

    `block_bytes` are the compressed bytes of the records alone, `bytes` the whole file with its header.
    `path` is where it waits for being published under its `name`.
    """

    file: str
    name: str
    records: int
    raw_bytes: int
    block_bytes: int
    bytes: int
    path: str


def holds_records(file: str) -> bool:
    """Tell a record type ("TCP") from the whole name of a file that holds none ("errors.pcapng")."""
    return "." not in file


def plan_files(file: str, refs: Iterable[BlockRef], suffix: str, shards: int = 0) -> list[FilePlan]:
    """Sort a file's blocks by (source, chunk, sequence) and cut them into `shards` runs of equal weight.

    Of several attempts at a block one is taken. With shards 0, and for files that hold no records,
    there is one file and no number in its name.

    Raises:
        LostBlock: a chunk's blocks are not numbered from 0 without a gap.
    """
    ordered = sorted({ref[:3]: ref for ref in sorted(refs, reverse=True)}.values())
    for before, ref in zip([None, *ordered], ordered, strict=False):
        expected = before.sequence + 1 if before and before[:2] == ref[:2] else 0
        if ref.sequence != expected:
            raise LostBlock(f"{file}: block {expected} of chunk {ref.chunk} of {ref.source} is missing")
    if not holds_records(file):
        return [FilePlan(file, file, 0, tuple(ordered))]
    if not shards:
        return [FilePlan(file, f"{file}{suffix}", 0, tuple(ordered))]
    total = sum(ref.raw_bytes for ref in ordered)
    cuts: list[list[BlockRef]] = [[] for _ in range(shards)]
    for ref, end in zip(ordered, accumulate(ref.raw_bytes for ref in ordered), strict=True):
        middle = 2 * end - ref.raw_bytes
        cuts[min(middle * shards // (2 * total), shards - 1) if total else 0].append(ref)
    return [
        FilePlan(file, f"{file}-{shard:05}-of-{shards:05}{suffix}", shard, tuple(cut))
        for shard, cut in enumerate(cuts)
    ]


def merge(storage: Storage, plan: FilePlan, path: str, head: bytes) -> FileResult:
    """Write `head` and the plan's blocks to a new file at `path`; done twice it gives the same bytes.

    Raises:
        LostBlock: a segment is gone or short, or a block's bytes are not those that were written.
        OSError: the file could not be written.
    """
    storage.remove([path])
    with storage.create(path) as file:
        write_all(file, head)
        copy_blocks(storage, plan.refs, file)
        storage.finish(file)
    blocks = sum(ref.length for ref in plan.refs)
    records = sum(ref.records for ref in plan.refs)
    raw_bytes = sum(ref.raw_bytes for ref in plan.refs)
    return FileResult(plan.file, plan.name, records, raw_bytes, blocks, len(head) + blocks, path)


def copy_blocks(storage: Storage, refs: Sequence[BlockRef], out: BinaryIO) -> None:
    """Copy blocks from their segments, comparing each with its checksum; several are written at once."""
    buffer = memoryview(bytearray(COPY_BYTES))
    filled = 0
    left, wanted = Counter[str](), Counter[str]()
    for ref in refs:
        left[ref.segment] += 1
        wanted[ref.segment] += ref.length
    segments: dict[str, IO[bytes]] = {}
    try:
        for ref in refs:
            if ref.segment not in segments:
                ahead = min(wanted[ref.segment], COPY_BYTES)
                segments[ref.segment] = open_segment(storage, ref.segment, ahead)
            if filled + ref.length > len(buffer):
                write_all(out, buffer[:filled])
                filled = 0
                if ref.length > len(buffer):
                    buffer = memoryview(bytearray(ref.length))
            block = buffer[filled : filled + ref.length]
            segment = segments[ref.segment]
            segment.seek(ref.offset)
            if read_full(segment, block) < ref.length or isal_zlib.crc32(block) != ref.crc32:
                raise LostBlock(
                    f"the block of chunk {ref.chunk} of {ref.source} in {ref.segment} is not what was written"
                )
            filled += ref.length
            left[ref.segment] -= 1
            if not left[ref.segment]:  # of many segments only those in use are open, with what was read ahead
                segments.pop(ref.segment).close()
        write_all(out, buffer[:filled])
    finally:
        for segment in segments.values():
            segment.close()


def open_segment(storage: Storage, path: str, ahead: int) -> IO[bytes]:
    """Open a segment for reading."""
    try:
        return storage.open(path, ahead)
    except FileNotFoundError:
        raise LostBlock(f"{path} is gone: was it removed while netbeam ran?") from None


def read_full(file: IO[bytes], into: memoryview) -> int:
    """Fill `into` from an unbuffered file as far as it goes; give the bytes read."""
    done = 0
    while done < len(into):
        count = file.readinto(into[done:])  # type: ignore[attr-defined]
        if not count:
            break
        done += count
    return done
