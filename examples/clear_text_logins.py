"""A record type by a Python function: user names sent in clear by FTP and POP3.

netbeam run capture.pcap -o out --encoders examples/clear_text_logins.py
netbeam dump out/ClearTextLogin.ncap.gz --encoders examples/clear_text_logins.py
"""

from __future__ import annotations

from typing import Any

from netbeam.declare import Message, given
from netbeam.encoders import Encoder
from netbeam.packet import Packet

PORTS = {21: "FTP", 110: "POP3"}

CLEAR_TEXT_LOGIN = Message(
    name="ClearTextLogin",
    type_id=1901,
    fields=(
        given("Timestamp", 1, "int64"),
        given("Protocol", 2, "string"),
        given("User", 3, "string"),
        given("Packet", 4, "uint64", doc="Number of the packet in its capture."),
    ),
    doc="A USER command that anyone on the way could read.",
)


def clear_text_login(packet: Packet) -> dict[str, Any] | None:
    """Give the record of a packet that holds a USER command."""
    tcp = packet.find("TCP")
    if tcp is None or not packet.payload(tcp).startswith(b"USER "):
        return None
    port = int.from_bytes(packet.header(tcp)[2:4], "big")
    if port not in PORTS:
        return None
    user = packet.payload(tcp)[5:].split(b"\r\n")[0]
    return {
        "Timestamp": packet.time,
        "Protocol": PORTS[port],
        "User": user.decode(errors="backslashreplace"),
        "Packet": packet.number,
    }


ENCODERS = (Encoder(CLEAR_TEXT_LOGIN, clear_text_login),)
