"""Service records: what each port of a responder served, by its connections, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from netbeam.flows.digests import BEGINNING
from netbeam.flows.endpoints import Partial
from netbeam.flows.rows import CONFIDENCES
from netbeam.flows.service_fields import SERVICE
from netbeam.flows.summaries import Listing, Names, protocol, records, spans
from netbeam.flows.tables import Columns, Numbers, arrange, distinct, selected, stacked
from netbeam.flows.wire import Cells, Value, side_by_side

_FIELDS = {field.name: field for field in SERVICE.fields}
_COLUMNS = {
    "Connections": "connections", "Established": "answered", "Packets": "packets",
    "BytesServer": "bytes_server", "BytesClient": "bytes_client", "BytesSent": "bytes_server",
    "BytesReceived": "bytes_client",
}  # fmt: skip


def service_records(partial: Partial) -> Iterator[tuple[int, bytes, bytes]]:
    """Give a partial's Service records, by time of the first connection, then address, IP protocol and port.

    Each comes as its time (ns + 2**63), what orders those of one time, and its bytes behind their length.
    """
    names = Names.of(partial)
    services = partial.table("services")
    services = selected(services, services["answered"] != 0)
    services = selected(services, arrange([services["first"], services["address"], services["end"]])[0])
    address, end = services["address"], services["end"]
    found, clients, answers = (partial.table(name) for name in ("applications", "clients", "names"))
    owner, of_application, of_client = _places(services, found, clients)

    def text(rows: Columns) -> Value:
        return names.text(rows["text"])

    applications = Listing(
        _FIELDS["Applications"], found, owner=of_application, owners=owner, value=text, most="connections"
    )
    hostnames = Listing(
        _FIELDS["Hostname"], answers, owner=answers["address"], owners=address, value=text, least="first"
    )
    _, num_clients = spans(of_client, owner)
    confidences = np.array(CONFIDENCES)[services["confidence"]] / 100

    def values(block: slice) -> dict[str, Value]:
        return {
            "Timestamp": services["first"][block] ^ np.uint64(BEGINNING),
            "TimestampLast": services["last"][block] ^ np.uint64(BEGINNING),
            "IP": names.address(address[block]),
            "Port": end[block] & np.uint64(0xFFFF),
            "Protocol": protocol(end[block] >> np.uint64(16)),
            "Name": names.text(*applications.top("text", block)),
            "Hostname": names.text(*hostnames.top("text", block)),
            "Confidence": confidences[block],
            "NumClients": num_clients[block],
            **{field: services[column][block] for field, column in _COLUMNS.items()},
        }

    ends = end.astype(">u4").view(np.uint8).reshape(-1, 4)
    key = side_by_side(names.address_key(address), Cells(ends[:, 1:], np.ones((len(end), 3), bool)))
    return records(SERVICE, values, [applications], services["first"], key)


def _places(*tables: Columns) -> list[Numbers]:
    """Give the place of each row's service, by which the rows of all tables are in order."""
    _, places = distinct([stacked(table[key] for table in tables) for key in ("address", "end")])
    return np.split(places, np.cumsum([len(table["end"]) for table in tables])[:-1])
