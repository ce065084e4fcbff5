"""Flows of hostile packets, and digests that are not what was written: nothing is read beyond its end."""

import random
from array import array
from contextlib import suppress

import pytest
from captures import START, Packet
from flow_packets import A, B, answer, at
from flow_runs import TYPES, chunks, digested, run
from flow_traffic import traffic
from hypothesis import given, settings
from hypothesis import strategies as st
from packets import PACKETS
from parity import sample

import netbeam.kernel
from netbeam.flows.digests import words_in
from netbeam.flows.parts import Replayer
from netbeam.flows.settings import FlowSettings
from netbeam.kernel.digest import PARTITIONS, SIZES
from netbeam.protocols import LAYERS

EDGES = (0, 1, 2, 255, 65535, 1 << 16, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
REPLAYER = Replayer(LAYERS, frozenset(TYPES), FlowSettings())


def sections(packets):
    """Give the sections of some packets' digest: words, text and sizes."""
    (digest,) = digested(chunks(packets))
    word = letter = 0
    for partition in range(PARTITIONS):
        sizes = digest.sizes[SIZES * partition : SIZES * (partition + 1)]
        count = words_in(sizes)
        if count:
            text = bytes(digest.text[letter : letter + sizes[-1]])
            yield array("Q", bytes(digest.words[8 * word : 8 * (word + count)])), text, sizes
        word += count
        letter += sizes[-1]


def replayed(damaged):
    """Replay sections; give how many packets they are taken for."""
    machine = REPLAYER.machine(("a", "b"), (START, START))
    machine.begin(0, 1)
    for words, text, sizes in damaged:
        machine.load(words, text, sizes, 1, 1, 24)
    machine.run()
    machine.take_records()
    return machine.summary()[2]


@pytest.fixture(scope="module")
def some():
    """The sections of random traffic."""
    return list(sections(traffic(200, random.Random(3).choice)))


def test_sections_as_they_are_give_all_packets(some):
    assert replayed(some) == sum(sizes[2] for _, _, sizes in some)


@settings(max_examples=400 if netbeam.kernel.compiled() else 15)
@given(
    st.lists(
        st.tuples(st.integers(0, 1 << 16), st.sampled_from(EDGES) | st.integers(0, (1 << 64) - 1)),
        max_size=30,
    ),
    st.booleans(),
)
def test_words_that_were_damaged_are_replayed_or_left_out(some, faults, flips):
    damaged = [(words[:], text, sizes) for words, text, sizes in some]
    for place, value in faults:
        words = damaged[place % len(damaged)][0]
        at = place // len(damaged) % len(words)
        words[at] = words[at] ^ value if flips else value
    assert replayed(damaged) <= sum(sizes[2] for _, _, sizes in some)


@settings(max_examples=200 if netbeam.kernel.compiled() else 15)
@given(st.data())
def test_sizes_that_were_damaged_are_refused_or_replayed(some, data):
    words, text, sizes = data.draw(st.sampled_from(some))
    wrong = array("I", sizes)
    for _ in range(data.draw(st.integers(1, 3))):
        kind = data.draw(st.integers(0, SIZES - 1))
        wrong[kind] = max(0, wrong[kind] + data.draw(st.integers(-3, 3)))
    with suppress(ValueError):
        assert replayed([(words, text, wrong)]) <= wrong[2]


def test_names_that_are_said_to_lie_beyond_the_text_are_none():
    packets = [at(0, answer(A, "10.0.0.3", "a.example", ("a.example", B)))]
    found = [each for each in sections(packets) if each[2][3]]
    ((words, text, sizes),) = found
    answers = len(words) - 8
    assert text[: words[answers + 1] & 0xFFFFFFFF] == b"a.example"
    for size, place in ((1 << 32, 0), (10, 0), (9, 1), (9, 1 << 62), (9, (1 << 64) - 1), (600, 0)):
        wrong = words[:]
        wrong[answers + 1], wrong[answers + 7] = size & 0xFFFFFFFF, place
        replayed([(wrong, text, sizes)])


def test_digests_of_hostile_packets_are_flows_all_the_same():
    packets = sample(11)
    made = run(chunks(packets))
    assert made.packets == made.ip_packets > 300
    assert run(chunks(packets, 100), group=3) == made
    for name in TYPES:
        assert made.parsed(name)


def test_packets_cut_at_any_byte_are_flows_all_the_same():
    cut = [
        Packet(START, packet.data[:size], packet.length, packet.link)
        for packet in PACKETS[:: 1 if netbeam.kernel.compiled() else 8]
        for size in range(1, len(packet.data))
    ]
    for batch in chunks(cut, 2000):
        made = run([batch])
        assert made.packets == made.ip_packets > 0


@pytest.mark.parametrize(
    "record", [("a.example", B), ("a.example", "b.example"), ("a.example", "2001:db8::1")]
)
def test_answers_cut_and_damaged_anywhere_are_read_as_far_as_they_go(record):
    whole = answer(A, "10.0.0.3", "a.example", record, record)
    cut = [at(0, whole, captured=size) for size in range(42, len(whole))]
    rng = random.Random(1)
    for place in range(42, len(whole)):
        for value in (0, 1, 63, 64, 192, 255, rng.randrange(256)):
            data = bytearray(whole)
            data[place] = value
            cut.append(at(0, bytes(data)))
    for packet in cut:  # each alone in memory, which ends with it
        assert len(digested(chunks([packet]))) == 1
