"""The fields of a Connection that say what became of its TCP segments, and how the kernel names their slots.

Fields of the two directions end in ClientToServer and ServerToClient, as Netcap's do; what an end of the
connection announced or received is found with what it sent.
"""

from __future__ import annotations

from netbeam.declare import Field, flow

STATES = ("OTH", "S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR")
"""The names of the kernel's states, by number."""


def both(name: str, number: int, type: str, slot: str, doc: str) -> tuple[Field, Field]:
    """Declare a field of each direction; `doc` goes on after "From client to server: "."""
    return (
        flow(f"{name}ClientToServer", number, type, slot, f"From client to server: {doc}"),
        flow(f"{name}ServerToClient", number + 1, type, f"{slot}_BACK", f"From server to client: {doc}"),
    )


FLAG_NAMES = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "NS")
FLAG_NUMBERS = (20, 23, 21, 26, 22, 24, 25, 27, 28)
"""Netcap's numbers of the fields that count flags, which are not in the order of the bits."""

NETCAP_FIELDS = (
    *(
        flow(f"Num{flag}Flags", number, "int32", f"ALL_{flag}S", f"Segments with the {flag} flag, both ways.")
        for flag, number in zip(FLAG_NAMES, FLAG_NUMBERS, strict=True)
    ),
    flow(
        "MeanWindowSize",
        29,
        "int32",
        "MEAN_WINDOW",
        "Mean of the windows as they are in the headers, not scaled, over all segments, rounded down.",
    ),
    flow("SynTimestamp", 42, "int64", "SYN_TIME", "Time of the client's first SYN, Unix nanoseconds."),
    flow(
        "SynAckTimestamp",
        43,
        "int64",
        "SYN_ACK_TIME",
        "Time of the server's first SYN-ACK, Unix nanoseconds.",
    ),
    flow(
        "TcpRttNanos",
        44,
        "int64",
        "SYN_RTT",
        "From the SYN to the SYN-ACK, nanoseconds: the way from the place of capture to the server and back. "
        "Absent when a SYN was sent more than once before it was answered.",
    ),
)

OWN_FIELDS = (
    flow(
        "ConnState",
        1060,
        "string",
        "STATE",
        "How the connection was left, in Zeek's words: S0 attempt without reply, S1 established, SF closed "
        "by both ends, REJ rejected, S2 closed by the client only, S3 by the server only, RSTO and RSTR "
        "reset by the client or the server, RSTOS0 SYN and then RST of a client that was not answered, RSTRH "
        "RST of a server whose client did not open, SH and SHR opening and FIN of one end alone, "
        "OTH anything else, as connections whose opening was not captured.",
        names=STATES,
    ),
    flow(
        "History",
        1061,
        "string",
        "HISTORY",
        "What happened first, in Zeek's letters, upper case for the client: s SYN, h SYN-ACK, a ACK alone, "
        "d data, f FIN, r RST, g gap that was acknowledged, t data sent again, w zero window, i FIN and RST, "
        "q SYN with FIN or RST. Letters a, d, i and q come once a direction, s, h, f and r again when the "
        "sequence number differs, g, t and w at the 1st, 10th, 100th ... time. The letter c is left out, as "
        "checksums are not verified. At most 64 letters.",
    ),
    flow(
        "HandshakeAckNanos",
        1062,
        "int64",
        "ACK_RTT",
        "From the SYN-ACK to the client's ACK, nanoseconds: the way from the place of capture to the client "
        "and back. Absent when the SYN-ACK was sent more than once.",
    ),
    *both(
        "InitialFlags",
        1064,
        "uint32",
        "INITIAL_FLAGS",
        "flags of the first segment: bits FIN SYN RST PSH ACK URG ECE CWR NS from the lowest.",
    ),
    *both("UnionFlags", 1066, "uint32", "UNION_FLAGS", "all flags that were ever set, as bits."),
    *(
        field
        for place, flag in enumerate(FLAG_NAMES)
        for field in both(
            f"{flag}Flags", 1068 + 2 * place, "uint64", f"{flag}S", f"segments with the {flag} flag."
        )
    ),
    *both("DataPackets", 1086, "uint64", "DATA_PACKETS", "segments with payload."),
    *both(
        "Retransmissions",
        1088,
        "uint64",
        "RETRANSMISSIONS",
        "segments with payload, SYN or FIN that begin before the byte expected next and are neither "
        "out of order nor keep-alives; fast and spurious retransmissions are among them.",
    ),
    *both(
        "OutOfOrder",
        1090,
        "uint64",
        "OUT_OF_ORDER",
        "segments before the byte expected next, with bytes not seen yet, that came so soon after the "
        "furthest one that they were overtaken rather than sent again: within the time of the handshake, "
        "3 ms if that was not captured.",
    ),
    *both(
        "DuplicateAcks",
        1092,
        "uint64",
        "DUPLICATE_ACKS",
        "segments without payload, SYN, FIN and RST that repeat number, acknowledgement and window (not 0) "
        "of the one before, unless they answer a keep-alive.",
    ),
    *both(
        "ZeroWindows", 1094, "uint64", "ZERO_WINDOWS", "segments without SYN, FIN and RST whose window is 0."
    ),
    *both(
        "KeepAlives",
        1096,
        "uint64",
        "KEEP_ALIVES",
        "segments of at most one byte, without SYN, FIN and RST, that begin a byte before the one expected.",
    ),
    *both(
        "InitialWindow", 1098, "uint32", "INITIAL_WINDOW", "window of the first segment, bytes, not scaled."
    ),
    *both(
        "MaxWindow",
        1100,
        "uint64",
        "MAX_WINDOW",
        "greatest window, bytes; scaled when both SYNs were captured and have the option (RFC 7323), else as "
        "in the header.",
    ),
    *both(
        "MissedBytes",
        1102,
        "uint64",
        "MISSED_BYTES",
        "bytes that were acknowledged or passed over but never seen. Of a direction that was not captured at "
        "all, what the other acknowledged; there a FIN counts as a byte.",
    ),
    *both(
        "MaxInFlight",
        1104,
        "uint64",
        "MAX_IN_FLIGHT",
        "most bytes sent and not yet acknowledged; absent when the acknowledgements were not captured.",
    ),
    *both("RTTSamples", 1106, "uint64", "RTT_SAMPLES", "times that RTTMin and RTTMean are made from."),
    *both(
        "RTTMin",
        1108,
        "int64",
        "RTT_MIN",
        "shortest time from a segment with payload to the ACK of its last byte, nanoseconds. Data that was "
        "under way with a retransmission is not timed.",
    ),
    *both("RTTMean", 1110, "int64", "RTT_MEAN", "mean of these times, nanoseconds, rounded down."),
)

TCP_FIELDS: tuple[Field, ...] = (*NETCAP_FIELDS, *OWN_FIELDS)
