"""SCTP packets (RFC 9260): the common header."""

from netbeam.declare import Layer, derived, int32, ip_protocol, u16, u32, uint32

SCTP = Layer(
    name="SCTP",
    type_id=40,
    doc="The common header of an SCTP packet (RFC 9260).",
    header_len=12,
    ports=(u16(0), u16(2)),
    fields=(
        derived("Timestamp", 1),
        int32("SrcPort", 2, u16(0)),
        int32("DstPort", 3, u16(2)),
        uint32("VerificationTag", 4, u32(4)),
        uint32("Checksum", 5, u32(8)),
        derived("SrcIP", 6),
        derived("DstIP", 7),
    ),
    found_by=(ip_protocol(132),),
)
