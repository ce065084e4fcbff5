"""How the kernel is loaded: compiled where it can be, interpreted where it is told to."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = "import netbeam.kernel as k, netbeam.kernel.frame as f; print(k.compiled(), f.__file__)"


def loaded(**environment):
    clean = {name: value for name, value in os.environ.items() if name != "NETBEAM_PURE"}
    path = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**clean, "PYTHONPATH": path, **environment}
    )
    return done.stdout.split()


def test_netbeam_pure_loads_the_source_of_every_module_even_beside_compiled_ones():
    compiled, path = loaded(NETBEAM_PURE="1")
    assert compiled == "False"
    assert path.endswith("frame.py")


def test_a_compiled_module_is_loaded_where_there_is_one():
    compiled, path = loaded()
    there = list(Path(path).parent.glob("frame.*.so"))
    assert path.endswith(".so") == bool(there)
    assert there or compiled == "False"
