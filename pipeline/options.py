"""The options of a run: one frozen dataclass, and how its values are read from text."""

from __future__ import annotations

import difflib
import os
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from uuid import uuid4

from netbeam.block import BUFFER_BYTES
from netbeam.chunk import CHUNK_BYTES, RANGE_BYTES
from netbeam.flows.settings import SECOND, FlowSettings
from transforms.sources import printable

COMPRESSIONS = ("gzip", "zstd", "none")
LARGEST_BUFFER = 64 << 20
"""Every worker may come to have a buffer of this size for each record type."""
MOST_SHARDS = 99_999
MOST_WORKERS = 256
SIZE = r"([0-9]+)([KMGkmg]?)([Ii]?[Bb])?"
NUMBER = r"[0-9]{1,9}"
TIMEOUT = r"[0-9]{1,9}(\.[0-9]{1,9})?"
IDLE = ("tcp", "udp", "icmp", "other")
SECONDS = r"-?[0-9]+(\.[0-9]{1,9})?"
TIME = SECONDS + r"|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+([Zz]|[+-][0-9:]+)?)?"


class BadOption(ValueError):
    """A value that can't be; the message is one sentence that names it and says what would be right."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything that a run depends on.

    `inputs` are as the user named them. `types` are the record types to write. `buffer_bytes` is the
    size at which a block is compressed; `created` (Unix ns) replaces the first packet's time in the
    files' headers; `started` (Unix s) is when the process began. In a remote `output`, temporary files
    of runs that wrote nothing for `leftover_days` are removed (None: of none). `runner` names a preset
    or one of Beam's runners; `beam` are options for Beam itself. Captures greater than `framing_range`
    bytes are framed in ranges of so many, if it isn't 0. `settle` is for how long (s) nobody may have
    written to a capture before an incremental run takes it, and `stage` where that writes its results
    first; `metrics` is the file for Prometheus. `flows` says what divides packets into connections.
    """

    inputs: tuple[str, ...]
    output: str
    types: tuple[str, ...] = ()
    compression: str = "gzip"
    buffer_bytes: int = BUFFER_BYTES
    shards: int = 0
    payload: bool = False
    entropy: bool = False
    flows: FlowSettings = field(default_factory=FlowSettings)
    encoders: str = ""
    source_name: str = ""
    created: int | None = None
    runner: str = "direct"
    framing_range: int = RANGE_BYTES
    flink_master: str = ""
    workers: int = field(default_factory=lambda: usual_workers())
    quiet: bool = False
    json: bool = False
    strict: bool = False
    overwrite: bool = False
    leftover_days: int | None = None
    incremental: bool = False
    stage: str = ""
    settle: int = 60
    metrics: str = ""
    dry_run: bool = False
    debug: bool = False
    beam: tuple[str, ...] = ()
    run: str = field(default_factory=lambda: uuid4().hex)
    started: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        """Refuse values that can't be."""
        if self.compression not in COMPRESSIONS:
            raise BadOption(f"--compression {self.compression}: must be one of {', '.join(COMPRESSIONS)}")
        within("--buffer-size", self.buffer_bytes, 1, LARGEST_BUFFER)
        within("--shards", self.shards, 0, MOST_SHARDS)
        within("--workers", self.workers, 1, MOST_WORKERS)
        within("--community-id-seed", self.flows.seed, 0, 65_535)
        if self.flink_master and preset_name(self.runner) != "flink":
            raise BadOption(f"--flink-master {self.flink_master}: goes with --runner flink")
        if self.framing_range % CHUNK_BYTES:
            raise BadOption(f"--framing-range {self.framing_range}: must be a multiple of 8M, or 0")

    @property
    def source(self) -> str:
        """The input as the files' headers name it."""
        return printable(self.source_name or ", ".join(self.inputs))

    @property
    def on_one_machine(self) -> bool:
        """Tell whether all workers are sure to share this machine's disk, as those of the local runner do."""
        return preset_name(self.runner) in ("direct", "fnapi")


def preset_name(runner: str) -> str:
    """Give a runner's name as presets know it: Beam takes names in any case, with or without "Runner"."""
    return runner.lower().removesuffix("runner")


def within(name: str, value: int, low: int, high: int) -> None:
    """Refuse a number outside `low` to `high`."""
    if not low <= value <= high:
        raise BadOption(f"{name} {value}: must be {low} to {high}")


def available_cores() -> int:
    """Give the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def usual_workers() -> int:
    """Give the number of workers when none is named: one a core."""
    return min(available_cores(), MOST_WORKERS)


def parse_size(text: str) -> int:
    """Read a number of bytes: 4096, 512K, 8M, 1G."""
    found = re.fullmatch(SIZE, text.strip())
    if not found:
        raise BadOption(f"{text}: not a size; sizes are like 4096, 512K or 8M")
    return int(found[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[found[2].upper()]


def parse_number(text: str) -> int:
    """Read a whole number."""
    if not re.fullmatch(NUMBER, text):
        raise BadOption(f"{text}: not a whole number")
    return int(text)


def parse_timeouts(text: str) -> dict[str, int]:
    """Read idle timeouts in seconds of packet time: tcp=300,udp=60; give nanoseconds by protocol."""
    timeouts = {}
    for part in split_names([text]):
        name, _, seconds = part.partition("=")
        if name not in IDLE or not re.fullmatch(TIMEOUT, seconds) or not float(seconds):
            raise BadOption(
                f"{part}: not a timeout; timeouts are like tcp=300 or udp=60, of {', '.join(IDLE)}"
            )
        timeouts[f"idle_{name}"] = int(Decimal(seconds) * SECOND)
    return timeouts


def parse_seconds(text: str) -> int:
    """Read a number of seconds; give nanoseconds."""
    if not re.fullmatch(TIMEOUT, text):
        raise BadOption(f"{text}: not a number of seconds; these are like 1800 or 0.5")
    return int(Decimal(text) * SECOND)


def parse_time(text: str) -> int:
    """Read a time as Unix nanoseconds: 2024-01-01T08:00:00Z, or Unix seconds with up to 9 decimals."""
    try:
        if not re.fullmatch(TIME, text):
            raise ValueError
        if re.fullmatch(SECONDS, text):
            nanoseconds = int(Decimal(text) * 1_000_000_000)
        else:
            moment = datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text))
            since = moment.replace(tzinfo=moment.tzinfo or timezone.utc) - datetime.fromtimestamp(
                0, timezone.utc
            )
            nanoseconds = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
    except (ValueError, InvalidOperation, OverflowError):
        raise BadOption(f"{text}: not a time; times are like 2024-01-01T08:00:00Z or 1704096000.25") from None
    if not -(1 << 63) <= nanoseconds < 1 << 63:
        raise BadOption(f"{text}: out of range; nanoseconds of it must fit in 64 bits")
    return nanoseconds


def split_names(lists: Iterable[str]) -> list[str]:
    """Read comma-separated names, given once or several times."""
    return [name.strip() for names in lists for name in names.split(",") if name.strip()]


def choose_types(include: Iterable[str], exclude: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    """Give the record types to write, in the order of `known`: all or those included, less the excluded."""
    included, excluded = split_names(include), split_names(exclude)
    for flag, names in (("--include", included), ("--exclude", excluded)):
        for name in names:
            if name not in known:
                raise BadOption(f"{flag} {name}: no such record type{did_you_mean(name, known)}")
    chosen = tuple(name for name in known if (not included or name in included) and name not in excluded)
    if not chosen:
        raise BadOption("--include and --exclude leave no record type to write")
    return chosen


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Give the end of a sentence about an unknown name: the nearest known one, or where to find them."""
    folded = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), folded, 1)
    return f"; did you mean {folded[near[0]]}?" if near else "; `netbeam types` lists them"
