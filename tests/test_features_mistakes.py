"""The mistakes that docs/features.md lists: each test fails on one."""

import pytest
from test_features import ACK, BWD, FIN, FWD, MS, PSH, SECOND, START, SYN, TALK, URG, packet, record
from test_features_formulas import CIC, NFSTREAM, names


def cic(column, packets):
    """Give a column of CICFlowMeter, by its formula."""
    return eval(CIC[column], names(packets))


def test_padding_of_ethernet_is_no_payload():
    """Three bare acknowledgements: 40 bytes of IP in frames of 60."""
    acks = record([packet(FWD, i) for i in range(3)])
    assert (acks.FwdWireBytes, acks.FwdBytes, acks.FwdPayloadBytes) == (180, 120, 0)
    assert (acks.PayloadMax, acks.FwdDataPackets, acks.FwdBursts, acks.FwdBulks) == (0, 0, 0, 0)


def test_header_bytes_are_those_of_the_ip_and_the_transport_layer():
    """A TCP header of 40 bytes and one of 20, a UDP header: never the Ethernet header's 14."""
    talk = [packet(FWD, 0, 0, SYN, header=60), packet(FWD, 1, 5, ACK, header=40)]
    assert (record(talk).FwdHeaderBytes, record(talk).FwdHeaderMin) == (100, 40)
    assert (cic("Fwd Header Length", talk), cic("Fwd Seg Size Min", talk)) == (60, 20)
    datagram = [packet(BWD, 0, 100, 0, header=28, protocol=17)]
    assert (cic("Bwd Header Length", datagram), record(datagram).FwdHeaderMin) == (8, 0)


def test_no_two_columns_of_a_tool_are_the_same_but_for_what_the_tool_names_twice():
    for columns, twice in (
        (CIC, {"Average Packet Size", "Fwd Segment Size Avg", "Bwd Segment Size Avg"}),
        (NFSTREAM, set()),
    ):
        formulas = [formula for name, formula in columns.items() if formula and name not in twice]
        assert len(set(formulas)) == len(formulas)


def test_flags_bulks_and_subflows_are_counted_for_every_packet():
    """Ten data packets with PSH in three groups, 2 s apart."""
    packets = [packet(FWD, ms, 100, PSH | ACK) for ms in (0, 1, 2, 3, 2003, 2004, 2005, 2006, 4006, 4007)]
    found = record(packets)
    assert (found.FwdPSH, found.FwdACK, found.FwdDataPackets, found.FwdBursts) == (10, 10, 10, 3)
    assert (found.FwdBulks, found.FwdBulkPackets, found.FwdBulkBytes, found.Subflows) == (2, 8, 800, 3)


def test_the_first_packet_counts_once_in_the_mean_of_both_directions():
    packets = [packet(FWD, 0, 300), packet(BWD, 1, 100)]
    assert cic("Packet Length Mean", packets) == cic("Average Packet Size", packets) == 200


def test_the_first_packet_is_a_data_packet_if_it_has_data():
    assert cic("Fwd Act Data Pkts", [packet(FWD, 0, 300), packet(FWD, 1, 0), packet(FWD, 2, 1)]) == 2


def test_psh_and_urg_are_counted_by_direction_in_every_packet():
    packets = [packet(i % 3 % 2, i, 1, PSH | URG * (i % 2)) for i in range(9)]
    assert [cic(f"{way} {flag} Flags", packets) for flag in ("PSH", "URG") for way in ("Fwd", "Bwd")] == [
        6,
        3,
        2,
        2,
    ]
    assert (cic("PSH Flag Count", packets), cic("URG Flag Count", packets)) == (9, 4)


def test_fins_of_both_directions_are_told_apart():
    """One side closes twice, the other not at all: that is not a FIN from each."""
    found = record([packet(BWD, 0, 0, FIN | ACK), packet(BWD, 1, 0, FIN | ACK), packet(FWD, 2)])
    assert (found.FwdFIN, found.BwdFIN) == (0, 2)


def test_initial_windows_are_those_of_each_sides_first_segment():
    packets = [
        packet(way, i, window=window) for i, (way, window) in enumerate([(0, 11), (1, 22), (0, 33), (1, 44)])
    ]
    assert (cic("FWD Init Win Bytes", packets), cic("Bwd Init Win Bytes", packets)) == (11, 22)


@pytest.mark.parametrize(("gap", "subflows"), [(1, 1), (SECOND, 1), (SECOND + 1, 2)])
def test_only_a_gap_above_one_second_begins_a_subflow(gap, subflows):
    """At times as they are, some 1.7e18 ns after 1970, where dividing one operand gave a subflow a packet."""
    times = [START, START + gap, START + gap + 1, START + gap + 2]
    assert record([(FWD, time, 40, 0, 60, ACK, 9, 6) for time in times]).Subflows == subflows


def test_a_connection_without_a_gap_is_one_subflow():
    packets = [packet(i % 2, i, 10) for i in range(4)]
    assert cic("Subflow Fwd Packets", packets) == 2
    assert cic("Subflow Bwd Bytes", packets) == 20


@pytest.mark.parametrize("start", [0, START, -START])
def test_active_and_idle_times_do_not_depend_on_when_the_connection_was(start):
    """3 ms, a pause of 6 s, a single packet, which has no length, 7 s, 1 ms, 6.5 s, another single one."""
    gaps = (0, MS, 2 * MS, 6000 * MS, 7000 * MS, MS, 6500 * MS)
    times = [start + sum(gaps[: i + 1]) for i in range(len(gaps))]
    found = record([(FWD, time, 40, 0, 60, ACK, 9, 6) for time in times])
    assert (found.ActivePeriods, found.ActiveMin, found.ActiveMax) == (2, MS, 3 * MS)
    assert (found.IdlePeriods, found.IdleMin, found.IdleMax) == (3, 6000 * MS, 7000 * MS)
    assert (found.ActiveMean, found.ActiveStd, found.IdleMean) == (2 * MS, MS, 6500 * MS)


@pytest.mark.parametrize(("gap", "idle"), [(5 * SECOND, 0), (5 * SECOND + 1, 1)])
def test_only_a_gap_above_five_seconds_is_idle(gap, idle):
    found = record([(FWD, START + time, 40, 0, 60, ACK, 9, 6) for time in (0, 1, 1 + gap)])
    assert (found.IdlePeriods, found.ActivePeriods) == (idle, 1)


def test_nothing_is_idle_after_the_last_packet():
    assert cic("Idle Max", [packet(FWD, 0), packet(BWD, 4000)]) == 0
    assert cic("Active Max", [packet(FWD, 0), packet(BWD, 4000)]) == 4_000_000


@pytest.mark.parametrize("way", ["Fwd", "Bwd"])
def test_a_bulk_belongs_to_the_direction_that_sent_it(way):
    direction = ("Fwd", "Bwd").index(way)
    other = ("Bwd", "Fwd")[direction]
    packets = [packet(direction, 10 * i, 250) for i in range(5)]
    assert cic(f"{way} Bytes/Bulk Avg", packets) == 1250
    assert cic(f"{way} Packet/Bulk Avg", packets) == 5
    assert cic(f"{way} Bulk Rate Avg", packets) == 1250 / 0.04
    assert cic(f"{other} Bytes/Bulk Avg", packets) == 0


@pytest.mark.parametrize(
    ("packets", "bulks"),
    [
        ([packet(FWD, i, 1) for i in range(3)], 0),
        ([packet(FWD, i, 1) for i in range(4)], 1),
        ([packet(FWD, 1000 * i, 1) for i in range(4)], 1),
        ([packet(FWD, 1000.001 * i, 1) for i in range(4)], 0),
        ([packet(FWD, 0, 1), packet(FWD, 1, 1), packet(BWD, 2, 1), packet(FWD, 3, 1), packet(FWD, 4, 1)], 0),
        ([packet(FWD, 0, 1), packet(FWD, 1, 1), packet(BWD, 2, 0), packet(FWD, 3, 1), packet(FWD, 4, 1)], 1),
        ([packet(FWD, 0, 1), packet(FWD, 1, 1), packet(FWD, 2, 0), packet(FWD, 3, 1)], 0),
        ([packet(FWD, i, 1) for i in (0, 1, 2, 3, 2000, 2001, 2002)], 1),
        ([packet(FWD, i, 1) for i in (0, 1, 2, 3, 2000, 2001, 2002, 2003)], 2),
        ([packet(FWD, 0, 1) for _ in range(4)], 1),
    ],
    ids=[
        "3",
        "4",
        "1 s apart",
        "more apart",
        "answered",
        "acknowledged",
        "empty",
        "late",
        "again",
        "at once",
    ],
)
def test_a_bulk_is_four_data_packets_in_a_row_at_most_a_second_apart(packets, bulks):
    assert record(packets).FwdBulks == bulks
    assert record([(1 - each[0], *each[1:]) for each in packets]).BwdBulks == bulks


def test_averages_are_not_cut_to_whole_numbers():
    assert cic("Down/Up Ratio", TALK) == 1.4
    assert cic("Subflow Fwd Packets", TALK) == 5 / 3


def test_a_connection_without_duration_has_rates_of_zero():
    packets = [packet(FWD, 0, 10), packet(BWD, 0, 10)]
    for column in ("Flow Bytes/s", "Flow Packets/s", "Fwd Packets/s", "Bwd Packets/s"):
        assert cic(column, packets) == 0


def test_deviations_are_the_populations_and_formulas_give_the_samples():
    """Payloads of 1 and 3: sqrt(((1 - 2)**2 + (3 - 2)**2) / 2) = 1, and sqrt(2) divided by n - 1."""
    packets = [packet(FWD, 0, 1), packet(FWD, 1, 3)]
    assert record(packets).FwdPayloadStd == 1
    assert cic("Fwd Packet Length Std", packets) == 2**0.5
