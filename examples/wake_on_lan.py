"""A record type by declaration: Wake-on-LAN packets, decoded at the speed of the built-in ones.

netbeam run capture.pcap -o out --encoders examples/wake_on_lan.py
netbeam dump out/WakeOnLAN.ncap.gz --encoders examples/wake_on_lan.py
"""

from netbeam.declare import Check, Layer, derived, ether_type, mac, u32, udp_port

SYNCHRONIZATION = Check(u32(0), 0xFFFFFFFF, 0xFFFFFFFF, "synchronization stream")

WAKE_ON_LAN = Layer(
    name="WakeOnLAN",
    type_id=1900,
    header_len=102,
    requires=(SYNCHRONIZATION,),
    plausible=(SYNCHRONIZATION,),
    fields=(
        derived("Timestamp", 1),
        mac("Target", 2, 6, doc="The machine to wake."),
        derived("SrcIP", 3),
    ),
    found_by=(ether_type(0x0842), udp_port(7), udp_port(9)),
    doc="Magic packets: six bytes of ones, then the address of the machine sixteen times.",
)

LAYERS = (WAKE_ON_LAN,)
