"""The sink: blocks in any order, twice or not at all -> files that are whole, in order, or not there."""

import gzip
import json
import os
import random
from pathlib import Path

import apache_beam as beam
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from netbeam.account import Account, SourceAccount, Written
from netbeam.block import Block
from netbeam.formats.ncap import CODECS, header_bytes
from netbeam.merge import FilePlan, FileResult, LostBlock, merge, plan_files
from netbeam.publish import AccountError, TakenName, check_account, publish, summarize
from netbeam.segments import BlockRef, SegmentWriter
from netbeam.storage import LocalStorage
from pipeline.options import Options
from runners import direct
from transforms.storage import BeamStorage
from transforms.write import FINISHED, Headers, MergeFile, WriteRecords

HEADERS = Headers({"TCP": 20, "UDP": 21}, "a.pcap", "netbeam test")


def block(file="TCP", source="a.pcap", chunk=0, sequence=0, records=1, data=b"record", codec="none"):
    return Block(file, source, chunk, sequence, records, len(data), CODECS[codec].compress(data))


def blocks(codec="none", chunks=5, each=3):
    return [
        block(file, source, chunk, sequence, 2, f"{file} {source} {chunk}.{sequence};".encode(), codec)
        for file in ("TCP", "UDP")
        for source in ("a.pcap", "b.pcap")
        for chunk in range(chunks)
        for sequence in range(each)
    ]


def account_of(given, first_time=None):
    account = Account(sources={"a.pcap": SourceAccount(first_time=first_time)})
    for each in {one[:4]: one for one in given}.values():
        if "." not in each.file:
            account.encoded.setdefault(each.file, Written()).add(
                Written(each.records, each.raw_bytes, len(each.data))
            )
    return account


def write(output, given, account=None, workers=1, **settings):
    options = direct.options(Options(inputs=(), output="", workers=workers))
    with direct.runner(options) as runner, beam.Pipeline(runner=runner, options=options) as root:
        inputs = {
            "records": root | "Blocks" >> beam.Create(given) | beam.Reshuffle(),
            "accounts": root | "Accounts" >> beam.Create([account or account_of(given)]),
        }
        inputs | WriteRecords(str(output), HEADERS, **settings)


def result_bytes(output):
    return {path.name: path.read_bytes() for path in Path(output).iterdir() if path.is_file()}


def texts(given, file):
    return "".join(each.data.decode() for each in sorted(given) if each.file == file).encode()


def header(file, created=0):
    return header_bytes(HEADERS.type_ids[file], created, "a.pcap", "netbeam test", False)


def test_blocks_in_any_order_give_files_in_the_order_of_the_capture(tmp_path):
    given = blocks()
    random.Random(1).shuffle(given)
    write(tmp_path, given, codec="none")
    assert (tmp_path / "TCP.ncap").read_bytes() == header("TCP") + texts(given, "TCP")
    assert (tmp_path / "UDP.ncap").read_bytes() == header("UDP") + texts(given, "UDP")


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_a_compressed_file_is_the_header_and_the_records_to_any_reader(tmp_path, codec):
    write(tmp_path, blocks(codec), codec=codec)
    packed = (tmp_path / f"TCP.ncap{CODECS[codec].suffix}").read_bytes()
    if codec == "gzip":
        plain = gzip.decompress(packed)
    else:
        plain = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True).read()
    assert plain == header("TCP") + texts(blocks(), "TCP")


def test_workers_and_runs_make_no_difference_to_a_byte(tmp_path):
    given = blocks("gzip")
    written = []
    for name, workers in (("one", 1), ("two", 2), ("five", 5), ("again", 2)):
        write(tmp_path / name, given, workers=workers)
        files = result_bytes(tmp_path / name)
        del files["summary.json"]
        written.append(files)
    assert set(written[0]) == {"TCP.ncap.gz", "UDP.ncap.gz"}
    assert written[1:] == written[:1] * 3


def test_created_is_the_first_packets_time(tmp_path):
    write(tmp_path, blocks(), account_of(blocks(), first_time=1_704_096_000_000_000_001), codec="none")
    assert (tmp_path / "TCP.ncap").read_bytes().startswith(header("TCP", 1_704_096_000_000_000_001))


@pytest.mark.parametrize("codec", ["none", "gzip", "zstd"])
def test_shards_are_all_there_and_join_to_the_single_file(tmp_path, codec):
    given = blocks(codec)
    write(tmp_path / "one", given, codec=codec)
    suffix = CODECS[codec].suffix
    write(tmp_path / "many", given, codec=codec, shards=7)
    for file in ("TCP", "UDP"):
        names = [f"{file}-{shard:05}-of-00007.ncap{suffix}" for shard in range(7)]
        joined = b"".join((tmp_path / "many" / name).read_bytes() for name in names)
        assert joined == (tmp_path / "one" / f"{file}.ncap{suffix}").read_bytes()


def test_more_shards_than_blocks_leave_some_empty_but_readable(tmp_path):
    given = [block(codec="gzip")]
    write(tmp_path, given, shards=3)
    contents = [
        gzip.decompress((tmp_path / f"TCP-{shard:05}-of-00003.ncap.gz").read_bytes()) for shard in range(3)
    ]
    assert sorted([*contents[1:], contents[0].removeprefix(header("TCP"))]) == [b"", b"", b"record"]


def test_a_block_that_was_written_twice_counts_once(tmp_path):
    given = blocks()
    write(tmp_path, given + given[::2], account_of(given), codec="none")
    assert (tmp_path / "TCP.ncap").read_bytes() == header("TCP") + texts(given, "TCP")


def test_files_that_hold_no_records_get_their_name_and_nothing_else(tmp_path):
    given = [block("errors.jsonl", chunk=9, data=b'{"b"}\n'), block("errors.jsonl", chunk=2, data=b'{"a"}\n')]
    write(tmp_path, given, shards=4)
    assert (tmp_path / "errors.jsonl").read_bytes() == b'{"a"}\n{"b"}\n'
    assert set(result_bytes(tmp_path)) == {"errors.jsonl", "summary.json"}


def test_no_records_give_the_summary_alone(tmp_path):
    write(tmp_path, [])
    assert set(result_bytes(tmp_path)) == {"summary.json"}


def test_the_summary_counts_records_and_bytes_of_every_type(tmp_path):
    given = blocks("gzip")
    write(tmp_path, given, about={"versions": {"x": "1"}})
    summary = json.loads((tmp_path / "summary.json").read_text())
    packed = sum(len(each.data) for each in given if each.file == "TCP")
    assert summary["records"]["TCP"] == {
        "count": 60,
        "raw_bytes": len(texts(blocks(), "TCP")),
        "bytes": packed,
        "files": ["TCP.ncap.gz"],
    }
    assert summary["files"]["TCP.ncap.gz"] == (tmp_path / "TCP.ncap.gz").stat().st_size
    assert summary["versions"] == {"x": "1"}


def test_the_summary_names_the_file_of_every_problem():
    problems = SourceAccount(problems=["empty file"])
    account = Account(sources={"b.pcap": problems, "a.pcap": problems, "c.pcap": SourceAccount()})
    summary = summarize(account, [], {}, 1.0)
    assert summary["problems"] == ["a.pcap: empty file", "b.pcap: empty file"]
    assert summary["inputs"]["b.pcap"]["problems"] == ["empty file"]


def test_records_that_got_lost_fail_the_run_and_nothing_appears(tmp_path):
    with pytest.raises(
        (AccountError, RuntimeError), match="the packet account does not add up: TCP: 60 records encoded, 58"
    ):
        write(tmp_path, blocks()[:-31] + blocks()[-30:], account_of(blocks()), codec="none")
    assert result_bytes(tmp_path) == {}


def test_packets_that_got_lost_fail_the_run(tmp_path):
    account = account_of(blocks())
    account.sources["a.pcap"].read = 5
    account.sources["a.pcap"].decoded = 3
    with pytest.raises((AccountError, RuntimeError), match=r"a\.pcap: 5 packets read, but 3 decoded"):
        write(tmp_path, blocks(), account)
    assert result_bytes(tmp_path) == {}


def test_rejects_that_were_counted_but_not_kept_are_missed():
    account = Account(sources={"a.pcap": SourceAccount(read=1)})
    account.sources["a.pcap"].errors["too short"] = 1
    with pytest.raises(AccountError, match=r"errors\.pcapng: 1 packets counted, 0 written"):
        check_account(account, [])


# The parts of the sink, without Beam.


@given(st.permutations(range(12)), st.integers(0, 5))
def test_the_plan_does_not_depend_on_the_order_of_references(order, shards):
    refs = [BlockRef("a", n // 3, n % 3, "s", n * 10, 10, n, 100 + n, 0) for n in range(12)]
    assert plan_files("TCP", [refs[n] for n in order], ".ncap", shards) == plan_files(
        "TCP", refs, ".ncap", shards
    )


@given(st.lists(st.integers(0, 1000), max_size=30), st.integers(1, 9))
def test_shards_are_contiguous_and_of_about_equal_weight(weights, shards):
    refs = [BlockRef("a", n, 0, "s", 0, 1, 1, weight, 0) for n, weight in enumerate(weights)]
    plans = plan_files("TCP", refs, ".ncap", shards)
    assert [ref for plan in plans for ref in plan.refs] == refs
    assert len(plans) == shards
    for plan in plans:
        assert sum(ref.raw_bytes for ref in plan.refs) <= sum(weights) / shards + max(weights, default=0)


def test_a_gap_in_the_blocks_of_a_chunk_is_an_error():
    refs = [BlockRef("a", 4, sequence, "s", 0, 1, 1, 1, 0) for sequence in (0, 2)]
    with pytest.raises(LostBlock, match="block 1 of chunk 4 of a is missing"):
        plan_files("TCP", refs, ".ncap")


def one_segment(folder, limit=1 << 20):
    writer = SegmentWriter(LocalStorage(), str(folder), limit)
    refs = []
    for number in range(4):
        closed = writer.append(block(chunk=number, data=bytes([number]) * 1000))
        refs += closed.get("TCP", [])
    return refs + writer.close().get("TCP", [])


def test_where_reads_are_requests_the_blocks_of_a_file_lie_together_and_in_order(tmp_path):
    class Gathering(LocalStorage):
        gather_bytes = 5000

    writer = SegmentWriter(Gathering(), str(tmp_path))
    for number in (3, 1, 2):
        assert writer.append(block("UDP", chunk=number, data=b"u" * 1000)) == {}
        refs = writer.append(block("TCP", chunk=number, data=b"t" * 900))
    tcp, udp = refs["TCP"], refs["UDP"]
    assert [(ref.chunk, ref.offset) for ref in tcp] == [(1, 0), (2, 900), (3, 1800)]
    assert [(ref.chunk, ref.offset) for ref in udp] == [(1, 2700), (2, 3700), (3, 4700)]
    assert writer.close() == {}


def test_a_full_segment_is_closed_and_another_begun(tmp_path):
    refs = one_segment(tmp_path, limit=2000)
    assert len({ref.segment for ref in refs}) == 2
    assert [ref.offset for ref in refs] == [0, 1000, 0, 1000]


@pytest.mark.parametrize("damage", ["gone", "short", "changed"])
def test_a_segment_that_is_not_what_was_written_is_an_error(tmp_path, damage):
    refs = one_segment(tmp_path)
    segment = Path(refs[0].segment)
    if damage == "gone":
        segment.unlink()
    elif damage == "short":
        segment.write_bytes(segment.read_bytes()[:-1])
    else:
        segment.write_bytes(segment.read_bytes()[:-1] + b"x")
    with pytest.raises(LostBlock):
        merge(LocalStorage(), FilePlan("TCP", "TCP.ncap", 0, tuple(refs)), str(tmp_path / "TCP.ncap"), b"")


def test_merging_twice_gives_the_same_file(tmp_path):
    refs = one_segment(tmp_path)
    plan = FilePlan("TCP", "TCP.ncap", 0, tuple(refs))
    first = merge(LocalStorage(), plan, str(tmp_path / "TCP.ncap"), b"head")
    content = (tmp_path / "TCP.ncap").read_bytes()
    assert merge(LocalStorage(), plan, str(tmp_path / "TCP.ncap"), b"head") == first
    assert (
        (tmp_path / "TCP.ncap").read_bytes()
        == content
        == b"head" + b"".join(bytes([number]) * 1000 for number in range(4))
    )


def finished(folder, *names):
    folder.mkdir()
    results = []
    for name in names:
        (folder / name).write_text(f"new {name}")
        results.append(FileResult("TCP", name, 1, 1, 1, len(f"new {name}"), str(folder / name)))
    return results


def test_publishing_again_after_a_failure_half_way_completes_it(tmp_path):
    results = finished(tmp_path / "f", "a.ncap", "b.ncap")
    (tmp_path / "f" / "a.ncap").rename(tmp_path / "a.ncap")
    summary = {"files": {"a.ncap": 1, "b.ncap": 1}}
    publish(LocalStorage(), str(tmp_path / "f"), str(tmp_path), results, summary)
    publish(LocalStorage(), str(tmp_path / "f"), str(tmp_path), results, summary)
    assert (tmp_path / "b.ncap").read_text() == "new b.ncap"
    assert json.loads((tmp_path / "summary.json").read_text()) == summary


def test_a_finished_file_that_vanished_is_an_error_and_leaves_the_old_summary(tmp_path):
    results = finished(tmp_path / "f", "a.ncap", "b.ncap")
    (tmp_path / "f" / "b.ncap").unlink()
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(LostBlock, match=r"b\.ncap is gone"):
        publish(LocalStorage(), str(tmp_path / "f"), str(tmp_path), results, {"files": {}})
    assert (tmp_path / "summary.json").read_text() == "{}"


def test_publishing_removes_what_an_earlier_run_listed_and_nothing_else(tmp_path):
    (tmp_path / "precious").write_text("mine")
    outside = tmp_path.parent / "outside"
    outside.write_text("mine")
    for name in ("DNS.ncap", "TCP.ncap", "notes.txt"):
        (tmp_path / name).write_text("old")
    old = {"DNS.ncap": 1, "TCP.ncap": 1, "../outside": 1, "..": 1}
    (tmp_path / "summary.json").write_text(json.dumps({"files": old}))
    results = finished(tmp_path / "f", "TCP.ncap")
    publish(LocalStorage(), str(tmp_path / "f"), str(tmp_path), results, {"files": {"TCP.ncap": 1}})
    left = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert left == ["TCP.ncap", "notes.txt", "precious", "summary.json"]
    assert outside.read_text() == "mine"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"files": 3}', '{"files": [1]}'])
def test_a_strange_summary_of_an_earlier_run_is_no_obstacle(tmp_path, content):
    (tmp_path / "summary.json").write_text(content)
    results = finished(tmp_path / "f", "TCP.ncap")
    publish(LocalStorage(), str(tmp_path / "f"), str(tmp_path), results, {"files": {}})
    assert (tmp_path / "TCP.ncap").read_text() == "new TCP.ncap"


def test_a_pipe_in_the_place_of_the_summary_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "summary.json")
    assert LocalStorage().read_text(str(tmp_path / "summary.json")) is None
    with pytest.raises(TakenName, match=r"summary\.json: is no file"):
        publish(LocalStorage(), str(tmp_path / "f"), str(tmp_path), finished(tmp_path / "f", "a.ncap"), {})
    assert not (tmp_path / "a.ncap").exists()


def test_a_directory_under_the_name_of_a_result_stops_publishing_before_it_begins(tmp_path):
    (tmp_path / "b.ncap").mkdir()
    results = finished(tmp_path / "f", "a.ncap", "b.ncap")
    with pytest.raises(TakenName, match=r"b\.ncap: is no file"):
        publish(LocalStorage(), str(tmp_path / "f"), str(tmp_path), results, {})
    assert not (tmp_path / "a.ncap").exists()


def test_a_directory_under_the_name_of_an_earlier_result_stays(tmp_path):
    (tmp_path / "DNS.ncap").mkdir()
    (tmp_path / "summary.json").write_text('{"files": {"DNS.ncap": 1}}')
    results = finished(tmp_path / "f", "a.ncap")
    publish(LocalStorage(), str(tmp_path / "f"), str(tmp_path), results, {"files": {"a.ncap": 1}})
    assert (tmp_path / "DNS.ncap").is_dir()
    assert json.loads((tmp_path / "summary.json").read_text()) == {"files": {"a.ncap": 1}}


def test_the_sink_works_on_beams_file_systems(tmp_path):
    storage = BeamStorage()
    folder = storage.join(str(tmp_path), "new")
    storage.make_directory(folder)
    writer = SegmentWriter(storage, folder)
    writer.append(block(data=b"one;", chunk=1))
    writer.append(block(data=b"zero;", chunk=0))
    refs = writer.close()["TCP"]
    (plan,) = plan_files("TCP", refs, ".ncap")
    results = [merge(storage, plan, storage.join(folder, plan.name), b"head;")]
    publish(storage, folder, str(tmp_path), results, {"files": {"TCP.ncap": 15}})
    publish(storage, folder, str(tmp_path), results, {"files": {"TCP.ncap": 15}})
    assert (tmp_path / "TCP.ncap").read_bytes() == b"head;zero;one;"
    storage.remove_tree(folder)
    assert not Path(folder).exists()
    with pytest.raises(LostBlock, match="is gone"):
        merge(storage, plan, str(tmp_path / "TCP2.ncap"), b"")


def test_a_worker_that_was_given_up_does_not_touch_the_file_of_the_one_that_does_its_work_again(tmp_path):
    (folder := tmp_path / "run" / FINISHED).mkdir(parents=True)
    segment = SegmentWriter(LocalStorage(), str(tmp_path))
    segment.append(Block("TCP", "a", 0, 0, 1, 4, b"data"))
    (refs,) = segment.close().values()
    merge_file = MergeFile(str(folder.parent), Headers({"TCP": 35}, "a", "netbeam"), "none")
    plan = FilePlan("TCP", "TCP.ncap", 0, tuple(refs))
    (kept,) = merge_file.process(plan, Account())
    (late,) = merge_file.process(plan, Account())
    Path(late.path).write_bytes(b"half")
    publish(LocalStorage(), str(folder), str(tmp_path), [kept], {"files": {"TCP.ncap": kept.bytes}})
    assert (tmp_path / "TCP.ncap").stat().st_size == kept.bytes
