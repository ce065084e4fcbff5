"""Address resolution (RFC 826), and the reverse (RFC 903), whose packets differ in the operation only."""

from netbeam.declare import Layer, address, derived, ether_type, hexadecimal, int32, sized, u8, u16

ARP = Layer(
    name="ARP",
    type_id=8,
    doc="An address resolution packet (RFC 826).",
    header_len=8,
    measured_by="arp_length",
    fields=(
        derived("Timestamp", 1),
        int32("AddrType", 2, u16(0), "Hardware type."),
        int32("Protocol", 3, u16(2), "Protocol type, an EtherType."),
        int32("HwAddressSize", 4, u8(4)),
        int32("ProtocolAddressSize", 5, u8(5)),
        int32("Operation", 6, u16(6)),
        sized(hexadecimal("SrcHwAddress", 7), u8(4)),
        sized(address("SrcProtocolAddress", 8), u8(5)),
        sized(hexadecimal("DstHwAddress", 9), u8(4)),
        sized(address("DstProtocolAddress", 10), u8(5)),
    ),
    found_by=(ether_type(0x0806), ether_type(0x8035)),
)
