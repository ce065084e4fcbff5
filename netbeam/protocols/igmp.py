"""Internet group management (RFC 1112, RFC 2236, RFC 3376)."""

from netbeam.declare import Layer, Message, coded, derived, int32, ip_protocol, u8

GROUP_RECORD = Message(
    name="IGMPv3GroupRecord",
    type_id=55,
    fields=(
        coded("Type", 1, "int32"),
        coded("AuxDataLen", 2, "int32", doc="In units of four bytes."),
        coded("NumberOfSources", 3, "int32"),
        coded("MulticastAddress", 4, "string"),
        coded("SourceAddresses", 5, "string", repeated=True),
    ),
)

IGMP = Layer(
    name="IGMP",
    type_id=54,
    doc="A multicast group management message (RFC 2236, RFC 3376).",
    header_len=8,
    spans=True,
    fields=(
        derived("Timestamp", 1),
        int32("Type", 2, u8(0)),
        coded("MaxResponseTime", 3, "uint64", "igmp", doc="Of queries, nanoseconds."),
        coded("Checksum", 4, "int32"),
        coded("GroupAddress", 5, "string"),
        coded("SupressRouterProcessing", 6, "bool"),
        coded("RobustnessValue", 7, "int32"),
        coded("IntervalTime", 8, "uint64", doc="The querier's interval, nanoseconds."),
        coded("SourceAddresses", 9, "string", repeated=True),
        coded("NumberOfGroupRecords", 10, "int32"),
        coded("NumberOfSources", 11, "int32"),
        coded("GroupRecords", 12, GROUP_RECORD, repeated=True),
        coded("Version", 13, "int32", doc="Version of the protocol; absent where the type does not tell."),
        derived("SrcIP", 14),
        derived("DstIP", 15),
    ),
    found_by=(ip_protocol(2),),
)
