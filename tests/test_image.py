"""The image, as far as it goes without docker: its sources and pins, its wheel in a clean environment."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchmarks.traffic import write_capture

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
IGNORED = ("__pycache__", "*.so", "*.c")


def instructions(name):
    """Give the arguments of the Dockerfile's instructions of a name, in order."""
    return [line.split()[1:] for line in DOCKERFILE if line.startswith(f"{name} ")]


def pins():
    """Give the defaults of the Dockerfile's arguments."""
    return dict(words[0].split("=") for words in instructions("ARG") if "=" in words[0])


def sources():
    """Give what is copied from the repository into the builder."""
    return [source for *given, _ in instructions("COPY") if "--from" not in given[0] for source in given]


def test_all_that_is_copied_is_there_and_is_not_ignored():
    kept = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert set(sources()) >= set(kept)
    for source in sources():
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in kept, source


def test_generated_files_of_a_checkout_do_not_reach_the_builder():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    assert {f"**/{pattern}" for pattern in IGNORED} <= set(ignored)


def test_the_pins_are_those_of_pyproject():
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    beams = set(re.findall(r'"apache-beam(?:\[\w+\])?==([\d.]+)\*"', project))
    assert len(beams) == 1
    assert re.fullmatch(re.escape(beams.pop()) + r"\d+", pins()["BEAM_VERSION"])
    oldest = re.search(r'requires-python = ">=(\d+)\.(\d+)"', project)
    assert tuple(map(int, pins()["PYTHON_VERSION"].split("."))) >= tuple(map(int, oldest.groups()))


def test_worker_launcher_and_builder_have_one_version_of_python_and_of_beam():
    images = [words[0] for words in instructions("FROM")]
    assert images == [
        "apache/beam_python${PYTHON_VERSION}_sdk:${BEAM_VERSION}",
        "gcr.io/dataflow-templates-base/python311-template-launcher-base:${LAUNCHER_TAG}",
        "python:${PYTHON_VERSION}-slim-bookworm",
        "python:${PYTHON_VERSION}-slim-bookworm",
    ]
    installs = next(line for line in DOCKERFILE if "pip install" in line)
    assert '"apache-beam==${BEAM_VERSION}"' in installs
    assert "pip check" in installs


def test_the_image_starts_as_a_worker_and_finds_its_launcher_and_main():
    copied = {words[-2]: words[-1] for words in instructions("COPY") if len(words) > 1}
    assert instructions("ENTRYPOINT") == [['["/opt/apache/beam/boot"]']]
    assert copied["/opt/apache/beam"] == "/opt/apache/beam"
    assert copied["/opt/google/dataflow/python_template_launcher"] == "/opt/google/dataflow/"
    main = copied["runners/dataflow/main.py"]
    assert instructions("ENV") == [[f"FLEX_TEMPLATE_PYTHON_PY_FILE={main}"]]


def run(*command, where, **environment):
    """Run a command outside of the repository; give what it prints."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NETBEAM"))}
    done = subprocess.run(command, cwd=where, env=clean | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel, built as in the image from what is copied there and nothing else."""
    builder = tmp_path_factory.mktemp("builder")
    for source in sources():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, builder / source, ignore=shutil.ignore_patterns(*IGNORED))
        elif "/" not in source:
            shutil.copy(ROOT / source, builder / source)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", "wheels", ".", where=builder)
    (made,) = (builder / "wheels").glob("netbeam-*.whl")
    return made


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """A new environment with the wheel alone, as in the image; gives its folder of programs."""
    home = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", "env", where=home)
    programs = home / "env" / "bin"
    beam = f"apache-beam=={pins()['BEAM_VERSION']}"
    run(programs / "pip", "install", "-q", f"{wheel}[gcp]", beam, where=home)
    run(programs / "pip", "check", where=home)
    return programs


@pytest.mark.slow
def test_the_wheel_holds_all_that_runs_compiled_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    folders = ("netbeam", "transforms", "pipeline", "runners")
    modules = {str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*.py")}
    assert modules <= set(names)
    kernel = {path.stem for path in (ROOT / "netbeam" / "kernel").glob("*.pxd")}
    compiled = {Path(name).name.partition(".")[0] for name in names if name.endswith(".so")}
    assert kernel <= compiled
    data = {"netbeam/formats/netcap_v0.16.tsv", "runners/dataflow/metadata.json"}
    assert data <= set(names)
    others = {name.split("/")[0] for name in names} - {*folders}
    assert [name for name in others if not fnmatch.fnmatch(name, "netbeam-*.dist-info")] == []
    assert not [name for name in names if "test" in name or name.endswith((".c", ".pxd"))]


@pytest.mark.slow
def test_the_wheel_alone_decodes_as_the_checkout_does(installed, tmp_path):
    write_capture(tmp_path / "office.pcap", 20_000)
    for program, out in ((installed / "python", "clean"), (sys.executable, "checkout")):
        module = ("-m", "pipeline.cli", "run", tmp_path / "office.pcap", "-o", tmp_path / out, "--quiet")
        run(program, *module, where=tmp_path if out == "clean" else ROOT)
    summary = json.loads((tmp_path / "clean" / "summary.json").read_text())
    assert (summary["packets"]["decoded"], summary["machine"]["kernel"]) == (20_000, "compiled")
    assert files(tmp_path / "clean") == files(tmp_path / "checkout") != {}


def files(folder):
    """Give the contents of a run's record files."""
    return {path.name: path.read_bytes() for path in folder.glob("*.ncap.gz")}


@pytest.mark.slow
def test_the_installed_launcher_refuses_in_one_line(installed, tmp_path):
    shutil.copy(ROOT / "runners" / "dataflow" / "main.py", tmp_path / "main.py")
    flags = ["--runner=DataflowRunner", "--project=lab-17", "--region=europe-west4"]
    given = ["--inputs=here.pcap", "--output=gs://lab/out", *flags]
    done = subprocess.run(
        [installed / "python", tmp_path / "main.py", *given], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == "netbeam: here.pcap: Dataflow's workers see Cloud Storage only: gs://bucket/...\n"


@pytest.mark.slow
def test_the_metadata_in_the_wheel_is_that_of_its_options(installed, tmp_path):
    run(installed / "python", "-m", "runners.dataflow.template", "--check", where=tmp_path)
