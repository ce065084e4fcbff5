"""EAP over a LAN (IEEE 802.1X)."""

from netbeam.declare import Layer, Length, derived, ether_type, int32, is_, named, true_if, u8, u16

TYPES = {
    0: "EAP-Packet",
    1: "EAPOL-Start",
    2: "EAPOL-Logoff",
    3: "EAPOL-Key",
    4: "EAPOL-Encapsulated-ASF-Alert",
}
LOGOFF = 2

EAPOL = Layer(
    name="EAPOL",
    type_id=81,
    doc="A packet of port access control (IEEE 802.1X, 11.3).",
    header_len=4,
    total=Length(u16(2), add=4),
    fields=(
        derived("Timestamp", 1),
        int32("Version", 2, u8(0)),
        int32("Type", 3, u8(1)),
        int32("Length", 4, u16(2), "Bytes of the body."),
        named("TypeName", 5, u8(1), TYPES),
        true_if("IsLogoff", 6, is_(u8(1), LOGOFF)),
    ),
    found_by=(ether_type(0x888E),),
)
