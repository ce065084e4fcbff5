"""Service records: what connections tell of the ports that answered."""

import pytest
from flow_rows import made, name, row, service, summarised, written

from netbeam.flows.endpoints import merge

SYN_ACK, ANSWERED, BOTH, SYN = 1, 2, 4, 8


def services(*rows, names=()):
    return made([row()], rows, names, "Service")


def test_a_service_sums_up_its_connections():
    (record,) = services(
        service(first=9, sent=1000, received=100, packets=7, client=1),
        service(first=4, sent=1, received=2, packets=3, client=2),
        service(first=11, packets=1, client=2, bits=SYN),
    )
    assert (record.IP, record.Port, record.Protocol) == ("8.8.8.8", 53, "UDP")
    assert (record.Timestamp, record.TimestampLast) == (4, 11)
    assert (record.BytesServer, record.BytesClient, record.Packets) == (1001, 102, 11)
    assert (record.BytesSent, record.BytesReceived) == (1001, 102)
    assert (record.Connections, record.Established, record.NumClients) == (3, 2, 2)


def test_a_port_that_did_not_answer_is_no_service():
    assert services(service(bits=SYN), service(protocol=6, bits=SYN | BOTH)) == []


def test_the_same_port_of_two_protocols_is_two_services():
    found = services(
        service(protocol=17), service(protocol=6), service("2001:db8::1", port=443, protocol=132)
    )
    assert [(r.IP, r.Port, r.Protocol) for r in found] == [
        ("8.8.8.8", 53, "TCP"), ("8.8.8.8", 53, "UDP"), ("2001:db8::1", 443, "SCTP")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("bits", "layer", "confidence"),
    [
        (SYN_ACK | ANSWERED | BOTH | SYN, 0, 1.0),
        (SYN_ACK, 2, 0.9),
        (ANSWERED | BOTH, 2, 0.8),
        (ANSWERED | SYN, 0, 0.6),
        (ANSWERED | BOTH, 0, 0.4),
    ],
)
def test_confidence_follows_the_best_connection(bits, layer, confidence):
    (record,) = services(service(bits=bits, layer=layer), service(bits=ANSWERED, layer=0), service(bits=0))
    assert record.Confidence == confidence


def test_the_name_is_the_application_of_most_connections():
    (record,) = services(service(layer=2), service(layer=3), service(layer=3), service(layer=0))
    assert (record.Name, list(record.Applications)) == ("HTTP", ["HTTP", "DNS"])
    (record,) = services(service(layer=3), service(layer=2))
    assert (record.Name, list(record.Applications)) == ("DNS", ["DNS", "HTTP"])


def test_a_service_without_a_known_application_has_no_name():
    (record,) = services(service(layer=0))
    assert (record.Name, list(record.Applications)) == ("", [])


def test_the_hostname_is_that_of_the_first_answer():
    (record,) = services(
        service(), names=[name("8.8.8.8", "b", 2), name("8.8.8.8", "c", 1), name("8.8.4.4", "a", 0)]
    )
    assert record.Hostname == "c"


def test_netcaps_numbers_of_bytes_saturate_and_ours_do_not():
    (record,) = services(service(sent=5 << 32, received=6 << 32))
    assert (record.BytesServer, record.BytesClient) == ((1 << 31) - 1, (1 << 31) - 1)
    assert (record.BytesSent, record.BytesReceived) == (5 << 32, 6 << 32)


def test_records_are_in_order_of_time_address_protocol_and_port():
    rows = [
        service(port=port, protocol=p, first=f)
        for port, p, f in ((53, 17, 5), (80, 6, 5), (9, 6, 7), (8, 6, 5))
    ]
    found = written(merge(summarised([row()], rows).values()), "Service")
    assert [key for _, key, _ in found] == [
        b"\x04\x08\x08\x08\x08\x06\0\x08", b"\x04\x08\x08\x08\x08\x06\0\x50",
        b"\x04\x08\x08\x08\x08\x11\0\x35", b"\x04\x08\x08\x08\x08\x06\0\x09",
    ]  # fmt: skip
