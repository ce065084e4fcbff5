"""Link layer discovery (IEEE 802.1AB)."""

from netbeam.declare import (
    Layer,
    Length,
    Message,
    derived,
    ether_type,
    int32,
    many,
    one,
    rest,
    tagged,
    u8,
    u16,
)

END, CHASSIS_ID, PORT_ID, TIME_TO_LIVE = range(4)
TYPE, LENGTH = u16(0).bits(9, 7), u16(0).bits(0, 9)

VALUE = Message(
    name="LinkLayerDiscoveryValue",
    type_id=21,
    fields=(
        int32("Type", 1, TYPE),
        int32("Length", 2, LENGTH, "Bytes of the value."),
        rest("Value", 3),
    ),
    header_len=2,
    length=Length(LENGTH, add=2),
    tag=TYPE,
    last=END,
    silent=True,
)

CHASSIS = Message(
    name="LLDPChassisID",
    type_id=19,
    fields=(int32("Subtype", 1, u8(0)), rest("ID", 2)),
    header_len=1,
    spans=True,
)

PORT = Message(
    name="LLDPPortID",
    type_id=20,
    fields=(int32("Subtype", 1, u8(0)), rest("ID", 2)),
    header_len=1,
    spans=True,
)

LLDP = Layer(
    name="LinkLayerDiscovery",
    type_id=18,
    doc="What a station says of itself to its neighbours (IEEE 802.1AB).",
    header_len=0,
    spans=True,
    fields=(
        derived("Timestamp", 1),
        tagged(one("ChassisID", 2, CHASSIS), VALUE, CHASSIS_ID),
        tagged(one("PortID", 3, PORT), VALUE, PORT_ID),
        tagged(int32("TTL", 4, u16(0), "Seconds."), VALUE, TIME_TO_LIVE),
        many("Values", 5, VALUE, doc="All others, and any of these three after the first."),
    ),
    found_by=(ether_type(0x88CC),),
)
