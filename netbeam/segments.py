"""Segments: files of unique names to which blocks are appended as they come, before they get their order."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple
from uuid import uuid4

from isal import isal_zlib

from netbeam.block import Block
from netbeam.storage import Storage

SEGMENT_BYTES = 64 << 20
"""A segment that has grown past this is closed, and its blocks can be referenced."""


class BlockRef(NamedTuple):
    """Where a written block lies. Fields are in the order in which the blocks of a file are sorted."""

    source: str
    chunk: int
    sequence: int
    segment: str
    offset: int
    length: int
    records: int
    raw_bytes: int
    crc32: int


BlockRefs = dict[str, list[BlockRef]]
"""References of closed segments, by file."""


class SegmentWriter:
    """Appends blocks of all files to one segment at a time under `folder`.

    A segment's name is unique, so a bundle that is run twice, even at the same time, disturbs nobody;
    references to a segment exist only once it is closed. Where the storage gathers blocks, a segment is one
    gathering.
    """

    def __init__(self, storage: Storage, folder: str, limit: int = SEGMENT_BYTES) -> None:
        self._storage = storage
        self._folder = folder
        self._limit = min(limit, storage.gather_bytes or limit)
        self._file: BinaryIO | None = None
        self._path = ""
        self._offset = 0
        self._held: list[Block] = []
        self._held_bytes = 0
        self._refs: BlockRefs = {}

    def append(self, block: Block) -> BlockRefs:
        """Take one block; give the references of the segment that it filled, if it did.

        Raises:
            OSError: the block, or one before it, could not be written.
        """
        self._held.append(block)
        self._held_bytes += len(block.data)
        if self._held_bytes >= self._storage.gather_bytes:
            self._write_held()
        return self.close() if self._offset >= self._limit else {}

    def close(self) -> BlockRefs:
        """Write what is held and close the segment, if there is one; give its references."""
        self._write_held()
        refs = self._refs
        self.forget()
        return refs

    def forget(self) -> None:
        """Drop what is held and close the open segment, of which nobody will know."""
        self._held, self._held_bytes, self._refs, self._offset = [], 0, {}, 0
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _write_held(self) -> None:
        for block in sorted(self._held, key=lambda block: block[:4]):
            self._write(block)
        self._held, self._held_bytes = [], 0

    def _write(self, block: Block) -> None:
        if self._file is None:
            self._path = self._storage.join(self._folder, f"{uuid4().hex}.segment")
            self._file = self._storage.create(self._path)
        length = len(block.data)
        write_all(self._file, block.data)
        ref = BlockRef(
            block.source, block.chunk, block.sequence, self._path, self._offset, length,
            block.records, block.raw_bytes, isal_zlib.crc32(block.data),
        )  # fmt: skip
        self._refs.setdefault(block.file, []).append(ref)
        self._offset += length


def write_all(file: BinaryIO, data: bytes | memoryview) -> None:
    """Write to an unbuffered file, which may take a part only."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
