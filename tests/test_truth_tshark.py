"""Every record of every shared capture has tshark's values; exceptions are listed with their reasons."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import absent
from truth.compare import compare, objects, wrong
from truth.differences import ACCEPTED, DISPUTED
from truth.fields import ROWS, tshark_fields
from truth.records import LAYERS, LINK_TYPES, PACKETS, captures, ours
from truth.tshark import Said, dissect, write_profile

CAPTURES = captures()
AHEAD = 4

AROUND = {"Timestamp", "SrcIP", "DstIP", "SrcPort", "DstPort", "PayloadSize"}
"""Fields that `compare` puts together from several of tshark's."""

ELSEWHERE = {
    ("DNS", "Answers"),  # as "Records"
    ("DNS", "Authorities"),
    ("DNS", "Additionals"),
    ("IPv6", "HopByHop"),  # with IPv6HopByHop, by `compare`
    ("IPv4", "Padding"),  # with the options, by dpkt
    ("TCP", "Padding"),  # with the options
    ("NTP", "ExtensionBytes"),  # by dpkt
    ("TCP", "Payload"),  # left out unless asked for, as those below
    ("UDP", "Payload"),
    ("Ethernet", "PayloadEntropy"),
    ("IPv4", "PayloadEntropy"),
    ("IPv6", "PayloadEntropy"),
    ("TCP", "PayloadEntropy"),
    ("UDP", "PayloadEntropy"),
}

Dissected = Callable[[str], list[Said]]


@pytest.fixture(scope="module")
def dissected(shared_pcaps: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dissected]:
    """Give what tshark says of a capture; two run ahead of the tests, which take the captures in order."""
    if shutil.which("tshark") is None:
        absent("tshark")
    profile = tmp_path_factory.mktemp("wireshark")
    write_profile(profile)
    fields = tshark_fields()
    begun: dict[str, Future[list[Said]]] = {}

    def begin(capture: str) -> None:
        if capture not in begun:
            begun[capture] = pool.submit(dissect, shared_pcaps / capture, fields, profile)

    def take(capture: str) -> list[Said]:
        place = CAPTURES.index(capture)
        for name in CAPTURES[place : place + AHEAD]:
            begin(name)
        return begun.pop(capture).result()

    with ThreadPoolExecutor(2) as pool:
        yield take
        for future in begun.values():
            future.cancel()


@pytest.fixture(scope="module")
def met() -> Counter[str]:
    """Count the captures that were compared, and the accepted differences that were met in them."""
    return Counter()


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_captures_records_have_tsharks_values_and_tshark_objects_to_its_errors(
    capture: str, shared_pcaps: Path, dissected: Dissected, met: Counter[str], tmp_path: Path
) -> None:
    mine = list(ours(shared_pcaps, capture, tmp_path))
    said = dissected(capture)
    met["captures"] += 1
    if not said and not LINK_TYPES.intersection(our.packet.link_type for our in mine):
        return  # a link type that tshark does not read either
    assert len(mine) == len(said), "packets"
    found: list[tuple[object, ...]] = []
    for our, their in zip(mine, said, strict=True):
        if our.packet.link_type not in LINK_TYPES:
            continue
        for difference in compare(our, their).differences:
            number = accepted(capture, difference.field)
            if number is None:
                found.append((our.packet.number, *difference))
            else:
                met[f"accepted {number}"] += 1
        if our.reject and wrong(our) and not objects(their):
            met[f"disputed {capture} {our.reject.reason}"] += 1
            if (capture, our.reject.reason) not in DISPUTED:
                found.append((our.packet.number, our.reject.detail))
    assert not found


def test_no_accepted_difference_has_gone(met: Counter[str]) -> None:
    if PACKETS or met["captures"] < len(CAPTURES):
        pytest.skip("not all packets were compared")
    assert [entry for number, entry in enumerate(ACCEPTED) if not met[f"accepted {number}"]] == []
    assert [key for key in DISPUTED if not met[f"disputed {key[0]} {key[1]}"]] == []


def test_every_field_is_compared_with_another_decoder() -> None:
    compared = {(row.type, row.field.split(".")[0]) for row in ROWS}
    fields = {(layer.name, field.name) for layer in LAYERS if layer.type_id for field in layer.fields}
    fields -= {(name, field) for name, field in fields if field in AROUND}
    assert ("DNS", "Records") in compared
    assert fields - compared == ELSEWHERE


def accepted(capture: str, field: str) -> int | None:
    """Give the number of the entry that accepts a difference."""
    for number, entry in enumerate(ACCEPTED):
        if entry.capture == capture and field in entry.fields:
            return number
    return None
