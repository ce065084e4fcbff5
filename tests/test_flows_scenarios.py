"""What connections are, case by case, with values worked by hand."""

import pytest
from captures import START
from flow_packets import A, B, C, at, conversation, ether, icmp, ip, segment, tcp, udp
from flow_runs import chunks, flows, run

import netbeam.kernel

SYN = tcp(A, B, "S", 100)
SYN_ACK = tcp(B, A, "SA", 900, 101, ports=(80, 40000))
ACK = tcp(A, B, "A", 101, 901)


def told(connection, *names):
    """Give some values of a connection."""
    return tuple(getattr(connection, name) for name in names)


def packets_of(connections):
    """Give how many packets went each way in each connection."""
    return [told(each, "PacketsClientToServer", "PacketsServerToClient") for each in connections]


def test_a_whole_connection_is_told_in_all_numbers():
    (one,) = flows(*conversation(0))
    assert told(one, "SrcIP", "SrcPort", "DstIP", "DstPort") == (A, "40000", B, "80")
    assert told(one, "ConnState", "History", "EndReason", "DirectionReason") == (
        "SF", "ShADadFf", "end", "syn",
    )  # fmt: skip
    assert told(one, "NumPackets", "PacketsClientToServer", "PacketsServerToClient") == (10, 6, 4)
    assert told(one, "BytesClientToServer", "BytesServerToClient") == (6 * 40 + 3, 4 * 40 + 5)
    assert told(one, "PayloadBytesClientToServer", "PayloadBytesServerToClient") == (3, 5)
    assert told(one, "HeaderBytesClientToServer", "HeaderBytesServerToClient") == (240, 160)
    assert told(one, "TotalSize", "AppPayloadSize") == (10 * 54 + 8, 8)
    assert told(one, "WireBytesClientToServer", "WireBytesServerToClient") == (6 * 54 + 3, 4 * 54 + 5)
    assert told(one, "TimestampFirst", "TimestampLast", "Duration") == (START, START + 9 * 10**8, 9 * 10**8)
    assert told(one, "SrcMAC", "DstMAC") == ("02:00:00:00:00:01", "02:00:00:00:00:02")
    assert told(one, "ByteRatio", "PacketRatio", "ProducerConsumerRatio") == (243 / 165, 1.5, -2 / 8)
    assert told(one, "AvgPacketSizeClientToServer", "AvgPacketSizeServerToClient") == (40, 41)
    assert told(one, "FirstPacket", "LastPacket", "FirstOffset") == (1, 10, 40)


def test_a_connection_has_a_flow_each_way_under_its_uid():
    made = run(chunks(conversation(0)))
    (connection,), (there, back) = made.connections, made.flows
    assert there.UID == back.UID == connection.UID
    assert told(there, "SrcIP", "SrcPort", "DstIP", "DstPort", "Packets", "Bytes", "FromOriginator") == (
        A, 40000, B, 80, 6, 243, True,
    )  # fmt: skip
    assert told(back, "SrcIP", "SrcPort", "DstIP", "DstPort", "Packets", "Bytes", "FromOriginator") == (
        B, 80, A, 40000, 4, 165, False,
    )  # fmt: skip
    assert told(there, "TimestampFirst", "TimestampLast", "FirstPacket", "LastPacket") == (
        START, START + 9 * 10**8, 1, 10,
    )  # fmt: skip
    assert told(back, "TimestampFirst", "TimestampLast", "FirstPacket", "LastPacket") == (
        START + 10**8, START + 8 * 10**8, 2, 9,
    )  # fmt: skip
    assert told(there, "SrcMAC", "DstMAC") == told(back, "DstMAC", "SrcMAC")


def test_a_flood_of_syns_is_as_many_attempts():
    flood = [
        at(n / 1000, tcp(f"10.1.{n >> 8}.{n & 255}", B, "S", n, ports=(1024 + n, 80))) for n in range(300)
    ]
    made = run(chunks(flood, 7), group=3)
    assert dict(made.states) == {"S0": 300}
    assert dict(made.ends) == {"eof": 300}
    assert packets_of(made.connections) == [(1, 0)] * 300
    assert {each.History for each in made.connections} == {"S"}
    assert len({each.UID for each in made.connections}) == 300
    (server,) = [host for host in made.parsed("Host") if host.Addr == B]
    assert server.NumPackets == 300


def test_a_flood_from_one_port_with_new_numbers_is_as_many_attempts_too():
    flood = [at(n / 1000, tcp(A, B, "S", 1000 * n)) for n in range(50)]
    found = flows(*flood)
    assert [each.ConnState for each in found] == ["S0"] * 50
    assert [each.EndReason for each in found] == ["end"] * 49 + ["eof"]


def test_a_scan_of_ports_is_refused_or_not_answered():
    scan = []
    for number, port in enumerate(range(20, 40)):
        scan.append(at(number / 10, tcp(A, B, "S", number, ports=(50000, port))))
        if port % 2:
            scan.append(at(number / 10 + 0.01, tcp(B, A, "RA", 0, number + 1, ports=(port, 50000))))
    found = flows(*scan)
    assert {(int(each.DstPort) % 2, each.ConnState, each.History, each.NumPackets) for each in found} == {
        (0, "S0", "S", 1),
        (1, "REJ", "Sr", 2),
    }
    assert len(found) == 20


def test_a_clock_that_jumps_back_takes_packets_with_it():
    """Packets are in the order of their time: what the clock says came before comes before."""
    first, second = conversation(0), conversation(-3600, ports=(40001, 80))
    found = flows(*first, *second)
    assert [told(each, "SrcPort", "ConnState", "FirstPacket") for each in found] == [
        ("40001", "SF", 11),
        ("40000", "SF", 1),
    ]
    # The last three packets of one connection an hour earlier: a connection that idles, then another one.
    jumped = conversation(0)[:7] + conversation(-3600)[7:]
    found = flows(*jumped)
    assert packets_of(found) == [(2, 1), (4, 3)]
    assert [told(each, "EndReason", "FirstPacket") for each in found] == [("end", 8), ("eof", 1)]
    # A clock set back by a millisecond changes nothing but the order of what it tears apart.
    found = flows(*conversation(0), *[at(0.9, ACK), at(0.899, ACK)])
    assert told(found[0], "NumPackets", "Duration", "LastPacket") == (12, 9 * 10**8, 11)


def test_packets_of_equal_times_are_in_the_order_of_the_capture():
    found = flows(*[packet._replace(time=START) for packet in conversation(0)])
    assert told(found[0], "ConnState", "History", "Duration", "LastPacket") == ("SF", "ShADadFf", 0, 10)
    there, back = at(0, udp(A, B, ports=(5000, 5001))), at(0, udp(B, A, ports=(5001, 5000)))
    for packets, first in (((there, back), A), ((back, there), B)):
        assert flows(*packets)[0].SrcIP == first
        files = [batch for n, packet in enumerate(packets) for batch in chunks([packet], source=f"{n}.pcap")]
        assert run(reversed(files)).connections[0].SrcIP == first


@pytest.mark.parametrize("swap", range(9))
def test_packets_out_of_order_in_a_capture_make_no_difference(swap):
    packets = conversation(0)
    packets[swap : swap + 2] = packets[swap : swap + 2][::-1]
    found = run(chunks(packets, 3))
    expected = run(chunks(conversation(0)))
    assert found.anywhere() == expected.anywhere()


def test_packets_out_of_order_between_captures_make_no_difference():
    packets = conversation(0)
    mixed = [*chunks(packets[1::2], source="a"), *chunks(packets[::2], source="b")]
    found = run(mixed)
    assert found.anywhere() == run(chunks(packets)).anywhere()
    assert told(found.connections[0], "SourceFile", "FirstPacket", "LastSourceFile", "LastPacket") == (
        "b", 1, "a", 5,
    )  # fmt: skip


def test_a_flow_over_several_captures_is_one_unless_each_is_by_itself():
    packets = conversation(0)
    parts = [
        *chunks(packets[:4], source="1.pcap"),
        *chunks(packets[4:7], source="2.pcap"),
        *chunks(packets[7:], source="3.pcap"),
    ]
    (one,) = run(parts).connections
    assert told(one, "NumPackets", "ConnState", "SourceFile", "LastSourceFile") == (
        10, "SF", "1.pcap", "3.pcap",
    )  # fmt: skip
    apart = run(parts, per_file=True).connections
    assert [told(each, "NumPackets", "SourceFile", "LastSourceFile") for each in apart] == [
        (4, "1.pcap", "1.pcap"), (3, "2.pcap", "2.pcap"), (3, "3.pcap", "3.pcap"),
    ]  # fmt: skip
    assert [told(each, "SrcIP", "DirectionReason", "ConnState") for each in apart] == [
        (A, "syn", "S1"), (A, "port", "OTH"), (A, "port", "SF"),
    ]  # fmt: skip


def test_the_same_packets_in_two_captures_have_a_uid_each_where_each_is_by_itself():
    packets = conversation(0)
    twice = [*chunks(packets, source="a"), *chunks(packets, source="b")]
    apart = run(twice, per_file=True).connections
    assert [each.NumPackets for each in apart] == [10, 10]
    assert len({each.UID for each in apart}) == 2
    (one,) = run(twice).connections
    assert one.NumPackets == 20


def test_half_open_connections():
    (asked,) = flows(at(0, SYN), at(1, SYN), at(3, SYN))
    assert told(asked, "ConnState", "History", "NumPackets", "EndReason") == ("S0", "S", 3, "eof")
    (answered,) = flows(at(0, SYN), at(1, SYN_ACK))
    assert told(answered, "ConnState", "History") == ("S1", "Sh")
    (closed,) = flows(at(0, SYN), at(1, tcp(A, B, "FA", 101)))
    assert told(closed, "ConnState", "History") == ("SH", "SF")
    (reset,) = flows(at(0, SYN), at(1, tcp(A, B, "R", 101)))
    assert told(reset, "ConnState", "History", "EndReason") == ("RSTOS0", "SR", "end")


def test_both_ends_open_at_once():
    """RFC 9293, figure 7."""
    (one,) = flows(
        at(0, SYN),
        at(0.1, tcp(B, A, "S", 300, ports=(80, 40000))),
        at(0.2, tcp(A, B, "SA", 100, 301)),
        at(0.3, tcp(B, A, "SA", 300, 101, ports=(80, 40000))),
    )
    assert told(one, "SrcIP", "DirectionReason", "ConnState", "History") == (A, "syn", "S1", "SsHh")
    assert told(one, "NumSYNFlags", "NumACKFlags") == (4, 2)


def test_ports_that_are_used_again_make_a_new_connection():
    found = flows(*conversation(0), *conversation(1, seq=50_000, ack=90_000))
    assert packets_of(found) == [(6, 4), (6, 4)]
    assert [told(each, "ConnState", "EndReason", "FirstPacket") for each in found] == [
        ("SF", "end", 1),
        ("SF", "end", 11),
    ]
    assert found[0].UID != found[1].UID
    assert found[0].CommunityID == found[1].CommunityID


def test_connections_that_begin_at_one_time_have_a_uid_each():
    found = flows(*[at(0, tcp(A, B, "S", 1000 * n)) for n in range(5)])
    assert len({each.UID for each in found}) == len(found) == 5
    again = flows(*[at(0, tcp(A, B, "S", 1000 * n)) for n in range(5)])
    assert [each.UID for each in again] == [each.UID for each in found]


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        (A, (6, 0, A, "syn", "SH", "SADF")),
        (B, (0, 4, A, "synack", "SHR", "hadf")),
    ],
)
def test_one_direction_alone_tells_who_is_who(side, expected):
    heard = [packet for packet in conversation(0) if packet.data[26:30] == bytes(map(int, side.split(".")))]
    (one,) = flows(*heard)
    names = (
        "PacketsClientToServer",
        "PacketsServerToClient",
        "SrcIP",
        "DirectionReason",
        "ConnState",
        "History",
    )
    assert told(one, *names) == expected
    made = run(chunks(heard))
    (alone,) = made.flows
    assert told(alone, "SrcIP", "FromOriginator") == (side, side == A)
    assert told(made.connections[0], "SrcMAC", "DstMAC") == ("02:00:00:00:00:01", "02:00:00:00:00:02")


def test_late_segments_belong_to_a_connection_for_the_linger_and_then_begin_another():
    late = tcp(B, A, "PA", 5000, 105, b"late", ports=(80, 40000))
    (one,) = flows(*conversation(0), at(5.9, late))
    assert told(one, "NumPackets", "EndReason") == (11, "end")
    found = flows(*conversation(0), at(5.9 + 1e-9, late))
    assert [told(each, "NumPackets", "EndReason", "DirectionReason") for each in found] == [
        (10, "end", "syn"),
        (1, "eof", "port"),
    ]
    (one,) = flows(*conversation(0), at(9.8, late), linger=10 * 10**9)
    assert one.NumPackets == 11
    found = flows(*conversation(0), at(0.9 + 1e-9, late), linger=0)
    assert [each.NumPackets for each in found] == [10, 1]


def test_an_end_of_tcp_stays_the_reason_when_the_ports_are_used_much_later():
    found = flows(*conversation(0), *conversation(1000, seq=50_000))
    assert [each.EndReason for each in found] == ["end", "end"]


@pytest.mark.parametrize(
    ("frame", "seconds"),
    [(tcp(A, B, "A", 5), 300), (udp(A, B), 60), (icmp(A, B, 8), 60), (ether(ip(A, B, 46, b"x")), 60)],
    ids=["TCP", "UDP", "ICMP", "other"],
)
def test_the_idle_timeout_is_reached_one_nanosecond_after_it(frame, seconds):
    (one,) = flows(at(0, frame), at(seconds, frame), at(2 * seconds, frame))
    assert told(one, "NumPackets", "EndReason") == (3, "eof")
    found = flows(at(0, frame), at(seconds + 1e-9, frame))
    assert [told(each, "NumPackets", "EndReason") for each in found] == [(1, "idle"), (1, "eof")]
    assert found[0].UID != found[1].UID


def test_a_connection_idles_by_the_time_of_other_packets_too():
    for seconds, reason in ((60, "eof"), (60 + 1e-9, "idle")):
        found = flows(at(0, udp(A, B)), at(seconds, udp(A, C)))
        assert [each.EndReason for each in found] == [reason, "eof"]
    arp = bytes.fromhex("ffffffffffff0200000000010806" + "00" * 28)
    (one,) = flows(at(0, udp(A, B)), at(61, arp))
    assert one.EndReason == "idle"


def test_idle_timeouts_are_each_protocols_own():
    second = 10**9
    packets = [at(n * 2, frame) for n in range(2) for frame in (tcp(A, B, "A", 5), udp(A, B), icmp(A, B, 8))]
    packets += [at(n * 2, ether(ip(A, B, 46))) for n in range(2)]
    for name, protocol in (("tcp", 6), ("udp", 17), ("icmp", 1), ("other", 46)):
        found = flows(*packets, **{f"idle_{name}": second})
        assert len(found) == 5
        assert [each.NumPackets for each in found if each.IPProto == protocol] == [1, 1]


def test_the_active_timeout_cuts_a_connection_where_it_is_reached():
    packets = [at(n, udp(A, B)) for n in range(10)]
    found = flows(*packets, active=4 * 10**9)
    assert [told(each, "NumPackets", "EndReason", "Duration") for each in found] == [
        (4, "active", 3 * 10**9), (4, "active", 3 * 10**9), (2, "eof", 10**9),
    ]  # fmt: skip
    assert len({each.UID for each in found}) == 3
    assert [each.NumPackets for each in flows(*packets, active=4 * 10**9 + 1)] == [5, 5]


def test_the_originator_is_known_by_syn_syn_ack_port_or_first_packet():
    for packet, expected in (
        (tcp(B, A, "S", ports=(80, 40000)), (B, "80", "syn", False)),
        (tcp(B, A, "SA", ports=(40001, 40000)), (A, "40000", "synack", True)),
        (tcp(B, A, "A", ports=(80, 40000)), (A, "40000", "port", True)),
        (tcp(A, B, "A", ports=(40000, 80)), (A, "40000", "port", False)),
        (tcp(B, A, "A", ports=(1023, 1024)), (A, "1024", "port", True)),
        (tcp(B, A, "A", ports=(80, 90)), (B, "80", "first", False)),
        (tcp(B, A, "A", ports=(1024, 40000)), (B, "1024", "first", False)),
        (udp(B, A, ports=(53, 40000)), (A, "40000", "port", True)),
        (udp(B, A, ports=(5000, 5000)), (B, "5000", "first", False)),
        (icmp(B, A, 0), (B, "0", "first", False)),
    ):
        (one,) = flows(at(0, packet))
        assert told(one, "SrcIP", "SrcPort", "DirectionReason", "DirectionFlipped") == expected


def test_who_speaks_to_itself_is_told_by_ports_and_types():
    (one,) = flows(at(0, tcp(A, A, "S")), at(1, tcp(A, A, "SA", 9, 1, ports=(80, 40000))))
    assert told(one, "SrcPort", "DstPort", "ConnState", "PacketsServerToClient") == ("40000", "80", "S1", 1)
    (one,) = flows(at(0, icmp(A, A, 8)), at(1, icmp(A, A, 0)))
    assert told(one, "SrcPort", "PacketsClientToServer", "PacketsServerToClient") == ("8", 1, 1)
    (one,) = flows(at(0, udp(A, A, ports=(7, 7))), at(1, udp(A, A, ports=(7, 7))))
    assert one.NumPackets == 2


@pytest.mark.skipif(not netbeam.kernel.compiled(), reason="interpreted, so many packets take long")
def test_netcaps_numbers_of_32_bits_saturate_and_ours_do_not():
    most = 2**31 - 1
    huge = at(0, ether(ip(A, B, 17, segment(1, 2, "S")[:8], total=65535)), length=65549)
    giant = huge._replace(length=2**32 - 1)
    (one,) = flows(giant, giant._replace(time=giant.time + 1))
    assert one.TotalSize == most
    assert one.WireBytesClientToServer == 2 * (2**32 - 1)
    many = [huge._replace(time=START + n) for n in range(32_790)]
    (one,) = flows(*many)
    assert told(one, "TotalSize", "AppPayloadSize") == (most, most)
    assert one.WireBytesClientToServer == 32_790 * 65_549
    assert one.BytesClientToServer == 32_790 * 65_535
    assert one.PayloadBytesClientToServer == 32_790 * (65_535 - 28)
    assert one.CutPacketsClientToServer == one.NumPackets == 32_790


def test_times_at_the_ends_of_64_bits_are_years_apart_and_no_more():
    times = (-(1 << 63), -1, 0, (1 << 63) - 1)
    found = flows(*[at(0, udp(A, B))._replace(time=time) for time in times])
    assert [each.NumPackets for each in found] == [1, 2, 1]
    assert all(each.Duration in (0, 1) for each in found)


def test_a_connection_is_told_alike_whatever_was_replayed_before_it():
    """A RST makes no position known: what comes behind it is no segment that was sent again."""
    lone = [
        at(2, tcp(A, C, "R", 900, ports=(40002, 40001))),
        at(2.001, tcp(A, C, "PA", 100, 1, b"data", ports=(40002, 40001))),
        at(2.002, tcp(A, C, "PA", 60, 1, b"late", ports=(40002, 40001))),
    ]
    (alone,) = flows(*lone)
    assert told(alone, "OutOfOrderClientToServer", "RetransmissionsClientToServer") == (1, 0)
    for before in (conversation(0, client=A, server=C), conversation(1.2, client=A, server=C, seq=5000)):
        among = flows(*before, *lone)[-1]
        for record in (alone, among):
            for field in ("FirstPacket", "LastPacket", "FirstOffset"):
                record.ClearField(field)
        assert among == alone
