"""The captures that are measured: from ../shared/tools/make_big.py where it is, else of our own generator."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.traffic import write_capture

DATA = Path(__file__).parent / "data"
MAKE_BIG = Path(__file__).parents[2] / "shared" / "tools" / "make_big.py"
PACKET_BYTES = 540
"""About the bytes that a packet of our own generator takes in a capture."""


START = 1_704_096_000
"""The Unix time at which a scan begins."""

SCAN_RECORD = np.dtype(
    [
        ("seconds", "<u4"),
        ("micros", "<u4"),
        ("captured", "<u4"),
        ("length", "<u4"),
        ("macs", "V12"),
        ("type", ">u2"),
        ("ip", "V8"),
        ("ttl", "u1"),
        ("protocol", "u1"),
        ("sum", ">u2"),
        ("source", ">u4"),
        ("target", ">u4"),
        ("source_port", ">u2"),
        ("target_port", ">u2"),
        ("sequence", ">u4"),
        ("acknowledged", ">u4"),
        ("offset", "u1"),
        ("flags", "u1"),
        ("rest", "V6"),
        ("padding", "V6"),
    ]
)
"""A TCP segment without data in an Ethernet frame of 60 bytes, in a pcap."""


def scan_capture(flows: int) -> Path:
    """Give a capture of a scan: `flows` connections, each one SYN and one RST; made once and kept."""
    path = DATA / f"scan-{flows}.pcap"
    if path.exists():
        return path
    DATA.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for first in range(0, flows, 1 << 18):
            number = np.arange(first, min(first + (1 << 18), flows), dtype=np.uint64)
            records = np.zeros((len(number), 2), SCAN_RECORD)
            micros = number * 40
            for way, late in ((0, 0), (1, 20)):
                each = records[:, way]
                each["seconds"] = START + (micros + late) // 1_000_000
                each["micros"] = (micros + late) % 1_000_000
                each["captured"] = each["length"] = 60
                each["type"], each["ttl"], each["protocol"], each["offset"] = 0x0800, 64, 6, 0x50
                each["ip"] = np.void(bytes.fromhex("4500002800004000"))
                each["flags"] = (0x02, 0x14)[way]
                scanner, scanned = 0x0A000001 + number % 16, 0xC0A80000 + number // 16 % 65536
                port = 1 + number // (16 * 65536) * 1024 + number % 1021
                ends = (scanner, scanned) if way == 0 else (scanned, scanner)
                each["source"], each["target"] = ends
                each["source_port"], each["target_port"] = (40000, port) if way == 0 else (port, 40000)
                each["sequence"] = number if way == 0 else 0
                each["acknowledged"] = 0 if way == 0 else number + 1
            file.write(records.tobytes())
    part.rename(path)
    return path


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
