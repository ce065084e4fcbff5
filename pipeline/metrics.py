"""Metrics of a run in the text format of Prometheus, for the textfile collector of node_exporter."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.options import BadOption, Options
from transforms.sources import printable

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

FAILED, BAD_OPTION, FOUND_FAULTS = 1, 2, 3
SUFFIX = ".prom"
"""What the collector looks for: it passes other names over."""

LAST_SUCCESS = "netbeam_last_success_timestamp_seconds"
NEWEST_PACKET = "netbeam_newest_packet_timestamp_seconds"
METRICS = {
    "netbeam_exit_status": "The exit status of the last run: 0 well, 1 failed, 2 wrong option, 3 --strict.",
    "netbeam_last_run_timestamp_seconds": "When the last run ended, well or not.",
    LAST_SUCCESS: "When the last run that did not fail ended.",
    "netbeam_run_seconds": "How long the last run took.",
    NEWEST_PACKET: "The time of the newest packet that any run has read.",
    "netbeam_packets": "Packets of the last run, by result: decoded, unknown or errors.",
    "netbeam_truncated_packets": "Packets of the last run that the snap length has cut.",
    "netbeam_packet_bytes": "Bytes of the packets of the last run.",
    "netbeam_records": "Records that the last run wrote, by type.",
    "netbeam_record_bytes": "Their bytes before compression.",
    "netbeam_written_bytes": "Their bytes as written.",
    "netbeam_connections": "Connections of the last run, by state: SF, S0, REJ, ...",
    "netbeam_ended_connections": "Connections of the last run, by why they ended: end, idle, active or eof.",
    "netbeam_captures": "Captures by state: processed, done_before, copies, waiting or unreadable.",
    "netbeam_problems": "What was wrong with captures, or with the ledger.",
}
"""All metrics by name, with their descriptions. All have the label `output`: a machine may have several."""

KEPT = (LAST_SUCCESS, NEWEST_PACKET)
"""Those that stay as they were when a run has nothing to say of them."""


class Metrics:
    """Writes the metrics of one run to a file."""

    def __init__(self, options: Options) -> None:
        self._path = Path(options.metrics)
        self._output = printable(options.output)
        self._started = options.started

    def check(self) -> None:
        """Refuse a file that can't be written, or that the collector would pass over.

        Raises:
            BadOption: what is wrong with it.
        """
        folder = self._path.parent
        if self._path.suffix != SUFFIX:
            raise BadOption(f"--metrics {self._path}: its name must end in {SUFFIX}")
        if not folder.is_dir():
            raise BadOption(f"--metrics {self._path}: {folder} is no directory")
        if self._path.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise BadOption(f"--metrics {self._path}: no file can be written there")

    def take(self, status: int, summary: Mapping[str, Any] | None = None) -> int:
        """Write the metrics of a run that has ended; give its exit status, FAILED when that can't be done."""
        from prometheus_client import write_to_textfile

        values = {**self._earlier(), **run_values(status, time.time(), self._started)}
        if summary is not None:
            values |= summary_values(summary)
        try:
            write_to_textfile(str(self._path), self._registry(values))
        except OSError as error:
            print(
                f"netbeam: --metrics {self._path}: {(error.strerror or str(error)).lower()}", file=sys.stderr
            )
            return status or FAILED
        return status

    def _registry(self, values: Mapping[tuple[str, ...], float]) -> CollectorRegistry:
        """Give the library the values; a key is a metric's name, then a label's name and its value."""
        from prometheus_client import CollectorRegistry, Gauge

        registry = CollectorRegistry()
        gauges: dict[str, Gauge] = {}
        for (name, *label), value in values.items():
            if name not in gauges:
                gauges[name] = Gauge(name, METRICS[name], ["output", *label[:1]], registry=registry)
            gauges[name].labels(self._output, *label[1:]).set(value)
        return registry

    def _earlier(self) -> dict[tuple[str, ...], float]:
        """Give what the file says by now of KEPT; nothing when there is none, or it can't be read."""
        from prometheus_client.parser import text_string_to_metric_families

        with contextlib.suppress(OSError, ValueError):
            families = list(text_string_to_metric_families(self._path.read_text("utf-8")))
            return {
                (sample.name,): sample.value
                for family in families
                for sample in family.samples
                if sample.name in KEPT and sample.labels == {"output": self._output}
            }
        return {}


def run_values(status: int, ended: float, started: float) -> dict[tuple[str, ...], float]:
    """Give what is known of every run; times are Unix seconds."""
    values: dict[tuple[str, ...], float] = {
        ("netbeam_exit_status",): status,
        ("netbeam_last_run_timestamp_seconds",): ended,
        ("netbeam_run_seconds",): ended - started,
    }
    if status in (0, FOUND_FAULTS):
        values[LAST_SUCCESS,] = ended
    return values


def summary_values(summary: Mapping[str, Any]) -> dict[tuple[str, ...], float]:
    """Give what is known of a run that has a summary."""
    packets = summary["packets"]
    captures = summary.get("captures", {"processed": summary["inputs"]})
    values: dict[tuple[str, ...], float] = {
        ("netbeam_packets", "result", "decoded"): packets["decoded"],
        ("netbeam_packets", "result", "unknown"): sum(packets["unknown"].values()),
        ("netbeam_packets", "result", "errors"): sum(packets["errors"].values()),
        ("netbeam_truncated_packets",): packets["truncated"],
        ("netbeam_packet_bytes",): summary["bytes"],
        ("netbeam_problems",): len(summary["problems"]) + len(captures.get("ledger_problems", ())),
    }
    for type_, written in summary["records"].items():
        values["netbeam_records", "type", type_] = written["count"]
        values["netbeam_record_bytes", "type", type_] = written["raw_bytes"]
        values["netbeam_written_bytes", "type", type_] = written["bytes"]
    for state, count in summary["flows"]["states"].items():
        values["netbeam_connections", "state", state] = count
    for reason, count in summary["flows"]["ends"].items():
        values["netbeam_ended_connections", "reason", reason] = count
    for state in ("processed", "copies", "waiting", "unreadable"):
        values["netbeam_captures", "state", state] = len(captures.get(state, ()))
    values["netbeam_captures", "state", "done_before"] = captures.get("done_before", 0)
    if summary["last_time"] is not None:
        values[NEWEST_PACKET,] = summary["last_time"] / 1e9
    return values


class NoMetrics:
    """Stands in where none are asked for."""

    def take(self, status: int, summary: Mapping[str, Any] | None = None) -> int:
        """Give the exit status."""
        return status


@contextmanager
def measured(options: Options) -> Iterator[Metrics | NoMetrics]:
    """Give what takes the end of a run; a run that ends in an exception is taken here.

    Raises:
        BadOption: the file for the metrics can't be written.
    """
    if not options.metrics or options.dry_run:
        yield NoMetrics()
        return
    metrics = Metrics(options)
    metrics.check()
    try:
        yield metrics
    except Exception as error:
        metrics.take(BAD_OPTION if isinstance(error, BadOption) else FAILED)
        raise
