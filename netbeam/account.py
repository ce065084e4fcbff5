"""The packet account: what was read, and what became of every packet and record."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class SourceAccount:
    """The account of one capture: packets, captured bytes, first and last time (Unix ns).

    `unknown` and `errors` count packets by what was unknown and by reason; `truncated` (cut by the
    snap length) is a mark beside decoded, unknown and errors; `problems` are faults of the file itself.
    """

    read: int = 0
    decoded: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    truncated: int = 0
    bytes: int = 0
    first_time: int | None = None
    last_time: int | None = None
    problems: list[str] = field(default_factory=list)

    def add(self, other: SourceAccount) -> None:
        """Add the account of other packets."""
        self.read += other.read
        self.decoded += other.decoded
        self.unknown.update(other.unknown)
        self.errors.update(other.errors)
        self.truncated += other.truncated
        self.bytes += other.bytes
        times = [t for t in (self.first_time, other.first_time) if t is not None]
        self.first_time = min(times, default=None)
        times = [t for t in (self.last_time, other.last_time) if t is not None]
        self.last_time = max(times, default=None)
        self.problems = sorted({*self.problems, *other.problems})

    def balanced(self) -> bool:
        """Tell whether every packet that was read was decoded, unknown or an error."""
        return self.read == self.decoded + self.unknown.total() + self.errors.total()


@dataclass
class Written:
    """Records of one type: how many, and their bytes before and after compression."""

    records: int = 0
    raw_bytes: int = 0
    bytes: int = 0

    def add(self, other: Written) -> None:
        """Add other records of the same type."""
        self.records += other.records
        self.raw_bytes += other.raw_bytes
        self.bytes += other.bytes


@dataclass
class Account:
    """The account of a run, or of a part of one: by capture, and by record type as encoded.

    Of the `ip_packets` that were digested for flows `replayed` are in a connection; these are counted by why
    they ended (`flow_ends`), and in which state (`flow_states`).
    """

    sources: dict[str, SourceAccount] = field(default_factory=dict)
    encoded: dict[str, Written] = field(default_factory=dict)
    ip_packets: int = 0
    replayed: int = 0
    flow_ends: Counter[str] = field(default_factory=Counter)
    flow_states: Counter[str] = field(default_factory=Counter)

    def add(self, other: Account) -> None:
        """Add the account of another part of the run."""
        for name, source in other.sources.items():
            self.sources.setdefault(name, SourceAccount()).add(source)
        for name, written in other.encoded.items():
            self.encoded.setdefault(name, Written()).add(written)
        self.ip_packets += other.ip_packets
        self.replayed += other.replayed
        self.flow_ends.update(other.flow_ends)
        self.flow_states.update(other.flow_states)

    def total(self) -> SourceAccount:
        """Give the sum over all captures."""
        total = SourceAccount()
        for source in self.sources.values():
            total.add(source)
        return total
