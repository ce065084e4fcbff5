"""Segments of TCP written as text, and what the kernel makes of them."""

from __future__ import annotations

import re
from array import array
from typing import NamedTuple

from netbeam.flows.tcp_fields import STATES
from netbeam.kernel import tcp
from netbeam.kernel.sheet import Sheet

FLAGS = "FSRPAUECN"
MILLISECOND = 1_000_000
START = 1_700_000_000_000_000_000
CLIENT_ISN, SERVER_ISN = 1000, 5000

SHEET = Sheet(array("I", [0, 0, 0, 0]), b"", array("q", [0]))

TOKEN = re.compile(r"([<>])([FSRPAUECN]*)(\d*)((?:[@^=~]-?\d+)*)")


class Connection(NamedTuple):
    """What the kernel left of a connection: its packets, state, history, and numbers by slot."""

    packets: int
    state: str
    history: str
    numbers: dict[int, int]

    def pair(self, name: str) -> tuple[int, int]:
        """Give the numbers of both directions, the client's first."""
        slot = getattr(tcp, name)
        return self.numbers[slot], self.numbers[slot + 1]

    def __getitem__(self, name):
        """Give a number by the name of its slot."""
        return self.numbers[getattr(tcp, name)] if isinstance(name, str) else tuple.__getitem__(self, name)


def rows(text: str, isn: tuple[int, int] = (CLIENT_ISN, SERVER_ISN), window: int = 1000) -> array[int]:
    """Give the segments of a text, a millisecond apart, for `Tcp.replay`.

    ">S" is a SYN of the client, "<SA" the server's answer, ">PA10" ten bytes. Numbers go on from what the
    end sent and got, a SYN has the ISN; after the segment may follow @seq and ^ack, counted from the ISNs,
    =window, and ~shift of the window scale. "+6000" lets 6,000 ms pass beyond the one, "+-1" none.
    """
    made: array[int] = array("q")
    time = START
    next_number = list(isn)
    for token in text.split():
        if token[0] == "+":
            time += int(token[1:]) * MILLISECOND
            continue
        found = TOKEN.fullmatch(token)
        if found is None:
            raise ValueError(f"no segment: {token!r}")
        direction = 1 if found[1] == "<" else 0
        flags = sum(1 << FLAGS.index(letter) for letter in found[2])
        payload = int(found[3] or 0)
        given = {part[0]: int(part[1:]) for part in re.findall(r"[@^=~]-?\d+", found[4])}
        begin = isn[direction] if "S" in found[2] else next_number[direction]
        seq = isn[direction] + given["@"] if "@" in given else begin
        ack = isn[1 - direction] + given["^"] if "^" in given else next_number[1 - direction]
        if "@" not in given:
            next_number[direction] = seq + payload + (flags & 1) + (flags >> 1 & 1)
        made.extend((direction, time, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF if flags & 16 else 0, flags))
        made.extend((given.get("=", window), payload, given.get("~", -1)))
        time += MILLISECOND
    return made


def connections(segments: array[int], linger: int | None = None) -> list[Connection]:
    """Give the connections that the kernel finds between two ports."""
    machine = tcp.Tcp()
    if linger is not None:
        machine.linger = linger
    return [
        Connection(packets, STATES[numbers[tcp.STATE]], history, numbers)
        for packets, numbers, history in machine.replay(segments, SHEET)
    ]


def only(text: str, **kwargs) -> Connection:
    """Give the one connection of a text."""
    (connection,) = connections(rows(text, **kwargs))
    return connection
