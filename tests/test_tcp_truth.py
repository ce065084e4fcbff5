"""Agreement with tshark on the connections of the shared captures: streams, and what became of segments.

The connections are tshark's own, so that the kernel's machine is compared alone.
"""

import shutil
from functools import cache

import pytest
from conftest import absent
from tcp_segments import connections
from truth.tcp import (
    CONNECTIONS,
    COUNTS,
    KINDS,
    SAME_CONNECTION,
    ZEEK,
    client,
    counts,
    round_trips,
    rows,
    streams,
)

CAPTURES = (
    *("dpkt/http.pcap", "gopacket/linux_sll_oversized_addr.pcapng", "ndpi/KakaoTalk_chat.pcap"),
    *("ndpi/alexa-app.pcapng", "ndpi/fuzz-2006-06-26-2594.pcap", "ndpi/h323.pcap", "ndpi/ocs.pcap"),
    *("ndpi/rtsp.pcap", "ndpi/sites.pcapng", "ndpi/synscan.pcap", "ndpi/teams.pcap", "ndpi/vnc.pcap"),
    *("ndpi/webex.pcap", "ndpi/whatsappfiles.pcap", "suricata-verify/tcp-async-01.pcap"),
    *(
        "suricata-verify/tls-subjectaltname.pcap",
        "zeek/http__206_example_a.pcap",
        "zeek/ipv6-http-atomic-frag.pcap",
    ),
    *("zeek/pop3__pop3.pcap", "zeek/pppoe-over-qinq.pcap", "zeek/rdp__rdp-proprietary-encryption.pcap"),
    *(
        "zeek/redis__pubsub.pcap",
        "zeek/smtp.pcap",
        "zeek/tcp__reassembly.pcap",
        "zeek/tcp__retransmit-fast009.pcap",
    ),
    *("zeek/tcp__rst-inject-rae.pcap", "zeek/tunnels__gre-aruba.pcap"),
)

ENDLESS = 1 << 62


@pytest.fixture(scope="module")
def dissected(shared_pcaps):
    """Give tshark's streams of a capture."""
    if shutil.which("tshark") is None:
        absent("tshark")
    return cache(lambda capture: streams(shared_pcaps / capture))


def differing(differences, capture):
    """Give the streams of a capture that are known to differ."""
    return {number for one in differences if one.capture == capture for number in one.streams}


@pytest.mark.parametrize("capture", CAPTURES)
def test_counts_of_segments_agree(dissected, capture):
    different = set()
    for number, segments in dissected(capture).items():
        found = connections(rows(segments), linger=ENDLESS)
        ours = {(kind, end): sum(one.pair(kind)[end] for one in found) for kind in KINDS for end in (0, 1)}
        theirs = counts(segments)
        if ours != {key: theirs[key] for key in ours}:
            different.add(number)
    split = differing(CONNECTIONS, capture)
    assert differing(COUNTS, capture) <= different <= differing(COUNTS, capture) | split


@pytest.mark.parametrize("capture", CAPTURES)
def test_connections_are_tsharks_streams(dissected, capture):
    ends = {}
    for number, segments in dissected(capture).items():
        ends.setdefault(frozenset((client(segments), *(one.receiver for one in segments))), {})[number] = (
            segments
        )
    split, joined = set(), set()
    for parts in ends.values():
        whole = [one for segments in parts.values() for one in segments]
        whole.sort(key=lambda one: one.frame)
        found = len(connections(rows(whole)))
        if found > len(parts):
            split |= set(parts)
        if found < len(parts):
            joined |= set(parts)
    assert split == differing(CONNECTIONS, capture)
    assert joined == differing(SAME_CONNECTION, capture)


@pytest.mark.parametrize("capture", CAPTURES)
def test_round_trips_of_what_was_sent_once_agree(dissected, capture):
    skipped = differing((*CONNECTIONS, *COUNTS), capture)
    for number, segments in dissected(capture).items():
        for direction, connection in (
            (d, c) for c in connections(rows(segments), linger=ENDLESS) for d in (0, 1)
        ):
            repeats = sum(
                connection.pair(kind)[direction]
                for kind in ("RETRANSMISSIONS", "OUT_OF_ORDER", "KEEP_ALIVES")
            )
            theirs = list(round_trips(segments, direction))
            # Times that the capture's clock can't tell from zero are left out by tshark alone.
            if number in skipped or repeats or not theirs or connection.pair("RTT_MIN")[direction] == 0:
                continue
            ours = [connection.pair(f"RTT_{name}")[direction] for name in ("SAMPLES", "MIN", "MEAN")]
            assert (number, ours) == (number, [len(theirs), min(theirs), sum(theirs) // len(theirs)])


@pytest.mark.parametrize("capture", ZEEK)
def test_states_and_histories_are_zeeks(dissected, capture):
    found = {}
    for segments in dissected(capture).values():
        for one in connections(rows(segments)):
            found[int(client(segments)[1])] = (one.state, one.history)
    assert {port: found.get(port) for port in ZEEK[capture]} == ZEEK[capture]
