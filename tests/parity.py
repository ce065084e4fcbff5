"""What the kernel in use makes of many packets, as digests: `python tests/parity.py CASES` prints them.

CASES is a pickled list of more cases, each some layers and some packets.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from captures import Packet
from decoding import ALL, batch
from packets import PACKETS

import netbeam.kernel
from netbeam.declare import Layer
from netbeam.decode import Decoder
from netbeam.packet import packets
from netbeam.plan import compile_plan
from netbeam.protocols import LAYERS


def sample(seed: int) -> list[Packet]:
    """Give every test packet, cut ones, and damaged ones."""
    rng = random.Random(seed)
    made = list(PACKETS)
    for packet in rng.choices(PACKETS, k=1500):
        data = bytearray(packet.data)
        for _ in range(rng.randrange(5)):
            data[rng.randrange(len(data))] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
        if rng.random() < 0.3:
            del data[rng.randrange(1, len(data) + 1) :]
        length = rng.choice((len(data), packet.length, (1 << 32) - 1, max(0, len(data) - 1)))
        time = rng.choice((packet.time, 0, -1, (1 << 63) - 1))
        made.append(
            Packet(time, bytes(data), length, rng.choice((packet.link, 0, 1, 101, 113, 228, 229, 276)))
        )
    return made


def digests(cases: Sequence[tuple[Sequence[Layer], Sequence[Packet]]]) -> Iterator[tuple[str, str]]:
    """Give a digest of all that comes out, by what went in: the project's packets, and `cases`."""
    plans = {
        "all": ALL,
        "usual": compile_plan(LAYERS),
        "few": compile_plan(LAYERS, {"IPv4", "DNS", "TCP"}, payload=True),
        "none": compile_plan(LAYERS, ()),
    }
    one = batch(sample(1))
    for name, plan in plans.items():
        for buffer_bytes in (64, 1 << 16):
            decoded = Decoder(plan, bytes, buffer_bytes).decode(one)
            for part in ("blocks", "rejects", "account"):
                yield f"{name} {buffer_bytes} {part}", digest(getattr(decoded, part))
    yield "layers", digest([packet.layers for packet in packets(one)])
    for number, (layers, some) in enumerate(cases):
        plan = compile_plan(layers, payload=True, entropy=True)
        yield f"case {number}", digest(Decoder(plan, bytes, 1 << 12).decode(batch(some)))


def digest(found: object) -> str:
    """Give the SHA-256 of what a thing is, to its last bit."""
    return hashlib.sha256(repr(found).encode()).hexdigest()


if __name__ == "__main__":
    given = pickle.loads(Path(sys.argv[1]).read_bytes())
    print(json.dumps({"compiled": netbeam.kernel.compiled(), "digests": dict(digests(given))}))
