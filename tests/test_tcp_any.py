"""Whatever the segments, the numbers of a connection agree with one another, interpreted and compiled."""

import json
import os
import pickle
import subprocess
import sys
from array import array
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tcp_segments import connections

import netbeam.kernel

START = 1_700_000_000_000_000_000
FLAGS = (2, 18, 16, 24, 17, 4, 20, 1, 0, 511)

NAMES = (
    *("RETRANSMISSIONS", "OUT_OF_ORDER", "DUPLICATE_ACKS", "KEEP_ALIVES", "ZERO_WINDOWS", "RTT_SAMPLES"),
    *("DATA_PACKETS", "RTT_MIN", "RTT_MEAN", "INITIAL_WINDOW", "MAX_WINDOW", "INITIAL_FLAGS", "UNION_FLAGS"),
)

number = st.one_of(
    st.integers(0, 60),
    st.integers(0xFFFFFFF0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.sampled_from((0x7FFFFFFF, 0x80000000, 0x80000001)),
)
segment = st.tuples(
    st.integers(0, 1),
    st.sampled_from((0, 1, 1000, 2_000_000, 30_000_000, 6_000_000_000)),
    number,
    number,
    st.one_of(st.sampled_from(FLAGS), st.integers(0, 511)),
    st.sampled_from((0, 1, 1, 1, 65535)),
    st.sampled_from((0, 0, 1, 2, 7, 1460, 65535)),
    st.sampled_from((-1, 0, 7, 255)),
)


@st.composite
def segments(draw):
    """Draw segments in the order of time, that often lie near one another."""
    time = START
    made = array("q")
    for direction, wait, *rest in draw(st.lists(segment, max_size=40)):
        time += wait
        made.extend((direction, time, *rest))
    return made


@given(segments())
def test_the_numbers_of_a_connection_agree(case):
    found = connections(case)
    assert sum(one.packets for one in found) == len(case) // 8
    for one in found:
        assert len(one.history) <= 64
        assert min(one.numbers.values()) >= 0
        for end in (0, 1):
            value = {name: one.pair(name)[end] for name in NAMES}
            told = (
                value["RETRANSMISSIONS"]
                + value["OUT_OF_ORDER"]
                + value["DUPLICATE_ACKS"]
                + value["KEEP_ALIVES"]
            )
            assert told <= one.packets
            assert value["ZERO_WINDOWS"] <= one.packets
            assert value["RTT_SAMPLES"] <= value["DATA_PACKETS"] <= one.packets
            assert value["RTT_MIN"] <= value["RTT_MEAN"]
            assert value["INITIAL_WINDOW"] <= value["MAX_WINDOW"]
            assert value["INITIAL_FLAGS"] & ~value["UNION_FLAGS"] == 0
        for place, flag in enumerate(("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "NS")):
            assert one[f"ALL_{flag}S"] == sum(one.pair(f"{flag}S"))
            for end in (0, 1):
                assert bool(one.pair("UNION_FLAGS")[end] >> place & 1) == bool(one.pair(f"{flag}S")[end])


@pytest.mark.skipif(not netbeam.kernel.compiled(), reason="the kernel is not compiled")
def test_the_interpreted_machine_says_the_same(tmp_path):
    cases = []

    @given(segments())
    @settings(max_examples=300)
    def collect(case):
        cases.append(case)

    collect()
    tmp_path.joinpath("cases").write_bytes(pickle.dumps(cases))
    command = [sys.executable, str(Path(__file__).with_name("tcp_parity.py")), str(tmp_path / "cases")]
    root = str(Path(netbeam.kernel.__file__).parents[2])
    environment = {**os.environ, "NETBEAM_PURE": "1", "PYTHONPATH": root}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    interpreted = json.loads(done.stdout)
    assert not interpreted["compiled"]
    assert interpreted["found"] == [str(connections(case)) for case in cases]
