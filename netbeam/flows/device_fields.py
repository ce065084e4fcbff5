"""DeviceProfile: what is told of a MAC address."""

from netbeam.declare import Message, given

DEVICE_PROFILE = Message(
    "DeviceProfile",
    89,
    (
        given("MacAddr", 1, "string", doc="The MAC address; 00:00:00:00:00:00 is no device."),
        given("DeviceManufacturer", 2, "string", doc="Not filled: there is no table of makers here."),
        given(
            "DeviceIPs", 3, "string", repeated=True,
            doc="IP addresses seen as sources (of the innermost IP header) in frames that the device sent, "
            "those of most packets first; the first 1000.",
        ),
        given(
            "Contacts", 4, "string", repeated=True,
            doc="IP addresses that are targets (of the innermost IP header) of frames that the device sent, "
            "those of most packets first; the first 1000.",
        ),
        given(
            "NumPackets", 5, "int64",
            doc="Frames that have the address as source or target in their outermost header, IP or not.",
        ),
        given("Timestamp", 6, "int64", doc="The first frame, Unix nanoseconds."),
        given("Bytes", 7, "uint64", doc="Bytes of the frames on the wire."),
        given("TimestampLast", 1000, "int64", doc="The last frame, Unix nanoseconds."),
        given("PacketsSent", 1001, "uint64", doc="Frames with the address as source."),
        given("PacketsReceived", 1002, "uint64", doc="Frames with the address as target."),
        given("BytesSent", 1003, "uint64", doc="Bytes on the wire of the frames sent."),
        given("BytesReceived", 1004, "uint64", doc="Bytes on the wire of the frames received."),
        given("NumDeviceIPs", 1005, "uint64", doc="How many addresses sent from behind it, in all."),
        given("NumContacts", 1006, "uint64", doc="How many addresses it sent to, in all."),
        given(
            "VLANs", 1007, "uint32", repeated=True,
            doc="VLANs of its frames, either way, every tag of each; the lowest 1000.",
        ),
        given("NumVLANs", 1008, "uint64", doc="How many VLANs there are in all."),
        given("IsGroup", 1009, "bool", doc="The address is a group's, as broadcast is."),
        given("IsLocal", 1010, "bool", doc="The address was given locally, not by a maker."),
    ),
    "A MAC address and all frames from and to it.",
)  # fmt: skip
