"""BSD loopback encapsulation (LINKTYPE_NULL, LINKTYPE_LOOP): a header without a record."""

from netbeam.declare import Carries, Layer, link_type, u32

LOOPBACK = Layer(
    name="Loopback",
    type_id=None,
    header_len=4,
    found_by=(link_type(0), link_type(108)),
    # The address family is in the byte order of the machine that captured.
    carries=Carries("address_family", (u32(0),), either_order=True),
)
