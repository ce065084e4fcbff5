"""DHCP for IPv4 (RFC 2131)."""

from netbeam.declare import (
    Check,
    Layer,
    Message,
    coded,
    derived,
    int32,
    ipv4,
    raw,
    u8,
    u16,
    u32,
    udp_port,
    uint32,
)

COOKIE = 0x63825363

DHCP_OPTION = Message(
    name="DHCPOption",
    type_id=48,
    fields=(
        coded("Type", 1, "int32"),
        coded("Length", 2, "int32", doc="Bytes of the option's data."),
        coded("Data", 3, "string", doc="The bytes as they are: text only where the option is text."),
    ),
)

DHCPV4 = Layer(
    name="DHCPv4",
    type_id=47,
    doc="A DHCP message (RFC 2131).",
    header_len=240,
    spans=True,
    plausible=(Check(u8(0), 1, 2, "operation"), Check(u32(236), COOKIE, COOKIE, "magic cookie")),
    fields=(
        derived("Timestamp", 1),
        int32("Operation", 2, u8(0)),
        int32("HardwareType", 3, u8(1)),
        int32("HardwareLen", 4, u8(2)),
        int32("HardwareOpts", 5, u8(3), "Relays passed (hops)."),
        uint32("Xid", 6, u32(4)),
        int32("Secs", 7, u16(8)),
        int32("Flags", 8, u16(10)),
        ipv4("ClientIP", 9, 12),
        ipv4("YourClientIP", 10, 16),
        ipv4("NextServerIP", 11, 20),
        ipv4("RelayAgentIP", 12, 24),
        coded("ClientHWAddr", 13, "string", "dhcp_hardware", u8(2)),
        raw("ServerName", 14, 44, 64),
        raw("File", 15, 108, 128),
        coded("Options", 16, DHCP_OPTION, "dhcp_options", repeated=True),
        coded("Fingerprint", 17, "string", "dhcp_fingerprint", doc="Codes of the options, in their order."),
        derived("SrcIP", 18),
        derived("DstIP", 19),
        derived("SrcPort", 20),
        derived("DstPort", 21),
    ),
    found_by=(udp_port(67), udp_port(68)),
)
