"""Ranges: parts of one large capture that are framed at the same time, each from a guess, and then joined.

A capture has no marks at which reading could begin in its middle. So a range begins where a chain of
plausible records does, which payload can imitate; joined are only ranges of which each begins exactly
where the one before ended, and the first begins with the file: then, by induction, every guess was right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple

from netbeam.account import SourceAccount
from netbeam.capture import pcap, pcapng
from netbeam.capture.framing import begin, chunks, walk_of
from netbeam.capture.opening import open_in_place, unbuffered
from netbeam.capture.source import Spill, is_local
from netbeam.chunk import CHUNK_BYTES, RANGE_BYTES, ChunkRef, Framing

PROBE_BYTES = 1 << 20
"""A chain of plausible records must go on for so long."""
LONGEST_BYTES = 257 << 10
"""The first record starts at most so far behind the start of a range, or is not looked for."""


class Range(NamedTuple):
    """The records of a capture that start in bytes [start, end) of it; up to its end where `end` is None.

    An `exact` range has a record at `start`, and `framing` is what is known there; else both are guesses.
    """

    source: str
    path: str
    start: int
    end: int | None
    framing: Framing
    exact: bool


class FramedRange(NamedTuple):
    """A range with its chunks, whose packets count from 1; `problems` ended it early.

    `first` is where its first record starts (-1: none was found), `next` where the first behind it does,
    and `framing` what is known there.
    """

    range: Range
    first: int
    next: int
    chunks: list[ChunkRef]
    framing: Framing
    problems: list[str]


def cut_capture(
    source: str,
    path: str,
    size: int,
    open_file: Callable[[str], BinaryIO],
    range_bytes: int = RANGE_BYTES,
    chunk_bytes: int = CHUNK_BYTES,
) -> list[Range]:
    """Cut a capture of `size` bytes into ranges; none if it is no longer than one, or cannot be cut.

    `range_bytes` are rounded down to whole chunks. Plain pcap and pcapng files can be cut.
    """
    step = max(range_bytes // chunk_bytes, 1) * chunk_bytes
    if size <= step:
        return []
    with ExitStack() as stack:
        try:
            if is_local(path):
                head = stack.enter_context(Path(path).open("rb")).read(pcap.HEADER)
            else:
                head = unbuffered(stack.enter_context(open_file(path))).read(pcap.HEADER)
        except OSError:
            return []  # framing it whole says what is wrong
    begun = begin(head)
    if isinstance(begun, str):
        return []
    walk, start = begun
    framing = walk.framing()
    first = Range(source, path, start, step, framing, exact=True)
    if framing.format == "pcapng":
        framing = framing._replace(big_endian=head[8:12] == pcapng.BIG_ENDIAN)
    rest = [
        Range(source, path, border, border + step if border + step < size else None, framing, exact=False)
        for border in range(step, size, step)
    ]
    return [first, *rest]


def frame_range(
    range: Range, open_file: Callable[[str], BinaryIO], spill: Spill, chunk_bytes: int = CHUNK_BYTES
) -> FramedRange:
    """Find the chunks of a range; those of a remote capture are written to `spill` if it takes copies.

    Raises:
        LostInput: if a local capture is not there any more.
    """
    walk = walk_of(range.framing)
    unknown = FramedRange(range, -1, -1, [], range.framing, [])
    problems: list[str] = []
    first, following = range.start, -1

    def found() -> Iterator[ChunkRef]:
        nonlocal following
        following = yield from chunks(range.source, data, walk, first, range.end, chunk_bytes, problems)

    with ExitStack() as stack:
        data = open_in_place(range.path, open_file, spill, stack, start=range.start, end=range.end)
        if not range.exact:
            offset = walk.find(data.window(first, first + PROBE_BYTES), LONGEST_BYTES)
            if offset < 0:
                return unknown
            first += offset
        refs = list(found())
        if data.fault:
            problems.append(data.fault)
    if walk.sections and not range.exact:
        return unknown  # a section begins anew what the blocks before it take from the range before
    return FramedRange(range, first, following, refs, walk.framing(), problems)


def join_ranges(
    ranges: Iterable[FramedRange],
    open_file: Callable[[str], BinaryIO],
    spill: Spill,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[ChunkRef | SourceAccount]:
    """Give what framing the whole capture in one go gives; `ranges` are all of one capture's, in any order.

    A range that does not begin where the one before ended is framed again from there.
    """
    before: FramedRange | None = None
    packets = 0
    for framed in sorted(ranges, key=lambda framed: framed.range.end or math.inf):
        if before:
            framed = behind(before, framed) or frame_range(
                framed.range._replace(start=before.next, framing=before.framing, exact=True),
                open_file,
                spill,
                chunk_bytes,
            )
        for ref in framed.chunks:
            yield ref._replace(first_packet=packets + ref.first_packet)
        packets += sum(ref.packets for ref in framed.chunks)
        if framed.problems:
            yield SourceAccount(problems=framed.problems)
            return
        before = framed


def behind(before: FramedRange, framed: FramedRange) -> FramedRange | None:
    """Give a range with what is known from the one before it; None if its guess was wrong.

    The interfaces that a pcapng describes are numbered on from range to range.
    """
    if framed.first != before.next:
        return None
    if framed.framing.format == "pcap":
        return framed
    refs = [ref._replace(framing=described(before.framing, ref.framing)) for ref in framed.chunks]
    return framed._replace(chunks=refs, framing=described(before.framing, framed.framing))


def described(before: Framing, framing: Framing) -> Framing:
    """Give what is known when what `framing` knows was described behind `before`."""
    return before._replace(interfaces=(before.interfaces + framing.interfaces)[: pcapng.MAX_INTERFACES])
