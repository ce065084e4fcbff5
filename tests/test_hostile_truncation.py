"""Every truncation of every test packet: captured short, really short, and longer than its length."""

import pytest
from decoding import ALL, decode_one
from packets import PACKETS, read_samples

from netbeam.decode import Decoder
from netbeam.protocols import LAYERS

NAMES = [layer.name for layer in LAYERS]
LINK_TYPES = sorted({key.number for layer in LAYERS for key in layer.found_by if key.space == "link_type"})
FROM_BELOW = {"SrcPort", "DstPort", "HopByHop"}
"""Fields that a record has from the layers it carries, as it has the knowledge of what is padding."""


@pytest.fixture(scope="module")
def decoder():
    return Decoder(ALL, bytes, 1 << 12)


def cuts(layer):
    """Give every packet of a layer and every number of bytes that may be left of it."""
    for sample in read_samples(layer):
        for size in range(len(sample.packet.data) + 1):
            yield sample.packet, size


def captured(packet, size):
    """Cut a packet as a snap length does."""
    return packet._replace(data=packet.data[:size])


def short(packet, size):
    """Cut a packet as if no more of it had been sent."""
    return packet._replace(data=packet.data[:size], length=size)


def names(record):
    """Give the names of the fields that are set."""
    return {field.name for field, _ in record.ListFields()}


def part_of(record, whole):
    """Tell whether a record of a cut packet says nothing that the whole packet's record does not."""
    for field, value in record.ListFields():
        full = getattr(whole, field.name)
        if field.name == "Payload" and full.startswith(value):
            continue
        if field.name == "PayloadSize" and full <= value:
            continue
        if field.name != "PayloadEntropy" and value != full:
            return False
    return names(whole) - names(record) <= FROM_BELOW | {"Payload", "PayloadEntropy"}


@pytest.mark.parametrize("layer", NAMES)
def test_a_packet_captured_short_gives_the_first_records_of_the_whole_one(layer, decoder):
    for packet, size in cuts(layer):
        whole = decode_one(decoder, packet)
        cut = decode_one(decoder, captured(packet, size))
        assert [span[:3] for span in cut.layers] == [span[:3] for span in whole.layers][: len(cut.layers)]
        for name, records in cut.records.items():
            assert len(records) <= len(whole.records[name])
            assert all(map(part_of, records, whole.records[name]))
        if cut.reject:
            assert whole.reject, "what was not captured is nobody's fault"
            assert cut.reject.detail == whole.reject.detail


@pytest.mark.parametrize("layer", NAMES)
def test_a_packet_that_is_short_gives_no_more_layers_than_the_whole_one(layer, decoder):
    for packet, size in cuts(layer):
        whole = decode_one(decoder, packet)
        cut = decode_one(decoder, short(packet, size))
        assert [span[:2] for span in cut.layers] == [span[:2] for span in whole.layers][: len(cut.layers)]
        assert all(span.offset + span.header + span.payload <= size for span in cut.layers)


@pytest.mark.parametrize("layer", NAMES)
def test_bytes_beyond_a_packets_length_are_not_looked_at(layer, decoder):
    for packet, size in cuts(layer):
        cut = decode_one(decoder, short(packet, size))
        longer = decode_one(decoder, packet._replace(length=size))
        assert longer.layers == cut.layers
        assert longer.records == cut.records
        assert (longer.reject and longer.reject.detail) == (cut.reject and cut.reject.detail)


@pytest.mark.parametrize("link", [*LINK_TYPES, 2, 147, -1, 1 << 31])
def test_packets_of_every_link_type_may_be_cut_anywhere_and_taken_for_another(link, decoder):
    for packet in PACKETS[::7]:
        for size in range(len(packet.data) + 1):
            decode_one(decoder, captured(packet, size)._replace(link=link))
            decode_one(decoder, short(packet, size)._replace(link=link))
