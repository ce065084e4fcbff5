"""Host records: what rows and names tell of each IP address."""

import pytest
from flow_rows import A_MAC, made, name, row, service, summarised, written

from netbeam.flows.endpoints import merge
from netbeam.flows.rows import BEGINNING
from netbeam.flows.summaries import LISTED


def ports(record, field):
    return [(p.PortNumber, p.Protocol, p.Stats.Packets, p.Stats.Bytes) for p in getattr(record, field)]


def host(records, address):
    return next(record for record in records if record.Addr == address)


def test_a_packet_counts_for_its_source_and_for_its_target():
    server, client = made([row(packets=3, first=5, last=9), row("8.8.8.8", "10.0.0.1", (53, 40000), first=7)])
    assert (server.Addr, client.Addr) == ("8.8.8.8", "10.0.0.1")
    for record in (client, server):
        assert (record.NumPackets, record.Bytes) == (4, 400)
        assert (record.TimestampFirst, record.TimestampLast) == (5, 9)
    assert (client.PacketsSent, client.PacketsReceived) == (3, 1)
    assert (client.BytesSent, client.BytesReceived) == (300, 100)
    assert (client.IPBytesSent, client.IPBytesReceived) == (258, 86)
    assert (server.PacketsSent, server.PacketsReceived) == (1, 3)


def test_a_packet_that_a_host_sends_itself_counts_once_and_each_way():
    (record,) = made([row("10.0.0.1", "10.0.0.1", packets=2)])
    assert (record.NumPackets, record.Bytes) == (2, 200)
    assert (record.PacketsSent, record.PacketsReceived) == (2, 2)
    assert record.NumPeers == 1


def test_frames_without_ip_are_no_host():
    assert made([row(None)]) == []


def test_ports_are_those_it_sent_from_those_it_was_reached_at_and_those_it_contacted():
    records = made(
        [
            row(packets=3), row(ports=(40001, 53)), row("8.8.8.8", "10.0.0.1", (53, 40000), packets=2),
            row(ports=(22, 22), protocol=6, packets=9), row(ports=(8, 0), protocol=1),
            row(ports=(0, 0), protocol=47),
        ]
    )  # fmt: skip
    client = host(records, "10.0.0.1")
    assert ports(client, "SrcPorts") == [(22, "TCP", 9, 900), (40000, "UDP", 3, 300), (40001, "UDP", 1, 100)]
    assert ports(client, "DstPorts") == [(40000, "UDP", 2, 200)]
    assert ports(client, "ContactedPorts") == [(22, "TCP", 9, 900), (53, "UDP", 4, 400)]
    assert (client.NumSrcPorts, client.NumDstPorts, client.NumContactedPorts) == (3, 1, 2)
    packets = {key: value.Packets for key, value in client.Protocols.items()}
    assert packets == {"UDP": 6, "TCP": 9, "ICMPv4": 1, "GRE": 1}


def test_a_protocol_without_a_name_has_its_number():
    assert list(made([row(ports=(0, 0), protocol=253)])[0].Protocols) == ["IP protocol 253"]


@pytest.mark.parametrize(
    ("address", "text", "version", "private", "multicast"),
    [
        ("172.31.0.1", "172.31.0.1", 4, True, False),
        ("172.32.0.1", "172.32.0.1", 4, False, False),
        ("192.168.255.255", "192.168.255.255", 4, True, False),
        ("224.0.0.251", "224.0.0.251", 4, False, True),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", 6, False, False),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1", 6, False, False),
        ("fd00::1", "fd00::1", 6, True, False),
        ("ff02::fb", "ff02::fb", 6, False, True),
    ],
)
def test_an_address_has_its_text_its_version_and_its_scope(address, text, version, private, multicast):
    other = "10.9.9.9" if version == 4 else "2001:db8::ffff"
    record = host(made([row(other, address)]), text)
    assert (record.IPVersion, record.IsPrivate, record.IsMulticast) == (version, private, multicast)


def test_ipv4_and_ipv6_addresses_of_the_same_number_are_different_hosts():
    records = made([row("0.0.0.5", "0.0.0.6"), row("::5", "::6")])
    assert [record.Addr for record in records] == ["0.0.0.5", "0.0.0.6", "::5", "::6"]


def test_names_are_in_the_order_of_their_first_answers():
    names = [name("8.8.8.8", "b", 3), name("8.8.8.8", "c", 2), name("8.8.8.8", "b", 1), name("9.9.9.9", "d")]
    server = host(made([row()], names=[*names, name("8.8.8.8", "a", 3), name("8.8.8.8", "")]), "8.8.8.8")
    assert list(server.DNSNames) == ["b", "c", "a"]
    assert server.NumDNSNames == 3


def test_applications_are_those_found_at_the_host():
    services = [service(), service(port=80, layer=3), service(port=8080, layer=3), service(layer=0)]
    records = made([row()], services)
    assert list(host(records, "8.8.8.8").Applications) == ["HTTP", "DNS"]
    assert list(host(records, "10.0.0.1").Applications) == []


def test_devices_are_the_macs_that_its_packets_came_from():
    records = made([row(), row(macs=(0xFEFFFFFFFFFF, A_MAC), packets=5), row(macs=(0, 0))])
    assert list(host(records, "10.0.0.1").Devices) == ["fe:ff:ff:ff:ff:ff", "00:1b:21:0a:0b:0c"]
    assert list(host(records, "8.8.8.8").Devices) == []


def test_peers_are_counted_once_whichever_way_packets_went():
    rows = [row(), row("8.8.8.8", "10.0.0.1"), row(target="8.8.4.4"), row("1.1.1.1", "10.0.0.1")]
    assert host(made(rows), "10.0.0.1").NumPeers == 3


def test_a_scan_leaves_a_list_of_the_busiest_and_lowest_ports_and_a_whole_count():
    rows = [row(ports=(40000, port), protocol=6, packets=1 + (port == 2999)) for port in range(3000)]
    record = host(made(rows), "10.0.0.1")
    assert record.NumContactedPorts == 3000
    assert [port.PortNumber for port in record.ContactedPorts] == [2999, *range(LISTED - 1)]


def test_records_are_in_order_of_time_and_then_of_address():
    rows = [
        row("10.0.0.9", "10.0.0.8", first=-3),
        row("::1", "::2", first=4),
        row("10.0.0.1", "10.0.0.2", first=4),
    ]
    found = written(merge(summarised(rows).values()))
    assert [time - BEGINNING for time, _, _ in found] == [-3, -3, 4, 4, 4, 4]
    assert [(time, key) for time, key, _ in found] == sorted((time, key) for time, key, _ in found)
    assert found[1][1] == b"\x04\x0a\0\0\x09"
    assert found[5][1] == b"\x06" + bytes(15) + b"\x02"


def test_times_before_1970_are_negative():
    assert made([row(first=-3, last=-2)])[0].TimestampFirst == -3


def test_numbers_of_64_bits_are_whole():
    record = made([row(packets=1 << 40, size=1000)])[0]
    assert (record.NumPackets, record.Bytes) == (1 << 40, 1000 << 40)


def test_nothing_gives_nothing():
    assert summarised() == {}
    assert made() == []
