"""What a flow is in each protocol, tunnel and VLAN, and how it is named."""

import random

import pytest
from flow_packets import (
    A6,
    B6,
    ICMP,
    IPIP,
    SIX_IN_FOUR,
    A,
    B,
    C,
    answer,
    at,
    conversation,
    datagram,
    ether,
    gre,
    icmp,
    ip,
    message,
    sctp,
    segment,
    tcp,
    udp,
)
from flow_runs import chunks, flows, run
from flow_traffic import traffic
from test_flows_scenarios import packets_of, told

import netbeam.kernel

ENDS = ("SrcIP", "SrcPort", "DstIP", "DstPort", "TransportProto")
INNER = ip("192.168.0.1", "192.168.0.2", 17, datagram(5000, 53, b"?"))
INNER_BACK = ip("192.168.0.2", "192.168.0.1", 17, datagram(53, 5000, b"!"))
TUNNEL = ("TunnelType", "TunnelID", "TunnelSrcIP", "TunnelDstIP")


def test_icmp_messages_that_answer_each_other_are_one_flow():
    for kind, back in ((8, 0), (13, 14), (15, 16), (10, 9), (17, 18)):
        (one,) = flows(at(0, icmp(A, B, kind)), at(1, icmp(B, A, back)))
        assert told(one, *ENDS) == (A, str(kind), B, str(back), "ICMPv4")
        assert told(one, "PacketsClientToServer", "PacketsServerToClient", "ConnState") == (1, 1, "OTH")
    assert len(flows(at(0, icmp(A, B, 8)), at(1, icmp(A, B, 13)))) == 2
    assert len(flows(at(0, icmp(A, B, 8)), at(1, icmp(A, B, 0)))) == 2


def test_icmp_messages_that_stand_alone_have_their_code_and_one_direction():
    found = flows(*[at(n, icmp(A, B, 3, code)) for n, code in enumerate((1, 3, 1))])
    assert [told(each, "SrcPort", "DstPort", "NumPackets") for each in found] == [
        ("3", "1", 2),
        ("3", "3", 1),
    ]
    found = flows(at(0, icmp(A, B, 3, 1)), at(1, icmp(B, A, 3, 1)))
    assert packets_of(found) == [(1, 0), (1, 0)]
    assert found[0].CommunityID != found[1].CommunityID


def test_icmp6_pairs_neighbours_and_echoes():
    for kind, back in ((128, 129), (135, 136), (133, 134)):
        (one,) = flows(at(0, icmp(A6, B6, kind)), at(1, icmp(B6, A6, back)))
        assert told(one, *ENDS, "NetworkProto") == (A6, str(kind), B6, str(back), "ICMPv6", "IPv6")
        assert packets_of([one]) == [(1, 1)]
    (one,) = flows(at(0, icmp(A6, B6, 1, 4)))
    assert told(one, "SrcPort", "DstPort") == ("1", "4")


def test_types_of_icmp6_are_no_ports_where_ipv4_carries_it():
    made = run(chunks([at(0, ether(ip(A, B, 58, message(128)))), at(1, ether(ip(B, A, 58, message(129))))]))
    assert "port" not in {each.DirectionReason for each in made.connections}
    assert not made.parsed("Service")
    assert made.packets == 2


def test_sctp_has_ports_and_other_protocols_have_none():
    (one,) = flows(at(0, ether(ip(A, B, 132, sctp(40000, 80)))), at(1, ether(ip(B, A, 132, sctp(80, 40000)))))
    assert told(one, *ENDS, "DirectionReason") == (A, "40000", B, "80", "SCTP", "port")
    assert packets_of([one]) == [(1, 1)]
    (one,) = flows(at(0, ether(ip(B, A, 46, b"path"))), at(1, ether(ip(A, B, 46, b"resv!"))))
    assert told(one, *ENDS, "IPProto") == (B, "0", A, "0", "", 46)
    assert told(one, "DirectionReason", "BytesClientToServer", "BytesServerToClient") == ("first", 24, 25)
    assert told(one, "PayloadBytesClientToServer", "PayloadBytesServerToClient") == (4, 5)


def test_states_of_datagrams_are_by_who_spoke():
    asked, told_back = at(0, udp(A, B, ports=(5000, 53))), at(1, udp(B, A, ports=(53, 5000)))
    assert [each.ConnState for each in flows(asked, told_back)] == ["SF"]
    assert [each.ConnState for each in flows(asked)] == ["S0"]
    assert [each.ConnState for each in flows(told_back)] == ["SHR"]


def test_one_pair_of_ports_in_two_vlans_is_two_flows():
    found = flows(
        *[at(n, udp(A, B, vlans=vlans)) for n, vlans in enumerate([(1,), (2,), (1, 2), (2, 1), (), (1,)])]
    )
    assert [(list(each.VLANIDs), each.NumPackets) for each in found] == [
        ([1], 2),
        ([2], 1),
        ([1, 2], 1),
        ([2, 1], 1),
        ([], 1),
    ]
    assert len({each.UID for each in found}) == 5
    assert len({each.CommunityID for each in found}) == 1
    (one,) = flows(at(0, udp(A, B, vlans=(0, 4095, 1, 2, 3))))
    assert list(one.VLANIDs) == [0, 4095, 1, 2]


def test_a_flow_in_a_tunnel_is_the_innermost_one():
    for carried, tunnel in (
        (ether(ip(A, B, 47, gre(INNER))), ("GRE", 0, A, B)),
        (ether(ip(A, B, 47, gre(INNER, 7))), ("GRE", 7, A, B)),
        (ether(ip(A, B, IPIP, INNER)), ("IPv4", 0, A, B)),
        (ether(ip(A6, B6, IPIP, INNER)), ("IPv6", 0, A6, B6)),
        (ether(ip(A6, B6, 47, gre(INNER, 1))), ("GRE", 1, A6, B6)),
    ):
        (one,) = flows(at(0, carried))
        assert told(one, *ENDS) == ("192.168.0.1", "5000", "192.168.0.2", "53", "UDP")
        assert told(one, *TUNNEL) == tunnel
        assert told(one, "BytesClientToServer", "PayloadBytesClientToServer") == (29, 1)
        assert one.TotalSize == len(carried)
    (one,) = flows(at(0, ether(ip(A, B, SIX_IN_FOUR, ip(A6, B6, 17, datagram(1, 2))))))
    assert told(one, *ENDS, *TUNNEL) == (A6, "1", B6, "2", "UDP", "IPv4", 0, A, B)


def test_outer_addresses_are_those_of_the_originators_and_the_responders_side():
    there = ether(ip(A, B, 47, gre(INNER, 7)))
    back = ether(ip(B, A, 47, gre(INNER_BACK, 7)))
    for packets in ((there, back), (back, there)):
        (one,) = flows(*[at(n, packet) for n, packet in enumerate(packets)])
        assert told(one, "SrcIP", "TunnelSrcIP", "TunnelDstIP") == ("192.168.0.1", A, B)
        assert packets_of([one]) == [(1, 1)]
    (one,) = flows(at(0, back))
    assert told(one, "SrcIP", "TunnelSrcIP", "TunnelDstIP", "DirectionFlipped") == (
        "192.168.0.1", A, B, True,
    )  # fmt: skip


def test_the_same_ends_in_other_tunnels_are_other_flows():
    wrapped = [gre(INNER), gre(INNER, 1), gre(INNER, 2)]
    frames = [ether(ip(A, B, 47, one)) for one in wrapped] + [ether(ip(A, B, IPIP, INNER)), ether(INNER)]
    found = flows(*[at(0, frame) for frame in frames * 2])
    assert [each.NumPackets for each in found] == [2] * 5
    assert len({each.UID for each in found}) == 5


def test_fragments_behind_the_first_are_a_flow_without_ports():
    first = ether(ip(A, B, 17, datagram(5000, 53, bytes(24)), fragment=0x2000))
    found = flows(at(0, first), at(1, ether(ip(A, B, 17, bytes(16), fragment=4))))
    assert [told(each, "SrcPort", "DstPort", "NumPackets", "TransportProto") for each in found] == [
        ("5000", "53", 1, "UDP"),
        ("0", "0", 1, "UDP"),
    ]


@pytest.mark.parametrize("captured", range(34, 55))
def test_a_segment_that_was_not_captured_whole_belongs_to_a_flow_all_the_same(captured):
    made = run(chunks([at(0, tcp(A, B, "SA", 5, 7), captured=captured)]))
    (one,) = made.connections
    assert made.packets == made.ip_packets == 1
    assert told(one, "SrcIP", "DstIP", "IPProto", "BytesClientToServer") == (
        (B, A, 6, 0) if captured == 54 else (A, B, 6, 40)
    )
    assert one.TotalSize == 54
    ends = ("80", "40000") if captured == 54 else ("40000", "80") if captured >= 38 else ("0", "0")
    assert told(one, "SrcPort", "DstPort") == ends
    assert one.CutPacketsClientToServer == (captured < 54)


def test_bytes_that_were_not_captured_count():
    frame = tcp(A, B, "PA", 1, 1, bytes(100))
    (one,) = flows(at(0, frame, captured=54), at(1, frame, captured=60), at(2, frame))
    assert told(one, "BytesClientToServer", "PayloadBytesClientToServer", "WireBytesClientToServer") == (
        420, 300, 462,
    )  # fmt: skip
    assert one.CutPacketsClientToServer == 2


def test_padding_of_a_frame_does_not_count_as_payload():
    (one,) = flows(at(0, tcp(A, B, "A", 1, 1) + bytes(6)))
    assert told(one, "BytesClientToServer", "PayloadBytesClientToServer", "TotalSize") == (40, 0, 60)


WEB = [("web.example", B)]
"""What the servers of the next tests answer."""


def named(*packets):
    """Give the name of the connection from A to B, and how long it was known."""
    (one,) = [
        each
        for each in flows(*packets)
        if {each.SrcIP, each.DstIP} in ({A, B}, {A6, B6}) and each.IPProto == 6
    ]
    return one.DNSName, one.DNSAge


def test_a_connection_has_the_name_that_its_originator_was_told_before():
    told_name, asked = at(0, answer(A, C, "web.example", *WEB)), at(1.5, tcp(A, B, "S"))
    assert named(told_name, asked) == ("web.example", 1_500_000_000)
    assert named(asked) == ("", 0)
    assert named(at(2, answer(A, C, "web.example", *WEB)), asked) == ("", 0)
    assert named(at(0, answer(C, C, "web.example", *WEB)), asked) == ("", 0)
    assert named(at(0, answer(A, C, "web.example", ("web.example", C))), asked) == ("", 0)


def test_of_several_names_the_last_one_told_before_counts():
    names = [
        at(second, answer(A, C, name, (name, B)))
        for second, name in ((0, "one.example"), (1, "two.example"), (2, "six.example"))
    ]
    assert named(*names, at(1.5, tcp(A, B, "S"))) == ("two.example", 500_000_000)
    assert named(*reversed(names), at(3, tcp(A, B, "S"))) == ("six.example", 1_000_000_000)


def test_a_name_of_the_same_time_counts_if_its_packet_came_before():
    name, asked = at(1, answer(A, C, "web.example", *WEB)), at(1, tcp(A, B, "S"))
    assert named(name, asked) == ("web.example", 0)
    assert named(asked, name) == ("", 0)


def test_names_lead_over_other_names_and_to_addresses_of_ipv6():
    chain = answer(
        A,
        C,
        "www.example",
        ("www.example", "cdn.example"),
        ("cdn.example", "host.example"),
        ("host.example", B),
    )
    assert named(at(0, chain), at(1, tcp(A, B, "S"))) == ("www.example", 1_000_000_000)
    six = ether(ip(A6, B6, 6, segment(40000, 443, "S")))
    asked6 = bytearray(answer(A, C, "six.example", ("six.example", B6)))
    datagram6 = ether(ip("2001:db8::3", A6, 17, bytes(asked6[34:])))
    assert named(at(0, datagram6), at(1, six)) == ("six.example", 1_000_000_000)


def test_a_name_is_the_originators_whoever_sent_first():
    found = flows(at(0, answer(A, C, "web.example", *WEB)), at(1, tcp(B, A, "SA", ports=(80, 40000))))
    assert [each.DNSName for each in found if each.IPProto == 6] == ["web.example"]
    found = flows(at(0, answer(B, C, "web.example", *WEB)), at(1, tcp(B, A, "SA", ports=(80, 40000))))
    assert [each.DNSName for each in found if each.IPProto == 6] == [""]


def test_a_name_comes_from_another_chunk_and_capture_too():
    parts = [
        *chunks([at(1, tcp(A, B, "S"))], source="a"),
        *chunks([at(0, answer(A, C, "web.example", *WEB))], source="b"),
    ]
    assert [each.DNSName for each in run(parts).connections if each.IPProto == 6] == ["web.example"]


VECTORS = (
    ("128.232.110.120", "66.35.250.204", 6, (34855, 80), "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    ("192.168.1.52", "8.8.8.8", 17, (54585, 53), "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
    ("192.168.170.8", "192.168.170.56", 132, (7, 7), "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="),
    ("192.168.0.89", "192.168.0.1", ICMP, (8, 0), "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
    ("10.0.0.1", "10.0.0.2", ICMP, (11, 0), "1:YHxtAirCG//0OzkcVAukqKQN9xM="),
    ("fe80::200:86ff:fe05:80da", "ff02::2", 58, (133, 0), "1:hO+sN4H+MG5MY/8hIrXPqc4ZQz0="),
    (
        "2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a", 6, (63943, 25),
        "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=",
    ),
    ("10.1.12.1", "10.1.12.2", 46, None, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="),
)  # fmt: skip
"""Community IDs of the specification."""


def transport(protocol, ports):
    """Give what lies behind the IP header of a vector."""
    if protocol == 6:
        return segment(*ports, "A", 1, 1)
    if protocol == 132:
        return sctp(*ports)
    if protocol == 17:
        return datagram(*ports)
    return message(*ports) if ports else b"rsvp"


@pytest.mark.parametrize(("source", "target", "protocol", "ports", "expected"), VECTORS)
def test_community_ids_are_those_of_the_specification(source, target, protocol, ports, expected):
    made = run(chunks([at(0, ether(ip(source, target, protocol, transport(protocol, ports))))]))
    assert [each.CommunityID for each in made.connections + made.flows] == [expected] * 2
    if protocol in (6, 17, 132, 46):
        back = ether(ip(target, source, protocol, transport(protocol, ports and ports[::-1])))
        assert flows(at(0, back))[0].CommunityID == expected


def test_the_seed_of_the_community_id_is_chosen():
    (one,) = flows(at(0, ether(ip(*VECTORS[0][:3], segment(34855, 80, "S")))), seed=1)
    assert one.CommunityID == "1:3V71V58M3Ksw/yuFALMcW0LAHvc="


def test_every_connection_has_a_uid_of_its_own_that_stays():
    packets = traffic(1500 if netbeam.kernel.compiled() else 300, random.Random(9).choice)
    found = [each.UID for each in run(chunks(packets, 100)).connections]
    assert len(set(found)) == len(found)
    assert all(len(uid) == 18 and uid[0] == "N" and uid.isalnum() for uid in found)
    assert [each.UID for each in run(chunks(packets, 7)).connections] == found
    (one,) = flows(*conversation(0))
    assert one.UID == "N12iMvUuuUUQwtJoWZ", "a name that others keep must not change"
