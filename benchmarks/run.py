"""`make bench`: measures whole runs and their parts, prints a table, writes benchmarks/results.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import kernel
from benchmarks.captures import big_capture, scan_capture
from benchmarks.end_to_end import BASE_TYPES, slope
from benchmarks.peers import peer_seconds
from netbeam.records import FLOW_RECORDS

FLOW_TYPES = ",".join(layer.name for layer in FLOW_RECORDS)
RESULTS = Path(__file__).parent / "results.json"


def processor() -> str:
    """Name the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines() if os.path.exists("/proc/cpuinfo") else ():  # noqa: PTH110
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def whole_runs(small: Path, large: Path, rounds: int) -> dict[str, Any]:
    """Measure `netbeam run` from outside."""
    questions = {
        "all record types": (),
        "all of packets": ("--exclude", FLOW_TYPES),
        "9 base types": ("--include", BASE_TYPES),
        "connections": ("--include", "Connection"),
        "connections, features": ("--include", "Connection,FlowFeatures"),
        "of packets, connections": ("--exclude", "Flow,FlowFeatures,Host,DeviceProfile,Service"),
        "of packets, zstd": ("--exclude", FLOW_TYPES, "--compression", "zstd"),
        "of packets, not compressed": ("--exclude", FLOW_TYPES, "--compression", "none"),
        "of packets, 1 worker": ("--exclude", FLOW_TYPES, "--workers", "1"),
    }
    measured = {name: vars(slope(small, large, flags, rounds)) for name, flags in questions.items()}
    scans = (scan_capture(flows) for flows in (500_000, 2_000_000))
    return {**measured, "connections, a scan": vars(slope(*scans, ("--include", "Connection"), rounds))}


def parts(large: Path) -> dict[str, Any]:
    """Measure the parts of the job on their own."""
    batches = kernel.some_batches(large)
    compression = {codec: kernel.compression_ns(batches, codec) for codec in ("gzip", "zstd")}
    return {
        "framing": kernel.framing_ns(large),
        "walk alone": kernel.kernel_ns(batches, []),
        "walk and all records": kernel.kernel_ns(batches),
        **{f"{codec} of all records": cost for codec, (cost, _) in compression.items()},
        "dpkt and protobuf": kernel.dpkt_ns(batches),
        "bytes a packet": {codec: size for codec, (_, size) in compression.items()},
        "record types": kernel.record_ns(batches),
    }


def show(results: dict[str, Any]) -> None:
    """Print the figures."""
    console = Console(width=110)
    console.print(f"{results['date']}, {results['machine']}")
    table = Table("whole run", "million packets/s", "fixed s", "CPU ns/packet", "peak MB", box=None)
    for name, run in results["whole runs"].items():
        small, large = run["megabytes"]
        table.add_row(
            name,
            f"{run['packets_per_second'] / 1e6:.2f}",
            f"{run['fixed_seconds']:.2f}",
            f"{run['processor_ns']:.0f}",
            f"{small:.0f} / {large:.0f}",
        )
    console.print(table)
    table = Table("part, one thread", "ns/packet", box=None)
    for name, value in results["parts"].items():
        if isinstance(value, float):
            table.add_row(name, f"{value:.0f}")
    console.print(table)
    table = Table("record type", "ns/record", "bytes", box=None)
    for name, (cost, size) in sorted(results["parts"]["record types"].items(), key=lambda item: -item[1][0]):
        table.add_row(name, f"{cost:.0f}", f"{size:.0f}")
    console.print(table)
    for name, seconds in results.get("peers", {}).items():
        console.print(f"{name}: {seconds:.1f} s for the small capture")


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each whole job (default 5)")
    parser.add_argument(
        "--sizes", default="256,1024", help="megabytes of the two captures (default 256,1024)"
    )
    parser.add_argument(
        "--peers", action="store_true", help="run other programs too, those that are installed"
    )
    arguments = parser.parse_args()
    small, large = (big_capture(int(size)) for size in arguments.sizes.split(","))
    results = {
        "date": date.today().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "captures": [path.name for path in (small, large)],
        "whole runs": whole_runs(small, large, arguments.rounds),
        "parts": parts(large),
    }
    if arguments.peers:
        results["peers"] = peer_seconds(small)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    show(results)


if __name__ == "__main__":
    main()
