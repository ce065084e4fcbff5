"""UDP datagrams (RFC 768)."""

from netbeam.declare import Layer, Length, by_port, derived, int32, ip_protocol, u16

UDP = Layer(
    name="UDP",
    type_id=37,
    doc="A UDP datagram (RFC 768).",
    header_len=8,
    total=Length(u16(4), zero_is_rest_above=0),  # zero: a jumbogram (RFC 2675)
    ports=(u16(0), u16(2)),
    fields=(
        derived("Timestamp", 1),
        int32("SrcPort", 2, u16(0)),
        int32("DstPort", 3, u16(2)),
        int32("Length", 4, u16(4), "Bytes of header and payload, as the header says."),
        int32("Checksum", 5, u16(6)),
        derived("PayloadEntropy", 6),
        derived("PayloadSize", 7),
        derived("Payload", 8),
        derived("SrcIP", 9),
        derived("DstIP", 10),
    ),
    found_by=(ip_protocol(17),),
    carries=by_port("udp_port", u16(2), u16(0)),
)
