"""What tshark makes of each packet of a capture, dissecting no more protocols than netbeam decodes."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from truth.records import PACKETS


class Said(dict[str, list[str]]):
    """What tshark says of a packet: the values of each field, all occurrences in their order."""

    def __missing__(self, field: str) -> list[str]:
        """Give no values for a field that the packet does not have."""
        return []


SEPARATOR, BETWEEN = "\t", "\x1f"

DISSECTED = re.compile(
    r"(eth|ethertype|sll|null|raw|vlan|ieee8021ad|llc|arp|ip|ip\.options\..*|ipv6|ipv6\..*|icmp|icmpv6|igmp|gre"
    r"|lldp|eapol|vrrp|tcp|udp|sctp|dns|dhcp|ntp|frame|data|_ws\..*)"
)
"""Protocols that stay enabled: what others would find is not netbeam's to decode yet."""

ENVIRONMENT = dict(os.environ)
"""Copied while only one thread runs: pytest changes the environment for each test."""

PREFERENCES = (
    "ip.defragment:FALSE",
    "ipv6.defragment:FALSE",
    "tcp.desegment_tcp_streams:FALSE",
    "tcp.relative_sequence_numbers:FALSE",
    "tcp.analyze_sequence_numbers:FALSE",
    "sctp.reassembly:FALSE",
    "dns.desegment_dns_messages:FALSE",
    "udp.try_heuristic_first:FALSE",
)


def write_profile(directory: Path) -> None:
    """Write a configuration in which only the protocols of DISSECTED are enabled."""
    listed = subprocess.run(["tshark", "-G", "protocols"], capture_output=True, check=True, text=True).stdout
    names = [line.split("\t")[2] for line in listed.splitlines()]
    disabled = [name for name in names if not DISSECTED.fullmatch(name)]
    directory.joinpath("disabled_protos").write_text("\n".join(disabled) + "\n")


def dissect(
    path: Path,
    fields: Sequence[str],
    profile: Path,
    options: Sequence[str] = (),
    most: int | None = PACKETS,
) -> list[Said]:
    """Give the values of `fields` in each packet, of the first `most`; `options` are more of tshark's."""
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", f"separator={SEPARATOR}"]
    command += ["-E", "occurrence=a", "-E", f"aggregator={BETWEEN}", "-E", "quote=n"]
    command += [part for preference in PREFERENCES for part in ("-o", preference)]
    command += ["--disable-heuristic", "dns_udp"]  # DNS that is found by its content, whatever the port
    command += options
    command += ["-c", str(most)] if most else []
    command += [part for field in fields for part in ("-e", field)]
    # A capture that is cut or of no known format ends tshark with an error after the packets it can read.
    environment = {**ENVIRONMENT, "WIRESHARK_CONFIG_DIR": str(profile)}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    packets = []
    for line in done.stdout.decode("utf-8", "surrogateescape").split("\n")[:-1]:
        values = line.split(SEPARATOR)
        if len(values) != len(fields):
            raise ValueError(f"{path}: {len(values)} values of {len(fields)} fields: {line!r}")
        said = Said((f, v.split(BETWEEN)) for f, v in zip(fields, values, strict=True) if v)
        # Blocks of pcapng that are no packets count as frames, without a link type.
        if said["frame.encap_type"]:
            packets.append(said)
    if not done.stdout and done.returncode == 1:
        raise ValueError(done.stderr.decode())
    return packets
