"""The progress bar: a thread that reads how far this process's DoFns are and draws it on a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

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
        TextColumn("{task.percentage:>3.0f}%  {task.fields[packets]:,} packets  {task.fields[rate]:,}/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as shown:
        task = shown.add_task("starting", total=None, packets=0, rate=0)
        began = None
        while True:
            last = done.wait(1 / REDRAWS_PER_SECOND)
            so_far = bar.measure()
            decoding = so_far.decoded_bytes > 0
            began = began or (time.monotonic() if so_far.framed_bytes else None)
            packets = so_far.decoded_packets if decoding else so_far.framed_packets
            shown.update(
                task,
                description="decoding" if decoding else "framing" if began else "starting",
                total=so_far.framed_bytes if decoding else total_of(bar, so_far),
                completed=so_far.decoded_bytes if decoding else so_far.framed_bytes,
                packets=packets,
                rate=round(packets / max(time.monotonic() - began, 0.1)) if began else 0,
                refresh=True,
            )
            if last:
                return


def total_of(bar: Bar, so_far: Done) -> int | None:
    """Give the bytes to frame, None where the captures turn out greater (compressed ones do)."""
    return bar.total_bytes if bar.total_bytes >= so_far.framed_bytes > 0 else None
