"""IPv6 and its extension headers (RFC 8200)."""

from netbeam.declare import (
    PADDED,
    Check,
    Fact,
    Fragment,
    Key,
    Layer,
    Length,
    Message,
    ahead,
    boolean,
    by_number,
    coded,
    derived,
    ether_type,
    int32,
    ip_protocol,
    is_,
    link_type,
    many,
    one,
    rest,
    size,
    u8,
    u16,
    u32,
    uint32,
    when,
)

PAD1 = 0

ALIGNMENT = Message(
    name="IPv6HopByHopOptionAlignment",
    type_id=58,
    fields=(coded("One", 1, "int32"), coded("Two", 2, "int32")),
    doc="What an option's writer must align; a capture does not tell.",
)

HOP_BY_HOP_OPTION = Message(
    name="IPv6HopByHopOption",
    type_id=57,
    fields=(
        int32("OptionType", 1, u8(0)),
        int32("OptionLength", 2, u8(1), "Bytes of the option's data."),
        size("ActualLength", 3, "Bytes of the whole option."),
        rest("OptionData", 4),
        coded("OptionAlignment", 5, ALIGNMENT),
    ),
    header_len=2,
    length=Length(u8(1), add=2),
    tag=u8(0),
    alone=(PAD1,),
)

HOP_BY_HOP = Layer(
    name="IPv6HopByHop",
    type_id=56,
    doc="An IPv6 hop-by-hop options header (RFC 8200, 4.3).",
    header_len=2,
    length=Length(u8(1), unit=8, add=8),
    fields=(
        derived("Timestamp", 1),
        many("Options", 2, HOP_BY_HOP_OPTION),
        derived("SrcIP", 3),
        derived("DstIP", 4),
    ),
    facts=(Fact("protocol", u8(0)),),
    found_by=(ip_protocol(0),),
    carries=by_number("ip_protocol", u8(0)),
)

FRAGMENT = Layer(
    name="IPv6Fragment",
    type_id=68,
    doc="An IPv6 fragment header (RFC 8200, 4.5).",
    header_len=8,
    fragment=Fragment(offset=u16(2).bits(3, 13), more=u16(2).bits(0, 1)),
    fields=(
        derived("Timestamp", 1),
        int32("NextHeader", 2, u8(0)),
        int32("Reserved1", 3, u8(1)),
        int32("FragmentOffset", 4, u16(2).bits(3, 13), "In units of eight bytes."),
        int32("Reserved2", 5, u16(2).bits(1, 2)),
        boolean("MoreFragments", 6, u16(2).bits(0, 1)),
        uint32("Identification", 7, u32(4)),
        derived("SrcPort", 8),
        derived("DstPort", 9),
        derived("SrcIP", 10),
        derived("DstIP", 11),
    ),
    facts=(Fact("protocol", u8(0)),),
    found_by=(ip_protocol(44),),
    carries=by_number("ip_protocol", u8(0)),
)

ROUTING = Layer(
    name="IPv6Routing",
    type_id=None,
    header_len=4,
    length=Length(u8(1), unit=8, add=8),
    facts=(Fact("protocol", u8(0)),),
    found_by=(ip_protocol(43),),
    carries=by_number("ip_protocol", u8(0)),
)

DESTINATION = Layer(
    name="IPv6Destination",
    type_id=None,
    header_len=2,
    length=Length(u8(1), unit=8, add=8),
    facts=(Fact("protocol", u8(0)),),
    found_by=(ip_protocol(60),),
    carries=by_number("ip_protocol", u8(0)),
)

NO_NEXT_HEADER = Layer(name="IPv6NoNextHeader", type_id=None, header_len=0, found_by=(ip_protocol(59),))

IPV6 = Layer(
    name="IPv6",
    type_id=31,
    doc="An IPv6 header (RFC 8200).",
    header_len=40,
    total=Length(u16(4), add=40, zero_is_rest_above=PADDED),  # zero: a jumbogram, or segmentation offload
    requires=(Check(u8(0).bits(4, 4), 6, 6, "version"),),
    addresses=(8, 24),
    address_len=16,
    facts=(Fact("ttl", u8(7)), Fact("protocol", u8(6))),
    fields=(
        derived("Timestamp", 1),
        int32("Version", 2, u8(0).bits(4, 4)),
        int32("TrafficClass", 3, u16(0).bits(4, 8)),
        uint32("FlowLabel", 4, u32(0).bits(0, 20)),
        int32("Length", 5, u16(4), "Bytes of the payload, extension headers included."),
        int32("NextHeader", 6, u8(6)),
        int32("HopLimit", 7, u8(7)),
        derived("SrcIP", 8),
        derived("DstIP", 9),
        derived("PayloadEntropy", 10),
        derived("PayloadSize", 11),
        when(is_(u8(6), 0), ahead(one("HopByHop", 12, HOP_BY_HOP, "Its options only."))),
        derived("SrcPort", 13),
        derived("DstPort", 14),
    ),
    found_by=(
        ether_type(0x86DD),
        ip_protocol(41),
        link_type(229),
        Key("ip_version", 6),
        # AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, Darwin
        Key("address_family", 10),
        Key("address_family", 24),
        Key("address_family", 28),
        Key("address_family", 30),
    ),
    carries=by_number("ip_protocol", u8(6)),
)
