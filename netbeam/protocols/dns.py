"""DNS messages (RFC 1035): over UDP, and over TCP where one segment holds the whole message."""

from netbeam.declare import (
    Check,
    Fact,
    Key,
    Layer,
    Length,
    Message,
    always,
    boolean,
    coded,
    derived,
    int32,
    tcp_port,
    u8,
    u16,
    udp_port,
)

SOA = Message(
    name="DNSSOA",
    type_id=43,
    fields=(
        coded("MName", 1, "bytes"),
        coded("RName", 2, "bytes"),
        coded("Serial", 3, "uint32"),
        coded("Refresh", 4, "uint32", doc="Seconds."),
        coded("Retry", 5, "uint32", doc="Seconds."),
        coded("Expire", 6, "uint32", doc="Seconds."),
        coded("Minimum", 7, "uint32", doc="Seconds."),
    ),
)

SRV = Message(
    name="DNSSRV",
    type_id=44,
    fields=(
        coded("Priority", 1, "int32"),
        coded("Weight", 2, "int32"),
        coded("Port", 3, "int32"),
        coded("Name", 4, "bytes"),
    ),
    doc="RFC 2782.",
)

MX = Message(
    name="DNSMX",
    type_id=45,
    fields=(coded("Preference", 1, "int32"), coded("Name", 2, "string")),
)

QUESTION = Message(
    name="DNSQuestion",
    type_id=46,
    fields=(coded("Name", 1, "string"), coded("Type", 2, "int32"), coded("Class", 3, "int32")),
)

RESOURCE_RECORD = Message(
    name="DNSResourceRecord",
    type_id=42,
    fields=(
        coded("Name", 1, "string", doc="Labels joined by dots; the root is the empty name."),
        coded("Type", 2, "int32"),
        coded("Class", 3, "int32"),
        coded("TTL", 4, "uint32", doc="Seconds."),
        coded("DataLength", 5, "int32"),
        coded("Data", 6, "bytes", doc="The data as it lies in the message, names not decompressed."),
        coded("IP", 7, "string", doc="Of types A and AAAA."),
        coded("NS", 8, "bytes"),
        coded("CNAME", 9, "bytes"),
        coded("PTR", 10, "bytes"),
        coded("SOA", 11, SOA),
        coded("SRV", 12, SRV),
        coded("MX", 13, MX),
        coded("TXTs", 14, "bytes", repeated=True),
    ),
)

OPERATION = u8(2).bits(3, 4)

DNS = Layer(
    name="DNS",
    type_id=41,
    doc="A DNS message over UDP, or over TCP in one segment (RFC 1035).",
    header_len=12,
    spans=True,
    facts=(Fact("answers", u16(6), Check(u8(2).bits(7, 1), 1, 1, "response")),),
    plausible=(Check(OPERATION, 0, 6, "operation code"),),
    fields=(
        derived("Timestamp", 1),
        int32("ID", 2, u16(0)),
        boolean("QR", 3, u8(2).bits(7, 1), "The message is a response."),
        int32("OpCode", 4, OPERATION),
        boolean("AA", 5, u8(2).bits(2, 1)),
        boolean("TC", 6, u8(2).bits(1, 1)),
        boolean("RD", 7, u8(2).bits(0, 1)),
        boolean("RA", 8, u8(3).bits(7, 1)),
        int32("Z", 9, u8(3).bits(4, 3), "The reserved bit, AD and CD."),
        int32("ResponseCode", 10, u8(3).bits(0, 4)),
        int32("QDCount", 11, u16(4)),
        int32("ANCount", 12, u16(6)),
        int32("NSCount", 13, u16(8)),
        int32("ARCount", 14, u16(10)),
        coded("Questions", 15, QUESTION, "dns_questions", u16(4), repeated=True),
        coded("Answers", 16, RESOURCE_RECORD, "dns_records", u16(6), repeated=True),
        coded("Authorities", 17, RESOURCE_RECORD, "dns_records", u16(8), repeated=True),
        coded("Additionals", 18, RESOURCE_RECORD, "dns_records", u16(10), repeated=True),
        derived("SrcIP", 19),
        derived("DstIP", 20),
        derived("SrcPort", 21),
        derived("DstPort", 22),
    ),
    found_by=(udp_port(53), Key("dns_over_tcp", 0)),
)

OVER_TCP = Layer(
    name="DNSOverTCP",
    type_id=None,
    header_len=2,
    total=Length(u16(0), add=2),
    found_by=(tcp_port(53),),
    carries=always("dns_over_tcp"),
)
