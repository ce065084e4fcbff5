"""Digests of chunks on disk: several in a file, partition by partition, so that some are one read."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from uuid import uuid4

from isal import isal_zlib

from netbeam.block import Digest
from netbeam.kernel.digest import ANSWER_WORDS, DIGEST_WORDS, PARTITIONS, SIZES
from netbeam.merge import LostBlock, open_segment, read_full
from netbeam.segments import write_all
from netbeam.storage import Storage

GROUP_BYTES = 8 << 20
"""Digests are held until they are so large together, and written as one file."""

BEGINNING = 1 << 63
"""Added to times (Unix ns) in digests and what comes of them: as unsigned numbers they are in order."""

TEXT = 4
"""Which of the sizes of a partition are its bytes of text."""

PADDING = memoryview(bytes(8))
"""Behind text, so that all words lie at multiples of their length."""


class DigestedChunk(NamedTuple):
    """One chunk in a group: the fields of its Digest but the data."""

    source: str
    chunk: int
    first_packet: int
    start: int
    packets: int
    earliest: int
    latest: int
    sizes: array[int]


class DigestGroup(NamedTuple):
    """Partitions in a file of digests: its chunks in their order, each partition's bytes and CRC.

    They begin at `offset` in the file. Of all that a chunk has, `sizes` are those of these partitions.
    """

    path: str
    chunks: tuple[DigestedChunk, ...]
    lengths: array[int]
    crcs: array[int]
    offset: int = 0

    def cut(self, first: int, last: int) -> DigestGroup:
        """Give the partitions from `first` up to `last` alone."""
        places = slice(SIZES * first, SIZES * last)
        return DigestGroup(
            self.path,
            tuple(chunk._replace(sizes=chunk.sizes[places]) for chunk in self.chunks),
            self.lengths[first:last],
            self.crcs[first:last],
            self.offset + sum(self.lengths[:first]),
        )


class Section(NamedTuple):
    """What one chunk has in one partition."""

    chunk: DigestedChunk
    sizes: array[int]
    words: memoryview
    text: memoryview

    def names(self) -> Iterator[tuple[int, bytes, bytes, str]]:
        """Give its answers of DNS: Unix ns, the client's address, the address given to it, for which name."""
        first = self.sizes[1] + self.sizes[2] * DIGEST_WORDS
        for at in range(first, len(self.words), ANSWER_WORDS):
            time, size, *ends, versions, place = self.words[at : at + ANSWER_WORDS].tolist()
            client, address = (
                (ends[i] << 64 | ends[i + 1]).to_bytes(16, "big")[-4 if version == 4 else -16 :]
                for i, version in ((0, versions & 255), (2, versions >> 8))
            )
            name = self.text[place : place + (size & 0xFFFFFFFF)].tobytes()
            yield time - BEGINNING, client, address, name.decode(errors="surrogateescape")


def words_in(sizes: Sequence[int]) -> int:
    """Give how many words a partition of these sizes has."""
    return sizes[1] + sizes[2] * DIGEST_WORDS + sizes[3] * ANSWER_WORDS


def write_group(storage: Storage, folder: str, digests: Sequence[Digest]) -> DigestGroup:
    """Write digests as one file of a unique name in `folder`.

    Raises:
        OSError: the file could not be written.
    """
    path = storage.join(folder, f"{uuid4().hex}.digests")
    parts: list[list[memoryview]] = [[] for _ in range(PARTITIONS)]
    for digest in digests:
        words, text = memoryview(digest.words), memoryview(digest.text)
        word = letter = 0
        for partition, part in enumerate(parts):
            sizes = digest.sizes[SIZES * partition : SIZES * (partition + 1)]
            size = 8 * words_in(sizes)
            if size:
                part.append(words[word : word + size])
                part.append(text[letter : letter + sizes[TEXT]])
                part.append(PADDING[: -sizes[TEXT] % 8])
            word += size
            letter += sizes[TEXT]
    lengths, crcs = array("q"), array("q")
    with storage.create(path) as file:
        for part in parts:
            data = b"".join(part)
            write_all(file, data)
            lengths.append(len(data))
            crcs.append(isal_zlib.crc32(data))
    chunks = (
        DigestedChunk(d.source, d.chunk, d.first_packet, d.start, d.packets, d.earliest, d.latest, d.sizes)
        for d in digests
    )
    return DigestGroup(path, tuple(chunks), lengths, crcs)


def read_sections(storage: Storage, group: DigestGroup, skip: Iterable[int]) -> Iterator[Section]:
    """Give what a group's chunks, but those numbered in `skip`, have in its partitions.

    Raises:
        LostBlock: the file is gone or short, or its bytes are not those that were written.
    """
    left_out = set(skip)
    data = memoryview(bytearray(sum(group.lengths)))
    with open_segment(storage, group.path, len(data)) as file:
        file.seek(group.offset)
        whole = read_full(file, data) == len(data)
    at = 0
    for partition, length in enumerate(group.lengths):
        part = data[at : at + length]
        if not whole or isal_zlib.crc32(part) != group.crcs[partition]:
            raise LostBlock(f"{group.path} is not what was written, at {group.offset + at}")
        at += length
        for number, chunk in enumerate(group.chunks):
            sizes = chunk.sizes[SIZES * partition : SIZES * (partition + 1)]
            size = 8 * words_in(sizes)
            if size and number not in left_out:
                yield Section(chunk, sizes, part[:size].cast("Q"), part[size : size + sizes[TEXT]])
            part = part[size + sizes[TEXT] + -sizes[TEXT] % 8 if size else 0 :]
