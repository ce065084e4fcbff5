"""What happened to the segments of a TCP connection: cases worked by hand. They follow at 1 ms."""

from array import array

import pytest
from tcp_segments import CLIENT_ISN, MILLISECOND, SHEET, START, connections, only, rows

from netbeam.flows.tcp_fields import STATES, TCP_FIELDS
from netbeam.kernel import tcp

HANDSHAKE = ">S <SA >A "


def counts(connection, direction=0):
    """Give retransmissions, out of order, duplicate ACKs, zero windows and keep-alives of a direction."""
    names = ("RETRANSMISSIONS", "OUT_OF_ORDER", "DUPLICATE_ACKS", "ZERO_WINDOWS", "KEEP_ALIVES")
    return tuple(connection.pair(name)[direction] for name in names)


# The client's counts: retransmissions, out of order, duplicate ACKs, zero windows, keep-alives.
CASES = {
    "nothing": (HANDSHAKE + ">PA10 <A <PA10 >A >FA <FA >A", (0, 0, 0, 0, 0)),
    "a SYN sent again": (">S >S >S <SA >A", (2, 0, 0, 0, 0)),
    "data sent again": (HANDSHAKE + ">PA10 +200 >PA10@1", (1, 0, 0, 0, 0)),
    "the last segment sent again at once": (HANDSHAKE + ">PA10 >PA10@1", (1, 0, 0, 0, 0)),
    "data that was acknowledged sent again": (HANDSHAKE + ">PA10 <A >PA10@1", (1, 0, 0, 0, 0)),
    "a FIN sent again": (HANDSHAKE + ">FA +200 >FA@1", (1, 0, 0, 0, 0)),
    "two segments that crossed": (HANDSHAKE + ">PA10@11 >PA10@1", (0, 1, 0, 0, 0)),
    "two that crossed where the capture begins": (">PA10@11 >PA10@1", (0, 1, 0, 0, 0)),
    "soon again, but seen before": (HANDSHAKE + ">PA10 >PA10 >PA10@1", (1, 0, 0, 0, 0)),
    # the handshake took 2 ms, so that 2 ms after the furthest segment is too late
    "data that came too late to have crossed": (HANDSHAKE + ">PA10@11 +1 >PA10@1", (1, 0, 0, 0, 0)),
    "3 ms when no handshake was captured": (">PA10@1 >PA10@21 +1 >PA10@11", (0, 1, 0, 0, 0)),
    "later than that": (">PA10@1 >PA10@21 +2 >PA10@11", (1, 0, 0, 0, 0)),
    "equal times": (HANDSHAKE + ">PA10@11 +-1 >PA10@1", (0, 1, 0, 0, 0)),
    "three equal ACKs, then what they ask for, at once": (
        HANDSHAKE + ">PA10 <A^11 >PA10@21 <A^11 <A^11 >PA10@11",
        (1, 0, 0, 0, 0),
    ),
    "two equal ACKs and what they ask for, in no time": (
        HANDSHAKE + ">PA10 <A^11 >PA10@21 +-1 <A^11 +-1 <A^11 +-1 >PA10@11",
        (1, 0, 0, 0, 0),
    ),
    "what they ask for, 20 ms after them, where that is soon": (
        ">S +48 <SA +48 >A >PA10 <A^11 >PA10@21 <A^11 <A^11 +19 >PA10@11",
        (0, 1, 0, 0, 0),
    ),
    "soon, not seen before, but acknowledged": (
        HANDSHAKE + ">PA10@11 +-1 <A^11 +-1 >PA10@1",
        (1, 0, 0, 0, 0),
    ),
    "a byte sent again with more": (HANDSHAKE + ">PA1 +500 >PA20@1", (0, 0, 0, 0, 0)),
    "equal ACKs": (HANDSHAKE + "<PA10 >A <PA10@11 >A^11 >A^11 >A^11", (0, 0, 3, 0, 0)),
    "an ACK with another window": (HANDSHAKE + "<PA10 >A >A=900 >A=900", (0, 0, 1, 0, 0)),
    "zero windows": (HANDSHAKE + "<PA10 >A=0 >A=0 >RA=0", (0, 0, 0, 2, 0)),
    "a keep-alive": (HANDSHAKE + ">PA10 <A +9000 >A@10 <A", (0, 0, 0, 0, 1)),
    "a keep-alive of one byte": (HANDSHAKE + ">PA10 <A +9000 >A1@10 <A", (0, 0, 0, 0, 1)),
    "numbers that wrap": (HANDSHAKE + ">PA2000 >PA2000 >PA2000@1", (1, 0, 0, 0, 0)),
}


@pytest.mark.parametrize("isn", [(1000, 5000), (0xFFFFFFFF, 0xFFFFFFFE), (0xFFFFF800, 0x7FFFFFF0)])
@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=list(CASES))
def test_what_became_of_segments_is_counted(text, expected, isn):
    assert counts(only(text, isn=isn)) == expected


def test_the_answer_to_a_keep_alive_is_no_duplicate_ack():
    assert counts(only(HANDSHAKE + ">PA10 <A +9000 >A@10 <A"), 1) == (0, 0, 0, 0, 0)
    assert counts(only(HANDSHAKE + ">PA10 <A +9000 <A"), 1) == (0, 0, 1, 0, 0)


def test_a_zero_window_probe_is_not_sent_again_by_what_follows():
    connection = only(HANDSHAKE + ">PA10 <A=0 >A1@11 <A^11=0 >A1@11 <A^11=0 <A^11 >PA20@11")
    assert counts(connection) == (0, 0, 0, 0, 0)
    assert counts(connection, 1) == (0, 0, 0, 3, 0)
    assert connection["MISSED_BYTES"] == 0


def test_the_server_is_judged_as_the_client_is():
    assert counts(only(HANDSHAKE + "<PA10 +200 <PA10@1"), 1) == (1, 0, 0, 0, 0)
    assert counts(only(HANDSHAKE + "<PA10 +200 <PA10@1"), 0) == (0, 0, 0, 0, 0)


# The client's missed bytes.
MISSED = {
    "nothing": (HANDSHAKE + ">PA10 <A", 0),
    "passed over": (HANDSHAKE + ">PA10@21", 20),
    "by an ACK alone": (HANDSHAKE + ">A@21", 20),
    "acknowledged": (HANDSHAKE + ">PA10 <A^500", 489),
    "filled": (HANDSHAKE + ">PA10@21 >PA10@1 >PA10@11", 0),
    "filled in part": (HANDSHAKE + ">PA10@21 >PA10@6", 10),
    "filled and acknowledged before": (HANDSHAKE + ">PA10@21 <A^31 >PA20@1", 0),
    "two holes, and one segment over both": (HANDSHAKE + ">PA10@11 >PA10@31 >PA40@1", 0),
    "a hole filled twice": (HANDSHAKE + ">PA10@11 >PA10@1 >PA10@1", 0),
    "opening not captured": (">PA10@50 <A >PA10@80", 20),
    "one direction alone": ("<A^1 <A^1000 <PA5^2000", 1999),
    "one direction alone, and then some of the other": (
        "<A^1 " + " ".join(f"<A^{100 * i}" for i in range(1, 40)) + " >PA3000@1",
        899,
    ),
    "a RST far ahead": (HANDSHAKE + ">R@900000", 0),
    "more holes than are remembered": (HANDSHAKE + " ".join(f">PA1@{2 * i}" for i in range(1, 21)), 20),
}


@pytest.mark.parametrize(("text", "missed"), MISSED.values(), ids=list(MISSED))
def test_bytes_that_were_never_seen_are_missed(text, missed):
    assert only(text)["MISSED_BYTES"] == missed
    assert only(text, isn=(0xFFFFFFF0, 9))["MISSED_BYTES"] == missed


def test_bytes_of_a_hole_that_is_forgotten_stay_missed():
    holes = " ".join(f">PA1@{2 * i}" for i in range(1, 18))
    assert only(HANDSHAKE + holes)["MISSED_BYTES"] == 17
    assert only(HANDSHAKE + holes + " >PA1@1")["MISSED_BYTES"] == 17
    assert only(HANDSHAKE + holes + " >PA1@3")["MISSED_BYTES"] == 16


def test_the_middle_of_a_hole_leaves_the_rest_missed():
    assert only(HANDSHAKE + ">PA10@101 >PA10@51")["MISSED_BYTES"] == 90
    assert only(HANDSHAKE + ">PA10@101 >PA10@51 >PA50@1")["MISSED_BYTES"] == 40


def test_the_handshake_is_timed():
    connection = only(">S +19 <SA +4 >A")
    assert (connection["SYN_TIME"], connection["SYN_ACK_TIME"]) == (START, START + 20 * MILLISECOND)
    assert (connection["SYN_RTT"], connection["ACK_RTT"]) == (20 * MILLISECOND, 5 * MILLISECOND)


def test_a_handshake_with_a_repeated_segment_is_not_timed():
    connection = only(">S >S <SA >A")
    assert (connection["SYN_TIME"], connection["SYN_ACK_TIME"]) == (START, START + 2 * MILLISECOND)
    assert (connection["SYN_RTT"], connection["ACK_RTT"]) == (0, MILLISECOND)
    connection = only(">S <SA <SA >A")
    assert (connection["SYN_RTT"], connection["ACK_RTT"]) == (MILLISECOND, 0)


def test_the_round_trip_goes_from_data_to_the_ack_of_its_last_byte():
    connection = only(HANDSHAKE + ">PA10 +4 <A >PA10 >PA10 +8 <A")
    assert connection.pair("RTT_SAMPLES") == (2, 0)
    assert connection.pair("RTT_MIN") == (5 * MILLISECOND, 0)
    assert connection.pair("RTT_MEAN") == (7 * MILLISECOND, 0)
    assert only(HANDSHAKE + "<PA10 +4 >A").pair("RTT_MIN") == (0, 5 * MILLISECOND)


def test_data_under_way_with_a_retransmission_is_not_timed():
    assert only(HANDSHAKE + ">PA10 +300 >PA10@1 <A")["RTT_SAMPLES"] == 0
    assert only(HANDSHAKE + ">PA10 >PA10 +300 >PA10@1 <A")["RTT_SAMPLES"] == 0
    assert only(HANDSHAKE + ">PA10 +300 >PA10@1 <A >PA10 <A")["RTT_SAMPLES"] == 1


def test_zero_window_probes_are_not_timed():
    assert only(HANDSHAKE + ">PA10 <A=0 >A1@11 +1000 >A1@11 <A^12")["RTT_SAMPLES"] == 1


def test_64_segments_under_way_are_timed():
    sent = ">PA10 " * 70
    assert only(HANDSHAKE + sent + "<A^641")["RTT_SAMPLES"] == 1
    assert only(HANDSHAKE + sent + "<A^651")["RTT_SAMPLES"] == 0


def test_the_most_bytes_in_flight():
    connection = only(HANDSHAKE + ">PA10 >PA10 <A >PA15 <PA7 >FA <FA >A")
    assert connection.pair("MAX_IN_FLIGHT") == (20, 7)
    assert only(">PA10 >PA10")["MAX_IN_FLIGHT"] == 0  # nobody knows


def test_windows_are_scaled_when_both_ends_agreed():
    connection = only(">S=100~7 <SA=200~3 >A=10 <A=20")
    assert connection.pair("INITIAL_WINDOW") == (100, 200)
    assert connection.pair("MAX_WINDOW") == (10 << 7, 200)
    assert connection["MEAN_WINDOW"] == 82
    assert only(">S=100~7 <SA=200 >A=101").pair("MAX_WINDOW") == (101, 200)
    assert only(">S=1~200 <SA=1~0 >A=1")["MAX_WINDOW"] == 1 << 14  # RFC 7323, 2.3


def test_data_packets_are_those_with_payload():
    assert only(HANDSHAKE + ">PA10 >A >FA5 <A1").pair("DATA_PACKETS") == (2, 1)


def test_a_capture_of_one_direction_gives_what_it_can():
    client = only(">S >A^1 >PA100 >PA100 >A^901 >FA^901")
    assert (client.state, client.history) == ("SH", "SADF")
    assert client.pair("DATA_PACKETS") == (2, 0)
    assert client.pair("MISSED_BYTES") == (0, 900)
    assert counts(client) == (0, 0, 0, 0, 0)
    assert client["SYN_RTT"] == client["ACK_RTT"] == client["RTT_SAMPLES"] == client["MAX_IN_FLIGHT"] == 0


def test_a_second_syn_ack_with_another_number_begins_the_direction_anew():
    text = ">S <SA >A <SA@-70000 >A^-69999 <PA10@-69999 >A^-69989"
    connection = only(text, isn=(1000, 100_000))
    assert counts(connection, 1) == (0, 0, 0, 0, 0)
    assert connection["MISSED_BYTES_BACK"] == 0
    assert connection["MAX_IN_FLIGHT_BACK"] == 10


def test_every_slot_of_a_field_is_the_kernels():
    slots = {getattr(tcp, field.by) for field in TCP_FIELDS if field.by != "HISTORY"}
    assert slots == set(range(tcp.FIRST_SLOT, tcp.LAST_SLOT + 1))
    assert len({field.number for field in TCP_FIELDS}) == len({f.name for f in TCP_FIELDS}) == len(TCP_FIELDS)
    assert all(field.doc for field in TCP_FIELDS)


def test_states_are_named_as_the_kernel_numbers_them():
    assert [getattr(tcp, name) for name in STATES] == list(range(13))


def test_no_segments_are_no_connection():
    assert connections(array("q")) == []
    assert tcp.Tcp().replay(rows(">S"), SHEET)[0][0] == 1
    assert only(">S", isn=(CLIENT_ISN, 0))["SYN_TIME"] == START
