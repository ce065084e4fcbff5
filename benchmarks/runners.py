"""`make bench-runners`: the same job on each runner, and one capture in ranges that are framed at once.

Speed is the slope between one copy of a capture and several, so that what a runner costs to start does not
count in it; of the rounds the fastest counts, as a cluster's start takes a second more or less each time.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.captures import big_capture
from benchmarks.end_to_end import run_netbeam
from netbeam.chunk import CHUNK_BYTES
from runners.flink.cluster import cluster

RUNNERS = ("local", "embedded Flink", "Flink cluster, 2 TaskManagers")
RANGES = (1, 2, 4)


@contextmanager
def flags_of(runner: str) -> Iterator[Sequence[str]]:
    """Give the options that choose a runner, and keep the cluster up that one of them needs."""
    if runner == "local":
        yield ()
    elif runner == "embedded Flink":
        yield "--runner", "flink"
    else:
        with cluster(2, 1) as up:
            where = f"--environment_config={up.pool}"
            yield "--runner", "flink", "--flink-master", up.master, "--workers", "2", where


def copies(capture: Path, count: int, folder: Path) -> Path:
    """Give a directory in which a capture lies several times; on the disk it is there once."""
    place = folder / str(count)
    place.mkdir()
    for number in range(count):
        (place / f"{number}.pcap").hardlink_to(capture)
    return place


def compare_runners(capture: Path, count: int, rounds: int) -> Table:
    """Measure each runner, with one copy of a capture and with `count`."""
    table = Table("runner", "million packets/s", "fixed s", box=None)
    with tempfile.TemporaryDirectory(dir=capture.parent) as folder:
        inputs = [copies(capture, n, Path(folder)) for n in (1, count)]
        for runner in RUNNERS:
            with flags_of(runner) as flags:
                pairs = [[run_netbeam(each, flags) for each in inputs] for _ in range(rounds)]
            one, several = (min(run.seconds for run in runs) for runs in zip(*pairs, strict=True))
            per_packet = (several - one) / (pairs[0][1].packets - pairs[0][0].packets)
            fixed = one - per_packet * pairs[0][0].packets
            table.add_row(runner, f"{1e-6 / per_packet:.2f}", f"{fixed:.1f}")
    return table


def compare_ranges(capture: Path, rounds: int) -> Table:
    """Measure whole runs of one capture on the local runner, cut into ranges for framing."""
    size = capture.stat().st_size
    table = Table("ranges of one file", "million packets/s", "s", box=None)
    for ranges in RANGES:
        chunks = -(-size // (ranges * CHUNK_BYTES))
        flags = "--framing-range", str(0 if ranges == 1 else chunks * CHUNK_BYTES)
        runs = [run_netbeam(capture, flags) for _ in range(rounds)]
        seconds = min(run.seconds for run in runs)
        table.add_row(str(ranges), f"{runs[0].packets / seconds / 1e6:.2f}", f"{seconds:.2f}")
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each job (default 3)")
    parser.add_argument("--size", type=int, default=1024, help="megabytes of the capture (default 1024)")
    parser.add_argument("--copies", type=int, default=5, help="copies for the slope (default 5)")
    given = parser.parse_args()
    capture = big_capture(given.size).resolve()
    console = Console(width=110)
    console.print(f"{platform.machine()}, {os.cpu_count()} cores, {capture.name}")
    console.print(compare_runners(capture, given.copies, given.rounds))
    console.print(compare_ranges(capture, given.rounds))


if __name__ == "__main__":
    main()
