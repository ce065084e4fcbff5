"""The fields of records beside tshark's: for each record field, tshark's fields and what they make of it.

`ROWS` is the one table. `of` gives the values that a record has, in tshark's terms; `read` makes the same of
tshark's text. Both sides give lists: one value an occurrence, in the packet's order.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from truth.tshark import Said
from truth.values import (
    EAPOL_TYPES,
    OPT,
    Record,
    address,
    dhcp_options,
    dns_name,
    echo,
    ended,
    from_ntp,
    group,
    if_flag,
    igmp_counts,
    igmp_groups,
    igmp_query,
    igmp_sources,
    igmp_time,
    ipv6,
    lldp_lengths,
    lldp_types,
    name,
    not_zero,
    ntp_time,
    number,
    octets,
    option_data,
    options,
    plain,
    present,
    resource,
    routes,
    rows,
    snap_code,
    tcp_option_bytes,
    tshark_text,
    types,
)


class Row(NamedTuple):
    """One field of a record type, and tshark's fields that say the same (together, if they are several).

    `of` and `read` give values to compare; a value None is left out. `repeats` says why tshark may give more
    values than the field has occurrences; `shared` that tshark has these fields in other layers too.
    """

    type: str
    field: str
    tshark: tuple[str, ...]
    of: Callable[[Record], list[Any]]
    read: Callable[[str], Any]
    repeats: str = ""
    shared: bool = False


def row(
    type_: str,
    field: str,
    tshark: str,
    of: Callable[[Record], Any] | None = None,
    read: Callable[[str], Any] = number,
    repeats: str = "",
    shared: bool = False,
) -> Row:
    """Make a row; without `of` the record's field is taken as it is. A list is several values, or none."""

    def values(record: Record) -> list[Any]:
        value = of(record) if of else getattr(record, field)
        return value if isinstance(value, list) else [value]

    return Row(type_, field, tuple(tshark.split()), values, read, repeats, shared)


def neighbor_options(type_: str) -> list[Row]:
    """Make the rows of the options of a neighbour discovery message; all four share tshark's fields."""

    def data(kind: int, start: int, stop: int) -> Callable[[Record], Any]:
        return lambda record: [o.Data[start:stop] for o in record.Options if o.Type == kind]

    def link(record: Record) -> list[str]:
        return [o.Data[:6].hex() for o in record.Options if o.Type in (1, 2)]

    def prefix(record: Record) -> list[str]:
        return [socket.inet_ntop(socket.AF_INET6, value) for value in data(3, 14, 30)(record)]

    def mtu(record: Record) -> list[int]:
        return [int.from_bytes(value, "big") for value in data(5, 2, 6)(record)]

    return [
        row(type_, "Options.Type", "icmpv6.opt.type", options("Options", "Type"), shared=True),
        row(
            type_,
            "Options.Data.length",
            "icmpv6.opt.length",
            lambda r: [(len(o.Data) + 2) // 8 for o in r.Options],
            shared=True,
        ),
        row(type_, "Options.Data (1, 2)", "icmpv6.opt.linkaddr", link, octets, shared=True),
        row(type_, "Options.Data (3)", "icmpv6.opt.prefix", prefix, ipv6, shared=True),
        row(type_, "Options.Data (5)", "icmpv6.opt.mtu", mtu, shared=True),
    ]


HEADERS = "options of destination headers count too"
CLIENT_ID = "option 61 holds a type and an address too"
BITMAP = "the types that an NSEC or NSEC3 record lists, and the one that an RRSIG covers, count as types"

ROWS = (
    row("Ethernet", "SrcMAC", "eth.src", read=plain),
    row("Ethernet", "DstMAC", "eth.dst", read=plain),
    row("Ethernet", "EthernetType", "eth.type", present("EthernetType")),
    row("Dot1Q", "Priority", "vlan.priority ieee8021ad.priority"),
    row("Dot1Q", "DropEligible", "vlan.dei vlan.cfi ieee8021ad.dei"),
    row("Dot1Q", "VLANIdentifier", "vlan.id ieee8021ad.id ieee8021ad.svid ieee8021ad.cvid"),
    row("Dot1Q", "Type", "vlan.etype vlan.len ieee8021ah.etype"),
    row("LLC", "DSAP", "llc.dsap", lambda r: r.DSAP | r.IG),
    row("LLC", "SSAP", "llc.ssap", lambda r: r.SSAP | r.CR),
    row("LLC", "IG", "llc.dsap.ig"),
    row("LLC", "CR", "llc.ssap.cr"),
    row("LLC", "Control", "llc.control"),
    row("SNAP", "OrganizationalCode", "llc.oui", lambda r: r.OrganizationalCode.hex(), snap_code),
    row(
        "SNAP",
        "Type",
        "llc.type llc.pid llc.cisco_pid llc.nortel_pid llc.foundry_pid llc.extreme_pid llc.force10_pid"
        " llc.cimetrics_pid llc.apple_atalk_pid llc.apple_awdl_pid llc.iana_pid llc.bluetooth_pid"
        " llc.hpteam_pid llc.wlccp_pid",
    ),
    row("ARP", "AddrType", "arp.hw.type"),
    row("ARP", "Protocol", "arp.proto.type"),
    row("ARP", "HwAddressSize", "arp.hw.size"),
    row("ARP", "ProtocolAddressSize", "arp.proto.size"),
    row("ARP", "Operation", "arp.opcode"),
    row("ARP", "SrcHwAddress", "arp.src.hw_mac arp.src.hw", lambda r: octets(r.SrcHwAddress), octets),
    row("ARP", "DstHwAddress", "arp.dst.hw_mac arp.dst.hw", lambda r: octets(r.DstHwAddress), octets),
    row(
        "ARP", "SrcProtocolAddress", "arp.src.proto_ipv4 arp.src.proto", present("SrcProtocolAddress"), plain
    ),
    row(
        "ARP", "DstProtocolAddress", "arp.dst.proto_ipv4 arp.dst.proto", present("DstProtocolAddress"), plain
    ),
    row("IPv4", "Version", "ip.version"),  # the field of IPv6 headers too: see wanted
    row("IPv4", "IHL", "ip.hdr_len", lambda r: 4 * r.IHL),
    row("IPv4", "TOS", "ip.dsfield"),
    row("IPv4", "Length", "ip.len"),
    row("IPv4", "Id", "ip.id"),
    row("IPv4", "Flags", "ip.flags"),
    row("IPv4", "FragOffset", "ip.frag_offset"),
    row("IPv4", "TTL", "ip.ttl"),
    row("IPv4", "Protocol", "ip.proto"),
    row("IPv4", "Checksum", "ip.checksum"),
    row("IPv4", "SrcIP", "ip.src", read=plain),
    row("IPv4", "DstIP", "ip.dst", read=plain),
    row("IPv4", "Options.OptionType", "ip.opt.type", options("Options", "OptionType")),
    row(
        "IPv4",
        "Options.OptionLength",
        "ip.opt.len",
        lambda r: [o.OptionLength for o in r.Options if o.OptionType > 1],
    ),
    row(
        "IPv4",
        "Options.OptionData",
        "ip.opt.ra",
        lambda r: [int.from_bytes(o.OptionData, "big") for o in r.Options if o.OptionType == 148],
    ),
    row("IPv6", "Version", "ipv6.version"),
    row("IPv6", "TrafficClass", "ipv6.tclass"),
    row("IPv6", "FlowLabel", "ipv6.flow"),
    row("IPv6", "Length", "ipv6.plen"),
    row("IPv6", "NextHeader", "ipv6.nxt"),
    row("IPv6", "HopLimit", "ipv6.hlim"),
    row("IPv6", "SrcIP", "ipv6.src", read=ipv6),
    row("IPv6", "DstIP", "ipv6.dst", read=ipv6),
    row(
        "IPv6HopByHop",
        "Options.OptionType",
        "ipv6.opt.type",
        options("Options", "OptionType"),
        repeats=HEADERS,
        shared=True,
    ),
    row(
        "IPv6HopByHop",
        "Options.OptionLength",
        "ipv6.opt.length",
        lambda r: [o.OptionLength for o in r.Options if o.OptionType],
        repeats=HEADERS,
        shared=True,
    ),
    row("IPv6Fragment", "NextHeader", "ipv6.fraghdr.nxt"),
    row("IPv6Fragment", "Reserved1", "ipv6.fraghdr.reserved_octet"),
    row("IPv6Fragment", "FragmentOffset", "ipv6.fraghdr.offset"),
    row("IPv6Fragment", "Reserved2", "ipv6.fraghdr.reserved_bits"),
    row("IPv6Fragment", "MoreFragments", "ipv6.fraghdr.more"),
    row("IPv6Fragment", "Identification", "ipv6.fraghdr.ident"),
    row("ICMPv4", "TypeCode.type", "icmp.type", types(1)),
    row("ICMPv4", "TypeCode.code", "icmp.code", types(0)),
    row("ICMPv4", "Checksum", "icmp.checksum"),
    row("ICMPv4", "Id", "icmp.ident", echo("Id")),
    row("ICMPv4", "Seq", "icmp.seq", echo("Seq")),
    row("ICMPv6", "TypeCode.type", "icmpv6.type", types(1)),
    row("ICMPv6", "TypeCode.code", "icmpv6.code", types(0)),
    row("ICMPv6", "Checksum", "icmpv6.checksum"),
    row("ICMPv6Echo", "Identifier", "icmpv6.echo.identifier"),
    row("ICMPv6Echo", "SeqNumber", "icmpv6.echo.sequence_number"),
    row("ICMPv6RouterAdvertisement", "HopLimit", "icmpv6.nd.ra.cur_hop_limit"),
    row("ICMPv6RouterAdvertisement", "Flags", "icmpv6.nd.ra.flag"),
    row("ICMPv6RouterAdvertisement", "RouterLifetime", "icmpv6.nd.ra.router_lifetime"),
    row("ICMPv6RouterAdvertisement", "ReachableTime", "icmpv6.nd.ra.reachable_time"),
    row("ICMPv6RouterAdvertisement", "RetransTimer", "icmpv6.nd.ra.retrans_timer"),
    row("ICMPv6NeighborSolicitation", "TargetAddress", "icmpv6.nd.ns.target_address", read=ipv6),
    row("ICMPv6NeighborAdvertisement", "TargetAddress", "icmpv6.nd.na.target_address", read=ipv6),
    row("ICMPv6NeighborAdvertisement", "Flags", "icmpv6.nd.na.flag", lambda r: r.Flags << 24),
    *neighbor_options("ICMPv6RouterAdvertisement"),
    *neighbor_options("ICMPv6RouterSolicitation"),
    *neighbor_options("ICMPv6NeighborAdvertisement"),
    *neighbor_options("ICMPv6NeighborSolicitation"),
    row("IGMP", "Type", "igmp.type"),
    row("IGMP", "Version", "igmp.version", present("Version")),
    row("IGMP", "Checksum", "igmp.checksum"),
    row(
        "IGMP",
        "MaxResponseTime",
        "igmp.max_resp",
        lambda r: [] if r.Type == 0x22 else r.MaxResponseTime,
        igmp_time,
    ),
    row("IGMP", "GroupAddress", "igmp.maddr", igmp_groups, plain),
    row("IGMP", "SourceAddresses", "igmp.saddr", igmp_sources, plain),
    row(
        "IGMP",
        "NumberOfGroupRecords",
        "igmp.num_grp_recs",
        lambda r: r.NumberOfGroupRecords if r.Type == 0x22 else [],
    ),
    row("IGMP", "GroupRecords.Type", "igmp.record_type", group("Type")),
    row("IGMP", "GroupRecords.AuxDataLen", "igmp.aux_data_len", group("AuxDataLen")),
    row("IGMP", "NumberOfSources", "igmp.num_src", igmp_counts),
    row("IGMP", "SupressRouterProcessing", "igmp.s", igmp_query("SupressRouterProcessing")),
    row("IGMP", "RobustnessValue", "igmp.qrv", igmp_query("RobustnessValue")),
    row("IGMP", "IntervalTime", "igmp.qqic", igmp_query("IntervalTime"), lambda text: number(text) * 10**9),
    row("GRE", "ChecksumPresent", "gre.flags.checksum"),
    row("GRE", "RoutingPresent", "gre.flags.routing"),
    row("GRE", "KeyPresent", "gre.flags.key"),
    row("GRE", "SeqPresent", "gre.flags.sequence_number"),
    row("GRE", "StrictSourceRoute", "gre.flags.strict_source_route"),
    row("GRE", "AckPresent", "gre.flags.ack", lambda r: r.AckPresent if r.Version == 1 else []),
    row("GRE", "Flags", "gre.flags.reserved", lambda r: r.Flags & (15 if r.Version == 1 else 31)),
    row("GRE", "Routing.AddressFamily", "gre.routing.address_family", routes("AddressFamily")),
    row("GRE", "Routing.SREOffset", "gre.routing.sre_offset", routes("SREOffset")),
    row("GRE", "Routing.SRELength", "gre.routing.src_length", routes("SRELength")),
    row("GRE", "RecursionControl", "gre.flags.recursion_control"),
    row("GRE", "Version", "gre.flags.version"),
    row("GRE", "Protocol", "gre.proto"),
    row("GRE", "Checksum", "gre.checksum", if_flag("ChecksumPresent", "Checksum")),
    row("GRE", "Offset", "gre.offset", lambda r: r.Offset if r.ChecksumPresent or r.RoutingPresent else []),
    row("GRE", "Key", "gre.key", lambda r: r.Key if r.KeyPresent and r.Version == 0 else []),
    row(
        "GRE", "Key.PayloadLength", "gre.key.payload_length", lambda r: r.Key >> 16 if r.Version == 1 else []
    ),
    row("GRE", "Key.CallID", "gre.key.call_id", lambda r: r.Key & 0xFFFF if r.Version == 1 else []),
    row("GRE", "Seq", "gre.sequence_number", if_flag("SeqPresent", "Seq")),
    row("GRE", "Ack", "gre.ack_number", if_flag("AckPresent", "Ack")),
    row("LinkLayerDiscovery", "ChassisID.Subtype", "lldp.chassis.subtype", lambda r: r.ChassisID.Subtype),
    row(
        "LinkLayerDiscovery",
        "ChassisID.ID (4)",
        "lldp.chassis.id.mac",
        lambda r: [r.ChassisID.ID.hex()] if r.ChassisID.Subtype == 4 else [],
        octets,
    ),
    row("LinkLayerDiscovery", "PortID.Subtype", "lldp.port.subtype", lambda r: r.PortID.Subtype),
    row(
        "LinkLayerDiscovery",
        "PortID.ID (5, 7)",
        "lldp.port.id",
        lambda r: [r.PortID.ID.decode("utf-8", "replace")] if r.PortID.Subtype in (1, 2, 5, 6, 7) else [],
        plain,
    ),
    row("LinkLayerDiscovery", "TTL", "lldp.time_to_live"),
    row("LinkLayerDiscovery", "Values.Type", "lldp.tlv.type", lldp_types, not_zero),
    row("LinkLayerDiscovery", "Values.Length", "lldp.tlv.len", lldp_lengths, not_zero),
    row("EAPOL", "Version", "eapol.version"),
    row("EAPOL", "Type", "eapol.type"),
    row("EAPOL", "TypeName", "eapol.type", lambda r: [EAPOL_TYPES.index(r.TypeName)]),
    row("EAPOL", "IsLogoff", "eapol.type", lambda r: r.IsLogoff, lambda text: number(text) == 2),
    row("EAPOL", "Length", "eapol.len"),
    row("VRRPv2", "Version", "vrrp.version", shared=True),
    row("VRRPv2", "Type", "vrrp.type", shared=True),
    row("VRRPv2", "VirtualRtrID", "vrrp.virt_rtr_id", shared=True),
    row("VRRPv2", "Priority", "vrrp.prio", shared=True),
    row("VRRPv2", "CountIPAddr", "vrrp.addr_count", shared=True),
    row("VRRPv2", "AuthType", "vrrp.auth_type", shared=True),
    row("VRRPv2", "AdverInt", "vrrp.adver_int", shared=True),
    row("VRRPv2", "Checksum", "vrrp.checksum", shared=True),
    row("VRRPv2", "IPAddress", "vrrp.ip_addr", lambda r: list(r.IPAddress), plain, shared=True),
    row("TCP", "SrcPort", "tcp.srcport"),
    row("TCP", "DstPort", "tcp.dstport"),
    row("TCP", "SeqNum", "tcp.seq_raw"),
    row("TCP", "AckNum", "tcp.ack_raw"),
    row("TCP", "DataOffset", "tcp.hdr_len", lambda r: 4 * r.DataOffset),
    row("TCP", "FIN", "tcp.flags.fin"),
    row("TCP", "SYN", "tcp.flags.syn"),
    row("TCP", "RST", "tcp.flags.reset"),
    row("TCP", "PSH", "tcp.flags.push"),
    row("TCP", "ACK", "tcp.flags.ack"),
    row("TCP", "URG", "tcp.flags.urg"),
    row("TCP", "ECE", "tcp.flags.ece"),
    row("TCP", "CWR", "tcp.flags.cwr"),
    row("TCP", "NS", "tcp.flags.ae"),
    row("TCP", "Window", "tcp.window_size_value"),
    row("TCP", "Checksum", "tcp.checksum"),
    row("TCP", "Urgent", "tcp.urgent_pointer"),
    row("TCP", "PayloadSize", "tcp.len"),
    row("TCP", "Options", "tcp.options", tcp_option_bytes, octets),
    row(
        "TCP",
        "Options.OptionType",
        "tcp.option_kind",
        lambda r: [o.OptionType or None for o in r.Options],
        not_zero,
    ),
    row("TCP", "Options.mss", "tcp.options.mss_val", option_data(2, length=4)),
    row("TCP", "Options.scale", "tcp.options.wscale.shift", option_data(3, length=3)),
    row("UDP", "SrcPort", "udp.srcport"),
    row("UDP", "DstPort", "udp.dstport"),
    row("UDP", "Length", "udp.length"),
    row("UDP", "Checksum", "udp.checksum"),
    row("SCTP", "SrcPort", "sctp.srcport"),
    row("SCTP", "DstPort", "sctp.dstport"),
    row("SCTP", "VerificationTag", "sctp.verification_tag"),
    row("SCTP", "Checksum", "sctp.checksum"),
    row("DNS", "ID", "dns.id"),
    row("DNS", "QR", "dns.flags.response"),
    row("DNS", "OpCode", "dns.flags.opcode"),
    row("DNS", "AA", "dns.flags.authoritative", lambda r: r.AA if r.QR else []),
    row("DNS", "TC", "dns.flags.truncated"),
    row("DNS", "RD", "dns.flags.recdesired"),
    row("DNS", "RA", "dns.flags.recavail", lambda r: r.RA if r.QR else []),
    row("DNS", "Z", "dns.flags.z", lambda r: r.Z >> 2),
    row(
        "DNS", "Z.authenticated", "dns.flags.authenticated", lambda r: r.Z >> 1 & 1 if r.QR or r.Z & 2 else []
    ),
    row("DNS", "Z.checkdisable", "dns.flags.checkdisable", lambda r: r.Z & 1),
    row("DNS", "ResponseCode", "dns.flags.rcode", lambda r: r.ResponseCode if r.QR else []),
    row("DNS", "QDCount", "dns.count.queries dns.count.zones"),
    row("DNS", "ANCount", "dns.count.answers dns.count.prerequisites"),
    row("DNS", "NSCount", "dns.count.auth_rr dns.count.updates"),
    row("DNS", "ARCount", "dns.count.add_rr"),
    row("DNS", "Questions.Name", "dns.qry.name", lambda r: [dns_name(q.Name) for q in r.Questions], name),
    row("DNS", "Questions.Type", "dns.qry.type", lambda r: [q.Type for q in r.Questions]),
    row("DNS", "Questions.Class", "dns.qry.class", lambda r: [q.Class for q in r.Questions]),
    row("DNS", "Records.Name", "dns.resp.name", resource("Name"), name),
    row("DNS", "Records.Type", "dns.resp.type", resource("Type"), repeats=BITMAP),
    row("DNS", "Records.Class", "dns.resp.class", resource("Class", skip=(OPT,))),
    row("DNS", "Records.Class (OPT)", "dns.rr.udp_payload_size", resource("Class", OPT)),
    row("DNS", "Records.TTL", "dns.resp.ttl", resource("TTL", skip=(OPT,))),
    row("DNS", "Records.DataLength", "dns.resp.len", resource("DataLength")),
    row("DNS", "Records.IP (A)", "dns.a", address(1), name),
    row("DNS", "Records.IP (AAAA)", "dns.aaaa", address(28), ipv6),
    row("DNS", "Records.NS", "dns.ns", resource("NS", 2), name),
    row("DNS", "Records.CNAME", "dns.cname", resource("CNAME", 5), name),
    row("DNS", "Records.PTR", "dns.ptr.domain_name", resource("PTR", 12), name),
    row("DNS", "Records.SOA.MName", "dns.soa.mname", resource("SOA.MName", 6), name),
    row("DNS", "Records.SOA.RName", "dns.soa.rname", resource("SOA.RName", 6), name),
    row("DNS", "Records.SOA.Serial", "dns.soa.serial_number", resource("SOA.Serial", 6)),
    row("DNS", "Records.SOA.Refresh", "dns.soa.refresh_interval", resource("SOA.Refresh", 6)),
    row("DNS", "Records.SOA.Retry", "dns.soa.retry_interval", resource("SOA.Retry", 6)),
    row("DNS", "Records.SOA.Expire", "dns.soa.expire_limit", resource("SOA.Expire", 6)),
    row("DNS", "Records.SOA.Minimum", "dns.soa.minimum_ttl", resource("SOA.Minimum", 6)),
    row("DNS", "Records.SRV.Priority", "dns.srv.priority", resource("SRV.Priority", 33)),
    row("DNS", "Records.SRV.Weight", "dns.srv.weight", resource("SRV.Weight", 33)),
    row("DNS", "Records.SRV.Port", "dns.srv.port", resource("SRV.Port", 33)),
    row("DNS", "Records.SRV.Name", "dns.srv.target", resource("SRV.Name", 33), name),
    row("DNS", "Records.MX.Preference", "dns.mx.preference", resource("MX.Preference", 15)),
    row("DNS", "Records.MX.Name", "dns.mx.mail_exchange", resource("MX.Name", 15), name),
    row(
        "DNS",
        "Records.TXTs",
        "dns.txt",
        lambda r: [tshark_text(t) for q in rows(r) if q.Type == 16 for t in q.TXTs],
        plain,
    ),
    row("DHCPv4", "Operation", "dhcp.type"),
    row("DHCPv4", "HardwareType", "dhcp.hw.type", repeats=CLIENT_ID),
    row("DHCPv4", "HardwareLen", "dhcp.hw.len"),
    row("DHCPv4", "HardwareOpts", "dhcp.hops"),
    row("DHCPv4", "Xid", "dhcp.id"),
    row("DHCPv4", "Secs", "dhcp.secs"),
    row("DHCPv4", "Flags", "dhcp.flags"),
    row("DHCPv4", "ClientIP", "dhcp.ip.client", read=plain),
    row("DHCPv4", "YourClientIP", "dhcp.ip.your", read=plain),
    row("DHCPv4", "NextServerIP", "dhcp.ip.server", read=plain),
    row("DHCPv4", "RelayAgentIP", "dhcp.ip.relay", read=plain),
    row(
        "DHCPv4",
        "ClientHWAddr",
        "dhcp.hw.mac_addr dhcp.hw.addr",
        lambda r: octets(r.ClientHWAddr),
        octets,
        CLIENT_ID,
    ),
    row("DHCPv4", "ServerName", "dhcp.server", lambda r: [s] if (s := ended(r.ServerName)) else [], plain),
    row("DHCPv4", "File", "dhcp.file", lambda r: [s] if (s := ended(r.File)) else [], plain),
    row("DHCPv4", "Options.Type", "dhcp.option.type", dhcp_options("Type"), not_zero),
    row("DHCPv4", "Options.Length", "dhcp.option.length", dhcp_options("Length")),
    row("DHCPv4", "Options.Data", "dhcp.option.value", dhcp_options("Data"), octets),
    row(
        "DHCPv4",
        "Fingerprint",
        "dhcp.option.type",
        lambda r: [int(code) for code in r.Fingerprint.split(",") if code],
        not_zero,
    ),
    row("NTP", "LeapIndicator", "ntp.flags.li"),
    row("NTP", "Version", "ntp.flags.vn"),
    row("NTP", "Mode", "ntp.flags.mode"),
    row("NTP", "Stratum", "ntp.stratum"),
    row("NTP", "Poll", "ntp.ppoll"),
    row("NTP", "Precision", "ntp.precision", lambda r: r.Precision & 255),
    row("NTP", "RootDelay", "ntp.rootdelay"),
    row("NTP", "RootDispersion", "ntp.rootdispersion"),
    row("NTP", "ReferenceID", "ntp.refid", lambda r: f"{r.ReferenceID:08x}", octets),
    row("NTP", "ReferenceTimestamp", "ntp.reftime", lambda r: from_ntp(r.ReferenceTimestamp), ntp_time),
    row("NTP", "OriginTimestamp", "ntp.org", lambda r: from_ntp(r.OriginTimestamp), ntp_time),
    row("NTP", "ReceiveTimestamp", "ntp.rec", lambda r: from_ntp(r.ReceiveTimestamp), ntp_time),
    row("NTP", "TransmitTimestamp", "ntp.xmt", lambda r: from_ntp(r.TransmitTimestamp), ntp_time),
)

FRAME = (
    "frame.number",
    "frame.time_epoch",
    "frame.len",
    "frame.cap_len",
    "frame.protocols",
    "frame.encap_type",
)
BROKEN = ("_ws.short", "_ws.malformed", "_ws.unreassembled", "_ws.expert.severity", "_ws.expert.message")
PADDING = ("eth.padding", "eth.trailer", "eth.fcs", "vlan.trailer", "ip.flags.mf")


def tshark_fields() -> list[str]:
    """Give every field that tshark is asked for."""
    return [*FRAME, *BROKEN, *PADDING, *dict.fromkeys(name for r in ROWS for name in r.tshark)]


def wanted(r: Row, said: Said) -> Iterator[Any]:
    """Give the values that tshark says the record field should have."""
    for field in r.tshark:
        for text in said[field]:
            value = r.read(text)
            if value is not None and not (field == "ip.version" and value == 6):
                yield value
