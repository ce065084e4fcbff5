"""ICMP for IPv6 (RFC 4443) and neighbour discovery (RFC 4861)."""

from netbeam.declare import (
    Fact,
    Key,
    Layer,
    Length,
    Message,
    by_type,
    derived,
    int32,
    ip_protocol,
    ipv6,
    many,
    rest,
    u8,
    u16,
    u32,
    uint32,
)

ICMPV6_OPTION = Message(
    name="ICMPv6Option",
    type_id=36,
    fields=(int32("Type", 1, u8(0)), rest("Data", 2)),
    header_len=2,
    length=Length(u8(1), unit=8),
)

ICMPV6 = Layer(
    name="ICMPv6",
    type_id=33,
    doc="An ICMPv6 message (RFC 4443).",
    header_len=4,
    facts=(Fact("message_type", u8(0)), Fact("message_code", u8(1))),
    fields=(
        derived("Timestamp", 1),
        int32("TypeCode", 2, u16(0), "Type in the high byte, code in the low one."),
        int32("Checksum", 3, u16(2)),
        derived("SrcIP", 4),
        derived("DstIP", 5),
    ),
    found_by=(ip_protocol(58),),
    carries=by_type("icmp6_type", u8(0)),
)

ECHO = Layer(
    name="ICMPv6Echo",
    type_id=60,
    doc="An ICMPv6 echo request or reply (RFC 4443, 4).",
    header_len=4,
    fields=(
        derived("Timestamp", 1),
        int32("Identifier", 2, u16(0)),
        int32("SeqNumber", 3, u16(2)),
        derived("SrcIP", 4),
        derived("DstIP", 5),
    ),
    found_by=(Key("icmp6_type", 128), Key("icmp6_type", 129)),
)

ROUTER_SOLICITATION = Layer(
    name="ICMPv6RouterSolicitation",
    type_id=62,
    doc="A router solicitation (RFC 4861, 4.1).",
    header_len=4,
    spans=True,
    fields=(
        derived("Timestamp", 1),
        many("Options", 2, ICMPV6_OPTION),
        derived("SrcIP", 3),
        derived("DstIP", 4),
    ),
    found_by=(Key("icmp6_type", 133),),
)

ROUTER_ADVERTISEMENT = Layer(
    name="ICMPv6RouterAdvertisement",
    type_id=35,
    doc="A router advertisement (RFC 4861, 4.2).",
    header_len=12,
    spans=True,
    fields=(
        derived("Timestamp", 1),
        int32("HopLimit", 2, u8(0)),
        int32("Flags", 3, u8(1)),
        int32("RouterLifetime", 4, u16(2), "Seconds."),
        uint32("ReachableTime", 5, u32(4), "Milliseconds."),
        uint32("RetransTimer", 6, u32(8), "Milliseconds."),
        many("Options", 7, ICMPV6_OPTION),
        derived("SrcIP", 8),
        derived("DstIP", 9),
    ),
    found_by=(Key("icmp6_type", 134),),
)

NEIGHBOR_SOLICITATION = Layer(
    name="ICMPv6NeighborSolicitation",
    type_id=61,
    doc="A neighbour solicitation (RFC 4861, 4.3).",
    header_len=20,
    spans=True,
    fields=(
        derived("Timestamp", 1),
        ipv6("TargetAddress", 2, 4),
        many("Options", 3, ICMPV6_OPTION),
        derived("SrcIP", 4),
        derived("DstIP", 5),
    ),
    found_by=(Key("icmp6_type", 135),),
)

NEIGHBOR_ADVERTISEMENT = Layer(
    name="ICMPv6NeighborAdvertisement",
    type_id=34,
    doc="A neighbour advertisement (RFC 4861, 4.4).",
    header_len=20,
    spans=True,
    fields=(
        derived("Timestamp", 1),
        int32("Flags", 2, u8(0), "128: router, 64: solicited, 32: override."),
        ipv6("TargetAddress", 3, 4),
        many("Options", 4, ICMPV6_OPTION),
        derived("SrcIP", 5),
        derived("DstIP", 6),
    ),
    found_by=(Key("icmp6_type", 136),),
)
