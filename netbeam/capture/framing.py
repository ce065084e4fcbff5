"""Framing: the sequential walk that finds where the packets of each chunk of a capture lie."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import BinaryIO

from netbeam.account import SourceAccount
from netbeam.capture import pcap, pcapng
from netbeam.capture.compression import Fault, compression_of
from netbeam.capture.opening import open_capture
from netbeam.capture.source import LocalFile, Spill, Stream
from netbeam.capture.stop import Stop, Walk
from netbeam.chunk import CHUNK_BYTES, ChunkRef, Framing
from netbeam.kernel import frame

EMPTY = "empty file"
_NO_ROWS = array("q")


def frame_capture(
    source: str,
    path: str,
    open_file: Callable[[str], BinaryIO],
    spill: Spill,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[ChunkRef | SourceAccount]:
    """Find the chunks of one capture: chunk k holds the records that start in its k-th `chunk_bytes`.

    Reads pcap and pcapng, plain or compressed. What cannot be read again in place (compressed or not
    seekable) is written to chunk files in `spill`, one a chunk.

    Args:
        source: The name of the capture in all that is made of it.
        path: Where it is; "-" is standard input.
        open_file: Opens a path that is not local; it must give the bytes as they are, not decompressed.
        spill: Where to; the directory is made when it is needed. Its files are the caller's to remove.
        chunk_bytes: The distance of chunk borders, in bytes of the uncompressed capture.

    Yields:
        The chunks that hold packets, in order; then, if the capture could not be read to its end, a
        `SourceAccount` whose `problems` say why and where, in sentences.

    Raises:
        LostInput: if a local capture is not there.
    """
    problems: list[str] = []
    with ExitStack() as stack:
        try:
            data = open_capture(path, open_file, spill, stack)
        except Fault as fault:
            problems.append(str(fault))
        else:
            begun = begin(bytes(data.window(0, pcap.HEADER)))
            if isinstance(begun, str):
                problems.extend([] if data.fault and begun == EMPTY else [begun])
            else:
                walk, position = begun
                yield from chunks(source, data, walk, position, None, chunk_bytes, problems)
            if data.fault:
                problems.append(data.fault)
    if problems:
        yield SourceAccount(problems=problems)


def begin(head: bytes) -> tuple[Walk, int] | str:
    """Tell the format by a capture's first bytes; give the walk and where it starts, or what is wrong."""
    if head.startswith(pcapng.MAGIC):
        return pcapng.PcapngWalk(pcapng.START), 0
    if pcap.is_pcap(head):
        header = pcap.read_header(head)
        return header if isinstance(header, str) else (pcap.PcapWalk(header), pcap.HEADER)
    if not head:
        return EMPTY
    if kind := compression_of(head):
        return f"not a capture: {kind} data inside compressed data"
    return f"not a capture: starts with 0x{head[:4].hex()}"


def walk_of(framing: Framing) -> Walk:
    """Give the walk that goes on where `framing` was known."""
    return (pcap.PcapWalk if framing.format == "pcap" else pcapng.PcapngWalk)(framing)


def chunks(
    source: str,
    data: LocalFile | Stream,
    walk: Walk,
    position: int,
    until: int | None,
    chunk_bytes: int,
    problems: list[str],
) -> Generator[ChunkRef, None, int]:
    """Give the chunks of the records that start from `position` on and before `until`, or up to the end.

    Stops at the first fault, which is added to `problems`. Packets count from 1 here.

    Returns:
        Where the next record starts.
    """
    first, fault, done = 1, "", False
    while not (fault or done) and (until is None or position < until):
        start, number = position, position // chunk_bytes
        border = (number + 1) * chunk_bytes
        framing = walk.framing()
        window = data.window(start, border + walk.overlap)
        stop = walk.step(window, 0, border - start, _NO_ROWS)
        position, packets, end, fault = start + stop.position, stop.packets, start + stop.end, stop.fault
        crosses = stop.reason == frame.CROSSES
        if stop.reason == frame.SHORT:
            done = len(window) == stop.position
            fault = "" if done else "is cut in its header"
        elif crosses and stop.kind == frame.PACKET:
            fault = _cross(data, walk, start, stop)
            if not fault:
                position = end = start + stop.next
                packets += 1
        if packets:
            kept = data.keep(start, end, number)
            yield ChunkRef(source, number, *kept, end - start, first, packets, framing, start)
            first += packets
        if crosses and stop.kind != frame.PACKET:
            fault = _cross(data, walk, start, stop)
            position = position if fault else start + stop.next
    if fault:
        problems.append(f"{walk.record} at byte {position} {fault}; {data.rest(position)} skipped")
    return position


def _cross(data: LocalFile | Stream, walk: Walk, start: int, stop: Stop) -> str:
    """Go over the record that ends behind the window that starts at `start`; say what is wrong with it."""
    position, end, length = start + stop.position, start + stop.next, stop.next - stop.position
    block = b""
    if stop.kind in (frame.INTERFACE, frame.SECTION):
        window = data.window(start, min(end, position + pcapng.DESCRIBED_BYTES))
        block = bytes(window[stop.position :])
    tail = data.tail(end, hold=stop.kind == frame.PACKET)
    if tail is None:
        return f"is cut: {length} bytes needed"
    fault = walk.trailer_fault(length, tail)
    return fault or (walk.describe(block) if block else "")
