"""The graph and its transforms, one by one and as another pipeline would use them."""

import json
from array import array
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to
from captures import START, Packet, pcap

from netbeam.account import Account, SourceAccount
from netbeam.block import Block, Digest, Reject
from netbeam.chunk import PacketBatch
from netbeam.plan import compile_plan, record_types
from netbeam.protocols import LAYERS
from pipeline.failures import sentence
from pipeline.job import build
from pipeline.options import BadOption, Options, parse_size, parse_time
from pipeline.progress import Bar, phase_of
from pipeline.records import load_records
from runners import direct
from transforms.decode import DecodePackets, DigestCoder
from transforms.local import PROGRESS, Done, reported
from transforms.read import ExplodePackets, FrameCaptures, PacketBatchCoder, ReadChunks, ReadPackets
from transforms.rejects import PackRejects, reject_blocks
from transforms.sources import Source
from transforms.write import BlockCoder

ALL = tuple(record_types(LAYERS))
MOST_NODES = 90
"""Dataflow's console, and whoever reads it, has to show them."""


def pipeline(workers=1):
    """Give a pipeline on the local runner."""
    options = direct.options(Options(inputs=(), output="", workers=workers))
    with direct.runner(options) as runner:
        return beam.Pipeline(runner=runner, options=options)


@pytest.fixture
def capture(tmp_path):
    """A capture of two packets, one of which is no Ethernet frame at all."""
    path = tmp_path / "in.pcap"
    arp = bytes.fromhex(
        "ffffffffffff 0200000000010806 0001080006040001 020000000001 0a000001 000000000000 0a000002"
    )
    path.write_bytes(pcap([Packet(START, arp, len(arp)), Packet(START + 1000, b"short", 5)]))
    return path


def nodes(types):
    """Count the nodes of the graph that writes these types."""
    root = beam.Pipeline()
    options = Options(inputs=("a",), output="out", types=types)
    build(root, options, (Source("a", "a"),), load_records(""), "spill")
    return len(root.to_runner_api().components.transforms)


def test_the_graph_is_as_large_for_one_record_type_as_for_all():
    assert nodes(("TCP",)) == nodes(ALL)
    assert nodes(("Connection",)) == nodes(("TCP", "Flow", "FlowFeatures"))


def test_flows_are_in_the_graph_only_where_records_of_them_are_wanted_and_hosts_likewise():
    assert nodes(("TCP",)) < nodes(("TCP", "Connection")) < nodes(("TCP", "Host"))
    assert nodes(("Host",)) == nodes(tuple(load_records("").types())) < MOST_NODES


def test_reading_gives_batches_and_exploding_them_packets(capture):
    with pipeline() as root:
        batches = root | ReadPackets([str(capture)])
        sizes = batches | beam.Map(len)
        found = batches | ExplodePackets() | beam.Map(lambda packet: (packet.number, packet.data[-4:]))
        assert_that(sizes, equal_to([2]), "sizes")
        assert_that(found, equal_to([(1, bytes((10, 0, 0, 2))), (2, b"hort")]), "packets")


def test_decoding_gives_blocks_rejects_and_an_account(capture):
    with pipeline() as root:
        decoded = (
            root | ReadPackets([str(capture)]) | DecodePackets(compile_plan(LAYERS, ("ARP", "Ethernet")))
        )
        blocks = decoded.blocks | "b" >> beam.Map(lambda block: (block.file, block.chunk, block.records))
        rejects = decoded.rejects | "r" >> beam.FlatMap(lambda many: [(one.kind, one.packet) for one in many])
        accounts = decoded.accounts | "a" >> beam.Map(lambda account: account.total().read)
        assert_that(blocks, equal_to([("ARP", 0, 1), ("Ethernet", 0, 1)]), "blocks")
        assert_that(rejects, equal_to([("error", 2)]), "rejects")
        assert_that(accounts, equal_to([2]), "accounts")


def test_what_is_wrong_with_a_file_reaches_the_account(tmp_path):
    (tmp_path / "x").write_text("no capture at all")
    with pipeline() as root:
        frames = root | FrameCaptures((Source("x", str(tmp_path / "x")),), str(tmp_path / "spill"))
        frames.chunks | beam.Map(print)
        assert_that(frames.accounts | beam.Map(lambda a: len(a.sources["x"].problems)), equal_to([1]))


def test_reading_warns_of_what_is_wrong_with_a_file(tmp_path, caplog):
    (tmp_path / "x").write_text("no capture at all")
    with pipeline() as root:
        root | ReadPackets([str(tmp_path / "x")])
    assert [record.message for record in caplog.records if record.name == "transforms.read"]


def test_packets_are_counted_by_beam_too(capture, tmp_path):
    root = pipeline(workers=2)
    options = Options(inputs=(str(capture),), output=str(tmp_path / "out"), types=ALL)
    build(root, options, (Source("a", str(capture)),), load_records(""), str(tmp_path / "spill"))
    result = root.run()
    counters = {
        counter.key.metric.name: counter.result
        for counter in result.metrics().query()["counters"]
        if counter.key.metric.namespace == "netbeam"
    }
    assert counters == {
        "packets.read": 2, "packets.decoded": 1, "packets.errors": 1, "packets.framed": 2,
        "bytes.framed": 79, "bytes.decoded": 79, "records.ARP": 1, "records.Ethernet": 1,
    }  # fmt: skip


def test_workers_elsewhere_report_how_far_they_are(capture, tmp_path):
    PROGRESS.clear()
    reports = str(tmp_path / "reports")
    with pipeline() as root:
        frames = root | FrameCaptures((Source("a", str(capture)),), "", reports=reports)
        frames.chunks | ReadChunks() | DecodePackets(compile_plan(LAYERS), reports=reports)
    told = reported(reports)  # the first report comes at once, the next a second later
    assert (told.framed_packets, told.framed_bytes) == (2, 79)
    Path(reports, "torn.json").write_text("[1, 2")
    Path(reports, "other.json").write_text("[1, 2, 3, 4, 5, 6]")
    assert reported(reports) == (3, 81, 3 + told.decoded_packets, 4 + told.decoded_bytes, 5, 6)
    assert reported(str(tmp_path / "none")) == (0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("done", "name", "told"),
    [
        (Done(), "starting", "0 packets"),
        (Done(5, 50), "framing", " 25%  5 packets  1/s"),
        (Done(50, 500), "framing", "50 packets  10/s"),
        (Done(20, 200, 5, 50), "decoding", " 25%  5 packets  1/s"),
        (Done(20, 200, 20, 200, 16), "flows", "  0%  0 packets"),
        (Done(20, 200, 20, 200, 16, 8), "flows", " 50%  8 packets  2/s"),
        (Done(20, 200, 20, 200, 16, 16), "writing", "20 packets"),
        (Done(20, 200, 20, 200), "writing", "20 packets"),
    ],
)
def test_the_bar_says_what_a_run_is_at_and_how_much_of_it_is_done(done, name, told):
    phase = phase_of(Bar(200), done)
    assert (phase.name, phase.told(5)) == (name, told)


def test_a_capture_that_changes_between_framing_and_reading_ends_the_run_in_a_sentence(capture):
    with pipeline() as root:
        frames = root | FrameCaptures((Source("a", str(capture)),), "")
        assert_that(frames.chunks | beam.Map(lambda ref: ref.packets), equal_to([2]))
    with pytest.raises((OSError, RuntimeError)) as caught, pipeline() as root:  # noqa: PT012 - runs at its end
        frames = root | FrameCaptures((Source("a", str(capture)),), "")
        shrunk = frames.chunks | beam.Map(lambda ref: ref._replace(size=ref.size + 1, length=ref.length + 1))
        shrunk | ReadChunks() | beam.Map(len)
    assert sentence(caught.value, "out").startswith(f"{capture}: ")


# Rejects.


def some_reject(packet, kind="error"):
    """Make a reject."""
    source = "ü\udcff.pcap"
    return Reject(
        kind, "IPv4 too short", "IPv4", 14, "IPv4 needs 20 bytes", source, packet, START, 1, 60, b"data"
    )


def test_rejects_become_blocks_of_their_kind_and_a_line_each():
    blocks = list(reject_blocks([some_reject(3), some_reject(5, "unknown"), some_reject(8)]))
    assert [(block.file, block.chunk, block.records) for block in blocks] == [
        ("unknown.pcapng", 3, 1),
        ("errors.pcapng", 3, 2),
        ("errors.jsonl", 3, 3),
    ]
    lines = [json.loads(line) for line in blocks[-1].data.splitlines()]
    assert [line["packet"] for line in lines] == [3, 5, 8]
    assert list(lines[0]) == [
        "kind", "reason", "layer", "offset", "detail", "source", "packet", "time", "link_type", "length",
        "captured",
    ]  # fmt: skip
    assert lines[0]["source"] == "ü\udcff.pcap"


def test_rejects_pack_in_a_pipeline():
    with pipeline() as root:
        packed = root | beam.Create([[some_reject(1)], [some_reject(2)]]) | PackRejects()
        files = packed | beam.Map(lambda block: (block.file, block.chunk))
        assert_that(
            files,
            equal_to([("errors.pcapng", 1), ("errors.jsonl", 1), ("errors.pcapng", 2), ("errors.jsonl", 2)]),
        )


# Coders.


def test_a_digest_survives_its_coder_and_its_size_is_known_without_it():
    digest = Digest("ü\udcff", 7, 1, 24, 2, START, START + 1, b"16 bytes of word", b"text", array("I", [1]))
    coder = DigestCoder()
    copy = coder.decode(coder.encode(digest))
    assert (copy, copy.sizes.typecode) == (digest, "I")
    assert coder.estimate_size(digest) >= 16 + 4


def test_a_batch_survives_its_coder_and_its_size_is_known_without_it():
    batch = PacketBatch("ü\udcff", 7, 1 << 40, memoryview(b"packets"), array("q", [0, 7, 9, START, -1]))
    coder = PacketBatchCoder()
    copy = coder.decode(coder.encode(batch))
    assert [getattr(copy, name) for name in PacketBatch.__slots__] == [
        getattr(batch, name) for name in PacketBatch.__slots__
    ]
    assert coder.estimate_size(batch) == 7 + 8 * 5


def test_a_block_survives_its_coder():
    block = Block("TCP", "a", 1, 2, 3, 4, b"data")
    coder = BlockCoder()
    assert coder.decode(coder.encode(block)) == block
    assert coder.estimate_size(block) >= len(block.data)


# Sentences and values.


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            OSError(28, "No space left on device"),
            "cannot write to out: no space left on device; nothing was published",
        ),
        (
            RuntimeError(
                "Traceback ...\nOSError: [Errno 28] No space left on device: '/x' [while running 'Merge']\n"
            ),
            "cannot write to out: no space left on device; nothing was published",
        ),
        (
            RuntimeError("OSError: [Errno 13] Permission denied: 'x' [while running 'W']"),
            "x: permission denied",
        ),
        (
            RuntimeError(
                "Traceback (most recent call last):\nValueError: inner\n\nTraceback (most ...):\n"
                "netbeam.merge.LostBlock: a.segment is gone [while running 'W/Merge-ptransform-9']\n"
            ),
            "a.segment is gone",
        ),
        (KeyError("x"), "internal error: KeyError: 'x' (--debug shows where)"),
        (RuntimeError("Job failed"), "Job failed"),
    ],
)
def test_errors_of_workers_become_one_line(error, expected):
    assert sentence(error, "out") == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("4096", 4096), ("512K", 512 << 10), ("8m", 8 << 20), ("1G", 1 << 30), ("2MiB", 2 << 20)],
)
def test_sizes_have_suffixes(text, value):
    assert parse_size(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1704096000", 1_704_096_000 * 10**9),
        ("1704096000.123456789", 1_704_096_000_123_456_789),
        ("-1.5", -1_500_000_000),
        ("2024-01-01T08:00:00Z", 1_704_096_000 * 10**9),
        ("2024-01-01T09:00:00.000001+01:00", 1_704_096_000_000_001_000),
        ("2024-01-01", 1_704_067_200 * 10**9),
    ],
)
def test_times_are_unix_seconds_or_iso(text, value):
    assert parse_time(text) == value


@pytest.mark.parametrize("text", ["", "1e9", "99999999999", "2024-13-01", "inf", "1.0000000001", "٣"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(BadOption):
        parse_time(text)


@pytest.mark.parametrize("text", ["", "K", "-1", "1.5K", "1KK", "٣"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(BadOption):
        parse_size(text)


def test_adding_accounts_leaves_the_parts_alone():
    part = Account(sources={"a": SourceAccount(read=1, decoded=1)})
    total = Account()
    total.add(part)
    total.add(part)
    assert (total.sources["a"].read, part.sources["a"].read) == (2, 1)
