"""Virtual router redundancy, version 2 (RFC 3768); other versions are told apart by the first number."""

from netbeam.declare import Key, Layer, by_number, derived, each, int32, ip_protocol, ipv4, u8, u16

VRRP = Layer(
    name="VRRP",
    type_id=None,
    header_len=1,
    measured_by="peek",
    found_by=(ip_protocol(112),),
    carries=by_number("vrrp_version", u8(0).bits(4, 4)),
)

VRRPV2 = Layer(
    name="VRRPv2",
    type_id=80,
    doc="An advertisement of virtual routers (RFC 3768).",
    header_len=8,
    spans=True,
    fields=(
        derived("Timestamp", 1),
        int32("Version", 2, u8(0).bits(4, 4)),
        int32("Type", 3, u8(0).bits(0, 4)),
        int32("VirtualRtrID", 4, u8(1)),
        int32("Priority", 5, u8(2)),
        int32("CountIPAddr", 6, u8(3)),
        int32("AuthType", 7, u8(4)),
        int32("AdverInt", 8, u8(5), "Seconds."),
        int32("Checksum", 9, u16(6)),
        each(ipv4("IPAddress", 10, 0), u8(3)),
        derived("SrcIP", 11),
        derived("DstIP", 12),
    ),
    found_by=(Key("vrrp_version", 2),),
)
