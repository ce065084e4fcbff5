"""A standalone Flink on this machine, for tests and for a trial: `python -m runners.flink.cluster`.

One JobManager, some TaskManagers and one Python worker pool, each a process of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.options import BadOption
from runners.flink import rest
from runners.flink.guard import kill, spawn, stop
from runners.flink.home import beam_jars, cluster_jars, java_command
from runners.flink.pool import PORT as POOL_PORT

REST_PORT = 8081
SECONDS_TO_START = 120
JOB_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
CONFIGURATION = """\
jobmanager.rpc.address: localhost
jobmanager.rpc.port: {rpc}
jobmanager.memory.process.size: 1024m
taskmanager.memory.process.size: 1536m
taskmanager.numberOfTaskSlots: {slots}
cluster.evenly-spread-out-slots: true
rest.address: localhost
rest.bind-address: localhost
rest.port: {rest}
heartbeat.interval: 1000
heartbeat.timeout: 10000
restart-strategy.type: exponential-delay
restart-strategy.exponential-delay.initial-backoff: 3 s
restart-strategy.exponential-delay.backoff-multiplier: 2
restart-strategy.exponential-delay.max-backoff: 30 s
restart-strategy.exponential-delay.attempts-before-reset-backoff: 4
io.tmp.dirs: {folder}
"""
"""Short heartbeats: a lost TaskManager is noticed within seconds. Beam gives batch jobs no restart strategy,
so the cluster has to; this one takes several tasks that fail at once for one failure."""
MEMORY = {
    "framework.heap.size": "128m",
    "task.heap.size": "384m",
    "framework.off-heap.size": "128m",
    "task.off-heap.size": "0",
    "managed.size": "256m",
    "network.min": "128m",
    "network.max": "128m",
    "jvm-metaspace.size": "256m",
    "jvm-overhead.min": "256m",
    "jvm-overhead.max": "256m",
}
"""How a TaskManager's process size is divided, which Flink's start scripts would compute."""


class Cluster:
    """The processes of a standalone Flink, by name: "jobmanager", "taskmanager-1", ..., "pool".

    `master` is the address for --flink-master, `pool` the one for --environment_config. Logs and all that
    is temporary lie in `folder`. Without `beam` the class path is Flink's alone, and jobs bring Beam.
    """

    def __init__(
        self, folder: Path, *, slots: int, beam: bool = True, rest_port: int = 0, pool_port: int = 0
    ) -> None:
        self._folder = folder
        self._jars = [cluster_jars(), beam_jars()] if beam else [cluster_jars()]
        self._pool_port = pool_port or free_port()
        rest_port = rest_port or free_port()
        self.master = f"localhost:{rest_port}"
        self.pool = f"localhost:{self._pool_port}"
        self.processes: dict[str, subprocess.Popen] = {}
        values = {"rpc": free_port(), "rest": rest_port, "slots": slots, "folder": folder}
        (folder / "flink-conf.yaml").write_text(CONFIGURATION.format(**values))

    def start_job_manager(self) -> None:
        """Start what gives out the work."""
        self._start("jobmanager", self._java("-Xmx700m", JOB_MANAGER))

    def start_task_manager(self, number: int) -> None:
        """Start what does the work."""
        sizes = [f"-Dtaskmanager.memory.{name}={size}" for name, size in MEMORY.items()]
        name = f"taskmanager-{number}"
        more = ("taskmanager.cpu.cores=1.0", "external-resources=none", f"taskmanager.resource-id={name}")
        self._start(name, [*self._java("-Xmx512m", TASK_MANAGER), *sizes, *(f"-D{each}" for each in more)])

    def start_pool(self) -> None:
        """Start the Python worker pool that all TaskManagers share."""
        self._start("pool", [sys.executable, "-m", "runners.flink.pool", f"--port={self._pool_port}"])

    def kill(self, name: str) -> None:
        """End a process, and what it has started, as a crash would."""
        kill(self.processes.pop(name))

    def log(self, name: str) -> str:
        """Give what a process wrote."""
        return (self._folder / f"{name}.log").read_text(errors="replace")

    def wait(self, task_managers: int) -> None:
        """Wait until so many TaskManagers are there.

        Raises:
            BadOption: a process has died, or they don't come.
        """
        until = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < until:
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise BadOption(f"{name} has ended: {self.log(name).strip().splitlines()[-1:]}")
            with contextlib.suppress(OSError):
                if rest.ask(self.master, "/overview")["taskmanagers"] == task_managers and answers(self.pool):
                    return
            time.sleep(0.2)
        raise BadOption(f"the cluster has not started within {SECONDS_TO_START} s: see {self._folder}")

    def stop(self) -> None:
        """End all processes."""
        for process in self.processes.values():
            stop(process)
        self.processes.clear()

    def _java(self, heap: str, main: str) -> list[str]:
        log = f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties')}"
        temporary = f"-Djava.io.tmpdir={self._folder}"
        return [*java_command(self._jars, heap, log, temporary), main, "--configDir", str(self._folder)]

    def _start(self, name: str, command: Sequence[str]) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self.processes[name] = spawn(command, output=log)


@contextmanager
def cluster(
    task_managers: int = 2, slots: int = 2, *, beam: bool = True, rest_port: int = 0, pool_port: int = 0
) -> Iterator[Cluster]:
    """Run a cluster for the length of the body; ports of 0 are chosen.

    Raises:
        BadOption: Java or the jars are missing, or it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="netbeam-cluster-", ignore_cleanup_errors=True) as folder:
        ports = {"rest_port": rest_port, "pool_port": pool_port}
        started = Cluster(Path(folder), slots=slots, beam=beam, **ports)
        try:
            started.start_job_manager()
            for number in range(task_managers):
                started.start_task_manager(number + 1)
            started.start_pool()
            started.wait(task_managers)
            yield started
        finally:
            started.stop()


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def answers(address: str) -> bool:
    """Tell whether somebody listens at host:port."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a cluster until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m runners.flink.cluster", description=__doc__)
    parser.add_argument("--task-managers", type=int, default=2, metavar="N", help="default: %(default)s")
    parser.add_argument("--slots", type=int, default=1, metavar="N", help="of each; default: %(default)s")
    parser.add_argument("--port", type=int, default=REST_PORT, help="default: %(default)s")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with cluster(given.task_managers, given.slots, rest_port=given.port, pool_port=POOL_PORT) as running:
            workers = given.task_managers * given.slots
            print(f"http://{running.master} is up; Ctrl-C ends it. In another terminal:")
            print(f"  netbeam run CAPTURE -o OUT --runner flink --flink-master {running.master}", end="")
            print(f" --workers {workers}")
            signal.pause()
    except BadOption as error:
        print(f"runners.flink.cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
