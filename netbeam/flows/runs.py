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

from netbeam.kernel.store import gather
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
    ends = records.ends.astype(np.int64)
    begins = np.concatenate((np.zeros(1, np.int64), ends[:-1]))[: len(ends)]
    lengths = (ends - begins)[order].astype(np.uint64)
    cuts = [0, *np.searchsorted(times, np.array(borders, np.uint64), side="left").tolist(), len(order)]
    runs = []
    for first, last in pairwise(cuts):
        pages = []
        for at in range(first, last, PAGE_RECORDS):
            cut = slice(at, min(at + PAGE_RECORDS, last))
            head = b"".join((times[cut].tobytes(), ties[cut].tobytes(), lengths[cut].tobytes()))
            page = head + gather(records.data, begins, ends, order[cut])
            write_all(file, page)
            pages.append(Page(offset, cut.stop - at, len(page), isal_zlib.crc32(page)))
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

    def take(self, time: np.uint64, tie: np.uint64) -> Taken:
        """Give the records up to a key, and read on when these were all of the page."""
        equal = int(np.searchsorted(self.times, time, side="left"))
        count = int(np.searchsorted(self.times, time, side="right"))
        count = equal + int(np.searchsorted(self.ties[equal:count], tie, side="right"))
        size = int(self._ends[count - 1]) if count else 0
        taken = Taken(self.times[:count], self.ties[:count], self._ends[:count], self._data[:size])
        if count == len(self.times):
            self.next_page()
        elif count:
            self.times, self.ties = self.times[count:], self.ties[count:]
            self._data, self._ends = self._data[size:], self._ends[count:] - size
        return taken


class Taken(NamedTuple):
    """Records of a run, in order: times, ties, where each ends in `data`."""

    times: Words
    ties: Words
    ends: NDArray[np.int64]
    data: memoryview


def merge_runs(storage: Storage, runs: Sequence[Run], buffer_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Merge sorted runs: give (records, how many) of up to `buffer_bytes`, or of one greater record.

    Raises:
        LostBlock: a file is gone, or not as it was written.
    """
    readers = [Reader(storage, run) for run in sorted(runs) if run.pages]
    held, count = b"", 0
    while readers:
        # All records up to the least of the pages' last keys are in memory.
        key = min((reader.times[-1], reader.ties[-1]) for reader in readers)
        merged, ends = in_order([reader.take(*key) for reader in readers])
        readers = [reader for reader in readers if len(reader.times)]
        begin = first = 0
        while first < len(ends):
            last = int(np.searchsorted(ends, begin + buffer_bytes - len(held), side="right"))
            if last == first and not count:
                last = first + 1
            end = int(ends[last - 1]) if last else 0
            held, count = held + merged[begin:end], count + last - first
            begin, first = end, last
            if first < len(ends):  # the next one does not fit
                yield held, count
                held, count = b"", 0
    if count:
        yield held, count


def in_order(parts: Sequence[Taken]) -> tuple[bytes, NDArray[np.int64]]:
    """Give the records of several runs in one order, and where each ends."""
    order = np.lexsort(
        (np.concatenate([part.ties for part in parts]), np.concatenate([part.times for part in parts]))
    )
    offsets = np.cumsum([0, *(len(part.data) for part in parts)])
    ends = np.concatenate([part.ends + offset for part, offset in zip(parts, offsets[:-1], strict=True)])
    begins = np.concatenate((np.zeros(1, np.int64), ends[:-1]))
    data = gather(b"".join([part.data for part in parts]), begins, ends, order)
    return bytes(data), np.cumsum((ends - begins)[order], dtype=np.int64)
