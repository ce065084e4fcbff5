"""The records of flows are the same to a byte, however the packets came to be divided."""

import json
import os
import random
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from captures import NANO, pcap
from flow_runs import PLACES, TYPES, Job, captures, chunks, digested, run
from flow_traffic import traffic
from hypothesis import given, settings
from hypothesis import strategies as st

import netbeam.kernel
import transforms.flows
from netbeam.flows import parts, runs
from netbeam.flows.parts import Replayer, plan_parts
from netbeam.flows.settings import FlowSettings
from netbeam.formats.delimited import delimited, split
from netbeam.protocols import LAYERS
from pipeline.cli import main

COUNT = 2400 if netbeam.kernel.compiled() else 480


def some(seed, count=COUNT):
    """Make random packets."""
    return traffic(count, random.Random(seed).choice)


@pytest.fixture(scope="module")
def packets():
    return some(1)


@pytest.fixture(scope="module")
def whole(packets):
    """The records of one chunk."""
    return run(chunks(packets))


@pytest.fixture
def small_parts(monkeypatch):
    """Let parts, shares of partitions, intervals and pages be so small that there are many of each."""
    make_small(monkeypatch, 20)


def make_small(patch, packets):
    """Let parts have so many packets, and the rest be as small."""
    patch.setattr(parts, "PART_PACKETS", packets)
    patch.setattr(parts, "MOST_PACKETS", 2 * packets)
    patch.setattr(parts, "INTERVAL_PACKETS", 5 * packets)
    patch.setattr(runs, "PAGE_RECORDS", 3)


def test_the_traffic_has_what_makes_a_difference(whole):
    assert set(whole.files) == set(TYPES)
    assert set(whole.ends) == {"idle", "end", "eof"}
    assert len(whole.states) > 8
    connections = whole.connections
    assert whole.packets == whole.ip_packets == sum(each.NumPackets for each in connections)
    assert max(each.NumPackets for each in connections) > 10
    assert {each.DirectionReason for each in connections} == {"syn", "synack", "port", "first"}
    for field in ("TunnelType", "VLANIDs", "DNSName", "DirectionFlipped", "CutPacketsClientToServer"):
        assert any(getattr(each, field) for each in connections), field
    assert sum("t" in each.History.lower() for each in connections) > 5


def test_records_come_in_order_of_their_time(whole):
    for name in TYPES:
        times = [getattr(each, "TimestampFirst", 0) for each in whole.parsed(name)]
        assert times == sorted(times)


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_the_size_of_chunks_makes_no_difference(packets, whole, size):
    assert run(chunks(packets, size)) == whole


def test_the_order_of_chunks_and_their_files_make_no_difference(packets, whole):
    batches = list(chunks(packets, 10))
    for seed in range(3):
        random.Random(seed).shuffle(batches)
        assert run(batches, group=seed + 2) == whole


def test_parts_shares_intervals_and_pages_make_no_difference(packets, whole, small_parts):
    for size, group in ((10, 7), (COUNT, 1)):
        assert run(chunks(packets, size), group=group) == whole


def test_the_small_parts_of_the_tests_are_many(packets, small_parts):
    with TemporaryDirectory() as folder:
        job = Job(folder, Replayer(LAYERS, frozenset(TYPES), FlowSettings()))
        divided = plan_parts(
            [transforms.flows.write_group(job.storage, folder, digested(chunks(packets, 10)))]
        )
        job.run([digested(chunks(packets, 10))])
    assert len({part.shares for part in divided}) > 2
    assert len(divided[0].borders) > 3
    assert len({part.first for part in divided}) > 3
    assert max(len(run.pages) for found in job.runs.values() for run in found) > 3


@given(st.lists(st.sampled_from((0, 0, 1, 5, 19, 20, 21, 40, 41, 100)), max_size=30))
def test_parts_hold_every_partition_once_even_one_without_packets(packets):
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch, 20)
        divided = list(parts.cut_partitions(packets))
    covered = [number for first, last, share, _ in divided if share == 0 for number in range(first, last)]
    assert covered == list(range(len(packets)))
    for first, last, _, shares in divided:
        assert sum(packets[first:last]) <= 40 * shares
        assert [share for f, _, share, _ in divided if f == first] == list(range(shares))


def test_one_capture_cut_into_seven_is_as_the_whole(packets, whole):
    cut = run(captures(packets, 7, 10), group=3)
    assert cut.anywhere() == whole.anywhere()
    assert (cut.ends, cut.states, cut.packets) == (whole.ends, whole.states, whole.packets)
    assert {name for name in TYPES if cut.files[name] != whole.files[name]} == set(PLACES)


def test_places_in_seven_captures_are_those_in_the_whole_but_for_where_they_begin(packets, whole):
    each = -(-len(packets) // 7)
    first = {f"cut{number}.pcap": number * each for number in range(7)}
    starts = [24]
    for packet in packets:
        starts.append(starts[-1] + 16 + len(packet.data))
    for one, other in zip(run(captures(packets, 7)).connections, whole.connections, strict=True):
        assert first[one.SourceFile] + one.FirstPacket == other.FirstPacket
        assert first[one.LastSourceFile] + one.LastPacket == other.LastPacket
        assert one.FirstOffset - 24 == other.FirstOffset - starts[first[one.SourceFile]]
        assert other.FirstOffset == starts[other.FirstPacket - 1] + 16


@pytest.mark.parametrize("more", [{"active": 10**9}, {"per_file": True}, {"idle_tcp": 10**9, "linger": 0}])
def test_settings_change_the_records_and_are_as_exact(packets, whole, more, small_parts):
    found = run(captures(packets, 2), **more)
    assert found.anywhere() != whole.anywhere()
    assert found.packets == whole.packets
    shuffled = captures(packets, 2, 10)
    random.Random(0).shuffle(shuffled)
    assert run(shuffled, group=9, **more) == found


def test_a_chunk_that_was_done_twice_counts_once(packets, whole):
    batches = list(chunks(packets, 100))
    random.Random(2).shuffle(batches)
    assert run([*batches, *batches[:3], batches[1]], group=4) == whole
    assert run([*batches, *batches], group=1 << 20) == whole


def test_the_digests_of_a_bundle_lie_in_files_of_bounded_size(packets, tmp_path, monkeypatch):
    monkeypatch.setattr(transforms.flows, "GROUP_BYTES", 5000)
    store = transforms.flows.StoreDigests(str(tmp_path / "digests"))
    store.setup()
    store.start_bundle()
    digests = digested(chunks(packets, 10))
    groups = [group for digest in digests for group in store.process(digest)]
    groups += [windowed.value for windowed in store.finish_bundle()]
    assert len(groups) > 5
    numbers = [chunk.chunk for group in groups for chunk in group.chunks]
    assert numbers == list(range(len(digests)))
    assert all(sum(group.lengths) < 10_000 for group in groups)


def test_only_some_of_the_types_are_as_they_are_among_all(packets, whole):
    for types in (["Connection"], ["Flow", "Host"], ["FlowFeatures"], ["Service", "DeviceProfile"]):
        assert run(chunks(packets, 100), types).files == {name: whole.files[name] for name in types}


@settings(max_examples=60 if netbeam.kernel.compiled() else 10)
@given(st.data())
def test_any_traffic_cut_anywhere_is_as_the_whole(data):
    packets = traffic(data.draw(st.integers(1, 30)), lambda options: data.draw(st.sampled_from(options)))
    cuts = data.draw(st.sets(st.integers(0, len(packets))))
    group = data.draw(st.integers(1, 4))
    whole = run(chunks(packets))
    assert whole.packets == whole.ip_packets
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch, 2)
        assert run(chunks(packets, cuts), group=group) == whole
    cut = run(captures(packets, data.draw(st.integers(1, 7)), 3), group=group)
    assert cut.anywhere() == whole.anywhere()


def hashes(seeds):
    """Give what the kernel in use makes of some random traffic."""
    return {
        f"{seed} {more}": sha256(repr(run(captures(some(seed, 400), 2, 50), **more)).encode()).hexdigest()
        for seed in seeds
        for more in ({}, {"per_file": True, "active": 10**9, "seed": 3})
    }


@pytest.mark.skipif(not netbeam.kernel.compiled(), reason="the kernel is not compiled")
def test_the_interpreted_kernel_gives_the_same_records():
    root = Path(netbeam.kernel.__file__).parents[2]
    program = (
        "import json, test_flows_exact as t; "
        "print(json.dumps([t.netbeam.kernel.compiled(), t.hashes([5, 6])]))"
    )
    environment = {**os.environ, "NETBEAM_PURE": "1", "PYTHONPATH": f"{root}:{root / 'tests'}"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [False, hashes([5, 6])]


@pytest.fixture
def cut_files(packets, tmp_path):
    """Seven captures of the packets, and one of all."""
    each = -(-len(packets) // 7)
    paths = []
    for number in range(7):
        paths.append(tmp_path / f"cut{number}.pcap")
        paths[-1].write_bytes(pcap(packets[number * each : (number + 1) * each], magic=NANO))
    (tmp_path / "whole.pcap").write_bytes(pcap(packets, magic=NANO))
    return paths, tmp_path / "whole.pcap"


def results(*arguments):
    """Run `netbeam run`; give the files of flows that it wrote."""
    flags = ("--quiet", "--source-name", "one", "--compression", "none", "--include", ",".join(TYPES))
    assert main(["run", *map(str, (*arguments, *flags))]) == 0
    return {name: (Path(arguments[-1]) / f"{name}.ncap").read_bytes() for name in TYPES}


def test_workers_and_the_order_of_captures_make_no_difference(
    cut_files, whole, tmp_path, small_parts, monkeypatch
):
    monkeypatch.setattr(transforms.flows, "GROUP_BYTES", 40_000)
    paths, one = cut_files
    expected = results(*paths, "--workers", 1, "-o", tmp_path / "1")
    random.Random(4).shuffle(paths)
    assert results(*paths, "--workers", 2, "-o", tmp_path / "2") == expected
    assert results(*reversed(paths), "--workers", 5, "-o", tmp_path / "5") == expected
    found = results(one, "--workers", 2, "-o", tmp_path / "whole")
    assert {name for name in TYPES if found[name] != expected[name]} == set(PLACES)
    for files in (expected, found):
        headers = {name: next(split([data])) for name, data in files.items()}
        bodies = {name: data[len(delimited(headers[name])) :] for name, data in files.items()}
        assert whole._replace(files=bodies).anywhere() == whole.anywhere()
    summary = json.loads((tmp_path / "5" / "summary.json").read_text())
    assert summary["flows"] == {
        "packets": whole.packets, "states": dict(whole.states), "ends": dict(whole.ends),
    }  # fmt: skip
