"""Every layer that dpkt finds in the shared captures has a record, and its fields dpkt's values."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import dpkt
import pytest
from truth.dpkt_fields import APPLICATIONS, PAIRS, application, layers
from truth.records import LINK_TYPES, Ours, captures, ours


def found_by_dpkt(our: Ours) -> list[tuple[str, object]]:
    """Give the layers that dpkt finds: none in a packet that it fails on."""
    try:
        found = list(layers(our.packet.dpkt()))
    except (dpkt.UnpackError, IndexError):
        return []
    return found + [pair for name in APPLICATIONS for pair in application(our, name)]


def cut(our: Ours) -> bool:
    """Tell whether netbeam may give fewer records than dpkt: dpkt shows layers that are cut or at fault.

    It also looks behind headers that netbeam does not know yet: such a packet is unknown.
    """
    records = [*our.records.get("IPv4", ()), *our.records.get("IPv6Fragment", ())]
    first = any(getattr(r, "MoreFragments", False) or getattr(r, "Flags", 0) & 1 for r in records)
    return first or our.reject is not None or len(our.packet.data) < our.packet.length


@pytest.mark.parametrize("capture", captures())
def test_a_captures_records_have_dpkts_values(capture: str, shared_pcaps: Path, tmp_path: Path) -> None:
    different: list[tuple[object, ...]] = []
    for our in ours(shared_pcaps, capture, tmp_path):
        if our.packet.link_type not in LINK_TYPES:
            continue
        seen: Counter[str] = Counter()
        for name, layer in found_by_dpkt(our):
            place = seen[name]
            seen[name] += 1
            records = our.records.get(name, [])
            if place < len(records):
                pairs = PAIRS[name](records[place], layer)
                different += [
                    (our.packet.number, f"{name}.{f}", *p) for f, p in pairs.items() if p[0] != p[1]
                ]
            elif not cut(our):
                different.append((our.packet.number, name, "no record"))
    assert not different
