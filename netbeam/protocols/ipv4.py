"""IPv4 (RFC 791)."""

from netbeam.declare import (
    Check,
    Fragment,
    Key,
    Layer,
    Length,
    Message,
    by_number,
    coded,
    derived,
    ether_type,
    int32,
    ip_protocol,
    link_type,
    u8,
    u16,
)

IPV4_OPTION = Message(
    name="IPv4Option",
    type_id=30,
    fields=(
        coded("OptionType", 1, "int32"),
        coded("OptionLength", 2, "int32", doc="Bytes of the whole option."),
        coded("OptionData", 3, "bytes"),
    ),
)

IPV4 = Layer(
    name="IPv4",
    type_id=29,
    doc="An IPv4 header (RFC 791).",
    header_len=20,
    length=Length(u8(0).bits(0, 4), unit=4),
    total=Length(u16(2), zero_is_rest_above=0),  # zero: captured before segmentation offload
    requires=(Check(u8(0).bits(4, 4), 4, 4, "version"),),
    fragment=Fragment(offset=u16(6).bits(0, 13), more=u16(6).bits(13, 1)),
    addresses=(12, 16),
    address_len=4,
    fields=(
        derived("Timestamp", 1),
        int32("Version", 2, u8(0).bits(4, 4)),
        int32("IHL", 3, u8(0).bits(0, 4), "Header length in units of four bytes."),
        int32("TOS", 4, u8(1)),
        int32("Length", 5, u16(2), "Bytes of header and payload, as the header says."),
        int32("Id", 6, u16(4)),
        int32("Flags", 7, u8(6).bits(5, 3), "1: more fragments, 2: don't fragment, 4: reserved."),
        int32("FragOffset", 8, u16(6).bits(0, 13), "In units of eight bytes."),
        int32("TTL", 9, u8(8)),
        int32("Protocol", 10, u8(9)),
        int32("Checksum", 11, u16(10)),
        derived("SrcIP", 12),
        derived("DstIP", 13),
        coded("Options", 15, IPV4_OPTION, "options", repeated=True),
        coded(
            "Padding",
            14,
            "bytes",
            "rest",
            doc="What follows the option that ends the list; or all from one on that is malformed.",
        ),
        derived("PayloadEntropy", 16),
        derived("PayloadSize", 17),
        derived("SrcPort", 18),
        derived("DstPort", 19),
    ),
    found_by=(
        ether_type(0x0800),
        ip_protocol(4),
        link_type(228),
        Key("ip_version", 4),
        Key("address_family", 2),
        Key("llc_sap", 0x06),
    ),
    carries=by_number("ip_protocol", u8(9)),
)
