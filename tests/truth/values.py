"""Values of records in tshark's terms, and tshark's texts as values: what the rows of `truth.fields` name."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any

Record = Any
OPT = 41
"""The type of DNS pseudo-records (RFC 6891)."""


def number(text: str) -> int:
    """Read a number, decimal or hexadecimal, or a flag."""
    return {"True": 1, "False": 0}[text] if text in ("True", "False") else int(text, 0)


def plain(text: str) -> str:
    """Take text as it is."""
    return text


def octets(text: str) -> str | None:
    """Read bytes in hexadecimal, whatever separates them; no value when there are none."""
    return None if text == "<MISSING>" else text.replace(":", "")


def ipv6(text: str) -> str:
    """Read an IPv6 address and write it as the C library does, which follows RFC 5952."""
    return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, text))


def not_zero(text: str) -> int | None:
    """Read a number; zeros pad what came before."""
    return number(text) or None


def ntp_time(text: str) -> int:
    """Read a moment as nanoseconds since 1970."""
    if text == "NULL":
        return 0
    moment, fraction = re.fullmatch(r"(.*)\.(\d{9}) UTC", text).groups()  # type: ignore[union-attr]
    read = datetime.strptime(moment, "%b %d, %Y %H:%M:%S").replace(tzinfo=timezone.utc)
    return int(read.timestamp()) * 10**9 + int(fraction)


def from_ntp(value: int) -> int:
    """Give the nanoseconds since 1970 of seconds since 1900 in 32.32 fixed point; 0 for 0.

    Seconds without the highest bit are of the era that began in 2036 (RFC 5905, 6).
    """
    if value == 0:
        return 0
    seconds, fraction = value >> 32, value & 0xFFFFFFFF
    seconds -= 2208988800 if seconds & 0x80000000 else 2208988800 - (1 << 32)
    return seconds * 10**9 + fraction * 10**9 // (1 << 32)


def present(field: str) -> Callable[[Record], Any]:
    """Give a record's field, and no value when it is zero or empty."""
    return lambda record: [getattr(record, field)] if getattr(record, field) else []


def if_flag(flag: str, field: str) -> Callable[[Record], Any]:
    """Give a record's field when a flag says that the header has it."""
    return lambda record: [getattr(record, field)] if getattr(record, flag) else []


def types(code: int) -> Callable[[Record], Any]:
    """Give type (1) or code (0) of an ICMP record."""
    return lambda record: record.TypeCode >> 8 if code else record.TypeCode & 255


QUERIES = {"Id": (0, 8, 13, 14, 15, 16, 17, 18, 42, 43), "Seq": (0, 8, 13, 14, 15, 16, 17, 18)}


def echo(field: str) -> Callable[[Record], Any]:
    """Give a field of ICMP queries that have identifier and sequence number."""
    return lambda record: [getattr(record, field)] if record.TypeCode >> 8 in QUERIES[field] else []


def options(kind: str, part: str) -> Callable[[Record], Any]:
    """Give a part of each option."""
    return lambda record: [getattr(option, part) for option in getattr(record, kind)]


def option_data(*kinds: int, length: int) -> Callable[[Record], Any]:
    """Give the data of the TCP options of a kind, if they have the length that is theirs."""
    return lambda record: [
        int.from_bytes(o.OptionData, "big")
        for o in record.Options
        if o.OptionType in kinds and o.OptionLength == length
    ]


def tcp_option_bytes(record: Record) -> list[str]:
    """Rebuild the bytes of a TCP header behind its first 20 from options and padding."""
    return rebuilt(record, "OptionType", "OptionLength", "OptionData")


def rebuilt(record: Record, kind: str, length: str, data: str) -> list[str]:
    """Write options as the header has them; types 0 and 1 are one byte long."""
    parts = []
    for option in record.Options:
        type_ = getattr(option, kind)
        parts.append(
            bytes([type_]) if type_ < 2 else bytes([type_, getattr(option, length)]) + getattr(option, data)
        )
    text = (b"".join(parts) + record.Padding).hex()
    return [text] if text else []


def dhcp_options(part: str) -> Callable[[Record], Any]:
    """Give a part of each DHCP option."""
    return lambda record: [
        getattr(o, part) if part != "Data" else as_bytes(o.Data).hex()
        for o in record.Options
        if part != "Data" or o.Data
    ]


def as_bytes(value: str | bytes) -> bytes:
    """Give the bytes of a string field; protobuf gives bytes where they are not UTF-8."""
    return value.encode() if isinstance(value, str) else value


def ended(value: bytes) -> str:
    """Give the text of a field that a zero byte ends."""
    return value.split(b"\0")[0].decode("latin-1")


def rows(record: Record) -> list[Any]:
    """Give all resource records of a message, in order."""
    return [*record.Answers, *record.Authorities, *record.Additionals]


def resource(field: str, *of: int, skip: Sequence[int] = ()) -> Callable[[Record], Any]:
    """Give a field of the resource records, of those types only, in tshark's terms."""

    def values(record: Record) -> list[Any]:
        found = []
        for r in rows(record):
            if (of and r.Type not in of) or r.Type in skip or (of and not r.DataLength and OPT not in of):
                continue
            value: Any = r
            for part in field.split("."):
                value = getattr(value, part)
            found.append(value if isinstance(value, int) else dns_name(value))
        return found

    return values


def address(kind: int) -> Callable[[Record], Any]:
    """Give the addresses of A or AAAA records."""
    return lambda record: [r.IP for r in rows(record) if r.Type == kind and r.DataLength]


def dns_name(name: str | bytes) -> str:
    """Write a name as tshark does."""
    data = as_bytes(name)
    if not data:
        return "<Root>"
    return tshark_text(data)


def tshark_text(data: bytes) -> str:
    """Write bytes as tshark does: valid UTF-8 as it is, control characters escaped."""
    return name(data.decode("utf-8", "replace"))


def name(text: str) -> str:
    """Read a name; how many bytes that are no UTF-8 make one replacement character is a matter of taste."""
    return re.sub("\ufffd+", "\ufffd", re.sub(r"[\0-\x1f\x7f]", escape, text))


def escape(found: re.Match[str]) -> str:
    """Write a control character as in C, which tshark does."""
    short = repr(found[0])[1:-1]
    return short if len(short) == 2 else f"\\{ord(found[0]):03o}"


def routes(field: str) -> Callable[[Record], Any]:
    """Give a field of each source route entry of a GRE header; the list ends with one of zeros."""

    def values(record: Record) -> list[int]:
        found, entry = [], record.Routing
        while entry.ListFields():
            found.append(getattr(entry, field))
            entry = entry.Next
        return [*found, 0] if record.RoutingPresent else found

    return values


EAPOL_TYPES = ("EAP-Packet", "EAPOL-Start", "EAPOL-Logoff", "EAPOL-Key", "EAPOL-Encapsulated-ASF-Alert")


def lldp_types(record: Record) -> list[int]:
    """Give the types of all values of an LLDP record, the end of the list aside."""
    return [1, 2, 3, *(value.Type for value in record.Values)]


def lldp_lengths(record: Record) -> list[int]:
    """Give their lengths, zeros aside."""
    first = [1 + len(record.ChassisID.ID), 1 + len(record.PortID.ID), 2]
    return [length for length in (*first, *(value.Length for value in record.Values)) if length]


def group(field: str) -> Callable[[Record], Any]:
    """Give a field of each IGMPv3 group record."""
    return lambda record: [getattr(g, field) for g in record.GroupRecords]


def igmp_groups(record: Record) -> list[str]:
    """Give the group of an IGMP message, or those of its group records."""
    return [record.GroupAddress] if record.GroupAddress else [g.MulticastAddress for g in record.GroupRecords]


def igmp_sources(record: Record) -> list[str]:
    """Give the sources of a query or of all group records."""
    return [*record.SourceAddresses, *(s for g in record.GroupRecords for s in g.SourceAddresses)]


def igmp_counts(record: Record) -> list[int]:
    """Give the number of sources of a query of version 3, or of each group record."""
    own = [record.NumberOfSources] if record.Type == 0x11 and record.Version == 3 else []
    return own + [g.NumberOfSources for g in record.GroupRecords]


def igmp_query(field: str) -> Callable[[Record], Any]:
    """Give a field that queries of version 3 have."""
    return lambda record: [getattr(record, field)] if record.Type == 0x11 and record.Version == 3 else []


def igmp_time(text: str) -> int:
    """Read a maximum response code, tenths of a second, as nanoseconds."""
    return number(text) * 10**8


def snap_code(text: str) -> str:
    """Read an organizational code."""
    return f"{number(text):06x}"
