"""States and histories of TCP connections, each worked by hand."""

import pytest
from tcp_segments import connections, only, rows

HANDSHAKE = ">S <SA >A "
TALK = HANDSHAKE + ">PA10 <A <PA20 >A "

STATES = {
    ">S": ("S0", "S"),
    ">S >S >S": ("S0", "S"),
    HANDSHAKE: ("S1", "ShA"),
    ">S <SA": ("S1", "Sh"),
    TALK: ("S1", "ShADad"),
    TALK + ">FA <FA >A": ("SF", "ShADadFf"),
    TALK + "<FA >FA <A": ("SF", "ShADadfF"),
    TALK + ">FA <FA >A <R": ("SF", "ShADadFfr"),
    ">S <RA": ("REJ", "Sr"),
    ">S >S <RA": ("REJ", "Sr"),
    TALK + ">FA <A": ("S2", "ShADadF"),
    TALK + "<FA >A": ("S3", "ShADadf"),
    TALK + ">RA": ("RSTO", "ShADadR"),
    ">S <SA >R": ("RSTO", "ShR"),
    TALK + ">FA <A >R": ("RSTO", "ShADadFR"),
    TALK + "<RA": ("RSTR", "ShADadr"),
    ">S <SA <RA": ("RSTR", "Shr"),
    TALK + ">FA <RA": ("RSTR", "ShADadFr"),
    TALK + ">R <R": ("RSTO", "ShADadRr"),
    TALK + "<R >R": ("RSTR", "ShADadrR"),
    ">S <SA >R <R": ("RSTO", "ShRr"),
    ">S <RA >R": ("REJ", "SrR"),
    ">R <R": ("OTH", "Rr"),
    ">S >R": ("RSTOS0", "SR"),
    ">S <A >R": ("RSTOS0", "SaR"),
    ">S <A >FA >R": ("OTH", "SaFR"),
    "<SA <RA": ("RSTRH", "hr"),
    "<SA <A <PA5 <FA": ("SHR", "hadf"),
    "<SA <FA": ("SHR", "hf"),
    ">S >F": ("SH", "SF"),
    ">S >A >PA9 >FA": ("SH", "SADF"),
    ">PA10 <A": ("OTH", "Da"),
    ">A": ("OTH", "A"),
    ">R": ("OTH", "R"),
    ">S >A >PA9": ("OTH", "SAD"),
    "<SA <A <PA9": ("OTH", "had"),
    "<PA9 <FA >A >FA <A": ("SF", "dfAFa"),
}


@pytest.mark.parametrize(("text", "expected"), STATES.items(), ids=list(STATES))
def test_the_state_and_history_say_how_a_connection_went(text, expected):
    connection = only(text)
    assert (connection.state, connection.history) == expected


def test_all_thirteen_states_have_a_case():
    assert len({state for state, _ in STATES.values()}) == 13


def test_a_simultaneous_open_is_established():
    assert only(">S <S >SA <SA >PA10 <A")[1:3] == ("S1", "SsHhDa")


def test_a_simultaneous_close_is_a_close():
    # Both FINs cross: neither acknowledges the other.
    connection = only(TALK + ">FA <FA^11 >A <A")
    assert connection[1:3] == ("SF", "ShADadFf")


def test_a_handshake_that_was_captured_out_of_order_is_one_connection():
    assert only("<SA^1 >S >A >PA5 <A")[1:3] == ("S1", "hSADa")


def test_fast_open_data_on_the_syn_is_data():
    connection = only(">S7 <SA >A")
    assert connection.history == "SDhA"
    assert connection.pair("DATA_PACKETS") == (1, 0)


def test_one_letter_of_each_contradiction():
    assert only(">SF >FR").history == "SQFFIR"


def test_syn_fin_and_rst_are_noted_again_when_their_number_differs():
    assert only(TALK + ">RA >RA >RA@500").history == "ShADadRR"
    assert only(TALK + ">FA >FA@11 >PA5@12 >FA@17").history == "ShADadFF"


def test_zero_windows_and_data_sent_again_are_noted_at_each_power_of_ten():
    assert only(HANDSHAKE + ">A=0 " * 12).history == "ShAWW"
    assert only(HANDSHAKE + ">PA5 " + "+900 >PA5@1 " * 101).history == "ShADTTT"


def test_a_gap_is_noted_when_it_is_acknowledged():
    assert only(TALK + ">PA10@21 <A^11 >PA10@31").history == "ShADad"
    assert only(TALK + ">PA10@21 <A^31").history == "ShADadG"
    # acknowledged, though nothing beyond was seen
    assert only(TALK + "<A^500").history == "ShADadG"


def test_a_history_ends_at_64_letters():
    text = HANDSHAKE + " ".join(f">RA@{i}" for i in range(10, 100))
    assert only(text).history == "ShA" + "R" * 61


def test_a_syn_flood_is_one_attempt_a_number():
    found = connections(rows(" ".join(f">S@{100 * i}" for i in range(50))))
    assert [(c.packets, c.state) for c in found] == [(1, "S0")] * 50


def test_flags_are_counted_by_direction_and_together():
    connection = only(">SEC <SAE >AN >PA10 >PAU5 <A >FA <FA >A")
    expected = {"SYN": (1, 1), "FIN": (1, 1), "RST": (0, 0), "PSH": (2, 0), "ACK": (5, 3), "URG": (1, 0)}
    expected |= {"ECE": (1, 1), "CWR": (1, 0), "NS": (1, 0)}
    for flag, pair in expected.items():
        assert (flag, connection.pair(f"{flag}S")) == (flag, pair)
        assert (flag, connection[f"ALL_{flag}S"]) == (flag, sum(pair))
    assert connection.pair("INITIAL_FLAGS") == (0b0_1100_0010, 0b0_0101_0010)
    assert connection.pair("UNION_FLAGS") == (0b1_1111_1011, 0b0_0101_0011)


# Where one connection ends and another begins: packets of each.
BORDERS = {
    "another number": (">S >S@90000", [1, 1]),
    "the same number": (">S >S@0 >S@0", [3]),
    "the same number after a RST": (">S <RA >S@0 <RA", [2, 2]),
    "the same number after a FIN": (TALK + ">FA >S@0", [8, 1]),
    "ports used again after a close": (TALK + ">FA <FA >A >S@70000", [10, 1]),
    "ports used again without a close": (TALK + ">S@70000", [7, 1]),
    "the other end's SYN-ACK after a RST": (TALK + ">RA <SA@40000", [8, 1]),
    "a SYN-ACK sent again": (">S <SA <SA@0 >A", [4]),
    "late segments after the close": (TALK + ">FA <FA >A <FA@21 >A <A", [13]),
    "RST after the close": (TALK + ">FA <FA >A >R >R <R", [13]),
    "late data within the linger": (TALK + ">RA +4000 <PA20 <PA20", [10]),
    "data after the linger": (TALK + ">RA +6000 <PA20 <PA20", [8, 2]),
    "a repeated FIN after the linger": (TALK + ">FA <FA >A +6000 <FA@21 >A", [12]),
    "a RST after the linger": (TALK + ">RA +6000 <R", [9]),
    "a FIN of one end only": (TALK + ">FA +6000 <PA20 <PA20", [10]),
    "any SYN after the linger": (TALK + ">FA <FA >A +6000 >S@0", [10, 1]),
    "far numbers after the linger": (TALK + ">RA +6000 >A@-90000000", [8, 1]),
    "a SYN into a stream under way": (">PA5@9 <A^14 >S@70000", [2, 1]),
    "a SYN with the other end's data before": ("<SA^1 >S@0 >A", [3]),
    "simultaneous open": (">S <S >SA@0 <SA@0", [4]),
}


@pytest.mark.parametrize(("text", "packets"), BORDERS.values(), ids=list(BORDERS))
def test_where_another_connection_begins(text, packets):
    assert [connection.packets for connection in connections(rows(text))] == packets


def test_the_linger_can_be_set():
    late = rows(TALK + ">RA +100 <PA20")
    assert len(connections(late, linger=1_000_000_000)) == 1
    assert len(connections(late, linger=1_000_000)) == 2


def test_connections_on_the_same_ports_share_nothing():
    first, second = connections(rows(TALK + ">FA <FA >A >S@70000"))
    assert (first.state, first.history, second.state, second.history) == ("SF", "ShADadFf", "S0", "S")
    assert second.pair("ACKS") == (0, 0)
    assert second.pair("INITIAL_FLAGS") == (2, 0)
