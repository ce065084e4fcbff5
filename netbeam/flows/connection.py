"""Connection and Flow: what an analyst asks of the packets between two ends, both ways or one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType

from netbeam.declare import LAYER_NAMES, PROTOCOL_NAMES, SOURCE_NAMES, Message, flow
from netbeam.flows.sheets import slot_of
from netbeam.flows.tcp_fields import TCP_FIELDS

END_REASONS = ("", "idle", "active", "end", "forced", "resources", "eof")
END_REASON = (
    "Why it ended: idle or active timeout, end of TCP, eof (end of the captures); forced and resources as in "
    "IPFIX (flowEndReason), which nothing here gives."
)
DIRECTION_REASONS = ("", "syn", "synack", "port", "first")
NETWORKS = ("", "IPv4", "IPv6")
SATURATES = "; saturates at 2^31 - 1"

NETCAP = (
    flow("TimestampFirst", 1, "int64", "TIME_FIRST", "First packet, Unix nanoseconds."),
    flow("LinkProto", 2, "string", "LINK", "Outermost layer.", names=LAYER_NAMES),
    flow("NetworkProto", 3, "string", "NETWORK", "IPv4 or IPv6.", names=NETWORKS),
    flow(
        "TransportProto", 4, "string", "PROTOCOL", "Layer that the IP protocol names.", names=PROTOCOL_NAMES
    ),
    flow("ApplicationProto", 5, "string", "APPLICATION", "First layer found by a port.", names=LAYER_NAMES),
    flow("SrcMAC", 6, "string", "SOURCE_MAC_TEXT", "In the first packet from the originator."),
    flow("DstMAC", 7, "string", "TARGET_MAC_TEXT", "In the first packet from the responder, or to it."),
    flow("SrcIP", 8, "string", "SOURCE", "Address of the originator, of the innermost IP header."),
    flow("SrcPort", 9, "string", "SOURCE_PORT_TEXT", "Port; of ICMP the type."),
    flow("DstIP", 10, "string", "TARGET", "Address of the responder."),
    flow("DstPort", 11, "string", "TARGET_PORT_TEXT", "Port; of ICMP the type that answers, else the code."),
    flow("TotalSize", 12, "int32", "ALL_WIRE", f"Bytes of frames on the wire{SATURATES}."),
    flow("AppPayloadSize", 13, "int32", "ALL_PAYLOAD", f"Bytes behind the transport headers{SATURATES}."),
    flow("NumPackets", 14, "int32", "ALL_PACKETS", f"Packets{SATURATES}."),
    flow("CommunityID", 15, "string", "COMMUNITY_ID", "Community ID, version 1."),
    flow("TimestampLast", 16, "int64", "TIME_LAST", "Last packet, Unix nanoseconds."),
    flow("Duration", 17, "int64", "DURATION", "From first to last packet, nanoseconds."),
    flow("BytesServerToClient", 18, "int64", "IP_BYTES_BACK", "Sum of IP lengths from the responder."),
    flow("BytesClientToServer", 19, "int64", "IP_BYTES", "Sum of IP lengths from the originator."),
    flow("PacketsClientToServer", 33, "int64", "PACKETS"),
    flow("PacketsServerToClient", 34, "int64", "PACKETS_BACK"),
    flow("ByteRatio", 35, "double", "BYTE_RATIO", "BytesClientToServer / BytesServerToClient."),
    flow("PacketRatio", 36, "double", "PACKET_RATIO", "PacketsClientToServer / PacketsServerToClient."),
    flow("AvgPacketSizeClientToServer", 37, "int32", "AVERAGE", "IP bytes a packet, rounded down."),
    flow("AvgPacketSizeServerToClient", 38, "int32", "AVERAGE_BACK", "IP bytes a packet, rounded down."),
    flow(
        "IsExternal", 39, "bool", "EXTERNAL", "An end is neither private, link-local, loopback nor multicast."
    ),
    flow("IsBroadcast", 40, "bool", "BROADCAST", "To 255.255.255.255 or the broadcast MAC address."),
    flow("IsMulticast", 41, "bool", "MULTICAST", "To a multicast address."),
    flow("SynTtl", 50, "int32", "SYN_TTL", "TTL or hop limit of the originator's SYN."),
    flow(
        "ProducerConsumerRatio",
        56,
        "double",
        "CONSUMER_RATIO",
        "(payload sent - payload received) / both, of the originator: 1 sends only, -1 receives only.",
    ),
)
"""Fields with Netcap's names and numbers."""

IDENTITY = (
    flow(
        "UID", 1000, "string", "UID", "N and a hash of ends, VLANs, tunnel and start: the same in every run."
    ),
    flow("IPProto", 1001, "uint32", "PROTOCOL", "IP protocol number."),
    flow("IPVersion", 1002, "uint32", "IP_VERSION", "4 or 6."),
    flow("VLANIDs", 1003, "uint32", "VLANS", "VLAN tags, outermost first, four at most.", repeated=True),
    flow(
        "TunnelType",
        1004,
        "string",
        "TUNNEL",
        "Innermost layer that carries the IP header.",
        names=LAYER_NAMES,
    ),
    flow("TunnelID", 1005, "uint64", "TUNNEL_NUMBER", "The tunnel's key, if it has one."),
)

ENDINGS = (
    flow("EndReason", 1016, "string", "END_REASON", END_REASON, names=END_REASONS),
    flow(
        "DirectionReason",
        1017,
        "string",
        "REASON",
        "How the originator was known: syn, synack, port (the lower one below 1024 serves), first packet.",
        names=DIRECTION_REASONS,
    ),
    flow("DirectionFlipped", 1018, "bool", "FLIPPED", "The first packet came from the responder."),
)

CONNECTION = Message(
    name="Connection",
    type_id=3,
    doc="A connection: the packets of a flow in both directions, up to a timeout or TCP's end.",
    fields=(
        *NETCAP,
        *(field for field in TCP_FIELDS if field.number < 1000),
        *IDENTITY,
        flow("TunnelSrcIP", 1006, "string", "OUTER_SOURCE", "Outer address on the originator's side."),
        flow("TunnelDstIP", 1007, "string", "OUTER_TARGET", "Outer address on the responder's side."),
        flow("SourceFile", 1008, "string", "FILE", "Capture of the first packet.", names=SOURCE_NAMES),
        flow(
            "FirstPacket", 1009, "uint64", "FIRST_PACKET", "Number of the first packet in SourceFile, from 1."
        ),
        flow(
            "FirstOffset",
            1010,
            "uint64",
            "FIRST_OFFSET",
            "Where its bytes begin in SourceFile, uncompressed.",
        ),
        flow(
            "LastSourceFile", 1011, "string", "LAST_FILE", "Capture of the last packet.", names=SOURCE_NAMES
        ),
        flow("LastPacket", 1012, "uint64", "LAST_PACKET", "Number of the last packet in LastSourceFile."),
        flow(
            "DNSName",
            1013,
            "string",
            "DNS_NAME",
            "Name for whose address DstIP the originator was last told.",
        ),
        flow("DNSAge", 1014, "int64", "NAME_AGE", "How long before the first packet, nanoseconds."),
        *ENDINGS,
        *(
            flow(f"{name}{way}", number + place, type_, slot + back, doc)
            for number, name, type_, slot, doc in (
                (1020, "PayloadBytes", "uint64", "PAYLOAD_BYTES", "Bytes behind the transport headers."),
                (1022, "HeaderBytes", "uint64", "HEADER_BYTES", "Bytes of IP and transport headers."),
                (1024, "WireBytes", "uint64", "WIRE_BYTES", "Bytes of the frames on the wire."),
                (1028, "CutPackets", "uint64", "CUT_PACKETS", "Packets that were not captured whole."),
                (1030, "MinTTL", "uint32", "MIN_TTL", "Least TTL or hop limit."),
                (1032, "MaxTTL", "uint32", "MAX_TTL", "Greatest TTL or hop limit."),
                (1034, "MSS", "uint32", "SEGMENT_SIZE", "Maximum segment size in the SYN, bytes."),
                (1036, "WindowScale", "uint32", "SCALE", "Shift in the SYN, where WindowScaling."),
                (1038, "WindowScaling", "bool", "SCALES", "The SYN has the window scale option."),
                (1040, "SACKPermitted", "bool", "SACK", "The SYN permits selective acknowledgements."),
                (1042, "TCPTimestamps", "bool", "STAMPS", "The SYN has timestamps."),
            )
            for place, (way, back) in enumerate((("ClientToServer", ""), ("ServerToClient", "_BACK")))
        ),
        *(field for field in TCP_FIELDS if field.number >= 1000),
    ),
)

FLOW = Message(
    name="Flow",
    type_id=1001,
    doc="One direction of a connection, under the connection's UID.",
    fields=(
        flow("TimestampFirst", 1, "int64", "TIME_START", "First packet of this direction, Unix nanoseconds."),
        flow("TimestampLast", 2, "int64", "TIME_END", "Last packet of this direction, Unix nanoseconds."),
        flow("Duration", 3, "int64", "DURATION_FORTH", "From first to last packet, nanoseconds."),
        flow("SrcIP", 4, "string", "SOURCE", "Address of the sender, of the innermost IP header."),
        flow("DstIP", 5, "string", "TARGET", "Address of the receiver."),
        flow("SrcPort", 6, "uint32", "SOURCE_PORT", "Port; of ICMP as in Connection."),
        flow("DstPort", 7, "uint32", "TARGET_PORT", "Port; of ICMP as in Connection."),
        flow("SrcMAC", 8, "string", "SOURCE_MAC_TEXT", "In the first packet."),
        flow(
            "DstMAC", 9, "string", "TARGET_MAC_TEXT", "In the first packet of the other direction, or to it."
        ),
        flow(
            "CommunityID", 10, "string", "COMMUNITY_ID", "Community ID, version 1: that of both directions."
        ),
        flow(
            "ApplicationProto", 11, "string", "APPLICATION", "First layer found by a port.", names=LAYER_NAMES
        ),
        flow("Packets", 12, "uint64", "PACKETS"),
        flow("Bytes", 13, "uint64", "IP_BYTES", "Sum of IP lengths."),
        flow("PayloadBytes", 14, "uint64", "PAYLOAD_BYTES", "Bytes behind the transport headers."),
        flow("WireBytes", 15, "uint64", "WIRE_BYTES", "Bytes of the frames on the wire."),
        flow(
            "FirstPacket", 17, "uint64", "FIRST_NUMBER", "Number of the first packet in its capture, from 1."
        ),
        flow("LastPacket", 18, "uint64", "LAST_NUMBER", "Number of the last packet in its capture."),
        flow("MinTTL", 19, "uint32", "MIN_TTL", "Least TTL or hop limit."),
        flow("MaxTTL", 20, "uint32", "MAX_TTL", "Greatest TTL or hop limit."),
        flow("FromOriginator", 21, "bool", "FORTH", "The sender is the connection's originator."),
        *(
            replace(
                field,
                name=field.name.removesuffix("ClientToServer"),
                doc=field.doc.removeprefix("From client to server: ").capitalize(),
            )
            for field in TCP_FIELDS
            if field.name.endswith("ClientToServer")
        ),
        *IDENTITY,
        *ENDINGS,
    ),
)

OPPOSITE = {
    "SOURCE": "TARGET",
    "TARGET": "SOURCE",
    "SOURCE_PORT": "TARGET_PORT",
    "TARGET_PORT": "SOURCE_PORT",
    "SOURCE_MAC_TEXT": "TARGET_MAC_TEXT",
    "TARGET_MAC_TEXT": "SOURCE_MAC_TEXT",
    "FORTH": "NOTHING",
}
"""What slots of a Flow that goes forth are for one that goes back; others have _BACK behind their names."""


def back(message: Message, modules: Sequence[ModuleType]) -> Message:
    """Give the Flow of the direction back: the same fields, from the slots of the other side."""
    fields = []
    for field in message.fields:
        other = field.by if slot_of(f"{field.by}_BACK", modules) is None else f"{field.by}_BACK"
        fields.append(replace(field, by=OPPOSITE.get(field.by, other)))
    return replace(message, fields=tuple(fields))
