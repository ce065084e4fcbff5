"""Rejects: packets that are unknown or errors, with the reasons, on their way to files of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache

import apache_beam as beam
from apache_beam.pvalue import PCollection

from netbeam.block import Block, Reject
from netbeam.formats import pcapng


def reject_blocks(rejects: Sequence[Reject]) -> Iterator[Block]:
    """Give the blocks that a chunk's rejects add to unknown.pcapng, errors.pcapng and errors.jsonl.

    Their order in the file is that of the first packet of each.
    """
    source, first = rejects[0].source, rejects[0].packet
    for kind, file in (("unknown", "unknown.pcapng"), ("error", "errors.pcapng")):
        if chosen := [reject for reject in rejects if reject.kind == kind]:
            section = pcapng.section(chosen)
            yield Block(file, source, first, 0, len(chosen), len(section), section)
    lines = "".join(map(json_line, rejects)).encode(errors="backslashreplace")
    yield Block("errors.jsonl", source, first, 0, len(rejects), len(lines), lines)


def json_line(reject: Reject) -> str:
    """Give a reject without its packet's bytes as a line of JSON."""
    return (
        f'{{"kind":"{reject.kind}","reason":{quoted(reject.reason)},"layer":{quoted(reject.layer)},'
        f'"offset":{reject.offset},"detail":{quoted(reject.detail)},"source":{quoted(reject.source)},'
        f'"packet":{reject.packet},"time":{reject.time},"link_type":{reject.link_type},'
        f'"length":{reject.length},"captured":{len(reject.data)}}}\n'
    )


@lru_cache(1 << 10)
def quoted(text: str) -> str:
    """Give a string of JSON. The same few come again and again."""
    return json.dumps(text, ensure_ascii=False)


class PackRejects(beam.PTransform):
    """Make the blocks of errors.pcapng, unknown.pcapng and errors.jsonl: lists of Reject -> Block."""

    def expand(self, rejects: PCollection[list[Reject]]) -> PCollection[Block]:
        """Wire it."""
        return rejects | "Pack" >> beam.FlatMap(reject_blocks).with_output_types(Block)
