"""Decoding: a chunk of packets in; compressed records, rejects and the account out."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from netbeam.account import Account, SourceAccount, Written
from netbeam.block import BUFFER_BYTES, Block, Digest, Reject
from netbeam.chunk import COLUMNS, PacketBatch
from netbeam.kernel import digest, walk, wire
from netbeam.plan import Plan

REJECTS_AT_ONCE = 4096
Why = tuple[int, int, int, int, int]
"""Why a packet is rejected: all columns of the kernel's row but the packet and the offset."""
MOST_EXPLAINED = 4096
"""How many explanations of rejects are kept: the same few come again and again."""
FIRST_BUFFER_BYTES = 64 << 10
"""What a record type's buffer has at first: few types of a capture need more."""


class Decoded(NamedTuple):
    """What became of one chunk: blocks of records, the packets that are unknown or errors, the account.

    And its digest, if flows are wanted.
    """

    blocks: list[Block]
    rejects: list[Reject]
    account: Account
    digests: list[Digest]


class Decoder:
    """Decodes chunks by a plan; holds the buffers that they share, so that each thread needs its own.

    A block ends where the next record would take its buffer past `buffer_bytes`, and at the end of the
    chunk; a greater record has a block of its own. `compress` makes a block's bytes of its records.
    """

    def __init__(
        self, plan: Plan, compress: Callable[[memoryview], bytes], buffer_bytes: int = BUFFER_BYTES
    ) -> None:
        """Make the buffers of the plan's record types. Raises ValueError when they would hold nothing."""
        if buffer_bytes < 1:
            raise ValueError(f"buffers of {buffer_bytes} bytes hold nothing; 1 is the least")
        self.plan = plan
        self.compress = compress
        self.buffer_bytes = buffer_bytes
        self.names = {number: plan.layers[number - 1].name for number in plan.encoded}
        self.reject_rows = array("q", bytes(8 * walk.REJECT_COLUMNS * REJECTS_AT_ONCE))
        self.digests = digest.Digests(plan.facts, plan.devices) if plan.flows else None
        self.walk = walk.Walk(
            plan.layer_table, plan.numbers, plan.ops, plan.tables, self.reject_rows, self.digests
        )
        self.explained: dict[Why, tuple[str, str, str, str]] = {}
        self.buffers: dict[int, bytearray] = {}
        for number in plan.encoded:
            self.attach(number, min(FIRST_BUFFER_BYTES, buffer_bytes))

    def attach(self, number: int, size: int) -> None:
        """Give a record type a buffer of `size` bytes, with what lies in the one that it has."""
        buffer = bytearray(size + wire.SLACK)
        held = self.buffers.get(number, b"")[:size]
        buffer[: len(held)] = held
        self.buffers[number] = buffer
        self.walk.attach(number, buffer, size)

    def decode(self, batch: PacketBatch) -> Decoded:
        """Decode a chunk, whole. What lies in its packets never raises."""
        done = Decoded([], [], Account(), [])
        for made in self.stream(batch):
            if isinstance(made, Block):
                done.blocks.append(made)
            elif isinstance(made, Digest):
                done.digests.append(made)
            elif isinstance(made, Account):
                done.account.add(made)
            else:
                done.rejects.extend(made)
        return done

    def stream(self, batch: PacketBatch) -> Iterator[Block | list[Reject] | Digest | Account]:
        """Decode a chunk bit by bit: blocks and lists of rejects as they are ready, at last the account.

        So memory is bounded even where every packet of a chunk is an error.
        """
        done = Decoded([], [], Account(sources={batch.source: SourceAccount()}), [])
        self.sequence = dict.fromkeys(self.names, 0)
        self.walk.open(batch.data, batch.index)
        last = len(batch)
        packet = 0
        while packet < last:
            packet = self.walk.run(packet, last)
            if packet < last:
                packet = self.make_room(batch, packet, done)
            yield from handed_over(done)
        for number in self.plan.selected:
            self.flush(number, batch, done)
        self.take_rejects(batch, done)
        yield from handed_over(done)
        source = done.account.sources[batch.source]
        source.truncated, source.bytes, earliest, latest = self.walk.close()
        if self.digests is not None:
            packets, *parts = self.digests.take()
            done.account.ip_packets = packets
            yield Digest(
                batch.source,
                batch.chunk,
                batch.first_packet,
                batch.start,
                packets,
                earliest,
                latest,
                *parts,
            )
        if last:
            source.first_time, source.last_time = earliest, latest
        source.read = last
        source.decoded = last - source.unknown.total() - source.errors.total()
        yield done.account

    def make_room(self, batch: PacketBatch, packet: int, done: Decoded) -> int:
        """Empty or widen what was full before `packet`; give the packet to go on with."""
        number = self.walk.full()
        if number < 0:
            self.take_rejects(batch, done)
        elif not self.widen(number) and not self.flush(number, batch, done):
            return self.decode_alone(batch, packet, done)
        return packet

    def decode_alone(self, batch: PacketBatch, packet: int, done: Decoded) -> int:
        """Decode a packet with a record greater than a whole buffer; give the packet after it.

        It gets a larger buffer for itself, so that where blocks end depends on the chunk alone.
        """
        while self.walk.run(packet, packet + 1) == packet:
            full = self.walk.full()
            if full < 0:
                self.take_rejects(batch, done)
            elif not self.widen(full) and not self.flush(full, batch, done):
                self.attach(full, 2 * self.size(full))
        for number in self.plan.encoded:
            if self.size(number) > self.buffer_bytes:
                self.flush(number, batch, done)
                self.attach(number, self.buffer_bytes)
        return packet + 1

    def size(self, number: int) -> int:
        """Give the bytes that a record type's buffer holds."""
        return len(self.buffers[number]) - wire.SLACK

    def widen(self, number: int) -> bool:
        """Double a buffer, up to `buffer_bytes`; false when it has that size."""
        if self.size(number) >= self.buffer_bytes:
            return False
        self.attach(number, min(2 * self.size(number), self.buffer_bytes))
        return True

    def flush(self, number: int, batch: PacketBatch, done: Decoded) -> bool:
        """Make a block of what lies in a buffer; false when it is empty."""
        size, records = self.walk.take(number)
        if size == 0:
            return False
        name = self.names[number]
        with memoryview(self.buffers[number]) as view, view[:size] as raw:
            data = self.compress(raw)
        written = done.account.encoded.setdefault(name, Written())
        done.blocks.append(Block(name, batch.source, batch.chunk, self.sequence[number], records, size, data))
        self.sequence[number] += 1
        written.add(Written(records, size, len(data)))
        return True

    def take_rejects(self, batch: PacketBatch, done: Decoded) -> None:
        """Explain and count the rejects that the kernel noted."""
        rows = self.reject_rows[: self.walk.drain() * walk.REJECT_COLUMNS]
        found: Counter[Why] = Counter()
        for packet, verdict, fault, at, offset, need, have in zip(
            *[iter(rows)] * walk.REJECT_COLUMNS, strict=True
        ):
            why = (verdict, fault, at, need, have)
            found[why] += 1
            kind, reason, layer, detail = self.explained.get(why) or self.explain(why)
            row = packet * COLUMNS
            start, captured, length, time, link_type = batch.index[row : row + COLUMNS]
            data = bytes(batch.data[start : start + captured])
            number = batch.first_packet + packet
            done.rejects.append(
                Reject(
                    kind, reason, layer, offset, detail, batch.source, number, time, link_type, length, data
                )
            )
        source = done.account.sources[batch.source]
        for why, count in found.items():
            kind, reason, _, _ = self.explained.get(why) or self.explain(why)
            (source.unknown if kind == "unknown" else source.errors)[reason] += count

    def explain(self, why: Why) -> tuple[str, str, str, str]:
        """Explain a kind of reject, and remember it."""
        if len(self.explained) >= MOST_EXPLAINED:
            self.explained.clear()
        return self.explained.setdefault(why, explained(self.plan, *why))


def handed_over(done: Decoded) -> Iterator[Block | list[Reject]]:
    """Give the blocks and rejects that are ready, and forget them."""
    yield from done.blocks
    done.blocks.clear()
    if done.rejects:
        yield done.rejects.copy()
        done.rejects.clear()


def explained(
    plan: Plan, kind: int, fault: int, layer: int, need: int, have: int
) -> tuple[str, str, str, str]:
    """Give the kind, the reason, the layer and the detail of a reject."""
    name = plan.layers[layer - 1].name if layer else "capture"
    if kind == walk.UNKNOWN:
        reason, detail = explain_unknown(plan, layer, name, fault, need)
        return "unknown", reason, name, detail
    reason, detail = explain(plan, name, fault, need, have)
    return "error", reason, name, detail


def explain_unknown(plan: Plan, layer: int, name: str, fault: int, number: int) -> tuple[str, str]:
    """Give the reason that a packet is unknown, and the sentence for people."""
    if layer == 0:
        reason = f"link_type {number}" if number >= 0 else "undescribed interface"
        return reason, f"{name} carries {reason}, which no layer declares"
    carries = plan.layers[layer - 1].carries
    assert carries is not None  # the walk looks for a layer only where one declares what it carries
    if fault == wire.CHECK and carries.only_if:
        reason = f"{name} {carries.only_if.what}"
        return reason, f"{reason} is {number:#x}, whose numbers no layer declares"
    shown = f"{number:#06x}" if carries.space == "ether_type" else str(number)
    return f"{carries.space} {shown}", f"{name} carries {carries.space} {shown}, which no layer declares"


def explain(plan: Plan, name: str, fault: int, need: int, have: int) -> tuple[str, str]:
    """Give the reason of an error, and the sentence that says it with its numbers."""
    if fault == wire.SHORT:
        return f"{name} too short", f"{name} needs {need} bytes, {have} are left"
    if fault == wire.DEPTH:
        return "too many layers", f"{name} would be layer {need + 1}, {need} is the most"
    if fault == wire.CHECK:
        what = plan.checks[need]
        return f"{name} {what}", f"{name} {what} {have} is not valid"
    if fault == wire.HEADER:
        return f"{name} header length", f"{name} header length {have} is below {need}"
    if fault == wire.TOTAL_SHORT:
        return f"{name} length", f"{name} length {have} is below its header's {need}"
    if fault == wire.TOTAL_LONG:
        return f"{name} length", f"{name} length {need} is beyond the {have} bytes left"
    what = {wire.OPTION: "option", wire.POINTER: "name pointer", wire.NAME: "name"}.get(fault, "content")
    return f"{name} {what}", f"{name} {what} is malformed at byte {need} of {have}"
