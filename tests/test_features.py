"""FlowFeatures: its fields, by hand and against exact arithmetic, compiled and interpreted."""

import hashlib
import json
import os
import pickle
import random
import subprocess
import sys
from array import array
from functools import cache
from itertools import pairwise
from math import isclose
from pathlib import Path
from statistics import mean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

import netbeam.kernel
from netbeam.descriptors import message_classes
from netbeam.flows.features import FLOW_FEATURES
from netbeam.flows.sheets import compile_sheet
from netbeam.kernel import features, sheet
from netbeam.schema import Schema

START = 1_700_000_000_000_000_000
MS, SECOND = 10**6, 10**9
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
FWD, BWD = 0, 1
SCHEMA = Schema({"FlowFeatures": FLOW_FEATURES}, {0: "Header", 1002: "FlowFeatures"}, ("FlowFeatures",))
TABLES = compile_sheet((FLOW_FEATURES,), (features, sheet), {})
RECORD = message_classes(SCHEMA)["FlowFeatures"]


def packet(direction, ms, payload=0, flags=ACK, *, header=40, window=0, protocol=6):
    """Give a packet of a connection: payload behind `header` bytes, `ms` after START, in a padded frame."""
    size = header + payload
    return direction, START + round(ms * MS), size, payload, max(60, size + 14), flags, window, protocol


@cache
def machine():
    """Give the machine and the sheet that all tests use, one connection after the other."""
    return features.Features(), sheet.Sheet(*TABLES[:3])


def feed(packets):
    """Give the bytes of the record of a connection, its length before it."""
    made, into = machine()
    return made.feed(array("q", [number for each in packets for number in each]), into)


def record(packets):
    """Give the record of a connection."""
    data = feed(packets)
    size, at = (data[0], 1) if data[0] < 128 else (data[0] & 127 | data[1] << 7, 2)
    assert len(data) == at + size
    return RECORD.FromString(data[at:])


TALK = (
    packet(FWD, 0, 0, SYN, header=60, window=64240),
    packet(BWD, 10, 0, SYN | ACK, header=60, window=65160),
    packet(FWD, 20, 0, ACK, window=502),
    packet(FWD, 30, 100, PSH | ACK, window=502),
    packet(BWD, 50, 1000, ACK, window=509),
    packet(BWD, 60, 1000, ACK | ECE, window=509),
    packet(BWD, 70, 1000, ACK | URG, window=509),
    packet(BWD, 80, 500, PSH | ACK | URG, window=509),
    packet(FWD, 6080, 60, PSH | ACK | URG, window=501),
    packet(BWD, 6100, 0, FIN | ACK, window=509),
    packet(FWD, 7600, 0, FIN | ACK | ECE | CWR, window=501),
    packet(BWD, 7610, 0, RST | ACK),
)
"""A request, an answer in a bulk, a pause of 6 s, another request, a pause of 1.5 s, and a reset."""

BY_HAND = {
    "FwdPackets": 5,
    "FwdBytes": 60 + 40 + 140 + 100 + 40,
    "FwdPayloadBytes": 160,
    "FwdHeaderBytes": 60 + 4 * 40,
    "FwdWireBytes": 74 + 60 + 154 + 114 + 60,
    "FwdDataPackets": 2,
    "FwdHeaderMin": 40,
    "FwdTimeFirst": START,
    "FwdTimeLast": START + 7600 * MS,
    "FwdWindow": 64240,
    "FwdFIN": 1,
    "FwdSYN": 1,
    "FwdRST": 0,
    "FwdPSH": 2,
    "FwdACK": 4,
    "FwdURG": 1,
    "FwdECE": 1,
    "FwdCWR": 1,
    "FwdBursts": 2,
    "FwdBulks": 0,
    "FwdBulkPackets": 0,
    "FwdBulkBytes": 0,
    "FwdBulkTime": 0,
    "FwdPacketSizeMin": 40,
    "FwdPacketSizeMean": 76,
    "FwdPacketSizeStd": (36400 / 5 - 76**2) ** 0.5,
    "FwdPacketSizeMax": 140,
    "FwdPacketSizeP25": 40,  # of 40 40 60 100 140 the second
    "FwdPacketSizeP50": 60,
    "FwdPacketSizeP75": 100,
    "FwdPacketSizeBins": [3, 1, 1, 0, 0, 0, 0, 0],
    "FwdIATMin": 10 * MS,  # of 20 10 6050 1520 ms
    "FwdIATMean": 1900 * MS,
    "FwdIATStd": 6118350**0.5 * MS,
    "FwdIATMax": 6050 * MS,
    "FwdIATP25": 10 * MS,
    "FwdIATP50": 20 * MS,
    "FwdIATP75": 1520 * MS,
    "FwdIATBins": [0, 0, 0, 0, 2, 0, 2, 0],
    "FwdPayloadMin": 0,
    "FwdPayloadMean": 32,
    "FwdPayloadStd": (13600 / 5 - 32**2) ** 0.5,
    "FwdPayloadMax": 100,
    "BwdPackets": 7,
    "BwdBytes": 60 + 3 * 1040 + 540 + 2 * 40,
    "BwdPayloadBytes": 3500,
    "BwdHeaderBytes": 60 + 6 * 40,
    "BwdWireBytes": 74 + 3 * 1054 + 554 + 2 * 60,
    "BwdDataPackets": 4,
    "BwdHeaderMin": 40,
    "BwdTimeFirst": START + 10 * MS,
    "BwdTimeLast": START + 7610 * MS,
    "BwdWindow": 65160,
    "BwdFIN": 1,
    "BwdSYN": 1,
    "BwdRST": 1,
    "BwdPSH": 1,
    "BwdACK": 7,
    "BwdURG": 2,
    "BwdECE": 1,
    "BwdCWR": 0,
    "BwdBursts": 1,
    "BwdBulks": 1,
    "BwdBulkPackets": 4,
    "BwdBulkBytes": 3500,
    "BwdBulkTime": 30 * MS,
    "BwdPacketSizeMin": 40,
    "BwdPacketSizeMean": 3800 / 7,
    "BwdPacketSizeStd": (7 * 3543200 - 3800**2) ** 0.5 / 7,
    "BwdPacketSizeMax": 1040,
    "BwdPacketSizeP25": 40,  # of 40 40 60 540 1040 1040 1040 the second, fourth and sixth
    "BwdPacketSizeP50": 540,
    "BwdPacketSizeP75": 1040,
    "BwdPacketSizeBins": [3, 0, 0, 0, 1, 3, 0, 0],
    "BwdIATMin": 10 * MS,  # of 40 10 10 10 6020 1510 ms
    "BwdIATMean": 7600 / 6 * MS,
    "BwdIATStd": 173374400**0.5 / 6 * MS,
    "BwdIATMax": 6020 * MS,
    "BwdIATP25": 10 * MS,
    "BwdIATP50": 10 * MS,
    "BwdIATP75": 1510 * MS,
    "BwdIATBins": [0, 0, 0, 0, 4, 0, 2, 0],
    "BwdPayloadMin": 0,
    "BwdPayloadMean": 500,
    "BwdPayloadStd": (3250000 / 7 - 500**2) ** 0.5,
    "BwdPayloadMax": 1000,
    "PacketSizeMin": 40,
    "PacketSizeMean": 4180 / 12,
    "PacketSizeStd": 25482800**0.5 / 12,
    "PacketSizeMax": 1040,
    "PacketSizeP25": 40,  # of 40 40 40 40 60 60 100 140 540 1040 1040 1040 the third, sixth and ninth
    "PacketSizeP50": 60,
    "PacketSizeP75": 540,
    "PacketSizeBins": [6, 1, 1, 0, 1, 3, 0, 0],
    "IATMin": 10 * MS,  # of 10 ms seven times, 20 20 1500 6000
    "IATMean": 7610 / 11 * MS,
    "IATStd": 362854400**0.5 / 11 * MS,
    "IATMax": 6000 * MS,
    "IATP25": 10 * MS,
    "IATP50": 10 * MS,
    "IATP75": 20 * MS,
    "IATBins": [0, 0, 0, 0, 9, 0, 2, 0],
    "PayloadMin": 0,
    "PayloadMean": 305,
    "PayloadStd": (3263600 / 12 - 305**2) ** 0.5,
    "PayloadMax": 1000,
    "Subflows": 3,
    "ActivePeriods": 2,
    "ActiveMin": 80 * MS,
    "ActiveMean": 805 * MS,
    "ActiveStd": 725 * MS,
    "ActiveMax": 1530 * MS,
    "IdlePeriods": 1,
    "IdleMin": 6000 * MS,
    "IdleMean": 6000 * MS,
    "IdleStd": 0,
    "IdleMax": 6000 * MS,
    "FirstDirections": [0, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1],
    "FirstPacketSizes": [60, 60, 40, 140, 1040, 1040, 1040, 540, 100, 40, 40, 40],
    "FirstPayloads": [0, 0, 0, 100, 1000, 1000, 1000, 500, 60, 0, 0, 0],
    "FirstIATs": [n * MS for n in (0, 10, 10, 10, 20, 10, 10, 10, 6000, 20, 1500, 10)],
}
"""The fields of TALK's record."""

IDENTITY = {field.name for field in FLOW_FEATURES.fields if field.number < 20}


def same(found, expected):
    """Tell whether a field has a value: a real may differ in the last places of what was worked by hand."""
    if isinstance(expected, list):
        return list(found) == expected
    return isclose(found, expected, rel_tol=1e-12) if isinstance(found, float) else found == expected


@pytest.mark.parametrize("name", BY_HAND)
def test_a_field_is_what_was_worked_by_hand(name):
    assert same(getattr(record(TALK), name), BY_HAND[name])


def test_every_field_but_the_identity_was_worked_by_hand():
    assert {field.name for field in FLOW_FEATURES.fields} - IDENTITY == set(BY_HAND)


def test_numbers_of_fields_are_used_once():
    numbers = [field.number for field in FLOW_FEATURES.fields]
    assert len(set(numbers)) == len(numbers)


def test_no_two_fields_share_a_slot():
    ops = TABLES.ops
    rows = [tuple(ops[at : at + 2]) for at in range(0, len(ops), sheet.SHEET_COLUMNS)]
    assert len(set(rows)) == len(rows) == len(FLOW_FEATURES.fields) + 1


def test_a_conversation_seen_from_the_other_side_has_its_directions_exchanged():
    there, back = record(TALK), record([(1 - each[0], *each[1:]) for each in TALK])
    for name in BY_HAND:
        other = {"Fwd": "Bwd", "Bwd": "Fwd"}.get(name[:3], name[:3]) + name[3:]
        if name != "FirstDirections":
            assert getattr(back, name) == getattr(there, other), name


def test_a_single_packet_has_no_gaps_no_periods_and_no_spread():
    one = record([packet(FWD, 0, 20, header=28, flags=0, protocol=17)])
    assert (one.FwdPackets, one.BwdPackets, one.Subflows) == (1, 0, 1)
    assert (one.PacketSizeMean, one.PacketSizeStd, one.PacketSizeP25, one.PacketSizeP75) == (48, 0, 48, 48)
    assert (one.IATMin, one.IATMean, one.IATStd, one.IATMax, list(one.IATBins)) == (0, 0, 0, 0, [])
    assert (one.ActivePeriods, one.ActiveMean, one.IdlePeriods, one.IdleMean) == (0, 0, 0, 0)
    assert (one.BwdPacketSizeMean, list(one.BwdPacketSizeBins)) == (0, [])
    assert (one.FwdWindow, list(one.FirstIATs)) == (0, [0])


def test_a_connection_knows_nothing_of_the_one_before():
    alone = feed(TALK[:3])
    feed([packet(i % 2, 7000 * i, 99, 255, window=7) for i in range(100)])
    assert feed(TALK[:3]) == alone


def test_the_first_32_packets_are_listed():
    many = record([packet(i % 3 % 2, i, i) for i in range(40)])
    assert list(many.FirstPayloads) == list(range(32))
    assert list(many.FirstPacketSizes) == [40 + i for i in range(32)]
    assert list(many.FirstDirections) == [i % 3 % 2 for i in range(32)]
    assert list(many.FirstIATs) == [0] + [MS] * 31


@pytest.mark.parametrize(
    ("name", "edges", "values"),
    [
        (
            "PacketSizeBins",
            [1 << k for k in range(6, 13)],
            lambda size: [(FWD, START, size, 0, size, 0, 0, 1)],
        ),
        (
            "IATBins",
            [1 << k for k in range(10, 35, 4)],
            lambda gap: [(FWD, START, 28, 0, 42, 0, 0, 1), (FWD, START + gap, 28, 0, 42, 0, 0, 1)],
        ),
    ],
)
def test_a_bin_holds_what_is_from_its_edge_up_to_below_the_next(name, edges, values):
    for bin, edge in enumerate(edges):
        below, at = ([0] * 8 for _ in range(2))
        below[bin] = at[bin + 1] = 1
        assert list(getattr(record(values(edge - 1)), name)) == below
        assert list(getattr(record(values(edge)), name)) == at


def test_what_a_header_cut_by_the_capture_does_not_tell_is_not_counted():
    cut = packet(FWD, 0, 0, 0, window=0)
    assert record([cut, packet(FWD, 1, 0, SYN, window=1024)]).FwdWindow == 1024
    assert record([packet(FWD, 0, 0, SYN, window=0), packet(FWD, 1, 0, ACK, window=99)]).FwdWindow == 0


numbers = st.one_of(st.integers(0, 70), st.integers(0, 65_535), st.integers(0, 1 << 32))
gaps = st.one_of(st.just(0), st.integers(0, 50), st.integers(0, 10 * SECOND), st.integers(0, 1 << 50))
times = st.one_of(st.just(START), st.integers(-(1 << 62), 1 << 61))
sent = st.tuples(
    st.integers(0, 1),
    gaps,
    numbers,
    st.sampled_from((0, 0, 1, 1460)),
    st.integers(0, 255),
    st.sampled_from((6, 17)),
)


@st.composite
def connections(draw):
    """Draw the packets of a connection, at times few, at times many of few kinds."""
    time, packets = draw(times), []
    some = draw(st.lists(sent, min_size=1, max_size=12))
    if draw(st.booleans()):
        some = random.Random(draw(st.integers(0, 99))).choices(some, k=draw(st.integers(25, 400)))
    for direction, gap, header, payload, flags, protocol in some:
        time += gap
        tcp = protocol == 6
        packets.append(
            (
                direction,
                time,
                header + payload,
                payload,
                header + payload + 14,
                flags * tcp,
                9 * tcp,
                protocol,
            )
        )
    return packets


def steps(times):
    return [after - before for before, after in pairwise(times)]


def agrees(found, name, values, *, quartiles=True):
    """Check moments and quartiles with exact arithmetic on the values themselves."""
    if not values:
        values, quartiles = [0], False
    ordered = sorted(values)
    assert getattr(found, f"{name}Min") == ordered[0]
    assert getattr(found, f"{name}Max") == ordered[-1]
    assert isclose(getattr(found, f"{name}Mean"), mean(values), rel_tol=4e-16)
    assert isclose(getattr(found, f"{name}Std"), pstdev(values), rel_tol=1e-15)
    if sum(values) < 1 << 53:
        assert getattr(found, f"{name}Mean") == sum(values) / len(values)
    for percent in (25, 50, 75) if quartiles else ():
        rank = -(-percent * len(values) // 100)
        assert getattr(found, f"{name}P{percent}") == ordered[rank - 1]


@given(connections())
def test_moments_and_quartiles_agree_with_exact_arithmetic(packets):
    found = record(packets)
    for name, way in (("", (FWD, BWD)), ("Fwd", (FWD,)), ("Bwd", (BWD,))):
        mine = [each for each in packets if each[0] in way]
        agrees(found, f"{name}PacketSize", [each[2] for each in mine])
        agrees(found, f"{name}IAT", steps([each[1] for each in mine]))
        agrees(found, f"{name}Payload", [each[3] for each in mine], quartiles=False)
    between = steps([each[1] for each in packets])
    agrees(found, "Idle", [gap for gap in between if gap > 5 * SECOND], quartiles=False)
    assert found.Subflows == 1 + sum(gap > SECOND for gap in between)
    assert sum(found.PacketSizeBins) == len(packets)
    assert sum(found.IATBins) == len(packets) - 1


@given(st.lists(st.integers(0, 1 << 62), min_size=1, max_size=3), st.integers(0, (1 << 62) - 1))
def test_the_greatest_numbers_are_exact(gaps, size):
    """Squares of 124 bits, and sums up to 2**64: in doubles the deviation would be lost altogether."""
    times = [-(1 << 63)]
    times.extend(times[-1] + sum(gaps[: i + 1]) for i in range(len(gaps)))
    found = record([(FWD, min(time, (1 << 63) - 1), size, 0, size, 0, 0, 1) for time in times])
    agrees(found, "IAT", steps([min(time, (1 << 63) - 1) for time in times]))
    agrees(found, "PacketSize", [size] * len(times))


@given(st.lists(st.tuples(st.integers(20, 65_535), st.sampled_from((0, 10))), max_size=60), st.randoms())
def test_statistics_of_sizes_do_not_depend_on_the_order_of_packets(sizes, rng):
    def made(some):
        return record([(FWD, START, size, payload, size, 0, 0, 1) for size, payload in some])

    if not sizes:
        return
    one, other = made(sizes), made(rng.sample(sizes, len(sizes)))
    for name in (
        "PacketSizeMean",
        "PacketSizeStd",
        "PayloadMean",
        "PayloadStd",
        "PacketSizeP25",
        "PacketSizeP75",
    ):
        assert getattr(one, name) == getattr(other, name)


def test_a_spread_of_nanoseconds_between_long_gaps_is_not_lost():
    gaps = [300 * SECOND, 300 * SECOND + 1] * 50
    times = [START + sum(gaps[:i]) for i in range(len(gaps) + 1)]
    assert record([(FWD, time, 40, 0, 60, ACK, 9, 6) for time in times]).IATStd == 0.5


@pytest.mark.parametrize(
    "kind", ["equal", "rising", "falling", "organ pipe", "one apart", "nearly", "high bytes"]
)
def test_statistics_of_many_sizes_are_right_in_whatever_order_they_come(kind):
    count = 3000
    sizes = {
        "equal": [77] * count,
        "rising": range(count),
        "falling": range(count, 0, -1),
        "organ pipe": [*range(count // 2), *range(count // 2, 0, -1)],
        "one apart": [0] * (count - 1) + [1 << 40],
        "nearly": [77] + [78] * (count - 1),
        "high bytes": [i * 0x10001 << 8 for i in range(count)],
    }[kind]
    found = record([(FWD, START, size, 0, size, 0, 0, 1) for size in sizes])
    agrees(found, "PacketSize", list(sizes))


@given(connections())
def collect(cases, packets):
    """Draw a connection."""
    cases.append(packets)


def digests(cases):
    """Give a digest of each case's record."""
    return [hashlib.sha256(feed(packets)).hexdigest() for packets in cases]


@pytest.mark.skipif(not netbeam.kernel.compiled(), reason="the kernel is not compiled")
def test_the_interpreted_machine_writes_the_same_bytes(tmp_path):
    cases = [TALK, [(FWD, time, 40, 0, 60, 255, 9, 6) for time in (-(1 << 63), 0, (1 << 63) - 1)]]
    collect(cases)
    path = tmp_path / "cases"
    path.write_bytes(pickle.dumps(cases))
    program = f"import json, pickle, test_features as t; print(json.dumps([t.netbeam.kernel.compiled(), \
t.digests(pickle.load(open({str(path)!r}, 'rb')))]))"
    here = Path(__file__).parent
    environment = {**os.environ, "NETBEAM_PURE": "1", "PYTHONPATH": f"{here}:{here.parent}"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [False, digests(cases)]


STARVED = """
import resource
from array import array
from test_features import FWD, feed, features, machine, packet

packets = array("q", [n for i in range(300_000) for n in packet(FWD, i)])
made, into = machine()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (3 << 20), resource.RLIM_INFINITY))
try:
    made.feed(packets, into)
except MemoryError as error:
    print(error, made.failed)
"""


@pytest.mark.skipif(not netbeam.kernel.compiled(), reason="interpreted, Python allocates")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_that_runs_out_is_an_error_and_never_a_figure():
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": f"{here}:{here.parent}"}
    done = subprocess.run(
        [sys.executable, "-c", STARVED], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "no memory for a connection of 300000 packets True\n"
