"""The table at the end of a run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

MOST_SHOWN = 8
"""Reasons, and problems, that the report shows; summary.json has all."""


def report(summary: Mapping[str, Any], output: str) -> None:
    """Print what a run read and wrote."""
    from rich.console import Console
    from rich.table import Table

    console = Console(file=sys.stdout, highlight=False)
    table = Table("type", *(), box=None, pad_edge=False)
    for heading in ("records", "bytes", "compressed", "ratio"):
        table.add_column(heading, justify="right")
    for name, written in summary["records"].items():
        raw, packed = written["raw_bytes"], written["bytes"]
        table.add_row(
            name, f"{written['count']:,}", f"{raw:,}", f"{packed:,}", f"{raw / packed:.1f}" if packed else ""
        )
    with console.capture() as printed:  # rich itself would end the process when nobody reads
        if summary["records"]:
            console.print(table)
            console.print()
        for line in sentences(summary, output):
            console.print(line, markup=False, soft_wrap=True)
    print(printed.get(), end="", flush=True)


def sentences(summary: Mapping[str, Any], output: str) -> list[str]:
    """Give the account of a run in words."""
    packets = summary["packets"]
    lines = [f"{packets['read']:,} packets read, {packets['decoded']:,} decoded"]
    lines += [
        f"{sum(packets[kind].values()):,} {kind} (in {kind}.pcapng): {most_frequent(packets[kind])}"
        for kind in ("unknown", "errors")
        if packets[kind]
    ]
    if packets["truncated"]:
        lines.append(f"{packets['truncated']:,} truncated by the snap length")
    problems = [
        f"problem: {name}: {problem}"
        for name, given in summary["inputs"].items()
        for problem in given["problems"]
    ]
    lines += problems[:MOST_SHOWN]
    if (left := len(problems) - MOST_SHOWN) > 0:
        lines.append(f"and {left:,} more problems, in summary.json")
    rate = summary["packets_per_second"]
    lines.append(f"{summary['elapsed_seconds']:.2f} s" + (f", {rate:,} packets/s" if rate else ""))
    if summary["machine"]["kernel"] == "interpreted":
        lines.append(
            "interpreted kernel, some fifty times slower: `make setup` with a C compiler compiles it"
        )
    return [*lines, f"results in {output}"]


def most_frequent(reasons: Mapping[str, int]) -> str:
    """Give the most frequent reasons with their counts."""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{count:,} {reason}" for reason, count in ordered[:MOST_SHOWN])
    left = len(ordered) - MOST_SHOWN
    return f"{shown}, and {left:,} more kinds" if left > 0 else shown
