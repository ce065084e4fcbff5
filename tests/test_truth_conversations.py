"""Connections, hosts and devices of every shared capture are what tshark's words on its packets add up to."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import absent
from truth.conversations import (
    FIELDS,
    Captured,
    Conversation,
    Key,
    Sums,
    bundles,
    capture_flows,
    connections,
    heard,
    pcapng_of,
    places,
)
from truth.differences import CONVERSATIONS
from truth.records import EVERY, captures
from truth.tshark import ENVIRONMENT, Said, dissect, write_profile

CAPTURES = captures()
TABLES = (
    "zeek/ssh__ssh.pcap",
    "ndpi/teams.pcap",
    "dpkt/http.pcap",
    "suricata-verify/tls-subjectaltname.pcap",
)
"""Captures that tshark's own tables of conversations are compared with as well."""

OPTIONS = ("-o", "tcp.analyze_sequence_numbers:TRUE", "--enable-protocol", "communityid")
"""tshark begins another stream for a SYN with another number only where it analyses them."""

NONE = "00:00:00:00:00:00"


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write tshark's configuration."""
    if shutil.which("tshark") is None:
        absent("tshark")
    folder = tmp_path_factory.mktemp("wireshark")
    write_profile(folder)
    return folder


@pytest.fixture(scope="module")
def captured(shared_pcaps: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Captured]:
    """Replay the flows of all captures."""
    folder = tmp_path_factory.mktemp("digests")
    return {capture: capture_flows(shared_pcaps, capture, folder) for capture in CAPTURES}


@pytest.fixture(scope="module")
def dissected(
    captured: dict[str, Captured], profile: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Said]]:
    """Give what tshark says of the packets of all captures."""
    folder = tmp_path_factory.mktemp("bundles")

    def bundle(number: int, names: list[str]) -> list[tuple[str, list[Said]]]:
        path = folder / f"{number}.pcapng"
        with path.open("wb") as file:
            file.writelines(pcapng_of(batch for name in names for batch in captured[name].packets))
        said = iter(dissect(path, FIELDS, profile, OPTIONS, None))
        given = [
            (name, [next(said) for batch in captured[name].packets for _ in places(batch)]) for name in names
        ]
        assert next(said, None) is None, "packets"
        return given

    with ThreadPoolExecutor(2) as pool:
        work = [pool.submit(bundle, *each) for each in enumerate(bundles(captured))]
        return dict(one for each in work for one in each.result())


@pytest.fixture(scope="module")
def met() -> Counter[str]:
    """Count what was compared, and the accepted differences that were met."""
    return Counter()


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_captures_conversations_hosts_and_devices_are_those_of_tshark(
    capture: str, captured: dict[str, Captured], dissected: dict[str, list[Said]], met: Counter[str]
) -> None:
    met["captures"] += 1
    found = []
    for field, *values in differences(captured[capture].records, dissected[capture], met):
        number = accepted(capture, field)
        if number is None:
            found.append((field, *values))
        else:
            met[f"accepted {number}"] += 1
    assert not found


def test_no_accepted_difference_has_gone(met: Counter[str]) -> None:
    if EVERY > 1 or met["captures"] < len(CAPTURES):
        pytest.skip("not all captures were compared")
    assert [each for number, each in enumerate(CONVERSATIONS) if not met[f"accepted {number}"]] == []
    assert met["packets"] > 65_000
    assert met["streams"] > 4_400


@pytest.mark.parametrize("capture", [capture for capture in TABLES if capture in CAPTURES])
def test_conversations_have_the_frames_and_bytes_of_tsharks_tables(
    capture: str, captured: dict[str, Captured], shared_pcaps: Path, profile: Path
) -> None:
    command = ["tshark", "-n", "-q", "-r", str(shared_pcaps / capture), "-z", "conv,tcp", "-z", "conv,udp"]
    environment = {**ENVIRONMENT, "WIRESHARK_CONFIG_DIR": str(profile)}
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=environment)
    mine: Counter[tuple[str, str]] = Counter()
    wire: Counter[tuple[str, str]] = Counter()
    for key, sums, _ in connections(captured[capture].records["Connection"]):
        if key.protocol in (6, 17):
            ends = [f"{address}:{port}" for address, port in key.ends]
            for way, pair in enumerate(((ends[0], ends[1]), (ends[1], ends[0]))):
                mine[pair] += sums.packets[way]
                wire[pair] += sums.wire[way]
    theirs: Counter[tuple[str, str]] = Counter()
    listed = re.findall(
        r"^(\S+) +<-> (\S+) +(\d+) (\d+) (\w+) +(\d+) (\d+) (\w+) ", done.stdout, re.MULTILINE
    )
    rows = Counter(frozenset(row[:2]) for row in listed)
    for left, right, back, back_bytes, back_unit, forth, forth_bytes, forth_unit in listed:
        theirs[right, left] += int(back)
        theirs[left, right] += int(forth)
        if rows[frozenset((left, right))] == 1:
            assert rounded(wire[right, left], back_unit) == int(back_bytes)
            assert rounded(wire[left, right], forth_unit) == int(forth_bytes)
    assert theirs
    assert +theirs == +mine


def rounded(size: int, unit: str) -> int:
    """Give a number of bytes as tshark's tables do."""
    return size // {"bytes": 1, "kB": 1000, "MB": 1_000_000}[unit]


def differences(
    records: dict[str, list[Any]], packets: list[Said], met: Counter[str]
) -> Iterator[tuple[Any, ...]]:
    """Give what differs: field, whose it is, netbeam's value and tshark's."""
    mine: dict[Key, list[Conversation]] = defaultdict(list)
    ways: dict[Key, set[Any]] = defaultdict(set)
    for record, connection in zip(records["Connection"], connections(records["Connection"]), strict=True):
        mine[connection.key].append(connection)
        ways[connection.key].add((*record.VLANIDs, record.TunnelType, record.TunnelID))
    theirs: dict[Key, dict[str, list[Conversation]]] = defaultdict(lambda: defaultdict(list))
    hosts: dict[str, Counter[str]] = defaultdict(Counter)
    devices: dict[str, Counter[str]] = defaultdict(Counter)
    for said in packets:
        count_device(devices, said)
        packet = heard(said)
        if packet is None:
            continue
        met["packets"] += 1
        theirs[packet.conversation.key][packet.stream].append(packet.conversation)
        sums = packet.conversation.sums
        ends = packet.conversation.key.ends[:: -1 if packet.turned else 1]
        for (address, _), way in zip(ends, ("Sent", "Received"), strict=True):
            hosts[address][f"Packets{way}"] += 1
            hosts[address][f"Bytes{way}"] += sum(sums.wire)
            hosts[address][f"IPBytes{way}"] += sum(sums.ip)
    for key in mine.keys() | theirs.keys():
        met["conversations"] += 1
        yield from conversation_differences(key, mine[key], theirs[key], len(ways[key]), met)
    for record in records["Host"]:
        yield from volume_differences("host", record, hosts.pop(record.Addr, Counter()))
    for record in records["DeviceProfile"]:
        yield from volume_differences("device", record, devices.pop(record.MacAddr, Counter()))
    yield from (("host", address, None, counts) for address, counts in hosts.items())
    yield from (("device", address, None, counts) for address, counts in devices.items())


def conversation_differences(
    key: Key,
    mine: list[Conversation],
    theirs: dict[str, list[Conversation]],
    ways: int,
    met: Counter[str],
) -> Iterator[tuple[Any, ...]]:
    """Give what differs in the sums over the connections of two ends, in identifiers, and one by one."""
    said = [each for stream in theirs.values() for each in stream]
    for field, ours, tsharks in zip(Sums._fields, summed(mine, key), summed(said, key), strict=True):
        if ours != tsharks and (field != "payload" or (theirs and "" not in theirs)):
            yield field, key, ours, tsharks
    named = {each.community_id for each in said} - {""}
    if not named <= {each.community_id for each in mine}:
        yield "community id", key, {each.community_id for each in mine}, named
    streams = [stream for name, stream in theirs.items() if name]
    if streams and ways == 1:  # tshark doesn't tell VLANs and tunnels apart
        met["streams"] += len(streams)
        ours, tsharks = (
            sorted(summed(each, key)[:2] for each in some) for some in ([[m] for m in mine], streams)
        )
        if ours != tsharks:
            yield "streams", key, ours, tsharks


def summed(conversations: Iterable[Conversation], key: Key) -> Sums:
    """Add up conversations; of one between equal ends both ways are one."""
    whole = Sums()
    for each in conversations:
        whole += each.sums
    return Sums(*((sum(pair), 0) for pair in whole)) if key.ends[0] == key.ends[1] else whole


def volume_differences(name: str, record: Any, counts: Counter[str]) -> Iterator[tuple[Any, ...]]:
    """Give what differs in what a host or a device sent and received."""
    for way in ("Sent", "Received"):
        for field in (f"Packets{way}", f"Bytes{way}"):
            if getattr(record, field) != counts[field]:
                yield name, record, field, counts[field]
    for field in ("IPBytesSent", "IPBytesReceived"):
        if name == "host" and getattr(record, field) != counts[field]:
            yield "host ip", record, field, counts[field]


def count_device(devices: dict[str, Counter[str]], said: Said) -> None:
    """Count a frame for its source and its target."""
    for way, addresses in (("Sent", said["eth.src"] or said["sll.src.eth"]), ("Received", said["eth.dst"])):
        if addresses and addresses[0] != NONE:
            devices[addresses[0]][f"Packets{way}"] += 1
            devices[addresses[0]][f"Bytes{way}"] += int(said["frame.len"][0])


def accepted(capture: str, field: str) -> int | None:
    """Give the number of the entry that accepts a difference."""
    for number, entry in enumerate(CONVERSATIONS):
        if entry.capture == capture and field in entry.fields:
            return number
    return None
