"""Fetches the jars: `make flink`. The job server comes by Maven, a standalone Flink from PyPI."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.options import BadOption
from runners.flink.home import CLUSTER_PACKAGE, STAYS, home, java

POM = Path(__file__).with_name("pom.xml")
CLUSTER_JARS = ("flink-dist", "log4j")
"""What a cluster needs of Flink's jars, by the beginnings of their names: all others are of its SQL."""
BEAM_JARS = (
    "args4j", "beam-model", "beam-runners", "beam-sdks-java-core", "beam-sdks-java-harness", "beam-vendor",
    "byte-buddy", "checker-qual", "classgraph", "commons-", "jackson", "joda-time", "jsr305", "protobuf-java",
    "snappy",
)  # fmt: skip
"""What a cluster needs of the job server's jars: all others are Flink's own, or for Google's cloud."""


def fetch_beam(folder: Path) -> None:
    """Copy the jars that pom.xml names, and those that they need, to directories."""
    maven = shutil.which("mvn")
    if not maven:
        raise BadOption("no mvn in PATH; install Maven")
    command = [maven, "--batch-mode", "--quiet", "-f", str(POM), "dependency:copy-dependencies"]
    server, beam = folder / "job-server" / STAYS, folder / "beam"
    call([*command, f"-DoutputDirectory={server}"])
    (beam / STAYS).mkdir(parents=True)
    for jar in sorted(server.iterdir()):
        if jar.name.startswith(BEAM_JARS):
            (beam / STAYS / jar.name).hardlink_to(jar)
            jar.rename(beam / jar.name)


def fetch_flink(folder: Path) -> None:
    """Take the jars of a standalone Flink out of its source distribution."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        call([*command, "--no-binary=:all:", "--dest", place, CLUSTER_PACKAGE])
        (archive,) = Path(place).iterdir()
        with tarfile.open(archive) as files:
            for member in files:
                name = Path(member.name).name
                if "/deps/lib/" in member.name and name.startswith(CLUSTER_JARS):
                    member.name = name
                    files.extract(member, folder / "cluster", filter="data")


def call(command: list[str]) -> None:
    """Run a command, whose own words say what went wrong if it fails."""
    if subprocess.run(command, check=False).returncode:
        raise BadOption(f"failed: {' '.join(command)}")


def fetch(into: Callable[[Path], None], wanted: str, *names: str) -> None:
    """Make directories of home(), or leave them if what is `wanted` now is what they were made from."""
    stamp = home() / f"{names[0]}.from"
    if stamp.is_file() and stamp.read_text() == wanted:
        print(f"{', '.join(str(home() / name) for name in names)}: there already")
        return
    home().mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=home()) as place:
        into(Path(place))
        for name in names:
            shutil.rmtree(home() / name, ignore_errors=True)
            Path(place, name).rename(home() / name)
            jars = list((home() / name).rglob("*.jar"))
            print(f"{home() / name}: {len(jars)} jars, {sum(jar.stat().st_size for jar in jars) >> 20} MB")
    stamp.write_text(wanted)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch what is not there; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m runners.flink.fetch", description=__doc__)
    parser.add_argument("--job-server", action="store_true", help="no standalone Flink")
    given = parser.parse_args(arguments)
    try:
        java()
        fetch(fetch_beam, POM.read_text(), "beam", "job-server")
        if not given.job_server:
            fetch(fetch_flink, CLUSTER_PACKAGE, "cluster")
    except BadOption as error:
        print(f"make flink: {str(error).removeprefix('--runner flink: ')}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
