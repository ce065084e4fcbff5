"""Linux cooked captures (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2): headers without records."""

from netbeam.declare import Layer, by_number, link_type, u16

LINUX_SLL = Layer(
    name="LinuxSLL",
    type_id=None,
    header_len=16,
    found_by=(link_type(113),),
    carries=by_number("ether_type", u16(14)),
)

LINUX_SLL2 = Layer(
    name="LinuxSLL2",
    type_id=None,
    header_len=20,
    found_by=(link_type(276),),
    carries=by_number("ether_type", u16(0)),
)
