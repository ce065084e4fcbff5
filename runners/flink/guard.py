"""Child processes that never outlive their parent, however it ends, kill -9 too.

The parent holds a pipe to this module, run as a program, which runs the command in a session of their own
and ends all of it when the pipe closes. It imports little, so that it starts in no time.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from runners.flink import rest

ROOT = str(Path(__file__).parents[2])
"""Where our packages lie."""
SECONDS_TO_CANCEL = 30
SECONDS_TO_STOP = 5


def spawn(
    command: Sequence[str],
    *,
    job: tuple[str, str] = ("", ""),
    output: IO[Any] | int = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen:
    """Start a command under a guard; give the guard, whose process group the command is in.

    `job` is a cluster's host:port and the name of a job there that is to end with the command; `output`
    takes what the command writes, errors too. Our packages can be imported in it.
    """
    path = os.pathsep.join(filter(None, (ROOT, os.environ.get("PYTHONPATH", ""))))
    return subprocess.Popen(
        [sys.executable, "-m", "runners.flink.guard", *job, *command],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": path, **(environment or {})},
        start_new_session=True,
    )


def stop(guard: subprocess.Popen) -> None:
    """End a guarded command and wait for it."""
    assert guard.stdin
    guard.stdin.close()
    try:
        guard.wait(SECONDS_TO_CANCEL + 2 * SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        kill(guard)


def kill(guard: subprocess.Popen) -> None:
    """End a guarded command, and what it has started, as a crash would."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(guard.pid, signal.SIGKILL)
    guard.wait()


@contextmanager
def guarded(command: Sequence[str], **more: Any) -> Iterator[subprocess.Popen]:
    """Run a command for the length of the body; `more` is as in spawn."""
    guard = spawn(command, **more)
    try:
        yield guard
    finally:
        stop(guard)


def main(arguments: list[str]) -> int:
    """Run the command that follows a cluster's address and a job's name."""
    master, job, *command = arguments
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # the pipe's end is what counts; the child has the default
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=end_with_input, args=(child, master, job), daemon=True).start()
    status = child.wait()
    stop_job(master, job)
    os.killpg(0, signal.SIGTERM)  # what the child has started goes too
    return status


def end_with_input(child: subprocess.Popen, master: str, job: str) -> None:
    """Wait for the end of our input, then stop the job and all processes."""
    while os.read(0, 1024):
        pass
    stop_job(master, job)
    os.killpg(0, signal.SIGTERM)
    try:
        child.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        os.killpg(0, signal.SIGKILL)


def stop_job(master: str, job: str) -> None:
    """Cancel a job, if there is one, and wait until it has ended."""
    until = time.monotonic() + SECONDS_TO_CANCEL
    with contextlib.suppress(OSError):
        if master:
            rest.cancel(master, job)
        while master and time.monotonic() < until:
            if all(each["state"] in rest.ENDED for each in rest.jobs_named(master, job)):
                return
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
