"""Single packets, for a user's own Python: bytes, where they came from, and the layers found in them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from netbeam.chunk import CAPTURED, COLUMNS, LENGTH, LINK, OFFSET, TIME, PacketBatch
from netbeam.declare import Layer
from netbeam.kernel import walk
from netbeam.plan import Plan, compile_plan
from netbeam.protocols import LAYERS

ETHERNET, NULL, RAW, LOOP, LINUX_SLL, IPV4, IPV6, LINUX_SLL2 = 1, 0, 101, 108, 113, 228, 229, 276


class Span(NamedTuple):
    """Where a layer lies in a packet: bytes of its header from `offset` on, and bytes that it carries."""

    name: str
    offset: int
    header: int
    payload: int


@dataclass(frozen=True)
class Packet:
    """One packet. `number` counts from 1 in `source`; `time` is Unix ns; `length` is what was on the wire.

    `layers` are those that netbeam decodes, outermost first; `data` ends where the capture does, perhaps
    before the last layer's payload.
    """

    source: str
    number: int
    time: int
    link_type: int
    length: int
    data: bytes
    layers: tuple[Span, ...]

    def find(self, name: str) -> Span | None:
        """Give the outermost layer of that name, if there is one."""
        return next((layer for layer in self.layers if layer.name == name), None)

    def header(self, layer: Span) -> bytes:
        """Give the bytes of a layer's header."""
        return self.data[layer.offset : layer.offset + layer.header]

    def payload(self, layer: Span) -> bytes:
        """Give the captured bytes that a layer carries."""
        start = layer.offset + layer.header
        return self.data[start : start + layer.payload]

    def dpkt(self) -> Any:
        """Give the packet as dpkt reads it.

        Raises dpkt.UnpackError for what dpkt finds broken, ValueError for a link type that it does not know.
        """
        import dpkt

        kinds: dict[int, Any] = {
            ETHERNET: dpkt.ethernet.Ethernet,
            NULL: dpkt.loopback.Loopback,
            LOOP: dpkt.loopback.Loopback,
            LINUX_SLL: dpkt.sll.SLL,
            LINUX_SLL2: dpkt.sll2.SLL2,
            IPV4: dpkt.ip.IP,
            IPV6: dpkt.ip6.IP6,
        }
        if self.link_type == RAW:
            return (dpkt.ip6.IP6 if self.data[:1] >= b"\x60" else dpkt.ip.IP)(self.data)
        if self.link_type not in kinds:
            raise ValueError(f"dpkt has no link type {self.link_type}")
        return kinds[self.link_type](self.data)


@cache
def walking_plan(layers: tuple[Layer, ...]) -> Plan:
    """Give the plan that walks layers and encodes nothing."""
    return compile_plan(layers, ())


def packets(batch: PacketBatch, layers: tuple[Layer, ...] = LAYERS) -> Iterator[Packet]:
    """Give the packets of a batch one by one, with the spans of `layers` found in them."""
    plan = walking_plan(layers)
    names = ["", *(layer.name for layer in layers)]
    rejects = array("q", bytes(8 * walk.REJECT_COLUMNS))
    walker = walk.Walk(plan.layer_table, plan.numbers, plan.ops, plan.tables, rejects)
    walker.open(batch.data, batch.index)
    index = batch.index
    for i in range(len(batch)):
        row = i * COLUMNS
        start = index[row + OFFSET]
        yield Packet(
            source=batch.source,
            number=batch.first_packet + i,
            time=index[row + TIME],
            link_type=index[row + LINK],
            length=index[row + LENGTH],
            data=bytes(batch.data[start : start + index[row + CAPTURED]]),
            layers=tuple(Span(names[layer], *span) for layer, *span in walker.stack(i)),
        )
