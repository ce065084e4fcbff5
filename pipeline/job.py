"""The job: captures in, audit records out."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from netbeam.flows.parts import Replayer
from pipeline.about import about, version
from pipeline.options import Options
from pipeline.records import Records
from transforms.decode import DecodePackets
from transforms.encode import EncodePackets
from transforms.flows import MakeFlows
from transforms.read import FrameCaptures, ReadChunks
from transforms.rejects import PackRejects
from transforms.sources import Source, absolute
from transforms.write import Headers, WriteRecords


def build(
    root: beam.Pipeline,
    options: Options,
    sources: tuple[Source, ...],
    records: Records,
    spill: str,
    reports: str = "",
) -> PCollection[dict[str, Any]]:
    """Give the graph of a run; its result is the content of summary.json.

    `spill` is a directory for pieces of captures and of flows, `reports` one in which workers elsewhere say
    how far they are.
    """
    plan = records.plan(options.types, payload=options.payload, entropy=options.entropy)
    made_of_many = records.flows_of(options.types)
    blocks_are = (options.compression, options.buffer_bytes)

    frames = root | "Frame captures" >> FrameCaptures(
        sources, absolute(spill), options.framing_range, reports, options.on_one_machine
    )
    packets = frames.chunks | "Read chunks" >> ReadChunks()
    decoded = packets | "Decode packets" >> DecodePackets(plan, *blocks_are, reports)
    rejects = decoded.rejects | "Pack rejects" >> PackRejects()

    blocks = {"records": decoded.blocks, "rejects": rejects}
    accounts = [frames.accounts, decoded.accounts]
    if encoders := records.encoders_of(options.types):
        encoded = packets | "Encode packets" >> EncodePackets(encoders, *blocks_are)
        blocks["own records"] = encoded.blocks
        accounts.append(encoded.accounts)
    if made_of_many:
        replayer = Replayer(records.layers, made_of_many, options.flows)
        flows = decoded.digests | "Make flows" >> MakeFlows(absolute(spill), replayer, *blocks_are, reports)
        blocks["flows"] = flows.blocks
        accounts.append(flows.accounts)

    headers = Headers.of(
        records.types().values(),
        options.source,
        version(),
        created=options.created,
        payloads=options.payload,
        settings=options.flows.described(),
        settled=made_of_many,
    )
    return {**blocks, "accounts": accounts | "Accounts" >> beam.Flatten()} | "Write records" >> WriteRecords(
        absolute(options.stage or options.output),
        headers,
        options.compression,
        options.shards,
        about(options),
        options.started,
        options.run,
        absolute(options.output),
    )
