"""The table at the end of a run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


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
    if summary["records"]:
        console.print(table)
        console.print()
    for line in sentences(summary, output):
        console.print(line, markup=False, soft_wrap=True)


def sentences(summary: Mapping[str, Any], output: str) -> list[str]:
    """Give the account of a run in words."""
    packets = summary["packets"]
    lines = [f"{packets['read']:,} packets read, {packets['decoded']:,} decoded"]
    for kind, file in (("unknown", "unknown.pcapng"), ("errors", "errors.pcapng")):
        if reasons := packets[kind]:
            counts = ", ".join(
                f"{count:,} {reason}" for reason, count in sorted(reasons.items(), key=lambda item: -item[1])
            )
            lines.append(f"{sum(reasons.values()):,} {kind} (in {file}): {counts}")
    if packets["truncated"]:
        lines.append(f"{packets['truncated']:,} truncated by the snap length")
    lines += [
        f"problem: {name}: {fault}"
        for name, given in summary["inputs"].items()
        for fault in given["problems"]
    ]
    rate = summary["packets_per_second"]
    lines.append(
        f"{summary['elapsed_seconds']:.2f} s, {rate:,} packets/s"
        if rate
        else f"{summary['elapsed_seconds']:.2f} s"
    )
    lines.append(f"results in {output}")
    return lines
