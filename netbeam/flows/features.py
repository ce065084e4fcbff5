"""FlowFeatures: what machine learning asks of a connection. docs/features.md defines every field."""

from __future__ import annotations

from collections.abc import Iterator

from netbeam.declare import Field, Message, flow
from netbeam.flows.connection import END_REASON, END_REASONS

IDENTITY = (
    flow("UID", 1, "string", "UID", "The connection's, as in Connection."),
    flow("CommunityID", 2, "string", "COMMUNITY_ID", "Community ID, version 1, seed 0."),
    flow("TimestampFirst", 3, "int64", "TIME_FIRST", "First packet, Unix nanoseconds."),
    flow("TimestampLast", 4, "int64", "TIME_LAST", "Last packet, Unix nanoseconds."),
    flow("SrcIP", 5, "string", "SOURCE", "Address of the originator, whose packets go forward."),
    flow("DstIP", 6, "string", "TARGET", "Address of the responder, whose packets go backward."),
    flow("SrcPort", 7, "uint32", "SOURCE_PORT", "Port of the originator."),
    flow("DstPort", 8, "uint32", "TARGET_PORT", "Port of the responder."),
    flow("IPProto", 9, "uint32", "PROTOCOL", "IP protocol number."),
    flow("IPVersion", 10, "uint32", "IP_VERSION", "4 or 6."),
    flow("EndReason", 11, "string", "END_REASON", END_REASON, names=END_REASONS),
)

DIRECTION = (
    ("Packets", "PACKETS", "uint64", "Packets."),
    ("Bytes", "BYTES", "uint64", "Sum of the IP lengths, bytes."),
    ("PayloadBytes", "PAYLOAD_BYTES", "uint64", "Bytes behind the transport headers, by the IP lengths."),
    ("HeaderBytes", "HEADER_BYTES", "uint64", "Bytes of IP and transport headers."),
    ("WireBytes", "WIRE_BYTES", "uint64", "Bytes of the frames on the wire."),
    ("DataPackets", "DATA_PACKETS", "uint64", "Packets with payload."),
    ("HeaderMin", "HEADER_MIN", "uint64", "Least bytes of IP and transport header in a packet."),
    ("TimeFirst", "TIME_FIRST", "int64", "First packet, Unix nanoseconds."),
    ("TimeLast", "TIME_LAST", "int64", "Last packet, Unix nanoseconds."),
    ("Window", "WINDOW", "uint32", "Window in the header of the first TCP segment, not scaled."),
    *(
        (flag, flag, "uint64", f"TCP segments with {flag} set.")
        for flag in ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")
    ),
    ("Bursts", "BURSTS", "uint64", "Runs of data packets, up to the other's data or a gap above 1 s."),
    ("Bulks", "BULKS", "uint64", "Bursts of at least 4 packets."),
    ("BulkPackets", "BULK_PACKETS", "uint64", "Packets in bulks."),
    ("BulkBytes", "BULK_BYTES", "uint64", "Payload in bulks, bytes."),
    ("BulkTime", "BULK_TIME", "uint64", "Time from first to last packet of a bulk, all bulks, ns."),
)
"""What only a direction has: name, slot, type, meaning."""


def moments(name: str, number: int, slot: str, what: str) -> Iterator[Field]:
    """Declare least, mean, deviation and greatest of `what`, in four numbers."""
    yield flow(f"{name}Min", number, "uint64", f"{slot}_MIN", f"Least {what}.")
    yield flow(f"{name}Mean", number + 1, "double", f"{slot}_MEAN", f"Mean {what}.")
    yield flow(f"{name}Std", number + 2, "double", f"{slot}_STD", f"Population standard deviation: {what}.")
    yield flow(f"{name}Max", number + 3, "uint64", f"{slot}_MAX", f"Greatest {what}.")


def sample(name: str, number: int, slot: str, bins: str, what: str) -> Iterator[Field]:
    """Declare the moments of `what`, its quartiles and its histogram, in eight numbers."""
    yield from moments(name, number, slot, what)
    for place, percent in enumerate((25, 50, 75), 4):
        doc = f"Percentile {percent}, by nearest rank: {what}."
        yield flow(f"{name}P{percent}", number + place, "uint64", f"{slot}_P{percent}", doc)
    yield flow(f"{name}Bins", number + 7, "uint64", bins, f"Histogram of 8 bins: {what}.", repeated=True)


def statistics(name: str, number: int, slot: str, bins: str, packets: str) -> Iterator[Field]:
    """Declare the statistics of packets' sizes, gaps and payloads, in twenty numbers."""
    yield from sample(
        f"{name}PacketSize", number, f"{slot}SIZE", f"BINS_SIZE{bins}", f"IP length{packets}, bytes"
    )
    yield from sample(
        f"{name}IAT", number + 8, f"{slot}GAP", f"BINS_GAP{bins}", f"time between packets{packets}, ns"
    )
    yield from moments(f"{name}Payload", number + 16, f"{slot}PAYLOAD", f"payload{packets}, bytes")


def direction(name: str, number: int, way: str) -> Iterator[Field]:
    """Declare the features of one direction, in fifty numbers."""
    slots = name.upper()
    for place, (field, slot, type_, doc) in enumerate(DIRECTION):
        yield flow(f"{name}{field}", number + place, type_, f"{slots}_{slot}", f"{way.capitalize()}: {doc}")
    yield from statistics(name, number + 30, f"{slots}_", f"_{slots}", f" {way}")


def first(name: str, number: int, slot: str, what: str) -> Field:
    """Declare a list that says something of each of the first packets."""
    doc = f"Of the first 32 packets: {what}."
    return flow(f"First{name}", number, "uint64", f"FIRST_{slot}", doc, repeated=True)


FLOW_FEATURES = Message(
    "FlowFeatures",
    1002,
    (
        *IDENTITY,
        *direction("Fwd", 20, "forward"),
        *direction("Bwd", 70, "backward"),
        *statistics("", 120, "", "", ""),
        flow("Subflows", 140, "uint64", "SUBFLOWS", "Parts of the connection between gaps above 1 s."),
        flow(
            "ActivePeriods", 141, "uint64", "ACTIVE_PERIODS", "Times of some length without a gap above 5 s."
        ),
        *moments("Active", 142, "ACTIVE", "active period, ns"),
        flow("IdlePeriods", 146, "uint64", "IDLE_PERIODS", "Gaps above 5 s."),
        *moments("Idle", 147, "IDLE", "gap above 5 s, ns"),
        first("Directions", 160, "DIRECTIONS", "0 forward, 1 backward"),
        first("PacketSizes", 161, "SIZES", "IP length, bytes"),
        first("Payloads", 162, "PAYLOADS", "payload, bytes"),
        first("IATs", 163, "GAPS", "time since the packet before, ns; 0 for the first"),
    ),
    "Sizes, times, flags and shape of a connection, for machine learning; the connection with the same UID.",
)
