"""What the kernel in use makes of pickled TCP segments: `python tests/tcp_parity.py CASES` prints JSON."""

import json
import pickle
import sys
from pathlib import Path

from tcp_segments import connections

import netbeam.kernel

if __name__ == "__main__":
    cases = pickle.loads(Path(sys.argv[1]).read_bytes())
    print(
        json.dumps(
            {"compiled": netbeam.kernel.compiled(), "found": [str(connections(case)) for case in cases]}
        )
    )
