"""Dataflow, as far as it can be told without the service: options, graph, submission, template, image."""

import argparse
import gzip
import json
import re
import shutil
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems
from apache_beam.io.localfilesystem import LocalFileSystem
from apache_beam.options.pipeline_options import DebugOptions, GoogleCloudOptions, SetupOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import DockerEnvironment
from hypothesis import given
from hypothesis import strategies as st

import pipeline.run
from benchmarks.traffic import write_capture
from netbeam.flows.settings import SECOND, FlowSettings
from pipeline.cli import main, options_of
from pipeline.options import (
    COMPRESSIONS,
    BadOption,
    Options,
    parse_number,
    parse_seconds,
    parse_size,
    parse_time,
    parse_timeouts,
)
from pipeline.records import load_records
from pipeline.run import graph
from runners import dataflow
from runners.dataflow import template
from transforms.sources import Source

ROOT = Path(__file__).parents[1]
FLAGS = ("--project=lab-17", "--region=europe-west4", "--sdk_container_image=reg/netbeam:1")
PARAMETERS = json.loads(template.METADATA.read_text("utf-8"))["parameters"]
EVERY_TYPE = tuple(load_records("").types())
BY_NAME = {parameter["name"]: parameter for parameter in PARAMETERS}


def on_dataflow(*beam, **more):
    """Give the options of a run on Dataflow."""
    given = {"inputs": ("gs://lab/captures/*.pcap",), "output": "gs://lab/out", "runner": "dataflow", **more}
    return Options(beam=(*FLAGS, *beam), **given)


class Bucket(LocalFileSystem):
    """Cloud Storage in a folder: gs://NAME is the folder NAME in `root`."""

    root = Path()

    @classmethod
    def scheme(cls):
        return "gs-in-a-folder"

    def has_dirs(self):
        return False

    def local(self, path):
        return str(self.root / path.removeprefix("gs://"))

    def join(self, basepath, *paths):
        return "/".join((basepath.rstrip("/"), *paths))

    def match(self, patterns, limits=None):
        found = super().match([self.local(pattern) for pattern in patterns], limits)
        for result in found:
            for metadata in result.metadata_list:
                metadata.path = f"gs://{Path(metadata.path).relative_to(self.root)}"
        return found

    def exists(self, path):
        return super().exists(self.local(path))

    def metadata(self, path):
        return super().metadata(self.local(path))

    def open(self, path, *arguments, **more):
        return super().open(self.local(path), *arguments, **more)

    def create(self, path, *arguments, **more):
        Path(self.local(path)).parent.mkdir(parents=True, exist_ok=True)
        return super().create(self.local(path), *arguments, **more)

    def mkdirs(self, path):
        raise BeamIOError(f"{path}: object stores have no directories")

    def rename(self, sources, targets):
        for target in targets:
            Path(self.local(target)).parent.mkdir(parents=True, exist_ok=True)
        super().rename([self.local(path) for path in sources], [self.local(path) for path in targets])

    def delete(self, paths):
        for path in paths:
            if path.endswith("/"):  # all below it; without the slash it is a file's name
                shutil.rmtree(self.local(path), ignore_errors=True)
            else:
                Path(self.local(path)).unlink()


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    """A bucket "lab" with one capture; gives its folder."""
    usual = FileSystems.get_filesystem
    here = Bucket(None)
    monkeypatch.setattr(Bucket, "root", tmp_path)
    monkeypatch.setattr(GoogleCloudOptions, "_warn_if_soft_delete_policy_enabled", lambda *_: None)
    monkeypatch.setattr(
        FileSystems, "get_filesystem", lambda path: here if path.startswith("gs://") else usual(path)
    )
    (tmp_path / "lab" / "captures").mkdir(parents=True)
    write_capture(tmp_path / "lab" / "captures" / "office.pcap", 2000)
    return tmp_path / "lab"


class Service:
    """Stands for Dataflow: takes the pipeline, begins nothing until it is told to."""

    def __init__(self, job="2026-11-24_01_02_03-42"):
        self.job = job
        self.pipelines = []

    def run_pipeline(self, pipeline, options):
        self.pipelines.append(pipeline)
        return SimpleNamespace(has_job=self.job is not None, job_id=lambda: self.job)

    def work(self):
        """Do, elsewhere and later, what was submitted."""
        for job in self.pipelines:
            FnApiRunner().run_pipeline(job, job._options).wait_until_finish()


@pytest.fixture
def service(monkeypatch):
    """A service in Dataflow's place."""
    made = Service()
    monkeypatch.setattr(dataflow, "runner", lambda options: nullcontext(made))
    monkeypatch.setattr(
        pipeline.run, "graph", lambda runner, chosen, *rest: with_runner(runner, graph(None, chosen, *rest))
    )
    return made


def with_runner(runner, built):
    """Let a pipeline that was checked as one for Dataflow go to another runner."""
    built.runner = runner
    built.run = lambda: runner.run_pipeline(built, built._options)
    return built


def submit(*more):
    """Run the command line of a job on Dataflow; give its exit status."""
    return main(
        ["run", "gs://lab/captures/*.pcap", "-o", "gs://lab/out", "--runner", "dataflow", *FLAGS, *more]
    )


def proto(sources, options=None, output="gs://lab/out"):
    """Give the proto of the graph for Dataflow."""
    run = options or on_dataflow(output=output)
    built = graph(None, dataflow.options(run), run, sources, load_records(""), "gs://lab/spill")
    image = DockerEnvironment.from_container_image("reg/netbeam:1")
    return built.to_runner_api(default_environment=image)


def sources(count):
    """Give captures with names as long as those of a real archive."""
    names = (f"gs://lab/captures/2026/11/24/sensor-{n % 7}/eth0-{n:08d}.pcap" for n in range(count))
    return tuple(Source(name, name) for name in names)


def test_the_options_fill_what_every_job_needs():
    chosen = dataflow.options(on_dataflow())
    setup = chosen.view_as(SetupOptions)
    assert chosen.get_all_options()["runner"] == "DataflowRunner"
    assert (setup.sdk_location, setup.save_main_session) == ("container", False)
    assert chosen.view_as(DebugOptions).experiments == ["no_use_multiple_sdk_containers"]
    cloud = chosen.view_as(GoogleCloudOptions)
    assert cloud.temp_location == "gs://lab/out/.netbeam-tmp/dataflow"
    assert re.fullmatch("netbeam-[0-9a-f]{32}", cloud.job_name)


def test_the_users_own_options_of_beam_go_before_ours():
    given = (
        "--experiments=use_multiple_sdk_containers",
        "--temp_location=gs://tmp-lab/x",
        "--job_name=night",
    )
    chosen = dataflow.options(on_dataflow(*given))
    cloud = chosen.view_as(GoogleCloudOptions)
    assert chosen.view_as(DebugOptions).experiments == ["use_multiple_sdk_containers"]
    assert (cloud.temp_location, cloud.job_name) == ("gs://tmp-lab/x", "night")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"inputs": ("in.pcap",)}, "in.pcap: Dataflow's workers see Cloud Storage only"),
        ({"inputs": ("-",)}, "-: Dataflow's workers see Cloud Storage only"),
        ({"inputs": ("gs://lab/a.pcap", "s3://x/b.pcap")}, "s3://x/b.pcap: Dataflow's workers see"),
        ({"output": "out"}, "-o out: Dataflow's workers see Cloud Storage only"),
        ({"strict": True}, "--strict: nobody waits"),
        ({"workers": 200}, "--workers 200: speaks of this machine"),
        ({"beam": ()}, "needs --project and --region and --sdk_container_image"),
        ({"beam": FLAGS[:2]}, "needs --sdk_container_image"),
        ({"beam": (*FLAGS, "--temp_location=/tmp")}, "--temp_location /tmp: must be in Cloud Storage"),
        ({"beam": (*FLAGS, "--staging_location=tmp")}, "--staging_location tmp: must be in Cloud Storage"),
    ],
)
def test_what_can_not_be_on_dataflow_is_refused_in_one_line(more, message, capsys):
    given = {"inputs": ("gs://lab/a.pcap",), "output": "gs://lab/out", "beam": FLAGS, **more}
    with pytest.raises(BadOption, match=re.escape(message)) as refused:
        dataflow.options(Options(runner="dataflow", **given))
    assert "\n" not in str(refused.value)


def test_without_googles_libraries_the_line_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "apache_beam.runners.dataflow.internal.apiclient", None)
    monkeypatch.setitem(sys.modules, "google.api_core.exceptions", None)
    assert submit() == 2
    assert capsys.readouterr().err == (
        "netbeam: --runner dataflow: Google's libraries are missing; pip install 'netbeam[gcp]'\n"
    )


def test_the_graph_for_dataflow_is_the_local_one(bucket):
    local = Options(inputs=("in.pcap",), output="out")
    from runners import direct

    built = graph(None, direct.options(local), local, (Source("in.pcap", "in.pcap"),), load_records(""), "s")
    here, there = built.to_runner_api(), proto(sources(1))
    assert set(there.components.transforms) == set(here.components.transforms)
    leaves = [t for t in there.components.transforms.values() if not t.subtransforms]
    assert len(leaves) <= 40
    assert there.ByteSize() < 200_000


def test_no_session_is_pickled_and_all_runs_in_the_image(bucket):
    environments = proto(sources(1)).components.environments.values()
    assert [bool(e.dependencies) for e in environments if b"reg/netbeam:1" in e.payload] == [False]


def test_every_collection_of_packets_or_blocks_has_its_own_coder(bucket):
    components = proto(sources(1), on_dataflow(types=EVERY_TYPE)).components
    coders = {
        collection.unique_name.lstrip("0123456789"): components.coders[collection.coder_id].spec.payload
        for collection in components.pcollections.values()
    }
    assert b"PacketBatchCoder" in coders["Read chunks/Read.None"]
    assert b"BlockCoder" in coders["Decode packets/Decode/ParDo(DecodeChunk).None"]
    assert b"BlockCoder" in coders["Pack rejects/Pack.None"]
    assert b"DigestCoder" in coders["Decode packets/Decode/ParDo(DecodeChunk).digests"]
    assert b"BlockCoder" in coders["Make flows/Merge/ParDo(MergeRuns).None"]


@pytest.mark.parametrize(("count", "limit"), [(1, 200_000), (1000, 1_000_000)])
def test_many_captures_do_not_bloat_the_graph(bucket, count, limit):
    made, two = (proto(sources(number), on_dataflow(types=EVERY_TYPE)) for number in (count, 2))
    assert made.ByteSize() < limit
    assert len(made.components.transforms) == len(two.components.transforms)


def test_the_launcher_does_not_wait_and_the_job_cleans_up_itself(bucket, service, capsys, tmp_path):
    # Connections name the capture that they come from.
    named = ("--source-name", "gs://lab/captures/*.pcap")
    assert submit(*named) == 0
    said = capsys.readouterr().out
    assert "job: 2026-11-24_01_02_03-42" in said
    assert "console.cloud.google.com/dataflow/jobs/europe-west4/2026-11-24_01_02_03-42?project=lab-17" in said
    assert not (bucket / "out" / "summary.json").exists()
    service.work()
    assert json.loads((bucket / "out" / "summary.json").read_text())["packets"]["read"] == 2000
    left = [path for path in (bucket / "out").rglob("*") if path.is_file() and ".netbeam-tmp" in path.parts]
    assert left == []
    local = tmp_path / "local"
    assert main(["run", str(bucket / "captures"), "-o", str(local), "--quiet", *named]) == 0
    assert record_files(bucket / "out") == record_files(local) != {}


def test_pieces_of_a_compressed_capture_lie_where_every_worker_sees_them(
    bucket, service, monkeypatch, tmp_path
):
    capture = bucket / "captures" / "office.pcap"
    (bucket / "captures" / "office.pcap.gz").write_bytes(gzip.compress(capture.read_bytes()))
    (tmp_path / "disk").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "disk"))
    assert main(["run", "gs://lab/captures/*.gz", "-o", "gs://lab/out", "--runner", "dataflow", *FLAGS]) == 0
    service.work()
    assert json.loads((bucket / "out" / "summary.json").read_text())["packets"]["decoded"] == 2000
    assert list((tmp_path / "disk").glob("netbeam-*")) == []
    assert list((bucket / "out").rglob("*.chunk")) == []


def record_files(folder):
    """Give the record files of a run, by name."""
    return {path.name: path.read_bytes() for path in folder.glob("*.ncap.gz")}


def test_with_json_the_job_is_told_as_json(bucket, service, capsys):
    assert submit("--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["job"], said["output"]) == ("2026-11-24_01_02_03-42", "gs://lab/out")
    assert said["url"].startswith("https://console.cloud.google.com/dataflow/jobs/europe-west4/")


def test_a_launcher_that_only_describes_the_job_says_where(bucket, service, capsys):
    service.job = None
    assert submit("--template_location=gs://lab/t/job_object", "--json") == 0
    assert json.loads(capsys.readouterr().out)["template"] == "gs://lab/t/job_object"


def test_a_dry_run_submits_nothing(bucket, service, capsys):
    assert submit("--dry-run") == 0
    assert service.pipelines == []
    assert "office.pcap" in capsys.readouterr().out


def test_results_of_an_earlier_run_are_not_overwritten(bucket, service, capsys):
    (bucket / "out").mkdir()
    (bucket / "out" / "summary.json").write_text("{}")
    assert submit() == 2
    assert "holds results already" in capsys.readouterr().err
    assert service.pipelines == []


def test_a_refusal_of_the_service_is_one_line(bucket, service, capsys, monkeypatch):
    def refuse(*_):
        raise RuntimeError("Dataflow took no job: 403 The caller does not have permission")

    monkeypatch.setattr(service, "run_pipeline", refuse)
    assert submit() == 1
    assert (
        capsys.readouterr().err == "netbeam: Dataflow took no job: 403 The caller does not have permission\n"
    )


def test_encoders_may_lie_in_cloud_storage(bucket, service, capsys):
    example = (ROOT / "examples" / "wake_on_lan.py").read_text()
    (bucket / "own.py").write_text(example)
    assert submit("--encoders", "gs://lab/own.py", "--include", "WakeOnLAN") == 0
    (bucket / "bad.py").write_text("LAYERS = 1 / 0")
    assert submit("--encoders", "gs://lab/bad.py") == 2
    assert "--encoders gs://lab/bad.py: ZeroDivisionError" in capsys.readouterr().err


def test_the_metadata_is_that_of_the_options():
    assert template.main(["--check"]) == 0


def test_every_option_is_a_parameter_or_left_out_with_a_reason():
    known = {action.dest for action in template.options()}
    described = {parameter["name"] for parameter in PARAMETERS} - {"sdk_container_image"}
    assert described | set(template.LEFT_OUT) == known
    assert not described & set(template.LEFT_OUT)
    assert all(template.LEFT_OUT.values())


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter["name"])
def test_a_parameter_is_described_as_gcloud_wants_it(parameter):
    assert parameter["label"]
    assert parameter["helpText"].endswith(".")
    assert parameter["isOptional"] is (parameter["name"] not in ("inputs", "output", "sdk_container_image"))
    kinds = {"TEXT", "NUMBER", "BOOLEAN", "ENUM", "GCS_READ_FILE", "GCS_WRITE_FOLDER"}
    assert parameter["paramType"] in kinds
    assert all(regex.startswith("^(") or regex.startswith("^[") for regex in parameter["regexes"])
    if "defaultValue" in parameter:
        assert matches(parameter["name"], parameter["defaultValue"])


def matches(name, value):
    """Tell whether the service takes a parameter's value."""
    return all(re.search(regex, value) for regex in BY_NAME[name]["regexes"])


def takes(parse, value):
    """Tell whether an option takes a value."""
    try:
        parse(value)
    except BadOption:
        return False
    return True


@given(st.text("0123456789KMGkmgiBb -.", max_size=8))
def test_the_form_of_a_size_is_what_its_option_reads(text):
    assert takes(parse_size, text) == matches("buffer_size", text.strip())


@given(st.text("0123456789 -+x", max_size=11))
def test_the_form_of_a_number_is_what_its_option_reads(text):
    assert takes(parse_number, text) == matches("shards", text)


@given(st.text("0123456789.-e", max_size=6))
def test_the_form_of_a_number_of_seconds_is_what_its_option_reads(text):
    assert takes(parse_seconds, text) == matches("active_timeout", text)


@pytest.mark.parametrize(
    "text",
    ["tcp=300", "udp=0.5,icmp=30", "tcp=1, other=2", "tcp=1,tcp=x", "tcp", "300", "sctp=5", "tcp=-1", "tcp="],
)
def test_the_form_of_idle_timeouts_is_what_their_option_reads(text):
    assert takes(parse_timeouts, text) == matches("idle_timeout", text)


@given(
    st.one_of(
        st.text("0123456789-:.TZ+W ", max_size=30),
        st.datetimes().map(str),
        st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
        st.decimals(-(10**9), 10**10, places=3).map(str),
    )
)
def test_the_form_of_a_time_has_all_that_its_option_reads(text):
    if takes(parse_time, text):
        assert matches("created", text)


@pytest.mark.parametrize("text", ["monday", "2024-1-1", "1e9", "2024-01-01Z08", "", "1,5"])
def test_the_form_of_a_time_refuses_what_is_none(text):
    assert not takes(parse_time, text)
    assert not matches("created", text)


@pytest.mark.parametrize("text", [*COMPRESSIONS, "lz4", "", "gzip,zstd"])
def test_the_form_of_a_choice_is_its_choices(text):
    assert matches("compression", text) == (text in COMPRESSIONS)


@pytest.mark.parametrize(
    "path",
    [
        "gs://lab/a.pcap",
        "gs://lab/x y/*.pcap",
        "gs://lab",
        "a.pcap",
        "/a",
        "-",
        "s3://lab/a",
        "gs://",
        "gs://A/b",
    ],
)
def test_the_form_of_a_path_is_what_dataflow_can_read(path):
    def parse(path):
        dataflow.check(on_dataflow(inputs=(path,)))

    assert takes(parse, path) == matches("inputs", path) == matches("output", path)


def test_the_launcher_passes_every_parameter():
    values = {
        "inputs": "gs://lab/a.pcap,gs://lab/b/*.pcap",
        "output": "gs://lab/out",
        "include": "TCP,UDP",
        "exclude": "UDP",
        "encoders": "gs://lab/own.py",
        "source_name": "tap 3, north",
        "created": "-1.5",
        "compression": "zstd",
        "buffer_size": "1M",
        "shards": "4",
        "framing_range": "16M",
        "settle": "600",
        "idle_timeout": "tcp=3600,udp=0.5",
        "active_timeout": "1800",
        "community_id_seed": "65535",
        "sdk_container_image": "reg/netbeam:1",
    }
    switches = {p["name"]: "true" for p in PARAMETERS if p["paramType"] == "BOOLEAN"}
    assert {*values, *switches} == set(BY_NAME)
    assert all(matches(name, value) for name, value in {**values, **switches}.items())
    launcher = ["--runner=DataflowRunner", "--project=lab-17", "--template_location=gs://lab/t/job_object"]
    given = template.arguments([*launcher, *(f"--{n}={v}" for n, v in {**values, **switches}.items())])
    args, beam = parsed(given)
    run = options_of(args, beam, ["TCP", "UDP"])
    assert run.inputs == ("gs://lab/a.pcap", "gs://lab/b/*.pcap")
    assert (run.output, run.types, run.encoders) == ("gs://lab/out", ("TCP",), "gs://lab/own.py")
    assert (run.source_name, run.created, run.compression) == ("tap 3, north", -1_500_000_000, "zstd")
    assert (run.buffer_bytes, run.shards, run.framing_range) == (1 << 20, 4, 16 << 20)
    assert (run.runner, run.settle) == ("dataflow", 600)
    assert run.flows == FlowSettings(
        3600 * SECOND, SECOND // 2, active=1800 * SECOND, per_file=True, seed=65_535
    )
    assert all(getattr(run, name) for name in switches if name != "per_file")
    assert run.beam == (*launcher[1:], "--sdk_container_image=reg/netbeam:1")


def test_a_switch_that_is_off_and_an_empty_parameter_are_not_passed():
    assert template.arguments(["--overwrite=false", "--include="]) == ["run", "--runner=dataflow"]


def parsed(arguments):
    """Read arguments of `netbeam` as its command line does."""
    from pipeline.cli import command_line
    from pipeline.passthrough import split

    parser, run_parser = command_line()
    own, beam = split(arguments[1:], run_parser)
    args = parser.parse_args(["run", *own])
    assert isinstance(args, argparse.Namespace)
    return args, beam


def test_the_launchers_main_runs_netbeam_with_its_parameters(bucket, service, monkeypatch, capsys):
    import runpy

    flags = ["--inputs=gs://lab/captures/*.pcap", "--output=gs://lab/out", *FLAGS]
    monkeypatch.setattr(sys, "argv", ["main.py", *flags])
    ended = []
    monkeypatch.setattr("os._exit", ended.append)
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / "runners" / "dataflow" / "main.py"), run_name="__main__")
    assert len(service.pipelines) == 1
