"""VLAN tags (IEEE 802.1Q, clause 9): C-tags, S-tags and the older tag of stacked VLANs."""

from netbeam.declare import (
    Fact,
    Layer,
    boolean,
    derived,
    ether_type,
    ether_type_or_length,
    int32,
    u16,
)

DOT1Q = Layer(
    name="Dot1Q",
    type_id=9,
    doc="A VLAN tag (IEEE 802.1Q).",
    header_len=4,
    facts=(Fact("vlan", u16(0).bits(0, 12)),),
    fields=(
        derived("Timestamp", 1),
        int32("Priority", 2, u16(0).bits(13, 3)),
        boolean("DropEligible", 3, u16(0).bits(12, 1)),
        int32("VLANIdentifier", 4, u16(0).bits(0, 12)),
        int32("Type", 5, u16(2), "EtherType, or a length below 1536."),
    ),
    found_by=(ether_type(0x8100), ether_type(0x88A8), ether_type(0x9100)),
    carries=ether_type_or_length(u16(2)),
)
