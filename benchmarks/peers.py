"""Other programs on the same capture, as far as they are installed: each does its own job, not ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path


def peer_seconds(capture: Path) -> dict[str, float]:
    """Give the seconds that each installed program takes to read the capture once."""
    with tempfile.TemporaryDirectory(prefix="netbeam-peers-") as out:
        commands = {
            "tshark -T fields": [
                "tshark",
                "-n",
                "-r",
                str(capture),
                "-T",
                "fields",
                "-e",
                "ip.src",
                "-e",
                "tcp.seq",
            ],
            "suricata": ["suricata", "-r", str(capture), "-l", out, "--runmode", "autofp"],
            "ndpiReader": ["ndpiReader", "-q", "-i", str(capture)],
            "nfpcapd": ["nfpcapd", "-r", str(capture), "-l", out],
        }
        found = {}
        for name, command in commands.items():
            if shutil.which(command[0]):
                start = time.perf_counter()
                with Path(os.devnull).open("wb") as nothing:
                    subprocess.run(command, stdout=nothing, stderr=nothing, check=False)
                found[name] = time.perf_counter() - start
        return found
