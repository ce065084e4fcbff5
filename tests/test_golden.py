"""The golden packets decode as their golden records say, and leave no layer and no field untried."""

import math
from collections import Counter

import pytest
from decoding import ALL, CLASSES, check, decode
from golden_records import describe, expected
from packets import GOLDEN, PACKETS, SAMPLES, read_samples

from netbeam.decode import Decoder
from netbeam.plan import compile_plan
from netbeam.protocols import LAYERS

NAMES = [layer.name for layer in LAYERS]
OPTIONAL = {"Payload", "PayloadEntropy"}
NEVER_SET = {"IPv6HopByHopOption.OptionAlignment"}
"""Fields that Netcap's schema has and a packet doesn't tell."""


@pytest.fixture(scope="module")
def golden():
    """All golden packets, decoded with nothing left out."""
    return check(PACKETS, decode(PACKETS))


@pytest.mark.parametrize("layer", NAMES)
def test_a_layers_packets_decode_as_its_golden_records_say(layer):
    decoder = Decoder(ALL, bytes)
    assert [describe(sample, decoder) for sample in read_samples(layer)] == expected(layer)


def test_every_layer_has_a_golden_pair_and_every_pair_a_layer():
    for suffix in ("hex", "json"):
        assert sorted(path.stem for path in GOLDEN.glob(f"*.{suffix}")) == sorted(NAMES)


@pytest.mark.parametrize("layer", NAMES)
def test_a_golden_pair_reaches_its_layer(layer):
    assert any(layer in packet["layers"] for packet in expected(layer))


def test_titles_are_unique_within_a_file():
    titles = Counter((sample.layer, sample.title) for sample in SAMPLES)
    assert max(titles.values()) == 1


def fields(message, dropped=()):
    """Give the fields of a message that are set, by name."""
    return {field.name: value for field, value in message.ListFields() if field.name not in dropped}


def messages_of(message):
    """Give a message and all messages inside it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type:
            for inner in value if field.is_repeated else (value,):
                yield from messages_of(inner)


def test_every_field_is_set_in_some_golden_record(golden):
    seen = {
        f"{inner.DESCRIPTOR.name}.{field.name}"
        for records in golden.values()
        for record in records
        for inner in messages_of(record)
        for field, _ in inner.ListFields()
    }
    reached = {name.partition(".")[0] for name in seen}
    declared = {f"{name}.{f.name}" for name in reached for f in CLASSES[name].DESCRIPTOR.fields}
    assert reached >= {layer.name for layer in LAYERS if layer.type_id is not None}
    assert declared - seen == NEVER_SET


def test_entropy_is_that_of_the_payload(golden):
    records = [record for name in ("TCP", "UDP") for record in golden[name] if record.Payload]
    assert len(records) > 20
    for record in records:
        shares = [count / len(record.Payload) for count in Counter(record.Payload).values()]
        assert record.PayloadEntropy == pytest.approx(-sum(share * math.log2(share) for share in shares))


def test_payload_and_entropy_are_left_out_unless_asked_for(golden):
    plainly = check(PACKETS, decode(PACKETS, compile_plan(LAYERS)))
    assert {name: [fields(record) for record in records] for name, records in plainly.items()} == {
        name: [fields(record, OPTIONAL) for record in records] for name, records in golden.items()
    }


def test_a_selection_changes_neither_its_records_nor_the_account(golden):
    whole = decode(PACKETS)
    for name in ("IPv4", "DNS", "TCP", "IPv6HopByHop"):
        chosen = decode(PACKETS, compile_plan(LAYERS, {name}, payload=True, entropy=True))
        assert check(PACKETS, chosen).keys() == {name}
        assert chosen.account.sources == whole.account.sources
        assert chosen.rejects == whole.rejects
        assert [b for b in chosen.blocks if b.file == name] == [b for b in whole.blocks if b.file == name]
