"""Runs: records in order of time, page by page, and how several are merged into one.

Where the records of a run are cut into pages makes no difference to what comes of merging.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import BinaryIO, NamedTuple

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from netbeam.merge import LostBlock, open_segment, read_full
from netbeam.segments import write_all
from netbeam.storage import Storage

PAGE_RECORDS = 2048
"""A page has so many records at most: of each run one is in memory."""

Words = NDArray[np.uint64]


class Records(NamedTuple):
    """Records one behind the other; of each its time, a tie for those of equal time, and where it ends."""

    data: bytes | bytearray
    times: Words
    ties: Words
    ends: Words

    @classmethod
    def of(cls, data: bytes | bytearray, keys: bytes | bytearray) -> Records:
        """Read what the kernel gives (kernel.store.Output)."""
        words = np.frombuffer(keys, np.uint64).reshape(-1, 3)
        return cls(data, words[:, 0], words[:, 1], words[:, 2])


class Page(NamedTuple):
    """One page in a file of runs: where it lies, its records, their bytes, and the CRC of all."""

    offset: int
    records: int
    bytes: int
    crc32: int


class Run(NamedTuple):
    """A sorted run in a file: its pages, in order."""

    path: str
    pages: tuple[Page, ...]


def write_runs(
    file: BinaryIO, path: str, offset: int, records: Records, borders: Sequence[int]
) -> tuple[list[Run], int]:
    """Sort records, write them to a file from `offset` on; give each interval's run, and where the file ends.

    Interval k has the times below borders[k] that are not in one before; the last has all others.

    Raises:
        OSError: the file could not be written.
    """
    order = np.lexsort((records.ties, records.times))
    times, ties = records.times[order], records.ties[order]
    starts = np.concatenate((np.zeros(1, np.uint64), records.ends[:-1])) if len(order) else records.ends
    begins, ends = starts[order].tolist(), records.ends[order].tolist()
    cuts = [0, *np.searchsorted(times, np.array(borders, np.uint64), side="left").tolist(), len(order)]
    view = memoryview(records.data)
    runs = []
    for first, last in pairwise(cuts):
        pages = []
        for at in range(first, last, PAGE_RECORDS):
            stop = min(at + PAGE_RECORDS, last)
            data = b"".join([view[begins[i] : ends[i]] for i in range(at, stop)])
            lengths = np.array(ends[at:stop], np.uint64) - np.array(begins[at:stop], np.uint64)
            page = b"".join((times[at:stop].tobytes(), ties[at:stop].tobytes(), lengths.tobytes(), data))
            write_all(file, page)
            pages.append(Page(offset, stop - at, len(page), isal_zlib.crc32(page)))
            offset += len(page)
        runs.append(Run(path, tuple(pages)))
    return runs, offset


class Reader:
    """Reads a run page by page."""

    def __init__(self, storage: Storage, run: Run) -> None:
        self._pages = iter(run.pages)
        self._path = run.path
        self._file = open_segment(storage, run.path, max(page.bytes for page in run.pages))
        self.next_page()

    def next_page(self) -> None:
        """Read the next page; `times` is empty when there is none.

        Raises:
            LostBlock: the page is not as it was written.
        """
        page = next(self._pages, None)
        if page is None:
            self.times = self.ties = np.zeros(0, np.uint64)
            self._file.close()
            return
        data = memoryview(bytearray(page.bytes))
        self._file.seek(page.offset)
        if read_full(self._file, data) < page.bytes or isal_zlib.crc32(data) != page.crc32:
            raise LostBlock(f"a page of records at {page.offset} in {self._path} is not what was written")
        words = np.frombuffer(data[: 24 * page.records], np.uint64).reshape(3, -1)
        self.times, self.ties = words[0], words[1]
        self._data = data[24 * page.records :]
        self._ends = np.cumsum(words[2], dtype=np.int64)

    def take(self, time: np.uint64, tie: np.uint64) -> tuple[Words, Words, list[memoryview]]:
        """Give the records up to a key, and read on when these were all of the page."""
        count = int(np.searchsorted(self.times, time, side="right"))
        equal = int(np.searchsorted(self.times, time, side="left"))
        count = equal + int(np.searchsorted(self.ties[equal:count], tie, side="right"))
        ends = self._ends[:count].tolist()
        records = [self._data[a:b] for a, b in zip([0, *ends], ends, strict=False)]
        taken = self.times[:count], self.ties[:count], records
        if count == len(self.times):
            self.next_page()
        elif count:
            self.times, self.ties = self.times[count:], self.ties[count:]
            self._data, self._ends = self._data[ends[-1] :], self._ends[count:] - ends[-1]
        return taken


def merge_runs(storage: Storage, runs: Sequence[Run], buffer_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Merge sorted runs: give (records, how many) of up to `buffer_bytes`, or of one greater record.

    Raises:
        LostBlock: a file is gone, or not as it was written.
    """
    readers = [Reader(storage, run) for run in sorted(runs) if run.pages]
    held: list[memoryview] = []
    size = 0
    while readers:
        # All records up to the least of the pages' last keys are in memory.
        time, tie = min((reader.times[-1], reader.ties[-1]) for reader in readers)
        parts = [reader.take(time, tie) for reader in readers]
        order = np.lexsort(
            (np.concatenate([part[1] for part in parts]), np.concatenate([part[0] for part in parts]))
        )
        records = [record for part in parts for record in part[2]]
        for i in order.tolist():
            record = records[i]
            if held and size + len(record) > buffer_bytes:
                yield b"".join(held), len(held)
                held, size = [], 0
            held.append(record)
            size += len(record)
        readers = [reader for reader in readers if len(reader.times)]
    if held:
        yield b"".join(held), len(held)
