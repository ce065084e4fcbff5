"""The hostile tests with the kernel under gcc's AddressSanitizer: `python -m tests.asan [undefined] [...]`.

Builds the kernel into build/address, away from the modules in use; with `undefined`, with the
UndefinedBehaviorSanitizer into build/undefined. Other arguments are pytest's. Packets lie in memory of
exactly their size (see decoding.batch), so that a read of one byte beyond is seen, as a first test proves.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = (
    "test_hostile", "test_golden", "test_plan", "test_capture_hostile", "test_capture_pcap",
    "test_flows_hostile", "test_flows_kinds", "test_flows_scenarios",
)  # fmt: skip
FLAGS = {
    "address": ["-fsanitize=address"],
    "undefined": ["-fsanitize=undefined", "-fno-wrapv", "-fno-sanitize-recover=all"],
}
COMMON = ["-fno-omit-frame-pointer", "-g", "-O1"]

BUILD = """
import sys
from pathlib import Path
from Cython.Build import cythonize
from setuptools import Extension, setup
flags = sys.argv.pop().split()
modules = [p for p in sorted(Path("netbeam/kernel").glob("*.py")) if p.stem != "__init__"]
extensions = [
    Extension(f"netbeam.kernel.{p.stem}", [str(p)], extra_compile_args=flags, extra_link_args=flags)
    for p in modules
]
modules = cythonize(extensions, compiler_directives={"language_level": 3})
setup(name="netbeam", packages=[], ext_modules=modules)
"""

OVERREAD = """
from decoding import ALL, batch
from netbeam.chunk import CAPTURED, LENGTH
from netbeam.decode import Decoder
from packets import PACKETS
bare = next(packet for packet in PACKETS if packet.link == 228)
one = batch([bare._replace(data=bare.data[:19], length=19)])
one.index[CAPTURED] = one.index[LENGTH] = 20  # a lie: the header's last byte is not there
Decoder(ALL, bytes).decode(one)
"""


def copy_tree(target: Path) -> None:
    """Copy what the tests need, without compiled modules."""
    shutil.rmtree(target, ignore_errors=True)
    for folder in ("netbeam", "tests"):
        compiled = shutil.ignore_patterns("*.so", "*.c", "__pycache__")
        shutil.copytree(ROOT / folder, target / folder, ignore=compiled)
    shutil.copy(ROOT / "pyproject.toml", target / "tests" / "pyproject.toml")  # out of the build's sight
    shared = target.parent / "shared"
    if not shared.exists() and (ROOT.parent / "shared").exists():
        shared.symlink_to(ROOT.parent / "shared")


def build(target: Path, flags: list[str]) -> None:
    """Compile the kernel with a sanitizer."""
    command = [sys.executable, "-c", BUILD, "build_ext", "--inplace", " ".join(flags)]
    done = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def environment(target: Path, kind: str) -> dict[str, str]:
    """Give the environment in which a sanitizer works within an ordinary Python."""
    library = "libasan.so" if kind == "address" else "libubsan.so"
    found = subprocess.run(
        ["gcc", f"-print-file-name={library}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return {
        **os.environ,
        "LD_PRELOAD": found,
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": f"print_stacktrace=1:log_path={target / 'report'}",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": os.pathsep.join((str(target), str(target / "tests"))),
    }


def main(arguments: list[str]) -> int:
    """Build, prove, test; give the exit status."""
    kind = "address"
    if arguments[:1] == ["undefined"]:
        kind = arguments.pop(0)
    target = ROOT / "build" / kind
    copy_tree(target)
    build(target, FLAGS[kind] + COMMON)
    env = environment(target, kind)
    loaded = "import netbeam.kernel as k; assert k.compiled(), k.__file__; print(k.__file__)"
    subprocess.run([sys.executable, "-c", loaded], cwd=target, env=env, check=True)
    if kind == "address":
        done = subprocess.run(
            [sys.executable, "-c", OVERREAD], cwd=target, env=env, capture_output=True, text=True, check=False
        )
        if "heap-buffer-overflow" not in done.stderr:
            print(f"a read beyond the packets is not seen:\n{done.stderr}", file=sys.stderr)
            return 1
    tests = [str(path) for name in TESTS for path in sorted((target / "tests").glob(f"{name}*.py"))]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests, *arguments]
    return subprocess.run(command, cwd=target, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
