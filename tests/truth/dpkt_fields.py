"""The fields of records beside dpkt's: how dpkt's layers are found, and what its fields mean in records."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import dpkt

from truth.records import Ours
from truth.values import as_bytes, rows

Pairs = dict[str, tuple[Any, Any]]
"""By field: the record's value and dpkt's."""

NAMES = {
    dpkt.ethernet.Ethernet: "Ethernet",
    dpkt.ethernet.VLANtag8021Q: "Dot1Q",
    dpkt.llc.LLC: "LLC",
    dpkt.arp.ARP: "ARP",
    dpkt.ip.IP: "IPv4",
    dpkt.ip6.IP6: "IPv6",
    dpkt.ip6.IP6HopOptsHeader: "IPv6HopByHop",
    dpkt.ip6.IP6FragmentHeader: "IPv6Fragment",
    dpkt.icmp.ICMP: "ICMPv4",
    dpkt.icmp6.ICMP6: "ICMPv6",
    dpkt.igmp.IGMP: "IGMP",
    dpkt.gre.GRE: "GRE",
    dpkt.tcp.TCP: "TCP",
    dpkt.udp.UDP: "UDP",
    dpkt.sctp.SCTP: "SCTP",
}

APPLICATIONS: dict[str, Callable[[bytes], Any]] = {
    "DNS": dpkt.dns.DNS,
    "DHCPv4": dpkt.dhcp.DHCP,
    "NTP": dpkt.ntp.NTP,
}


def layers(found: Any) -> Iterator[tuple[str, Any]]:
    """Give the layers that dpkt found, outermost first, by the names of records."""
    while isinstance(found, dpkt.Packet):
        if type(found) in NAMES:
            yield NAMES[type(found)], found
        inner: Any = found.data
        if isinstance(found, dpkt.ethernet.Ethernet):
            yield from (("Dot1Q", tag) for tag in getattr(found, "vlan_tags", ()) if type(tag) in NAMES)
            if getattr(found, "mpls_labels", ()):
                return
        if isinstance(found, dpkt.ip6.IP6):
            for header in found.all_extension_headers:
                if type(header) is dpkt.ip6.IP6AHHeader:
                    return
                if type(header) in NAMES:
                    yield NAMES[type(header)], header
        if isinstance(found, (dpkt.icmp.ICMP, dpkt.icmp6.ICMP6)):
            return
        found = inner


def application(our: Ours, name: str) -> list[tuple[str, Any]]:
    """Give what dpkt makes of the bytes of an application layer that has a record.

    That is nothing where it fails: it knows but twelve types of resource records, and names in UTF-8.
    """
    span = our.packet.find(name)
    if span is None or not our.records.get(name):
        return []
    try:
        return [(name, APPLICATIONS[name](our.packet.header(span)))]
    except (dpkt.UnpackError, UnicodeDecodeError):
        return []


def address(data: bytes) -> str:
    """Write an IPv4 or IPv6 address."""
    return socket.inet_ntop(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data)


def mac(data: bytes) -> str:
    """Write a hardware address."""
    return data.hex(":")


def ethernet(r: Any, d: Any) -> Pairs:
    """Pair the fields of an Ethernet record."""
    return {"SrcMAC": (r.SrcMAC, mac(d.src)), "DstMAC": (r.DstMAC, mac(d.dst))}


def dot1q(r: Any, d: Any) -> Pairs:
    """Pair the fields of a VLAN tag."""
    return {
        "Priority": (r.Priority, d.pri),
        "DropEligible": (r.DropEligible, d.cfi),
        "VLANIdentifier": (r.VLANIdentifier, d.id),
        "Type": (r.Type, d.type),
    }


def llc(r: Any, d: Any) -> Pairs:
    """Pair the fields of an LLC header."""
    return {"DSAP": (r.DSAP | r.IG, d.dsap), "SSAP": (r.SSAP | r.CR, d.ssap)}


def arp(r: Any, d: Any) -> Pairs:
    """Pair the fields of an ARP packet; dpkt knows but addresses of six and four bytes."""
    pairs = {
        "AddrType": (r.AddrType, d.hrd),
        "Protocol": (r.Protocol, d.pro),
        "HwAddressSize": (r.HwAddressSize, d.hln),
        "ProtocolAddressSize": (r.ProtocolAddressSize, d.pln),
        "Operation": (r.Operation, d.op),
    }
    if (d.hln, d.pln) == (6, 4):
        pairs["SrcHwAddress"] = r.SrcHwAddress, mac(d.sha)
        pairs["DstHwAddress"] = r.DstHwAddress, mac(d.tha)
        pairs["SrcProtocolAddress"] = r.SrcProtocolAddress, address(d.spa)
        pairs["DstProtocolAddress"] = r.DstProtocolAddress, address(d.tpa)
    return pairs


def ipv4(r: Any, d: Any) -> Pairs:
    """Pair the fields of an IPv4 header."""
    return {
        "Version": (r.Version, d.v),
        "IHL": (r.IHL, d.hl),
        "TOS": (r.TOS, d.tos),
        "Length": (r.Length, d.len),
        "Id": (r.Id, d.id),
        "Flags": (r.Flags, d.rf << 2 | d.df << 1 | d.mf),
        "FragOffset": (r.FragOffset, d.offset),
        "TTL": (r.TTL, d.ttl),
        "Protocol": (r.Protocol, d.p),
        "Checksum": (r.Checksum, d.sum),
        "SrcIP": (r.SrcIP, address(d.src)),
        "DstIP": (r.DstIP, address(d.dst)),
        "Options": (list_bytes(r), d.opts),
    }


def list_bytes(r: Any) -> bytes:
    """Write the options of an IPv4 or TCP record as their header has them."""
    parts = [
        bytes([o.OptionType] if o.OptionType < 2 else [o.OptionType, o.OptionLength]) + o.OptionData
        for o in r.Options
    ]
    return b"".join(parts) + r.Padding


def ipv6(r: Any, d: Any) -> Pairs:
    """Pair the fields of an IPv6 header."""
    return {
        "Version": (r.Version, d.v),
        "TrafficClass": (r.TrafficClass, d.fc),
        "FlowLabel": (r.FlowLabel, d.flow),
        "Length": (r.Length, d.plen),
        "NextHeader": (r.NextHeader, d.nxt),
        "HopLimit": (r.HopLimit, d.hlim),
        "SrcIP": (r.SrcIP, address(d.src)),
        "DstIP": (r.DstIP, address(d.dst)),
    }


def hop_by_hop(r: Any, d: Any) -> Pairs:
    """Pair the options of a hop-by-hop header; dpkt leaves out padding."""
    options = [(o.OptionType, o.OptionLength, o.OptionData) for o in r.Options if o.OptionType > 1]
    return {"Options": (options, [(o["type"], o["opt_length"], o["data"]) for o in d.options])}


def fragment(r: Any, d: Any) -> Pairs:
    """Pair the fields of a fragment header."""
    return {
        "NextHeader": (r.NextHeader, d.nxt),
        "FragmentOffset": (r.FragmentOffset, d.frag_off),
        "MoreFragments": (r.MoreFragments, d.m_flag),
        "Identification": (r.Identification, d.id),
    }


def icmp(r: Any, d: Any) -> Pairs:
    """Pair the fields of an ICMP or ICMPv6 header."""
    pairs = {"TypeCode": (r.TypeCode, d.type << 8 | d.code), "Checksum": (r.Checksum, d.sum)}
    if isinstance(d.data, dpkt.icmp.ICMP.Echo):
        pairs["Id"], pairs["Seq"] = (r.Id, d.data.id), (r.Seq, d.data.seq)
    return pairs


def igmp(r: Any, d: Any) -> Pairs:
    """Pair the fields that all IGMP messages have."""
    return {"Type": (r.Type, d.type), "Checksum": (r.Checksum, d.sum)}


def gre(r: Any, d: Any) -> Pairs:
    """Pair the fields of a GRE header."""
    pairs = {
        "Version": (r.Version, d.v),
        "Protocol": (r.Protocol, d.p),
    }
    if r.KeyPresent and r.Version == 0:
        pairs["Key"] = r.Key, d.key
    if r.SeqPresent:
        pairs["Seq"] = r.Seq, d.seq
    return pairs


FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")


def tcp(r: Any, d: Any) -> Pairs:
    """Pair the fields of a TCP header."""
    return {
        "SrcPort": (r.SrcPort, d.sport),
        "DstPort": (r.DstPort, d.dport),
        "SeqNum": (r.SeqNum, d.seq),
        "AckNum": (r.AckNum, d.ack),
        "DataOffset": (r.DataOffset, d.off),
        "flags": (sum(getattr(r, flag) << i for i, flag in enumerate(FLAGS)), d.flags & 255),
        "Window": (r.Window, d.win),
        "Checksum": (r.Checksum, d.sum),
        "Urgent": (r.Urgent, d.urp),
        "Options": (list_bytes(r), d.opts),
    }


def udp(r: Any, d: Any) -> Pairs:
    """Pair the fields of a UDP header."""
    return {
        "SrcPort": (r.SrcPort, d.sport),
        "DstPort": (r.DstPort, d.dport),
        "Length": (r.Length, d.ulen),
        "Checksum": (r.Checksum, d.sum),
    }


def sctp(r: Any, d: Any) -> Pairs:
    """Pair the fields of an SCTP common header."""
    return {
        "SrcPort": (r.SrcPort, d.sport),
        "DstPort": (r.DstPort, d.dport),
        "VerificationTag": (r.VerificationTag, d.vtag),
        "Checksum": (r.Checksum, d.sum),
    }


def dns(r: Any, d: Any) -> Pairs:
    """Pair the fields of a DNS message; the data of each record is compared byte by byte."""
    records = [*d.an, *d.ns, *d.ar]
    return {
        "ID": (r.ID, d.id),
        "QR": (r.QR, d.qr),
        "OpCode": (r.OpCode, d.opcode),
        "AA": (r.AA, d.aa),
        "TC": (r.TC, d.tc),
        "RD": (r.RD, d.rd),
        "RA": (r.RA, d.ra),
        "Z": (r.Z, d.op >> 4 & 7),
        "ResponseCode": (r.ResponseCode, d.rcode),
        "Counts": (
            (r.QDCount, r.ANCount, r.NSCount, r.ARCount),
            (len(d.qd), len(d.an), len(d.ns), len(d.ar)),
        ),
        "Questions": (
            [(text(q.Name), q.Type, q.Class) for q in r.Questions],
            [(q.name, q.type, q.cls) for q in d.qd],
        ),
        "Records": (
            [(text(q.Name), q.Type, q.Class, q.TTL, q.DataLength, q.Data) for q in rows(r)],
            [(q.name, q.type, q.cls, q.ttl, q.rlen, q.rdata) for q in records],
        ),
        "Records.data": (
            [ours for q in rows(r) for ours in data(q)],
            [v for q in records for v in dpkt_data(q)],
        ),
    }


def text(name: str | bytes) -> str:
    """Give a name as dpkt does."""
    return as_bytes(name).decode("latin-1")


def data(r: Any) -> list[Any]:
    """Give the fields of a resource record's data."""
    if not r.DataLength:
        return []
    if r.Type in (1, 28):
        return [r.IP]
    if r.Type in (2, 5, 12):
        return [text(getattr(r, {2: "NS", 5: "CNAME", 12: "PTR"}[r.Type]))]
    if r.Type == 6:
        soa = r.SOA
        numbers = (soa.Serial, soa.Refresh, soa.Retry, soa.Expire, soa.Minimum)
        return [text(soa.MName), text(soa.RName), *numbers]
    if r.Type == 15:
        return [r.MX.Preference, text(r.MX.Name)]
    if r.Type == 16:
        return list(map(text, r.TXTs))
    if r.Type == 33:
        return [r.SRV.Priority, r.SRV.Weight, r.SRV.Port, text(r.SRV.Name)]
    return []


def dpkt_data(d: Any) -> list[Any]:
    """Give the same of dpkt's resource record."""
    if not d.rlen:
        return []
    if d.type in (1, 28):
        return [address(d.ip if d.type == 1 else d.ip6)]
    if d.type in (2, 5, 12):
        return [getattr(d, {2: "nsname", 5: "cname", 12: "ptrname"}[d.type])]
    if d.type == 6:
        return [d.mname, d.rname, d.serial, d.refresh, d.retry, d.expire, d.minimum]
    if d.type == 15:
        return [d.preference, d.mxname]
    if d.type == 16:
        return list(d.text)
    if d.type == 33:
        return [d.priority, d.weight, d.port, d.srvname]
    return []


def dhcp(r: Any, d: Any) -> Pairs:
    """Pair the fields of a DHCP message."""
    return {
        "Operation": (r.Operation, d.op),
        "HardwareType": (r.HardwareType, d.hrd),
        "HardwareLen": (r.HardwareLen, d.hln),
        "HardwareOpts": (r.HardwareOpts, d.hops),
        "Xid": (r.Xid, d.xid),
        "Secs": (r.Secs, d.secs),
        "Flags": (r.Flags, d.flags),
        "ClientIP": (r.ClientIP, address(d.ciaddr.to_bytes(4, "big"))),
        "YourClientIP": (r.YourClientIP, address(d.yiaddr.to_bytes(4, "big"))),
        "NextServerIP": (r.NextServerIP, address(d.siaddr.to_bytes(4, "big"))),
        "RelayAgentIP": (r.RelayAgentIP, address(d.giaddr.to_bytes(4, "big"))),
        "ClientHWAddr": (r.ClientHWAddr, mac(d.chaddr[: d.hln])),
        "ServerName": (r.ServerName, d.sname),
        "File": (r.File, d.file),
        "Options": ([(o.Type, as_bytes(o.Data)) for o in r.Options], list(d.opts)),
    }


def ntp(r: Any, d: Any) -> Pairs:
    """Pair the fields of an NTP packet."""
    return {
        "LeapIndicator": (r.LeapIndicator, d.li),
        "Version": (r.Version, d.v),
        "Mode": (r.Mode, d.mode),
        "Stratum": (r.Stratum, d.stratum),
        "Poll": (r.Poll & 255, d.interval),
        "Precision": (r.Precision & 255, d.precision),
        "RootDelay": (r.RootDelay, d.delay),
        "RootDispersion": (r.RootDispersion, d.dispersion),
        "ReferenceID": (r.ReferenceID.to_bytes(4, "big"), d.id),
        "ReferenceTimestamp": (r.ReferenceTimestamp, int.from_bytes(d.update_time, "big")),
        "OriginTimestamp": (r.OriginTimestamp, int.from_bytes(d.originate_time, "big")),
        "ReceiveTimestamp": (r.ReceiveTimestamp, int.from_bytes(d.receive_time, "big")),
        "TransmitTimestamp": (r.TransmitTimestamp, int.from_bytes(d.transmit_time, "big")),
        "ExtensionBytes": (r.ExtensionBytes, bytes(d.data)),
    }


PAIRS: dict[str, Callable[[Any, Any], Pairs]] = {
    "Ethernet": ethernet,
    "Dot1Q": dot1q,
    "LLC": llc,
    "ARP": arp,
    "IPv4": ipv4,
    "IPv6": ipv6,
    "IPv6HopByHop": hop_by_hop,
    "IPv6Fragment": fragment,
    "ICMPv4": icmp,
    "ICMPv6": icmp,
    "IGMP": igmp,
    "GRE": gre,
    "TCP": tcp,
    "UDP": udp,
    "SCTP": sctp,
    "DNS": dns,
    "DHCPv4": dhcp,
    "NTP": ntp,
}
