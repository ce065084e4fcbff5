"""The records of 25 captures are those that Netcap v0.6.11 wrote; its mistakes are listed with reasons."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from decoding import CLASSES
from truth.records import LAYERS, PACKETS, SHARED, captures, ours

from netbeam.formats.ncap import read_records

RECORDED = [layer.name for layer in LAYERS if layer.type_id is not None]
CAPTURES = {capture.replace("/", "_"): capture for capture in captures()}
WRITTEN = [name for name in CAPTURES if (SHARED / "netcap_reference" / name).is_dir()] or ["none"]

Allowed = Callable[[Any, Any], bool]


def fewer(mine: Any, theirs: Any) -> bool:
    """Tell whether netbeam counts fewer bytes."""
    return bool(mine < theirs)


def more(mine: Any, theirs: Any) -> bool:
    """Tell whether netbeam counts more bytes."""
    return bool(mine > theirs)


def unset(mine: Any, theirs: Any) -> bool:
    """Tell whether Netcap has no value."""
    return not (theirs.ListFields() if hasattr(theirs, "ListFields") else theirs)


FIELDS: dict[tuple[str, str], tuple[Allowed, str]] = {
    ("Ethernet", "PayloadSize"): (fewer, "Netcap counts the padding of short frames, and trailers."),
    ("IPv6", "PayloadSize"): (
        more,
        "Netcap does not count the hop-by-hop header; RFC 8200 does (3).",
    ),
    ("IPv6", "HopByHop"): (unset, "Netcap never sets it."),
    ("IPv6", "SrcPort"): (unset, "Netcap never looks behind a fragment header, not even in whole packets."),
    ("IPv6", "DstPort"): (unset, "As SrcPort."),
    ("IPv6Fragment", "SrcPort"): (unset, "As of IPv6."),
    ("IPv6Fragment", "DstPort"): (unset, "As of IPv6."),
}
"""Fields that may differ from Netcap's, and how."""

MORE = {
    ("zeek/ipv6-http-atomic-frag.pcap", "TCP"): "Netcap never looks behind a fragment header.",
    ("zeek/igmp__igmp.pcap", "IGMP"): "Netcap records version 3 only.",
}
"""Where netbeam gives records that Netcap does not."""

LATER = {
    "libpcap/wpa-Induction.pcap": "The link type of 802.11 comes later.",
    "zeek/radiotap.pcap": "The link type of 802.11 comes later.",
    "zeek/mpls-in-vlan.pcap": "MPLS comes later.",
}
"""Where Netcap gives records that netbeam does not give yet."""


def tidy(message: Any) -> Any:
    """Leave out what Netcap writes for nothing: addresses "<nil>" and messages without a field."""
    for field, value in message.ListFields():
        if value == "<nil>":
            message.ClearField(field.name)
        elif field.type == field.TYPE_MESSAGE:
            for part in value if field.is_repeated else [value]:
                tidy(part)
            if not field.is_repeated and not value.ListFields():
                message.ClearField(field.name)
    return message


def unequal(type_: str, mine: Any, theirs: Any) -> list[str]:
    """Name the fields that two records have differently, but for those that may."""
    found = []
    for field in mine.DESCRIPTOR.fields:
        ours_, netcaps = getattr(mine, field.name), getattr(theirs, field.name)
        allowed = FIELDS.get((type_, field.name))
        if ours_ != netcaps and not (allowed and allowed[0](ours_, netcaps)):
            found.append(field.name)
    return found


@pytest.mark.skipif(PACKETS is not None, reason="Netcap's records are of whole captures")
@pytest.mark.parametrize("name", WRITTEN)
def test_a_captures_records_are_netcaps(name: str, shared_pcaps: Path, tmp_path: Path) -> None:
    capture = CAPTURES[name]
    mine: dict[str, dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for our in ours(shared_pcaps, capture, tmp_path):
        for type_, records in our.records.items():
            for record in records:
                mine[type_][record.Timestamp].append(record)
    different: list[tuple[object, ...]] = []
    for type_ in RECORDED:
        file = SHARED / "netcap_reference" / name / f"{type_}.ncap.gz"
        missing: Counter[int] = Counter()
        for data in list(read_records(file))[1:] if file.exists() else ():
            theirs = tidy(CLASSES[type_].FromString(data))
            if not mine[type_][theirs.Timestamp]:
                missing[theirs.Timestamp] += 1
                continue
            record = mine[type_][theirs.Timestamp].pop(0)
            fields = unequal(type_, record, theirs)
            if fields:
                different.append((type_, fields, record, theirs))
        extra = [time for time, records in mine[type_].items() if records]
        if missing and capture not in LATER:
            different.append((type_, "Netcap alone has", missing))
        if extra and (capture, type_) not in MORE:
            different.append((type_, "netbeam alone has", extra))
    assert not different
