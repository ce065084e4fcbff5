"""The table at the end of a run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
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
    lines = capture_sentences(summary["captures"]) if "captures" in summary else []
    if lines and not summary["inputs"]:
        return lines
    lines += [f"{packets['read']:,} packets read, {packets['decoded']:,} decoded"]
    lines += [
        f"{sum(packets[kind].values()):,} {kind} (in {kind}.pcapng): {most_frequent(packets[kind])}"
        for kind in ("unknown", "errors")
        if packets[kind]
    ]
    if packets["truncated"]:
        lines.append(f"{packets['truncated']:,} truncated by the snap length")
    if states := summary["flows"]["states"]:
        flows = summary["flows"]
        lines.append(
            f"{sum(states.values()):,} connections of {flows['packets']:,} packets: {most_frequent(states)}"
        )
        lines.append(f"they ended by: {most_frequent(flows['ends'])}")
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


def capture_sentences(captures: Mapping[str, Any]) -> list[str]:
    """Give in words what an incremental run found: captures that are new, done, waiting or not readable."""
    new, before, renamed = len(captures["processed"]), captures["done_before"], captures["renamed"]
    found = new + before + sum(len(captures[kind]) for kind in ("copies", "waiting", "unreadable"))
    captured = "1 capture" if found == 1 else f"{found:,} captures"
    lines = [f"{new:,} new of {captured}" if new else f"nothing new: {captured} found"]
    lines[0] += f", {before:,} done before" if before else ""
    lines += shortened(f"done before: {name} is {other}" for name, other in renamed.items())
    lines += shortened(
        f"once only: {name} has the bytes of {other}" for name, other in captures["copies"].items()
    )
    lines += shortened(f"has grown: {name}: {why}" for name, why in captures["grown"].items())
    lines += shortened(f"waits: {name}: {why}" for name, why in captures["waiting"].items())
    lines += shortened(
        f"problem: {name}: {why}; the next run tries again" for name, why in captures["unreadable"].items()
    )
    lines += shortened(f"problem: {problem}" for problem in captures["ledger_problems"])
    if new and not before and captures["other_plans"]:
        others = ", ".join(f"run={plan}-*" for plan in captures["other_plans"])
        lines.append(f"a new plan, {captures['plan']}: all is processed anew; {others} stay as they are")
    return lines


def shortened(lines: Iterable[str]) -> list[str]:
    """Give the first of some lines, and how many more there are."""
    all_ = list(lines)
    more = [f"and {len(all_) - MOST_SHOWN:,} more like that"] if len(all_) > MOST_SHOWN else []
    return all_[:MOST_SHOWN] + more


def most_frequent(reasons: Mapping[str, int]) -> str:
    """Give the most frequent reasons with their counts."""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{count:,} {reason}" for reason, count in ordered[:MOST_SHOWN])
    left = len(ordered) - MOST_SHOWN
    return f"{shown}, and {left:,} more kinds" if left > 0 else shown
