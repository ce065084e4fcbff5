"""Network time (RFC 5905): client, server, symmetric and broadcast packets."""

from netbeam.declare import (
    Check,
    Layer,
    coded,
    derived,
    i8,
    int32,
    u8,
    u32,
    u64,
    udp_port,
    uint32,
    uint64,
)

NTP = Layer(
    name="NTP",
    type_id=52,
    doc="An NTP packet (RFC 5905).",
    header_len=48,
    spans=True,
    # Modes 6 and 7, control and private messages, have other layouts.
    plausible=(Check(u8(0).bits(0, 3), 1, 5, "mode"), Check(u8(0).bits(3, 3), 1, 4, "version")),
    fields=(
        derived("Timestamp", 1),
        int32("LeapIndicator", 2, u8(0).bits(6, 2)),
        int32("Version", 3, u8(0).bits(3, 3)),
        int32("Mode", 4, u8(0).bits(0, 3)),
        int32("Stratum", 5, u8(1)),
        int32("Poll", 6, i8(2), "Log2 of seconds."),
        int32("Precision", 7, i8(3), "Log2 of seconds."),
        uint32("RootDelay", 8, u32(4), "Seconds, 16.16 fixed point."),
        uint32("RootDispersion", 9, u32(8), "Seconds, 16.16 fixed point."),
        uint32("ReferenceID", 10, u32(12)),
        uint64("ReferenceTimestamp", 11, u64(16), "Seconds since 1900, 32.32 fixed point."),
        uint64("OriginTimestamp", 12, u64(24), "Seconds since 1900, 32.32 fixed point."),
        uint64("ReceiveTimestamp", 13, u64(32), "Seconds since 1900, 32.32 fixed point."),
        uint64("TransmitTimestamp", 14, u64(40), "Seconds since 1900, 32.32 fixed point."),
        coded("ExtensionBytes", 15, "bytes", "rest", doc="Extension fields and authenticator."),
        derived("SrcIP", 16),
        derived("DstIP", 17),
        derived("SrcPort", 18),
        derived("DstPort", 19),
    ),
    found_by=(udp_port(123),),
)
