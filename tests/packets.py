"""The project's own test packets: those of tests/golden/LAYER.hex, written by hand with comments.

A line that is not indented is a packet's title, with `[link N, length N]` after it where it was not captured
on Ethernet or not whole. Indented lines are its bytes in hexadecimal. What follows a # is a comment.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from captures import SECOND, START, Packet

GOLDEN = Path(__file__).parent / "golden"


class Sample(NamedTuple):
    """A packet, and the layer that it is an example of."""

    layer: str
    title: str
    packet: Packet


def read_samples(layer: str) -> list[Sample]:
    """Read the packets of one layer."""
    found: list[tuple[str, dict[str, int], bytearray]] = []
    for line in (GOLDEN / f"{layer}.hex").read_text("utf-8").splitlines():
        text = line.partition("#")[0].rstrip()
        if text.startswith(" "):
            found[-1][2].extend(bytes.fromhex(text))
        elif text:
            title, _, options = text.rstrip("]").partition(" [")
            found.append((title, {k: int(v) for k, v in re.findall(r"(\w+) (\d+)", options)}, bytearray()))
    return [
        Sample(
            layer,
            title,
            Packet(
                START + number * SECOND + 123_456_789,
                bytes(data),
                options.get("length", len(data)),
                options.get("link", 1),
            ),
        )
        for number, (title, options, data) in enumerate(found)
    ]


SAMPLES = [sample for path in sorted(GOLDEN.glob("*.hex")) for sample in read_samples(path.stem)]
PACKETS = [sample.packet for sample in SAMPLES]
