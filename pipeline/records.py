"""The record types that a run can write: netbeam's own and those of a user's file."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from netbeam.declare import Layer
from netbeam.plan import Plan, compile_plan, record_types
from netbeam.protocols import LAYERS
from netbeam.records import FLOW_RECORDS, HOST_RECORDS, RECORDS
from pipeline.options import BadOption
from transforms.sources import is_remote, open_remote

if TYPE_CHECKING:
    from netbeam.encoders import Encoder


class Records(NamedTuple):
    """Declared layers, and encoders in Python."""

    layers: tuple[Layer, ...]
    encoders: tuple[Encoder, ...] = ()

    def declared(self) -> tuple[Layer, ...]:
        """Give all declarations: layers, record types made of many packets, those of encoders."""
        return (*self.layers, *FLOW_RECORDS, *(encoder.layer for encoder in self.encoders))

    def types(self) -> dict[str, Layer]:
        """Give the declarations of all record types by name."""
        return record_types(self.declared())

    def plan(self, types: Collection[str], *, payload: bool, entropy: bool) -> Plan:
        """Give the plan that writes those of `types` that are declared."""
        declared = [name for name in record_types(self.layers) if name in types]
        return compile_plan(
            self.layers,
            declared,
            payload=payload,
            entropy=entropy,
            flows=bool(self.flows_of(types)),
            devices=any(layer.name in types for layer in HOST_RECORDS),
        )

    def flows_of(self, types: Collection[str]) -> frozenset[str]:
        """Give those of `types` that are made of many packets."""
        return frozenset(layer.name for layer in FLOW_RECORDS if layer.name in types)

    def encoders_of(self, types: Collection[str]) -> tuple[Encoder, ...]:
        """Give the encoders of those of `types` that are coded in Python."""
        return tuple(encoder for encoder in self.encoders if encoder.record.name in types)


def load_records(path: str) -> Records:
    """Give netbeam's record types, and those of the user's Python file if there is one.

    Raises:
        BadOption: the file can't be run, or what it adds is there already.
    """
    if not path:
        return Records(LAYERS)
    from netbeam.encoders import load_extension

    try:
        with local(path) as file:
            extension = load_extension(file)
    except OSError as error:
        raise BadOption(f"--encoders {path}: {(error.strerror or str(error)).lower()}") from error
    except Exception as error:
        raise BadOption(f"--encoders {path}: {type(error).__name__}: {error}") from error
    records = Records((*LAYERS, *extension.layers), extension.encoders)
    added = (*extension.layers, *(encoder.layer for encoder in extension.encoders))
    names = Counter([*record_types(RECORDS), *(layer.name for layer in added)])
    numbers = Counter(layer.type_id for layer in (*record_types(RECORDS).values(), *added))
    for layer in added:
        if names[layer.name] > 1:
            raise BadOption(f"--encoders {path}: a record type {layer.name} is there already")
        if layer.type_id is not None and numbers[layer.type_id] > 1:
            raise BadOption(f"--encoders {path}: the type number {layer.type_id} of {layer.name} is taken")
    return records


@contextmanager
def local(path: str) -> Iterator[str]:
    """Give a file's path on this machine: that of a copy, for a while, if it lies elsewhere (gs://...)."""
    if not is_remote(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="netbeam-") as folder, open_remote(path) as file:
        copy = Path(folder, path.rpartition("/")[2])
        copy.write_bytes(file.read())
        yield str(copy)
