"""What summary.json says of the run itself. The clock and the machine show only there."""

from __future__ import annotations

import importlib
import os
import platform
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netbeam import __version__
from netbeam.kernel import compiled
from pipeline.options import Options
from transforms.sources import printable

LIBRARIES = {
    "apache-beam": "apache_beam",
    "protobuf": "google.protobuf",
    "isal": "isal",
    "zstandard": "zstandard",
}
"""Their modules know their versions sooner than the installed packages' metadata tell."""


def version() -> str:
    """Give the program and its version, as "netbeam 0.1.0"."""
    return f"netbeam {__version__}"


def process_start() -> float:
    """Give the Unix time at which this process began, as well as the system tells."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        age = 0.0
    return time.time() - age


def about(options: Options) -> dict[str, Any]:
    """Give the options, versions and machine facts of a run."""
    return {
        "options": {
            "inputs": [printable(given) for given in options.inputs],
            "source_name": options.source,
            "output": printable(options.output),
            "types": list(options.types),
            "compression": options.compression,
            "buffer_size": options.buffer_bytes,
            "shards": options.shards,
            "payload": options.payload,
            "entropy": options.entropy,
            "flows": dict(options.flows.described()),
            "encoders": printable(options.encoders),
            "created": options.created,
            "runner": options.runner,
            "framing_range": options.framing_range,
            "workers": options.workers,
            "beam": without_secrets(options.beam),
        },
        "versions": {
            "netbeam": __version__,
            "python": platform.python_version(),
            **{name: importlib.import_module(module).__version__ for name, module in LIBRARIES.items()},
        },
        "machine": {
            "host": platform.node(),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "processor": processor(),
            "cores": os.cpu_count(),
            "kernel": "compiled" if compiled() else "interpreted",
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        },
        "started": started(options),
    }


def without_secrets(beam: Sequence[str]) -> list[str]:
    """Give Beam's options as they may be published: keys, tokens and passwords are left out."""
    shown: list[str] = []
    hidden = False
    for argument in beam:
        name, equals, _ = argument.partition("=")
        if not argument.startswith("--"):
            shown.append("(hidden)" if hidden else argument)
            continue
        hidden = re.search("secret|token|password|key", name) is not None
        shown.append(f"{name}=(hidden)" if hidden and equals else argument)
    return shown


def started(options: Options) -> str:
    """Give the time at which a run began, as its summary says it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(options.started))


def processor() -> str:
    """Give the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
