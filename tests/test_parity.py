"""The compiled kernel and the interpreted one give the same bytes."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from captures import START, Packet
from hypothesis import given
from hypothesis import strategies as st
from parity import digests
from test_hostile_declarations import layers as any_layer

import netbeam.kernel
from netbeam.protocols import LAYERS


@given(any_layer("Made0"), st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(-3, 80))
def collect(cases, layer, tails, beyond):
    """Draw a layer and packets for it."""
    packets = [Packet(START, tail, max(0, len(tail) + beyond), 147) for tail in tails]
    cases.append(((*LAYERS, layer), packets))


@pytest.mark.skipif(not netbeam.kernel.compiled(), reason="the kernel is not compiled")
def test_the_interpreted_kernel_gives_the_same_bytes(tmp_path):
    cases = []
    collect(cases)
    tmp_path.joinpath("cases").write_bytes(pickle.dumps(cases))
    command = [sys.executable, str(Path(__file__).with_name("parity.py")), str(tmp_path / "cases")]
    root = str(Path(netbeam.kernel.__file__).parents[2])
    environment = {**os.environ, "NETBEAM_PURE": "1", "PYTHONPATH": root}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    interpreted = json.loads(done.stdout)
    assert not interpreted["compiled"]
    assert interpreted["digests"] == dict(digests(cases))
