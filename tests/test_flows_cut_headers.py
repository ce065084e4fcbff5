"""Packets without a whole transport header belong to the connection that what is there of it names."""

import struct

import pytest
from captures import SECOND, START, Packet, pcap
from truth.conversations import capture_flows

CLIENT, SERVER = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
MAC = bytes(range(12))
SYN_OPTIONS = bytes.fromhex("020405b4 0402 080a0000000100000000 01 030307")
SYN, SYN_ACK, ACK = 2, 18, 16


def frame(body, *, forth=True, protocol=6, fragment=0, captured=None):
    """Give an Ethernet frame with an IPv4 packet of which so many bytes of the frame were captured."""
    ends = CLIENT + SERVER if forth else SERVER + CLIENT
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 7, fragment, 64, protocol, 0) + ends
    data = MAC + b"\x08\0" + head + body
    return data[:captured], len(data)


def segment(flags, *, forth=True, options=b"", sequence=100):
    """Give a TCP segment between ports 40000 and 80."""
    ports = (40000, 80) if forth else (80, 40000)
    offset = (20 + len(options)) // 4 << 12
    return struct.pack(">HHIIHHHH", *ports, sequence, 1, offset | flags, 1000, 0, 0) + options


def connections(tmp_path, *frames):
    """Give the Connection records of a capture of frames a second apart."""
    packets = [Packet(START + i * SECOND, data, size) for i, (data, size) in enumerate(frames)]
    tmp_path.joinpath("test.pcap").write_bytes(pcap(packets))
    records = capture_flows(tmp_path, "test.pcap", tmp_path).records["Connection"]
    return sorted(records, key=lambda record: record.FirstPacket)


def test_a_syn_cut_in_its_options_begins_its_connection(tmp_path):
    (connection,) = connections(
        tmp_path,
        frame(segment(SYN, options=SYN_OPTIONS), captured=68),
        frame(segment(SYN_ACK, forth=False, options=SYN_OPTIONS), forth=False, captured=68),
        frame(segment(ACK, sequence=101)),
    )
    assert (connection.SrcPort, connection.DstPort) == ("40000", "80")
    assert (connection.DirectionReason, connection.ConnState) == ("syn", "S1")
    assert (connection.PacketsClientToServer, connection.PacketsServerToClient) == (2, 1)
    assert connection.PayloadBytesClientToServer == connection.PayloadBytesServerToClient == 0
    assert connection.MSSClientToServer == 1460  # its option was captured
    assert not connection.WindowScalingClientToServer  # its option was not


@pytest.mark.parametrize("captured", range(14 + 20 + 4, 14 + 20 + 20))
def test_a_segment_cut_behind_its_ports_is_its_connections(tmp_path, captured):
    whole = segment(ACK) + bytes(100)
    (connection,) = connections(tmp_path, frame(whole), frame(whole, captured=captured))
    assert connection.NumPackets == 2
    assert connection.PayloadBytesClientToServer == 200
    assert connection.CutPacketsClientToServer == 1


def test_a_datagram_whose_length_is_below_its_header_has_its_ports(tmp_path):
    (connection,) = connections(tmp_path, frame(struct.pack(">HHHH", 5000, 53, 7, 0), protocol=17))
    assert (connection.SrcPort, connection.DstPort) == ("5000", "53")


def test_a_segment_cut_before_its_ports_has_none(tmp_path):
    (connection,) = connections(tmp_path, frame(segment(ACK), captured=14 + 20 + 3))
    assert (connection.SrcPort, connection.DstPort) == ("0", "0")


def test_later_fragments_have_no_ports_and_are_named_without(tmp_path):
    (connection,) = connections(tmp_path, frame(bytes(8), protocol=17, fragment=100))
    assert (connection.SrcPort, connection.DstPort) == ("0", "0")
    # printf '\0\0\x0a\0\0\x01\x0a\0\0\x02\x11\0' | openssl sha1 -binary | base64
    assert connection.CommunityID == "1:nyyyEkjQ5y7prMeFpclqssM1pYM="


def test_later_fragments_of_a_ping_are_not_answers_to_one(tmp_path):
    request = bytes((8, 0)) + bytes(14)
    ping, rest = connections(
        tmp_path, frame(request, protocol=1, fragment=0x2000), frame(bytes(16), protocol=1, fragment=2)
    )
    assert (ping.SrcIP, ping.SrcPort, ping.DstPort) == ("10.0.0.1", "8", "0")
    assert (rest.SrcIP, rest.SrcPort, rest.DstPort) == ("10.0.0.1", "0", "0")
    assert rest.CommunityID == "1:47NQm4XrelhIqVCgeZCTGUPhJyo="
