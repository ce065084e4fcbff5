"""What divides packets into flows: timeouts by the packets' own time, and other choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal

SECOND = 1_000_000_000


@dataclass(frozen=True)
class FlowSettings:
    """Timeouts in nanoseconds of packet time.

    After more than `idle_tcp` (`idle_udp`, `idle_icmp`, `idle_other`) without a packet a flow's next one
    begins another connection, and from `active` after its begin on in any case, unless that is 0. Segments
    that come within `linger` after TCP's end still belong to it. With `per_file` no connection spans two
    captures. `seed` is Community ID's.
    """

    idle_tcp: int = 300 * SECOND
    idle_udp: int = 60 * SECOND
    idle_icmp: int = 60 * SECOND
    idle_other: int = 60 * SECOND
    active: int = 0
    linger: int = 5 * SECOND
    per_file: bool = False
    seed: int = 0

    def described(self) -> Mapping[str, str]:
        """Give the settings by name, as text: times in seconds."""
        return {
            name: str(value) if name in ("per_file", "seed") else f"{seconds(value)}s"
            for name, value in asdict(self).items()
        }


def seconds(nanoseconds: int) -> str:
    """Give a time in seconds, to the nanosecond and without zeros at its end."""
    return f"{(Decimal(nanoseconds) / SECOND).normalize():f}"
