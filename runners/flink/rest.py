"""Flink's REST interface, as far as netbeam asks it."""

from __future__ import annotations

import json
import math
import urllib.error
import urllib.request
from typing import Any

ENDED = ("FINISHED", "FAILED", "CANCELED")
"""States of a job that will not change any more."""


def ask(master: str, path: str, *, method: str = "GET", seconds: float = 10) -> Any:
    """Ask the JobManager at host:port; give the decoded answer.

    Raises:
        OSError: it does not answer, or refuses; the message says which.
    """
    request = urllib.request.Request(f"http://{master}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise OSError(f"{method} {path}: status {error.code}") from None
    except urllib.error.URLError as error:
        raise OSError(getattr(error.reason, "strerror", None) or str(error.reason)) from None
    except ValueError:
        raise OSError("the answer is not Flink's") from None


def has_jar(master: str, beginning: str) -> bool:
    """Tell whether the JobManager has a jar in its class path whose name begins so."""
    jars = ask(master, "/jobmanager/environment")["classpath"]
    return any(jar.rpartition("/")[2].startswith(beginning) for jar in jars)


def most_slots(master: str) -> float:
    """Give how many parallel parts a job may have: without limit where TaskManagers come on demand."""
    settings = {each["key"] for each in ask(master, "/jobmanager/config")}
    if settings & {"kubernetes.cluster-id", "yarn.application.id"}:
        return math.inf
    return ask(master, "/overview")["slots-total"]


def jobs_named(master: str, name: str) -> list[dict[str, Any]]:
    """Give what the JobManager says of the jobs of a name: jid, state, ..."""
    return [job for job in ask(master, "/jobs/overview")["jobs"] if job["name"] == name]


def cancel(master: str, name: str) -> None:
    """Cancel the jobs of a name that have not ended."""
    for job in jobs_named(master, name):
        if job["state"] not in ENDED:
            ask(master, f"/jobs/{job['jid']}", method="PATCH")


def subtasks(master: str, job: str, step: str) -> list[dict[str, Any]]:
    """Give what Flink says of the parallel parts of the vertices whose name holds a step's label."""
    vertices = ask(master, f"/jobs/{job}")["vertices"]
    return [
        part
        for vertex in vertices
        if step in vertex["name"]
        for part in ask(master, f"/jobs/{job}/vertices/{vertex['id']}")["subtasks"]
    ]
