"""Host: what is told of an IP address."""

from netbeam.declare import Field, Map, Message, given

PORT_STATS = Message(
    "PortStats",
    None,
    (
        given("Packets", 1, "uint64", doc="Packets."),
        given("Bytes", 2, "uint64", doc="Bytes of their frames on the wire."),
    ),
    "How much went through a port.",
)
PORT = Message(
    "Port",
    None,
    (
        Field(
            "PortNumber", 1, "int32", "given", doc="The port; 0 also stands for fragments after the first."
        ),
        given("Protocol", 2, "string", doc="TCP, UDP or SCTP."),
        given("Stats", 3, PORT_STATS),
    ),
    "A port of a host.",
)

PROTOCOL = Message(
    "Protocol",
    None,
    (
        given("Packets", 1, "uint64", doc="Packets with the protocol behind their innermost IP header."),
        given("Category", 2, "string", doc="Not filled: nothing here sorts protocols."),
    ),
    "How much of a host's traffic was of one protocol.",
)
_LATER = "Not filled: no decoder here finds them yet."

HOST = Message(
    "Host",
    101,
    (
        given("Addr", 1, "string", doc="The IP address."),
        given(
            "NumPackets", 2, "int64",
            doc="Packets that have the address as source or target in their innermost IP header.",
        ),
        given("Geolocation", 3, "string", doc="Not filled: places are looked up in no database here."),
        given(
            "DNSNames", 4, "string", repeated=True,
            doc="Names for which DNS answers in the capture gave the address, in the order of their first "
            "answers; the first 1000.",
        ),
        given("TimestampFirst", 5, "int64", doc="The first packet, Unix nanoseconds."),
        given("TimestampLast", 6, "int64", doc="The last packet, Unix nanoseconds."),
        given(
            "Applications", 7, "string", repeated=True,
            doc="Layers above the ports in connections to the host, most connections first.",
        ),
        given(
            "Protocols", 9, Map(PROTOCOL),
            doc="Packets by what their innermost IP header carries: a record type, IANA's name, or a number.",
        ),
        given("Bytes", 10, "uint64", doc="Bytes of the packets' frames on the wire."),
        given("SNIs", 11, "map<string,int64>", doc=_LATER),
        given(
            "SrcPorts", 12, PORT, repeated=True,
            doc="Ports of the host from which it sent, most packets first; the first 1000.",
        ),
        given(
            "DstPorts", 13, PORT, repeated=True,
            doc="Ports of the host at which packets arrived, most packets first; the first 1000.",
        ),
        given(
            "ContactedPorts", 14, PORT, repeated=True,
            doc="Ports of others to which the host sent, most packets first; the first 1000.",
        ),
        given(
            "Devices", 15, "string", repeated=True,
            doc="MAC addresses that its packets came from (its own, or routers'), most packets first; "
            "the first 1000.",
        ),
        given("Ja4Fingerprints", 18, "string", repeated=True, doc=_LATER),
        given("Ja4sFingerprints", 19, "string", repeated=True, doc=_LATER),
        given("PacketsSent", 1000, "uint64", doc="Packets with the address as source."),
        given("PacketsReceived", 1001, "uint64", doc="Packets with the address as target."),
        given("BytesSent", 1002, "uint64", doc="Bytes on the wire of the packets sent."),
        given("BytesReceived", 1003, "uint64", doc="Bytes on the wire of the packets received."),
        given("IPBytesSent", 1004, "uint64", doc="Bytes of the packets sent by their IP lengths."),
        given("IPBytesReceived", 1005, "uint64", doc="Bytes of the packets received by their IP lengths."),
        given("IPVersion", 1006, "int32", doc="4 or 6."),
        given("IsPrivate", 1007, "bool", doc="A private (RFC 1918) or unique local (RFC 4193) address."),
        given("IsMulticast", 1008, "bool", doc="A group's address: 224.0.0.0/4 or ff00::/8."),
        given("NumPeers", 1009, "uint64", doc="Addresses with which packets were exchanged, either way."),
        given("NumDNSNames", 1010, "uint64", doc="How many names there are in all."),
        given("NumSrcPorts", 1011, "uint64", doc="How many ports sent, in all."),
        given("NumDstPorts", 1012, "uint64", doc="How many ports received, in all."),
        given("NumContactedPorts", 1013, "uint64", doc="How many ports were contacted, in all."),
        given("NumDevices", 1014, "uint64", doc="How many MAC addresses its packets came from, in all."),
    ),
    "An IP address and all that went from and to it.",
)  # fmt: skip
