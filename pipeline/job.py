"""The job: captures in, audit records out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from netbeam.plan import Plan
from netbeam.publish import TEMPORARY
from pipeline.options import Options
from transforms.decode import DecodePackets
from transforms.read import FrameCaptures, ReadChunks
from transforms.rejects import PackRejects
from transforms.sources import Source
from transforms.storage import storage_of
from transforms.write import Headers, WriteRecords


def build(
    root: beam.Pipeline,
    options: Options,
    *,
    sources: tuple[Source, ...],
    plan: Plan,
    headers: Headers,
    about: Mapping[str, Any],
) -> PCollection[dict[str, Any]]:
    """Give the graph of a run; its result is the content of summary.json."""
    spill = storage_of(options.output).join(options.output, TEMPORARY, options.run, "spill")

    frames = root | "Frame captures" >> FrameCaptures(sources, spill)
    packets = frames.chunks | "Read chunks" >> ReadChunks()
    decoded = packets | "Decode packets" >> DecodePackets(plan, options.compression, options.buffer_bytes)
    rejects = decoded.rejects | "Pack rejects" >> PackRejects()
    accounts = [frames.accounts, decoded.accounts] | "Accounts" >> beam.Flatten()

    return {"records": decoded.blocks, "rejects": rejects, "accounts": accounts} | WriteRecords(
        options.output, headers, options.compression, options.shards, about, options.started, options.run
    )
