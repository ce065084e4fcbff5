"""Where Java and Flink's jars are: `make flink` puts the jars there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from pipeline.options import BadOption

FLINK_VERSION = "1.19"
"""The one that Beam is told; pom.xml and CLUSTER_PACKAGE are of the same."""
CLUSTER_PACKAGE = "apache-flink-libraries==1.19.3"
STAYS = "gradle/wrapper"
"""Beam's job server uploads its whole class path with each job, save jars below a directory of this name."""
OPENED = ("util", "lang", "nio", "time")
"""Packages under java.base that Flink's serializers look into, which Java 17 allows only on request."""


def home() -> Path:
    """Give the directory of the jars: NETBEAM_FLINK_HOME, or .flink beside the packages."""
    chosen = os.environ.get("NETBEAM_FLINK_HOME", "")
    return Path(chosen).absolute() if chosen else Path(__file__).parents[2] / ".flink"


def beam_jars() -> Path:
    """Give the directory of what a cluster needs of Beam, in its own class path or with each job."""
    return home() / "beam"


def job_server_jars() -> Path:
    """Give the directory of all else that Beam's job server needs, an embedded Flink among it."""
    return home() / "job-server" / STAYS


def cluster_jars() -> Path:
    """Give the directory of a standalone Flink."""
    return home() / "cluster"


def java() -> str:
    """Give the path of Java's launcher.

    Raises:
        BadOption: there is none.
    """
    under = os.environ.get("JAVA_HOME", "")
    found = shutil.which("java", path=f"{under}/bin") if under else shutil.which("java")
    if not found:
        where = f"JAVA_HOME ({under})" if under else "PATH"
        raise BadOption(f"--runner flink: no java in {where}; install Java 17 or 11")
    return found


def java_command(jars: Sequence[Path], *flags: str) -> list[str]:
    """Give the command that starts Java on directories of jars; a class and its arguments follow.

    Raises:
        BadOption: Java or the jars are not there.
    """
    launcher = java()
    for folder in jars:
        if not any(folder.glob("*.jar")):
            raise BadOption(f"--runner flink: no jars in {folder}; `make flink` fetches them")
    opens = [f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in OPENED]
    return [launcher, *opens, *flags, "-cp", os.pathsep.join(f"{folder}/*" for folder in jars)]
