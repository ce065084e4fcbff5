"""Whole runs of `netbeam run`, from outside: speed by the slope between two captures, fixed cost, memory."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BASE_TYPES = "Ethernet,ARP,IPv4,IPv6,TCP,UDP,ICMPv4,ICMPv6,DNS"


@dataclass(frozen=True)
class Run:
    """One run: seconds from start to end, processor seconds, greatest resident MB (mapped pages included)."""

    seconds: float
    processor: float
    megabytes: float
    packets: int


def run_netbeam(capture: Path, flags: Sequence[str] = ()) -> Run:
    """Run the main job once, as a user does; the local runner has no other process."""
    out = tempfile.mkdtemp(prefix="netbeam-bench-")
    command = [
        str(Path(sys.executable).parent / "netbeam"),
        "run",
        str(capture),
        "-o",
        out,
        "--overwrite",
        "--quiet",
    ]
    start = time.perf_counter()
    child = os.posix_spawn(command[0], [*command, *flags], dict(os.environ))
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"benchmark: {' '.join(command)} ended with status {status}")
    summary = json.loads((Path(out) / "summary.json").read_text())
    shutil.rmtree(out)
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, summary["packets"]["read"])


@dataclass(frozen=True)
class Slope:
    """What two captures tell: packets/s of what one has more, the cost at no packets, memory of both."""

    packets_per_second: float
    fixed_seconds: float
    processor_ns: float
    megabytes: tuple[float, float]


def slope(small: Path, large: Path, flags: Sequence[str] = (), rounds: int = 5) -> Slope:
    """Run both captures in turn, and take the medians over the rounds."""
    run_netbeam(small, flags)
    pairs = [(run_netbeam(small, flags), run_netbeam(large, flags)) for _ in range(rounds)]
    a, b = pairs[0]
    extra = b.packets - a.packets
    seconds = [statistics.median(run[i].seconds for run in pairs) for i in (0, 1)]
    processor = [statistics.median(run[i].processor for run in pairs) for i in (0, 1)]
    per_packet = (seconds[1] - seconds[0]) / extra
    return Slope(
        packets_per_second=1 / per_packet,
        fixed_seconds=seconds[0] - per_packet * a.packets,
        processor_ns=(processor[1] - processor[0]) / extra * 1e9,
        megabytes=(max(run[0].megabytes for run in pairs), max(run[1].megabytes for run in pairs)),
    )
