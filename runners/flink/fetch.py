"""Fetches the jars: `make flink`. The job server comes by Maven, a standalone Flink from PyPI."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from pipeline.options import BadOption
from runners.flink.home import CLUSTER_PACKAGE, cluster_jars, java, job_server_jars

POM = Path(__file__).with_name("pom.xml")
CLUSTER_JARS = ("flink-dist", "log4j")
"""What a cluster needs of Flink's jars, by the beginnings of their names: all others are of its SQL."""


def fetch_job_server(folder: Path) -> None:
    """Copy the jars that pom.xml names, and those that they need, to a directory."""
    maven = shutil.which("mvn")
    if not maven:
        raise BadOption("no mvn in PATH; install Maven")
    command = [maven, "--batch-mode", "--quiet", "-f", str(POM), "dependency:copy-dependencies"]
    call([*command, f"-DoutputDirectory={folder}"])


def fetch_cluster(folder: Path) -> None:
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
                    files.extract(member, folder, filter="data")


def call(command: list[str]) -> None:
    """Run a command, whose own words say what went wrong if it fails."""
    if subprocess.run(command, check=False).returncode:
        raise BadOption(f"failed: {' '.join(command)}")


def fetch(folder: Path, into: Callable[[Path], None]) -> None:
    """Fill a directory, or leave it as it is if it was filled before; half a directory is never left."""
    if folder.is_dir():
        print(f"{folder}: there already")
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}-") as place:
        whole = Path(place, folder.name)
        whole.mkdir()
        into(whole)
        whole.rename(folder)
    size = sum(jar.stat().st_size for jar in folder.iterdir())
    print(f"{folder}: {sum(1 for _ in folder.iterdir())} jars, {size >> 20} MB")


def main() -> int:
    """Fetch what is not there; give the exit status."""
    try:
        java()
        fetch(job_server_jars(), fetch_job_server)
        fetch(cluster_jars(), fetch_cluster)
    except BadOption as error:
        print(f"make flink: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
