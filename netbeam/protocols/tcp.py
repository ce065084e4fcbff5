"""TCP segments (RFC 9293)."""

from netbeam.declare import (
    Layer,
    Length,
    Message,
    boolean,
    by_port,
    coded,
    derived,
    int32,
    ip_protocol,
    u8,
    u16,
    u32,
    uint32,
)

TCP_OPTION = Message(
    name="TCPOption",
    type_id=39,
    fields=(
        coded("OptionType", 1, "int32"),
        coded("OptionLength", 2, "int32", doc="Bytes of the whole option."),
        coded("OptionData", 3, "bytes"),
    ),
)

TCP = Layer(
    name="TCP",
    type_id=38,
    header_len=20,
    length=Length(u8(12).bits(4, 4), unit=4),
    ports=(u16(0), u16(2)),
    fields=(
        derived("Timestamp", 1),
        int32("SrcPort", 2, u16(0)),
        int32("DstPort", 3, u16(2)),
        uint32("SeqNum", 4, u32(4)),
        uint32("AckNum", 5, u32(8)),
        int32("DataOffset", 6, u8(12).bits(4, 4), "Header length in units of four bytes."),
        boolean("FIN", 7, u8(13).bits(0, 1)),
        boolean("SYN", 8, u8(13).bits(1, 1)),
        boolean("RST", 9, u8(13).bits(2, 1)),
        boolean("PSH", 10, u8(13).bits(3, 1)),
        boolean("ACK", 11, u8(13).bits(4, 1)),
        boolean("URG", 12, u8(13).bits(5, 1)),
        boolean("ECE", 13, u8(13).bits(6, 1)),
        boolean("CWR", 14, u8(13).bits(7, 1)),
        boolean("NS", 15, u8(12).bits(0, 1)),
        int32("Window", 16, u16(14), "As in the header, not scaled."),
        int32("Checksum", 17, u16(16)),
        int32("Urgent", 18, u16(18)),
        coded("Options", 20, TCP_OPTION, "options", repeated=True),
        coded("Padding", 19, "bytes", "rest", doc="What follows the option that ends the list."),
        derived("PayloadEntropy", 21),
        derived("PayloadSize", 22),
        derived("Payload", 23),
        derived("SrcIP", 24),
        derived("DstIP", 25),
    ),
    found_by=(ip_protocol(6),),
    carries=by_port("tcp_port", u16(2), u16(0)),
)
