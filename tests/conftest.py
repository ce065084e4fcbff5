"""What tests of several parts share."""

import os
import subprocess
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from captures import read
from hypothesis import settings

import netbeam.kernel

settings.register_profile("usual", deadline=None)  # interpreted, an example may take long
settings.register_profile("long", deadline=None, max_examples=3000)
settings.load_profile("usual")


def absent(what):
    """Skip the test that needs what this machine lacks; under CI=true that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is needed under CI")
    pytest.skip(f"without {what}")


@pytest.fixture(scope="session")
def traffic(tmp_path_factory):
    """Give a function that writes a capture of so many packets, office.pcap, once for all tests."""
    from benchmarks.traffic import write_capture  # not there beside the kernel under AddressSanitizer

    @cache
    def write(packets):
        path = tmp_path_factory.mktemp("captures") / "office.pcap"
        write_capture(path, packets)
        return path

    return write


@pytest.fixture(scope="session")
def shared_pcaps():
    """The folder of real captures beside the repository."""
    folder = Path(__file__).parents[2] / "shared" / "pcaps"
    return folder if folder.is_dir() else absent("../shared/pcaps")


@pytest.fixture(scope="session")
def interpreted():
    """Load a module of the kernel that imports no other, interpreted, beside the one in use."""

    @cache
    def load(name):
        path = Path(netbeam.kernel.__file__).with_name(f"{name}.py")
        spec = spec_from_file_location(f"interpreted_{name}", path)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def read_bytes(tmp_path):
    """Give a function that writes a capture to a file and reads it: its packets and its problems."""

    def write_and_read(data, **options):
        path = tmp_path / "capture"
        path.write_bytes(data)
        return read(path, **options)

    return write_and_read


@pytest.fixture
def mounted(tmp_path):
    """Give a function that mounts a file system in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
            pytest.skip("only root can mount")
        return folder

    yield mount
    subprocess.run(["umount", "-l", str(folder)], capture_output=True)
