"""Linux cooked captures (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2): headers without records."""

from netbeam.declare import Check, Fact, Layer, by_number, link_type, u8, u16, u48

LINUX_SLL = Layer(
    name="LinuxSLL",
    type_id=None,
    header_len=16,
    facts=(Fact("source_mac", u48(6), Check(u16(4), 6, 6, "address length")),),
    found_by=(link_type(113),),
    carries=by_number("ether_type", u16(14)),
)

LINUX_SLL2 = Layer(
    name="LinuxSLL2",
    type_id=None,
    header_len=20,
    facts=(Fact("source_mac", u48(12), Check(u8(11), 6, 6, "address length")),),
    found_by=(link_type(276),),
    carries=by_number("ether_type", u16(0)),
)
