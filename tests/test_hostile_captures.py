"""Real captures: the account adds up on all of them, and on what is left when they are damaged."""

import random

import pytest
from captures import framed, packets_of
from decoding import ALL, batch, check, decode_one

from netbeam.capture import read_chunk
from netbeam.decode import Decoder


@pytest.fixture(scope="module")
def chunks(shared_pcaps, tmp_path_factory):
    """The packets of every chunk of every capture."""
    spill = tmp_path_factory.mktemp("spill")
    refs = [ref for path in sorted(shared_pcaps.glob("*/*")) for ref in framed(path, spill=spill)[0]]
    return [packets_of(read_chunk(ref, open)) for ref in refs]


def test_the_account_adds_up_on_every_capture(chunks):
    decoder = Decoder(ALL, bytes)
    for packets in chunks:
        check(packets, decoder.decode(batch(packets)))
    assert sum(map(len, chunks)) > 50_000


def test_every_layer_of_real_packets_has_its_record(chunks):
    decoder = Decoder(ALL, bytes)
    for packets in chunks:
        for packet in packets[:40]:
            decode_one(decoder, packet)


def test_real_packets_may_be_cut_and_damaged(chunks):
    decoder = Decoder(ALL, bytes, 1 << 12)
    rng = random.Random(20)
    for packets in chunks:
        for packet in packets[:20]:
            data = bytearray(packet.data)
            for at in rng.sample(range(len(data)), min(3, len(data))):
                data[at] = rng.choice((0, 255, rng.randrange(256)))
            del data[rng.randrange(len(data) + 1) :]
            length = rng.choice((len(data), packet.length))
            decode_one(decoder, packet._replace(data=bytes(data), length=length))
