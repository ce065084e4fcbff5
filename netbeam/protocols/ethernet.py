"""Ethernet frames (IEEE 802.3, clause 3)."""

from netbeam.declare import (
    Fact,
    Field,
    Layer,
    derived,
    ether_type,
    ether_type_or_length,
    link_type,
    mac,
    u16,
    u48,
)

ETHERNET = Layer(
    name="Ethernet",
    type_id=7,
    doc="An Ethernet frame (IEEE 802.3).",
    header_len=14,
    facts=(Fact("source_mac", u48(6)), Fact("target_mac", u48(0))),
    fields=(
        derived("Timestamp", 1),
        mac("SrcMAC", 2, 6),
        mac("DstMAC", 3, 0),
        Field("EthernetType", 4, "int32", at=u16(12), least=1536, doc="EtherType; absent in 802.3 frames."),
        derived("PayloadEntropy", 5),
        derived("PayloadSize", 6),
    ),
    found_by=(link_type(1), ether_type(0x6558)),
    carries=ether_type_or_length(u16(12)),
)
