"""netbeam as a library: a Beam pipeline of your own, with a plain DoFn over packets.

    python examples/dns_by_client.py capture.pcap counts

Counts DNS queries by client and name. `Packet.dpkt()` gives the packet as dpkt reads it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import apache_beam as beam

from netbeam.packet import Packet
from transforms.read import ExplodePackets, ReadPackets


class Queries(beam.DoFn):
    """Gives (client, name) for each question of each query."""

    def process(self, packet: Packet) -> Iterator[tuple[str, str]]:
        """Look into one packet."""
        import dpkt

        dns = packet.find("DNS")
        if dns is None:
            return
        message = dpkt.dns.DNS(packet.header(dns))
        if message.qr == dpkt.dns.DNS_Q:
            frame = packet.dpkt()
            for question in message.qd:
                yield dpkt.utils.inet_to_str(frame.data.src), question.name


def run(capture: str, output: str) -> None:
    """Count the queries of a capture."""
    with beam.Pipeline("FnApiRunner") as pipeline:
        _ = (
            pipeline
            | ReadPackets([capture])
            | ExplodePackets()
            | beam.ParDo(Queries())
            | beam.combiners.Count.PerElement()
            | beam.MapTuple(lambda query, count: f"{count}\t{query[0]}\t{query[1]}")
            | beam.io.WriteToText(output, num_shards=1, shard_name_template="")
        )


if __name__ == "__main__":
    run(*sys.argv[1:])
