"""One sentence for whatever made a run fail, and an end at once when it is interrupted."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator

from transforms.local import PROGRESS
from transforms.remote import is_remote

_RAISED = re.compile(r"^(?:[\w.]+\.)?(\w+)(?:: (.*?))?(?: \[while running '(.*)'\])?$", re.MULTILINE)
_STEP = re.compile(r" \[while running '.*'\]$")
_INNER = re.compile(r"(?:[\w.]+\.)?([A-Z]\w+): (.*)")
_ERRNO = re.compile(r"\[Errno (\d+)\] ([^:]*)(?:: (.*))?")
SENTENCES = (
    "AccountError",
    "BadOption",
    "BeamIOError",
    "LostBlock",
    "LostInput",
    "MissingInput",
    "S3Failure",
    "StorageError",
    "Taken",
    "TakenName",
)
"""Exceptions whose message is a sentence for the user."""


def sentence(error: BaseException, output: str) -> str:
    """Say in one line what went wrong in a pipeline.

    A runner may give what was raised in a worker as text, with the traceback: its last line counts.
    """
    name, message = raised(error)
    if name in SENTENCES:
        return message
    if found := _ERRNO.match(message):
        code, text, path = int(found[1]), found[2].lower(), (found[3] or "").strip("'\"")
        if code in (errno.ENOSPC, errno.EDQUOT):
            place = path if path and is_remote(output) else output
            return f"cannot write to {place}: {text}; nothing was published"
        return f"{path}: {text}" if path else text
    if name in ("RuntimeError", "ValueError") and (name == type(error).__name__ or "encoder " in message):
        return message
    return f"internal error: {name}: {message} (--debug shows where)"


def raised(error: BaseException) -> tuple[str, str]:
    """Give the class name and the message of what was raised first."""
    name, message = type(error).__name__, _STEP.sub("", " ".join(str(error).split()))
    if isinstance(error, RuntimeError) and "Traceback" in str(error):
        lines = list(_RAISED.finditer(str(error)))
        last = next((line for line in reversed(lines) if line[3]), lines[-1])
        name, message = last[1], last[2] or ""
    if name == "RuntimeError" and (inner := _INNER.match(message)):
        return inner[1], inner[2]  # Beam's stand-in for an exception that it could not make anew
    return name, message


@contextlib.contextmanager
def ends_on_signals(clean_up: Callable[[], None]) -> Iterator[None]:
    """Make Ctrl-C and SIGTERM end the process at once, cleaned up, with status 128 + signal.

    Beam's worker threads can't be stopped in mid-bundle, so the process does not wait for them. While
    results are being given their names, which takes milliseconds, a first signal is ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may have handlers
        return
    # A thread of its own acts: Python runs handlers in the main thread, and if that goes to sleep between
    # the signal and the call of the handler, as it waits for Beam, it does not wake up.
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    threading.Thread(target=watch, args=(reader, clean_up), daemon=True, name="signals").start()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        os.close(writer)


def watch(reader: int, clean_up: Callable[[], None]) -> None:
    """End the process when the number of a signal can be read; return when there will be none."""
    ignored = 0
    while received := os.read(reader, 1):
        if PROGRESS.publishing and not ignored:
            ignored = received[0]
            continue
        restore = b"\r\x1b[K\x1b[?25h" if sys.stderr.isatty() else b""
        os.write(2, restore + b"netbeam: interrupted; nothing was published\n")
        with contextlib.suppress(OSError):  # the main thread may be cleaning up too
            clean_up()
        os._exit(128 + received[0])
    os.close(reader)
