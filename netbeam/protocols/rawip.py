"""Raw IP (LINKTYPE_RAW and its old numbers): no header, the version is in the IP header."""

from netbeam.declare import Layer, by_number, link_type, u8

RAW_IP = Layer(
    name="RawIP",
    type_id=None,
    header_len=1,
    measured_by="peek",
    found_by=(link_type(101), link_type(12), link_type(14)),
    carries=by_number("ip_version", u8(0).bits(4, 4)),
)
