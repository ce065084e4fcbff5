"""Service: what is told of a port that answered."""

from netbeam.declare import Message, given

_LATER = "Not filled: no decoder here reads what services say of themselves."

SERVICE = Message(
    "Service",
    96,
    (
        given("Timestamp", 1, "int64", doc="When the first connection began, Unix nanoseconds."),
        given("IP", 2, "string", doc="The responder's address."),
        given("Port", 3, "int32", doc="The responder's port."),
        given("Name", 4, "string", doc="Application found in most connections, of equals the first by name."),
        given("Banner", 5, "string", doc=_LATER),
        given("Protocol", 6, "string", doc="TCP, UDP or SCTP."),
        given("Flows", 7, "string", repeated=True, doc="Not filled: Connection records have them all."),
        given("Product", 8, "string", doc=_LATER),
        given("Vendor", 9, "string", doc=_LATER),
        given("Version", 10, "string", doc=_LATER),
        given("Notes", 11, "string", doc="Not filled: there is nothing to remark."),
        given("BytesServer", 12, "int32", doc="Bytes the service sent, by IP lengths, up to 2147483647."),
        given("BytesClient", 13, "int32", doc="Bytes sent to the service, by IP lengths, up to 2147483647."),
        given("Hostname", 14, "string", doc="The name for which the first DNS answer gave the address."),
        given("OS", 15, "string", doc=_LATER),
        given(
            "Applications", 16, "string", repeated=True,
            doc="Layers above the port in its connections, most connections first.",
        ),
        given("TimestampLast", 1000, "int64", doc="When the last connection began, Unix nanoseconds."),
        given(
            "Confidence", 1001, "double",
            doc="How sure it is that something serves there, by the best connection: 1.0 a handshake and "
            "payload from the responder, 0.9 a handshake, 0.8 payload with a known application, 0.6 payload "
            "where the SYN tells who asked, 0.4 payload where ports or the first packet tell it.",
        ),
        given("Connections", 1002, "uint64", doc="Connections to the port, answered or not."),
        given("Established", 1003, "uint64", doc="Those accepted by SYN-ACK or answered by payload."),
        given("NumClients", 1004, "uint64", doc="Different addresses that connected, answered or not."),
        given("Packets", 1005, "uint64", doc="Packets of the connections, both ways."),
        given("BytesSent", 1006, "uint64", doc="Bytes that the service sent, by IP lengths."),
        given("BytesReceived", 1007, "uint64", doc="Bytes sent to the service, by IP lengths."),
    ),
    "A port that answered. A port of which nobody saw an answer is no service.",
)  # fmt: skip
