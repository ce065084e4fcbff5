"""Accepted differences between netbeam and tshark 4.0: where netbeam is right, and why."""

from __future__ import annotations

from typing import NamedTuple


class Accepted(NamedTuple):
    """Fields that may differ in a capture ("TCP.Window", "NTP" for whole records, "layers"), and why."""

    capture: str
    fields: tuple[str, ...]
    reason: str


ACCEPTED = (
    Accepted(
        "tcpdump/timestamp_invalid_nano.pcap",
        ("IPv4.Timestamp", "TCP.Timestamp"),
        "2147483648 nanoseconds into its second: netbeam adds them up, tshark says that the time is invalid.",
    ),
    Accepted(
        "tcpdump/ntp-control.pcap",
        ("layers", "NTP"),
        "Control messages (mode 6) share but the first byte with the packets that the record describes.",
    ),
    Accepted(
        "zeek/ipv4__fragmented-1.pcap",
        ("layers", "NTP"),
        "Zeros on port 123: there is no version 0 of NTP.",
    ),
    Accepted(
        "tcpdump/mptcp-v1.pcap",
        ("TCP.Options.OptionType",),
        "tshark gives the kind of Multipath TCP options (30) in another field; the options' bytes are equal.",
    ),
    Accepted(
        "tcpdump/PIM-SM_join_prune.pcap",
        ("IGMP.Checksum", "IGMP.MaxResponseTime"),
        "Messages of PIM version 1 (IGMP type 0x14), which tshark hands to another dissector.",
    ),
    Accepted(
        "tcpdump/accecn_handshake.pcap",
        ("TCP.ECE", "TCP.CWR", "TCP.NS"),
        "tshark reads the three flags as one counter where the handshake negotiated accurate ECN.",
    ),
    Accepted(
        "zeek/ldap__missing_ldap_logs.pcapng",
        ("IPv4.Length",),
        "The header says 0, as segmentation offload leaves it; tshark shows what it should say.",
    ),
    Accepted(
        "tcpdump/802.1ad_QinQ.pcap",
        ("Dot1Q.VLANIdentifier", "Dot1Q.Type"),
        "tshark has S-tags and C-tags in different fields, so that their order cannot be told.",
    ),
    Accepted(
        "tcpdump/bigtcp-ipv6.pcap",
        ("TCP",),
        "A payload length of 0 stands for more than 65535 bytes here; tshark 4.0 takes it as it is.",
    ),
    Accepted(
        "tcpdump/ipv6_frag6_negative_len.pcap",
        ("IPv6Fragment",),
        "A payload length of 0 in a frame of 32896 bytes: segmentation offload; tshark takes it as it is.",
    ),
    Accepted(
        "ndpi/fuzz-2006-06-26-2594.pcap",
        ("layers", "DNS"),
        "On port 53, but of operation code 14, which no message has (packet 642): application data.",
    ),
    Accepted(
        "ndpi/fuzz-2006-06-26-2594.pcap",
        tuple(f"DNS.Records.{field}" for field in ("Name", "Type", "Class", "TTL", "DataLength", "NS")),
        "tshark stops at the data of an A6 record (packet 684), which netbeam does not look into.",
    ),
    Accepted(
        "tcpdump/LLDP_and_CDP.pcap",
        ("Ethernet.PayloadSize",),
        "No length says where LLDP ends: to netbeam, what lies behind its last element is payload too.",
    ),
    Accepted(
        "tcpdump/lldp-infinite-loop-1.pcap",
        ("Ethernet.PayloadSize",),
        "No length says where LLDP ends: to netbeam, what lies behind its last element is payload too.",
    ),
)


DISPUTED = {
    (
        "ndpi/fuzz-2006-06-26-2594.pcap",
        "DNS name",
    ): "Labels of the reserved types 01 and 10 (RFC 1035, 4.1.4).",
    (
        "ndpi/fuzz-2006-06-26-2594.pcap",
        "LLC too short",
    ): "A frame by its length of 0, 1 or 2 bytes, less than LLC.",
    (
        "ndpi/fuzz-2020-02-16-11740.pcap",
        "LLC too short",
    ): "A frame by its length of 0, 1 or 2 bytes, less than LLC.",
    (
        "gopacket/linux_sll_oversized_addr.pcapng",
        "TCP option",
    ): "An option longer than the header; a note to tshark.",
    ("ndpi/fuzz-2006-06-26-2594.pcap", "TCP option"): "An option longer than the header; a note to tshark.",
    (
        "tcpdump/radius_attr_asan.pcap",
        "IPv4 option",
    ): "An option longer than the header; a warning to tshark.",
    (
        "libpcap/ipv6_ext_headers.pcap",
        "too many layers",
    ): "200 extension headers; netbeam goes through 32 layers.",
}
"""What is an error to netbeam in a capture, though tshark neither fails nor calls it one."""


LONGER = "The IP length is beyond the frame's end; netbeam counts the bytes that the frame had."
SAME_SYN = "A SYN again after a RST: netbeam begins another connection, tshark goes on with the stream."
OFFLOAD = (
    "A payload length of 0 for more than 65535 bytes, or segmentation offload; tshark takes it as it is."
)
VERSION_6 = "Version 6 behind the EtherType of IPv4: an error to netbeam, an IPv6 header to tshark."

CONVERSATIONS = (
    Accepted("gopacket/linux_sll_oversized_addr.pcapng", ("ip", "payload", "host ip"), LONGER),
    Accepted(
        "libpcap/ipv6_ext_headers.pcap",
        ("packets", "wire", "ip", "payload", "community id"),
        "200 extension headers; netbeam goes through 32 layers, and does not come to the ports.",
    ),
    Accepted("ndpi/badpackets.pcap", ("ip", "payload", "host ip"), LONGER),
    Accepted("ndpi/fuzz-2006-06-26-2594.pcap", ("ip", "host ip"), LONGER),
    Accepted("ndpi/fuzz-2006-06-26-2594.pcap", ("packets", "wire", "host"), VERSION_6),
    Accepted("ndpi/fuzz-2020-02-16-11740.pcap", ("ip", "host ip"), LONGER),
    Accepted("ndpi/fuzz-2020-02-16-11740.pcap", ("packets", "wire", "host"), VERSION_6),
    Accepted("ndpi/rtsp.pcap", ("streams",), SAME_SYN),
    Accepted("ndpi/telnet.pcap", ("ip", "host ip"), LONGER),
    Accepted("suricata-verify/tls-subjectaltname.pcap", ("streams",), SAME_SYN),
    Accepted("tcpdump/bigtcp-ipv6.pcap", ("packets", "wire", "ip", "payload", "host ip"), OFFLOAD),
    Accepted("tcpdump/ipv4_invalid_total_length.pcap", ("ip", "host ip"), LONGER),
    Accepted("tcpdump/ipv6_frag6_negative_len.pcap", ("packets", "wire", "ip", "host ip"), OFFLOAD),
    Accepted("tcpdump/ipv6_jumbogram_1.pcap", ("ip", "host ip"), OFFLOAD),
    Accepted("tcpdump/kday1.pcap", ("packets", "wire", "ip", "host"), VERSION_6),
    Accepted("tcpdump/kday3.pcap", ("packets", "wire", "ip", "host"), VERSION_6),
    Accepted("tcpdump/quic_32_bit_pointer_overflow.pcap", ("ip", "payload", "host ip"), OFFLOAD),
    Accepted(
        "tcpdump/udp-length-heapoverflow.pcap",
        ("community id",),
        "A UDP length of less than its header: tshark has the ports, but leaves them out of the identifier.",
    ),
    Accepted(
        "zeek/icmp__icmp6-mldv2.pcap",
        ("community id",),
        "tshark's identifiers of reports (type 143) change with the rest of the file; the specification's "
        "formula gives netbeam's.",
    ),
    Accepted("zeek/pop3__pop3.pcap", ("streams",), SAME_SYN),
    Accepted("zeek/tcp__reassembly.pcap", ("ip", "host ip"), LONGER),
)
"""Accepted differences between netbeam's connections, hosts and devices, and what tshark says of packets."""
