"""The captures of an incremental run: which are new, which are done, and which wait."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from netbeam.examine import examine
from netbeam.ledger import Capture, Ledger, write
from netbeam.publish import TEMPORARY
from netbeam.storage import Storage
from transforms.remote import is_remote
from transforms.sources import Source, open_remote, printable
from transforms.stamps import Stamp, stamp_of

LONGEST_WAIT = 24 * 60 * 60
"""Seconds that a capture that isn't whole waits from its last write on; then nobody is writing to it."""

STAMPS = ".netbeam-stamps.json"
"""The file in the output that spares reading what was read before; without it all is read once more."""


class Look(NamedTuple):
    """What was seen of a capture: its SHA-256, or why it waits, or what keeps it from being read.

    `read` tells that it was read, not known by its `stamp`; `sure`, that the stamp will be enough the next
    time; `grown` is what the ledger has of its first bytes, under the same name.
    """

    source: Source
    stamp: Stamp | None = None
    sha256: str = ""
    waits: str = ""
    fault: str = ""
    read: bool = False
    sure: bool = False
    grown: Capture | None = None


@dataclass
class Found:
    """The captures that were found, sorted out by the ledger: those to be processed, and the others by name.

    `renamed` and `copies` give where the same content was or is processed, `grown` where a part of it was;
    `waiting` and `unreadable` say why.
    """

    new: list[Look] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    grown: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Survey:
    """How captures are looked at.

    `stamps` give the stamp of captures that were read before, followed by the SHA-256, by path; `done`
    the captures of the ledger by name; `settle` is in seconds; `spill` is a directory for pieces of
    compressed captures; `now` is in Unix seconds.
    """

    stamps: Mapping[str, list[Any]]
    done: Mapping[str, Sequence[Capture]]
    settle: float
    spill: str
    now: float = field(default_factory=time.time)

    def look_at_all(self, sources: Sequence[Source], workers: int) -> list[Look]:
        """Look at captures, so many at once."""
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(self.look_at, sources))

    def look_at(self, source: Source) -> Look:
        """Look at one capture: read it through, unless its stamp says that it was read before."""
        try:
            stamp = stamp_of(source.path)
            *known, sha256 = self.stamps.get(key_of(source.path)) or [""]
            if known == list(stamp):
                return Look(source, stamp, sha256, sure=True)
            age = self.now - stamp.written / 1e9
            if stamp.written and age < self.settle:
                return Look(source, stamp, waits=self.when(age))
            earlier = {
                each.bytes: each for each in self.done.get(source.name, ()) if each.bytes < stamp.bytes
            }
            examined = examine(source.path, open_remote, self.spill, earlier)
            if stamp_of(source.path) != stamp:
                return Look(source, stamp, waits="was written to while it was read")
        except OSError as error:
            if is_remote(source.path):
                raise
            return Look(source, fault=f"cannot be read: {(error.strerror or str(error)).lower()}")
        if not examined.sha256:
            return Look(source, stamp, fault=examined.problems[0])
        if examined.problems and stamp.written and age < LONGEST_WAIT:
            return Look(source, stamp, waits=f"is not whole: {examined.problems[0]}")
        starts = [each for size, each in earlier.items() if examined.starts.get(size) == each.sha256]
        sure, grown = stamp.sure(self.now), starts[-1] if starts else None
        return Look(source, stamp, examined.sha256, read=True, sure=sure, grown=grown)

    def when(self, age: float) -> str:
        """Say how long ago (s) a capture was written to."""
        if age < 0:
            return f"was written to {-age:.0f} s after now, by its time: is a clock wrong?"
        return f"was written to {age:.0f} s ago, and --settle is {self.settle:g}"


def key_of(path: str) -> str:
    """Give a path as stamps name it."""
    return path if is_remote(path) else printable(os.path.abspath(path))  # noqa: PTH100 - of a string, fast


def sort_out(looks: Sequence[Look], ledger: Ledger) -> Found:
    """Tell new captures from those that are done, are there twice, wait or can't be read."""
    found = Found()
    names: dict[str, str] = {}
    for look in looks:
        name = look.source.name
        if look.waits or look.fault:
            (found.waiting if look.waits else found.unreadable)[name] = look.waits or look.fault
        elif look.sha256 in ledger.done:
            run, earlier = ledger.done[look.sha256]
            found.before.append(name)
            if look.read and earlier.name != name:  # else an earlier run has said so
                found.renamed[name] = f"{earlier.name} of run={run}"
        elif look.sha256 in names:
            found.copies[name] = names[look.sha256]
        else:
            names[look.sha256] = name
            found.new.append(look)
            if look.grown:
                run, _ = ledger.done[look.grown.sha256]
                found.grown[name] = f"its first {look.grown.bytes:,} bytes are in run={run}, too"
    return found


def read_stamps(storage: Storage, output: str) -> dict[str, list[Any]]:
    """Give the stamps that the last run left; nothing where they can't be read."""
    try:
        given = json.loads(storage.read_text(storage.join(output, STAMPS)) or "{}")
        return {
            str(path): list(stamp) for path, stamp in given.items() if len(stamp) == len(Stamp._fields) + 1
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}


def keep_stamps(
    storage: Storage, output: str, run: str, before: Mapping[str, list[Any]], looks: Sequence[Look]
) -> None:
    """Keep the stamps of what was read now, and of what was read before and is still there."""
    kept = {path: stamp for path, stamp in before.items() if not is_remote(path) and os.path.exists(path)}  # noqa: PTH110
    for look in looks:
        kept.pop(key_of(look.source.path), None)
        if look.sha256 and look.stamp and look.sure:
            kept[key_of(look.source.path)] = [*look.stamp, look.sha256]
    if kept != before:
        new = storage.join(output, TEMPORARY, run, "stamps.json")
        write(storage, new, json.dumps(dict(sorted(kept.items()))))
        storage.rename(new, storage.join(output, STAMPS))
