"""The progress bar: a thread that reads how far this process's DoFns are and draws it on a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from transforms.local import PROGRESS

REDRAWS_PER_SECOND = 8


@contextmanager
def progress_bar(*, shown: bool) -> Iterator[None]:
    """Draw a bar on the terminal while the body runs; nothing when not `shown` or not on a terminal."""
    PROGRESS.clear()
    if not shown or not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    drawer = threading.Thread(target=draw, args=(done,), daemon=True, name="progress")
    drawer.start()
    try:
        yield
    finally:
        done.set()
        drawer.join(1)


def draw(done: threading.Event) -> None:
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
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task("starting", total=None, packets=0, rate=0)
        began = None
        while True:
            last = done.wait(1 / REDRAWS_PER_SECOND)
            decoding = PROGRESS.decoded_bytes > 0
            began = began or (time.monotonic() if PROGRESS.framed_bytes else None)
            packets = PROGRESS.decoded_packets if decoding else PROGRESS.framed_packets
            bar.update(
                task,
                description="decoding" if decoding else "framing" if began else "starting",
                total=PROGRESS.framed_bytes if decoding else None,
                completed=PROGRESS.decoded_bytes,
                packets=packets,
                rate=round(packets / max(time.monotonic() - began, 0.1)) if began else 0,
                refresh=True,
            )
            if last:
                return
