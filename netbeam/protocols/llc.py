"""Logical link control (IEEE 802.2)."""

from netbeam.declare import LLC_NUMBER, At, Layer, boolean, by_number, coded, derived, ether_type, int32, u8

LLC = Layer(
    name="LLC",
    type_id=51,
    doc="A logical link control header (IEEE 802.2).",
    header_len=3,
    measured_by="llc_length",
    fields=(
        derived("Timestamp", 1),
        int32("DSAP", 2, At(0, 1, mask=0xFE), "Destination service access point, its group bit cleared."),
        boolean("IG", 3, u8(0).bits(0, 1), "The DSAP is a group address."),
        int32("SSAP", 4, At(1, 1, mask=0xFE), "Source service access point, its response bit cleared."),
        boolean("CR", 5, u8(1).bits(0, 1), "The frame is a response."),
        coded("Control", 6, "int32", "llc_control", doc="One byte in unnumbered frames, else two."),
    ),
    found_by=(ether_type(LLC_NUMBER),),
    carries=by_number("llc_sap", u8(0)),
)
