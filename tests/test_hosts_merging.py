"""Partials of hosts, devices and services: however facts are split, they come together the same."""

import pickle
import struct
from ipaddress import ip_address
from itertools import chain

import numpy as np
import pytest
from flow_rows import RECORDS, SCHEMA, name, parsed, row, service, summarised, written
from hypothesis import given
from hypothesis import strategies as st

from netbeam.flows.endpoints import merge
from netbeam.flows.tables import Table, arrange, grouped, pack, unpack
from netbeam.formats.netcap import netcap_schema
from netbeam.schema import type_name

ADDRESSES = st.sampled_from(
    ["10.0.0.1", "10.0.0.2", "8.8.8.8", "::1", "::8", "2001:db8::1", "255.255.255.255"]
)
MACS = st.sampled_from([0, 1, 0x001B210A0B0C, 0xFFFFFFFFFFFF])
PORTS = st.sampled_from([0, 22, 53, 40000, 65535])
TIMES = st.integers(-10, 10) | st.sampled_from([-(1 << 62), 1 << 62])


@st.composite
def rows(draw):
    source = draw(ADDRESSES | st.none())
    target = (
        draw(ADDRESSES) if source is None else draw(ADDRESSES.filter(lambda a: (":" in a) == (":" in source)))
    )
    first = draw(TIMES)
    return row(
        source, target, (draw(PORTS), draw(PORTS)), draw(st.sampled_from([1, 6, 17, 253])) if source else 0,
        macs=(draw(MACS), draw(MACS)), vlans=draw(st.lists(st.integers(0, 4095), max_size=4)),
        packets=draw(st.integers(1, 1 << 40)), size=draw(st.integers(60, 1500)), first=first,
        last=first + draw(st.integers(0, 10)),
    )  # fmt: skip


SERVICES = st.builds(
    service, ADDRESSES, PORTS, st.sampled_from([6, 17, 132]), layer=st.integers(0, 3), first=TIMES,
    sent=st.integers(0, 1 << 50), received=st.integers(0, 1 << 50), packets=st.integers(1, 1 << 30),
    bits=st.integers(0, 15), client=st.integers(0, 3),
)  # fmt: skip
NAMES = st.builds(name, ADDRESSES, st.sampled_from(["", "a", "b.example", "z\udcff"]), TIMES)
ITEMS = st.tuples(st.lists(rows(), max_size=4), st.lists(SERVICES, max_size=3), st.lists(NAMES, max_size=3))


def all_records(partial):
    return {type_: written(partial, type_) for type_ in RECORDS}


@given(st.lists(ITEMS, max_size=5), st.randoms(use_true_random=False), st.integers(1, 3))
def test_records_are_the_same_however_facts_are_split_and_merged(items, random, shards):
    together = [list(chain.from_iterable(parts)) for parts in zip(*items, strict=True)] or [[], [], []]
    whole = summarised(*together, shards=shards)
    apart = [summarised(*item, shards=shards) for item in items]
    for shard in range(shards):
        parts = [pickle.loads(pickle.dumps(item[shard])) for item in apart if shard in item]
        random.shuffle(parts)
        middle = random.randint(0, len(parts))
        merged = merge([merge(parts[:middle]), merge(parts[middle:])])
        assert all_records(merged) == all_records(merge([whole[shard]] if shard in whole else []))


@given(st.lists(rows(), min_size=1, max_size=6))
def test_each_host_and_device_is_in_one_shard_only(items):
    one = all_records(merge(summarised(items).values()))
    several = [all_records(partial) for partial in summarised(items, shards=5).values()]
    for type_ in RECORDS:
        assert sorted(chain.from_iterable(found[type_] for found in several)) == one[type_]


def test_a_partial_holds_hosts_in_few_bytes():
    flood = [row(f"1.{i >> 8}.{i & 255}.1", "9.9.9.9", protocol=6, first=i * 1000) for i in range(5000)]
    assert len(pickle.dumps(summarised(flood)[0])) < 50 * 5000


@pytest.mark.parametrize(
    "numbers",
    [[], [7], [7, 7, 7], [0, 2**64 - 1], [2**64 - 1, 0], [5, 300, 300, 70000], [2**63, 2**63 + 255, 2**63]],
)
def test_a_packed_column_is_unpacked_as_it_was(numbers):
    column = np.array(numbers, np.uint64)
    assert unpack(pack(column)).tolist() == numbers


@given(st.lists(st.tuples(*[st.integers(0, 2) | st.integers(0, 2**64 - 1)] * 3), max_size=20))
def test_rows_are_arranged_by_all_keys_the_first_counting_most(keys):
    columns = [np.array([key[place] for key in keys], np.uint64) for place in range(3)]
    order, starts = arrange(columns)
    assert [keys[place] for place in order] == sorted(keys)
    assert [keys[place] for place in order[starts]] == sorted(set(keys))


def test_rows_with_the_same_keys_are_brought_together():
    table = Table(("a", "b"), ("n",), ("first",), ("last",))
    columns = {"a": [2, 1, 2], "b": [5, 5, 5], "n": [1, 2, 3], "first": [9, 8, 7], "last": [9, 8, 7]}
    found = grouped(table, {name: np.array(values, np.uint64) for name, values in columns.items()})
    assert {name: values.tolist() for name, values in found.items()} == {
        "a": [1, 2], "b": [5, 5], "n": [2, 4], "first": [8, 7], "last": [8, 9]
    }  # fmt: skip


def test_the_declarations_keep_netcaps_numbers():
    theirs = netcap_schema("v0.16").messages
    for name_ in ("Host", "DeviceProfile", "Service", "Port", "PortStats", "Protocol"):
        known = {
            field.number: (field.name, type_name(field), field.repeated) for field in theirs[name_].fields
        }
        for field in SCHEMA.messages[name_].fields:
            if field.number < 1000:
                assert (field.name, type_name(field), field.repeated) == known[field.number]


@given(st.lists(rows(), max_size=8))
def test_hosts_are_what_counting_rows_one_by_one_gives(items):
    counted = {}
    for item in items:
        (*ends, facts), packets, size = (
            struct.unpack("<5Q", item[:40]),
            *struct.unpack_from("<2Q", item, 14 * 8),
        )
        version, protocol, ports = facts >> 16 & 255, facts >> 24 & 255, (facts >> 48, facts >> 32 & 0xFFFF)
        sides = [(version, *ends[:2]), (version, *ends[2:])]
        for way, (own, other) in enumerate([sides, sides[::-1]] if version else []):
            host = counted.setdefault(own, [0, 0, [0, 0], set(), [set(), set()]])
            if way == 0 or own != other:
                host[0], host[1] = host[0] + packets, host[1] + size
            host[2][way] += packets
            host[3].add(other)
            if protocol in (6, 17):
                host[4][way].add((ports[way], {6: "TCP", 17: "UDP"}[protocol]))
    found = {}
    for record in parsed(merge(summarised(items).values())):
        ends = [
            {(port.PortNumber, port.Protocol) for port in ports}
            for ports in (record.SrcPorts, record.DstPorts)
        ]
        ways = [record.PacketsSent, record.PacketsReceived]
        found[record.Addr] = [record.NumPackets, record.Bytes, ways, record.NumPeers, *ends]
    assert found == {
        str(ip_address((high << 64 | low).to_bytes(4 if version == 4 else 16, "big"))): [
            packets, size, ways, len(peers), *ports
        ]
        for (version, high, low), (packets, size, ways, peers, ports) in counted.items()
    }  # fmt: skip
