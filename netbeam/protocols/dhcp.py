"""DHCP for IPv4 (RFC 2131)."""

from netbeam.declare import (
    Check,
    Layer,
    Length,
    Message,
    coded,
    derived,
    hexadecimal,
    int32,
    ipv4,
    many,
    placed,
    raw,
    rest,
    sized,
    u8,
    u16,
    u32,
    udp_port,
    uint32,
)

COOKIE = 0x63825363
PAD, END = 0, 255

DHCP_OPTION = Message(
    name="DHCPOption",
    type_id=48,
    fields=(
        int32("Type", 1, u8(0)),
        int32("Length", 2, u8(1), "Bytes of the option's data."),
        rest("Data", 3, "string", "The bytes as they are: text only where the option is text."),
    ),
    header_len=2,
    length=Length(u8(1), add=2),
    tag=u8(0),
    alone=(PAD, END),
    silent=True,
    last=END,
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
        sized(placed(hexadecimal("ClientHWAddr", 13), 28, 16), u8(2)),
        raw("ServerName", 14, 44, 64),
        raw("File", 15, 108, 128),
        many("Options", 16, DHCP_OPTION),
        coded("Fingerprint", 17, "string", "dhcp_fingerprint", doc="Codes of the options, in their order."),
        derived("SrcIP", 18),
        derived("DstIP", 19),
        derived("SrcPort", 20),
        derived("DstPort", 21),
    ),
    found_by=(udp_port(67), udp_port(68)),
)
