"""ICMP for IPv4 (RFC 792)."""

from netbeam.declare import (
    Fact,
    Layer,
    derived,
    int32,
    ip_protocol,
    u8,
    u16,
)

ICMPV4 = Layer(
    name="ICMPv4",
    type_id=32,
    doc="An ICMP message (RFC 792).",
    header_len=8,
    facts=(Fact("message_type", u8(0)), Fact("message_code", u8(1))),
    fields=(
        derived("Timestamp", 1),
        int32("TypeCode", 2, u16(0), "Type in the high byte, code in the low one."),
        int32("Checksum", 3, u16(2)),
        int32("Id", 4, u16(4), "Identifier of an echo; other types use these bytes otherwise."),
        int32("Seq", 5, u16(6), "Sequence number of an echo; other types use these bytes otherwise."),
        derived("SrcIP", 6),
        derived("DstIP", 7),
    ),
    found_by=(ip_protocol(1),),
)
