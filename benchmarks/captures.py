"""The captures that are measured: from ../shared/tools/make_big.py where it is, else of our own generator."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.traffic import write_capture

DATA = Path(__file__).parent / "data"
MAKE_BIG = Path(__file__).parents[2] / "shared" / "tools" / "make_big.py"
PACKET_BYTES = 540
"""About the bytes that a packet of our own generator takes in a capture."""


def big_capture(megabytes: int) -> Path:
    """Give a capture of about that size; it is made once and kept in benchmarks/data."""
    own = "" if MAKE_BIG.exists() else "own-"
    path = DATA / f"{own}{megabytes}M.pcap"
    if not path.exists():
        DATA.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        print(f"making {path.name} ...", file=sys.stderr)
        if own:
            write_capture(part, (megabytes << 20) // PACKET_BYTES)
        else:
            command = [sys.executable, str(MAKE_BIG), "--size", f"{megabytes}M", "--out", str(part)]
            subprocess.run(command, check=True)
        part.rename(path)
    return path
