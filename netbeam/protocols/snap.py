"""Subnetwork access protocol (IEEE 802, clause 10.3; RFC 1042)."""

from netbeam.declare import Carries, Check, Key, Layer, derived, int32, raw, u16, u24

SNAP = Layer(
    name="SNAP",
    type_id=59,
    doc="A subnetwork access protocol header (RFC 1042).",
    header_len=5,
    fields=(
        derived("Timestamp", 1),
        raw("OrganizationalCode", 2, 0, 3),
        int32(
            "Type",
            3,
            u16(3),
            "An EtherType when the organizational code is 0, else the organization's number.",
        ),
    ),
    found_by=(Key("llc_sap", 0xAA),),
    carries=Carries("ether_type", (u16(3),), only_if=Check(u24(0), 0, 0, "organizational code")),
)
