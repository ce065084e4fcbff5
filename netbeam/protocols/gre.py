"""Generic routing encapsulation (RFC 1701, RFC 2784, RFC 2890; version 1: RFC 2637)."""

from netbeam.declare import (
    At,
    Check,
    Fact,
    Layer,
    Message,
    boolean,
    by_number,
    coded,
    derived,
    int32,
    ip_protocol,
    u8,
    u16,
    u32,
    uint32,
    when,
)

CHECKSUM_OR_ROUTING = u16(0).bits(14, 2)
VERSION_AND_PARTS = At(0, 2, mask=0xE007)

ROUTING = Message(
    name="GRERouting",
    type_id=None,
    fields=(
        coded("AddressFamily", 1, "int32"),
        coded("SREOffset", 2, "int32"),
        coded("SRELength", 3, "int32"),
        coded("RoutingInformation", 4, "bytes"),
        coded("Next", 5, "GRERouting"),
    ),
    doc="A source route entry (RFC 1701), the next one inside it.",
)

GRE = Layer(
    name="GRE",
    type_id=77,
    doc="A generic routing encapsulation header (RFC 2784, RFC 2890).",
    header_len=4,
    measured_by="gre_length",
    facts=(  # the key lies behind checksum and offset, which are there if either is
        Fact("tunnel_id", u32(4), Check(VERSION_AND_PARTS, 0x2000, 0x2000, "parts")),
        Fact("tunnel_id", u32(8), Check(VERSION_AND_PARTS, 0x6000, 0xE000, "parts")),
    ),
    fields=(
        derived("Timestamp", 1),
        boolean("ChecksumPresent", 2, u8(0).bits(7, 1)),
        boolean("RoutingPresent", 3, u8(0).bits(6, 1)),
        boolean("KeyPresent", 4, u8(0).bits(5, 1)),
        boolean("SeqPresent", 5, u8(0).bits(4, 1)),
        boolean("StrictSourceRoute", 6, u8(0).bits(3, 1)),
        boolean("AckPresent", 7, u8(1).bits(7, 1)),
        int32("RecursionControl", 8, u8(0).bits(0, 3)),
        int32("Flags", 9, u8(1).bits(3, 5)),
        int32("Version", 10, u8(1).bits(0, 3)),
        int32("Protocol", 11, u16(2), "EtherType of the payload."),
        when(CHECKSUM_OR_ROUTING, int32("Checksum", 12, u16(0))),
        when(CHECKSUM_OR_ROUTING, int32("Offset", 13, u16(0))),
        when(u8(0).bits(5, 1), uint32("Key", 14, u32(0))),
        when(u8(0).bits(4, 1), uint32("Seq", 15, u32(0))),
        when(u8(1).bits(7, 1), uint32("Ack", 16, u32(0))),
        coded("Routing", 17, ROUTING, "gre_routing", u8(0).bits(6, 1)),
        derived("SrcIP", 18),
        derived("DstIP", 19),
    ),
    found_by=(ip_protocol(47),),
    carries=by_number("ether_type", u16(2)),
)
