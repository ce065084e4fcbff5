"""The progress bar: a thread that reads how far this process's DoFns are and draws it on a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from transforms.local import PROGRESS, Done

REDRAWS_PER_SECOND = 8


@dataclass
class Bar:
    """The bar of a run: where it asks how far the run is, and the bytes of all captures (0: unknown)."""

    total_bytes: int
    measure: Callable[[], Done] = PROGRESS.done


@contextmanager
def progress_bar(total_bytes: int, *, shown: bool) -> Iterator[Bar]:
    """Draw a bar on the terminal while the body runs; nothing when not `shown` or not on a terminal."""
    PROGRESS.clear()
    bar = Bar(total_bytes)
    if not shown or not sys.stderr.isatty():
        yield bar
        return
    done = threading.Event()
    drawer = threading.Thread(target=draw, args=(bar, done), daemon=True, name="progress")
    drawer.start()
    try:
        yield bar
    finally:
        done.set()
        drawer.join(1)


def draw(bar: Bar, done: threading.Event) -> None:
    """Redraw until `done`."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as shown:
        task = shown.add_task("starting", total=None, told="")
        began: dict[str, float] = {}
        while True:
            last = done.wait(1 / REDRAWS_PER_SECOND)
            phase = phase_of(bar, bar.measure())
            began.setdefault(phase.name, time.monotonic())
            shown.update(
                task,
                description=phase.name,
                total=phase.total,
                completed=phase.completed,
                told=phase.told(time.monotonic() - began[phase.name]),
                refresh=True,
            )
            if last:
                return


class Phase(NamedTuple):
    """What a run is at: how much of it is done (`total` None: nobody knows of how much), in packets too."""

    name: str
    total: int | None
    completed: int = 0
    packets: int = 0

    def told(self, seconds: float) -> str:
        """Say how far it is after so many seconds."""
        percent = f"{100 * self.completed / self.total:3.0f}%  " if self.total else ""
        rate = f"  {round(self.packets / max(seconds, 0.1)):,}/s" if self.completed else ""
        return f"{percent}{self.packets:,} packets{rate}"


def phase_of(bar: Bar, done: Done) -> Phase:
    """Tell what a run is at. On a cluster several phases overlap: then it is the last that has begun."""
    if not done.framed_bytes:
        return Phase("starting", None)
    if not done.decoded_bytes:
        return Phase("framing", total_of(bar, done), done.framed_bytes, done.framed_packets)
    if done.decoded_bytes < done.framed_bytes:
        return Phase("decoding", done.framed_bytes, done.decoded_bytes, done.decoded_packets)
    if done.replayed_packets < done.digested_packets:
        return Phase("flows", done.digested_packets, done.replayed_packets, done.replayed_packets)
    return Phase("writing", None, 0, done.decoded_packets)


def total_of(bar: Bar, so_far: Done) -> int | None:
    """Give the bytes to frame, None where the captures turn out greater (compressed ones do)."""
    return bar.total_bytes if bar.total_bytes >= so_far.framed_bytes > 0 else None
