"""Beam's counters of the packet account."""

from __future__ import annotations

from typing import Any

from apache_beam.metrics import Metrics

from netbeam.account import Account


class Counters:
    """Beam's counters of the packet account, the same on every runner; raised once a chunk."""

    def __init__(self) -> None:
        self._counters: dict[str, Any] = {}

    def add(self, account: Account) -> None:
        """Add the account of a chunk."""
        total = account.total()
        self.count("packets.read", total.read)
        self.count("packets.decoded", total.decoded)
        self.count("packets.unknown", total.unknown.total())
        self.count("packets.errors", total.errors.total())
        self.count("packets.truncated", total.truncated)
        for name, written in account.encoded.items():
            self.count(f"records.{name}", written.records)

    def count(self, name: str, count: int) -> None:
        """Raise one counter."""
        if count:
            if name not in self._counters:
                self._counters[name] = Metrics.counter("netbeam", name)
            self._counters[name].inc(count)
