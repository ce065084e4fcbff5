"""Plans: wrong declarations are refused with the value, and any right one decodes without compiling."""

import pickle
import re
from dataclasses import replace

import pytest
from captures import START, Packet
from decoding import decode, joined, split
from packets import PACKETS

from netbeam.declare import (
    At,
    Carries,
    Check,
    Field,
    Fragment,
    Key,
    Layer,
    Length,
    Message,
    boolean,
    by_number,
    coded,
    derived,
    i8,
    i16,
    int32,
    ipv4,
    ipv6,
    link_type,
    mac,
    raw,
    u8,
    u16,
    u24,
    u32,
    u64,
    udp_port,
    uint32,
    uint64,
)
from netbeam.descriptors import message_classes
from netbeam.kernel import parts
from netbeam.plan import check_types, compile_plan
from netbeam.protocols import LAYERS
from netbeam.schema import declared
from netbeam.verify import verify

OPTION = Message("Option", None, (coded("Type", 1, "int32"),))


def layer(*fields, **rest):
    """Give a layer of twelve bytes."""
    return Layer("Beacon", 1001, 12, fields, **rest)


WRONG = {
    "Beacon: A lies in bytes 12 to 13 of a header of at least 12": layer(int32("A", 1, u8(12))),
    "Beacon: A lies in bytes 9 to 13 of a header": layer(uint32("A", 1, u32(9))),
    "Beacon: A lies in bytes -1 to 0 of a header": layer(int32("A", 1, u8(-1))),
    "Beacon: A lies in bytes 0 to 16 of a header": layer(ipv6("A", 1, 0)),
    "Beacon: A lies in bytes 8 to 14 of a header": layer(mac("A", 1, 8)),
    "Beacon: A lies in bytes 0 to 13 of a header": layer(raw("A", 1, 0, 13)),
    "Beacon: A lies in bytes 11 to 13 of a header": layer(coded("A", 1, "bytes", "rest", u16(11))),
    "Beacon: A is 5 bytes wide, not one of 1, 2, 3, 4, 6, 8": layer(int32("A", 1, At(0, 5))),
    "Beacon: A is 0 bytes wide": layer(int32("A", 1, At(0, 0))),
    "Beacon: A has 32 bits, more than int32 holds": layer(int32("A", 1, u32(0))),
    "Beacon: A has 64 bits, more than uint32 holds": layer(uint32("A", 1, u64(0))),
    "Beacon: A has 8 bits, more than bool holds": layer(boolean("A", 1, u8(0))),
    "Beacon: A is a number, which 'string' is not": layer(Field("A", 1, "string", at=u8(0))),
    "Beacon: A lies nowhere": layer(Field("A", 1, "int32")),
    "Beacon: A takes bits of 8 bytes": layer(uint64("A", 1, u64(0).bits(3, 5))),
    "Beacon: A is signed, which only whole bytes": layer(int32("A", 1, i16(0).bits(0, 15))),
    "Beacon: A is of kind 'mac', which 'int32' can't hold": layer(Field("A", 1, "int32", "mac", At(0, 6))),
    "Beacon: A is of kind 'given', which is not for layers": layer(Field("A", 1, "int32", "given")),
    "Beacon: A has the number 0, which is not between 1 and 262143": layer(
        derived("SrcIP", 1), raw("A", 0, 0, 1)
    ),
    "Beacon: A has the number 262144": layer(int32("A", 262144, u8(0))),
    "Beacon: the kernel has no function 'tcp_options' for fields; it has options, rest": layer(
        coded("A", 1, OPTION, "tcp_options")
    ),
    "Beacon: the kernel has no function 'gre_length' for fields": layer(coded("A", 1, "int32", "gre_length")),
    "Beacon: the kernel has no function 'well' for fields": layer(coded("A", 1, "int32", "well")),
    "Beacon: 'dhcp_fingerprint' needs a header of 240 bytes, not 12": layer(
        coded("A", 1, "string", "dhcp_fingerprint")
    ),
    "Beacon: the kernel has no function 'options' that measures; it has arp_length": layer(
        measured_by="options"
    ),
    "Beacon: 'gre_length' is for a header of 4 bytes, not 12": layer(measured_by="gre_length"),
    "Beacon: length, measured_by and spans exclude each other": layer(spans=True, length=Length(u8(0))),
    "Beacon: length is 8 bytes wide": layer(length=Length(u64(0))),
    "Beacon: length lies in bytes 11 to 13": layer(length=Length(u16(11))),
    "Beacon: total lies in bytes 12 to 14": layer(total=Length(u16(12))),
    "Beacon: total is a whole number of bytes, without unit or bits": layer(total=Length(u16(0), unit=4)),
    "Beacon: length can't be zero for the rest": layer(length=Length(u8(0), zero_is_rest_above=0)),
    "Beacon: version lies in bytes 12 to 13": layer(requires=(Check(u8(12), 1, 1, "version"),)),
    "Beacon: mode lies in bytes 12 to 13": layer(plausible=(Check(u8(12), 1, 1, "mode"),)),
    "Beacon: key of udp_port lies in bytes 11 to 13": layer(carries=by_number("udp_port", u16(11))),
    "Beacon: code lies in bytes 12 to 13": layer(
        carries=Carries("udp_port", (u16(0),), only_if=Check(u8(12), 0, 0, "code"))
    ),
    "Beacon: fragment offset and flag are bits of one number": layer(
        fragment=Fragment(u16(0).bits(0, 13), u8(0).bits(0, 1))
    ),
    "Beacon: address is 0 bytes wide, not one of 4, 16": layer(addresses=(0, 4)),
    "Beacon: address lies in bytes 9 to 13": layer(addresses=(0, 9), address_len=4),
    "Beacon: port is 4 bytes wide, not one of 2": layer(ports=(u32(0), u32(4))),
    "Beacon: udp_port 65536 is not between 0 and 65535": layer(found_by=(udp_port(65536),)),
    "Beacon: link_type -1 is not between 0 and 65535": layer(found_by=(link_type(-1),)),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_what_the_kernel_cannot_do_is_refused_with_its_value(sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        compile_plan((*LAYERS, WRONG[sentence]))


def test_two_layers_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two layers are named 'UDP'"):
        compile_plan((*LAYERS, Layer("UDP", 1001, 8)))


def test_two_layers_of_one_number_are_refused():
    with pytest.raises(ValueError, match="Beacon and DNS both are udp_port 53"):
        compile_plan((*LAYERS, layer(found_by=(udp_port(53),))))


def test_too_many_layers_are_refused():
    many = [Layer(f"Layer{number}", None, 1) for number in range(512)]
    with pytest.raises(ValueError, match="512 layers are declared; 511 is the most"):
        compile_plan(many)
    compile_plan(many[:511])


@pytest.mark.parametrize(
    ("taken", "sentence"),
    [
        (
            layer(derived("SrcIP", 1), derived("DstIP", 1)),
            "Beacon.DstIP = 1: the name or the number is taken",
        ),
        (
            layer(derived("SrcIP", 1), derived("SrcIP", 2)),
            "Beacon.SrcIP = 2: the name or the number is taken",
        ),
        (replace(layer(), name="Header"), "two different messages are named Header"),
        (replace(layer(), type_id=29), "IPv4 and Beacon both have the type number 29"),
    ],
)
def test_names_and_numbers_that_are_taken_are_refused_by_the_schema(taken, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        declared((*LAYERS, taken))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Tcp", "did you mean TCP"),
        ("tcp", "did you mean TCP"),
        ("dns", "did you mean DNS"),
        ("IPV4", "did you mean IPv4"),
        ("Ethernt", "did you mean Ethernet"),
        ("ICMPv6NeighbourSolicitation", "did you mean ICMPv6NeighborSolicitation"),
        ("DHCP", "did you mean DHCPv4"),
        ("Kerberos", "`netbeam types` lists them"),
        ("", "`netbeam types` lists them"),
    ],
)
def test_a_record_type_that_is_none_is_refused_with_the_nearest(name, hint):
    with pytest.raises(ValueError, match=f"no record type {name!r}; {hint}"):
        check_types(LAYERS, ("TCP", name))


def test_a_layer_without_records_is_no_record_type():
    with pytest.raises(ValueError, match="no record type 'RawIP'"):
        compile_plan(LAYERS, {"RawIP"})


def test_a_plan_survives_pickling():
    plan = compile_plan(LAYERS, {"TCP", "DNS"}, payload=True)
    copied = pickle.loads(pickle.dumps(plan))
    assert copied == plan
    assert joined(decode(PACKETS, copied)) == joined(decode(PACKETS, plan))


def test_the_kernel_has_the_functions_that_declarations_may_name():
    for table, first in ((parts.FUNCTIONS, parts.PAYLOAD + 1), (parts.MEASURES, parts.SPANS + 1)):
        assert [number for number, _ in table.values()] == list(range(first, first + len(table)))
        assert all(getattr(parts, name.upper()) == number for name, (number, _) in table.items())


BEACON = Layer(
    name="Beacon",
    type_id=1001,
    header_len=40,
    length=Length(u8(1), unit=4),
    total=Length(u16(2)),
    requires=(Check(u8(0).bits(4, 4), 1, 2, "version"),),
    fields=(
        derived("Timestamp", 1),
        int32("Version", 2, u8(0).bits(4, 4)),
        boolean("Urgent", 15, u8(0).bits(3, 1)),
        int32("Level", 16, i8(4)),
        int32("Middle", 2047, u24(5)),
        uint32("Serial", 2048, u32(8)),
        uint64("Clock", 262143, u64(12)),
        mac("Station", 7, 20),
        ipv4("Gateway", 8, 26),
        raw("Token", 9, 30, 2),
        Field("Big", 10, "int32", at=u16(32), least=1000),
        coded("Options", 11, "bytes", "rest"),
        derived("PayloadSize", 12),
        derived("SrcIP", 13),
        derived("DstPort", 14),
    ),
    found_by=(udp_port(9999), link_type(147)),
    carries=by_number("beacon_type", u8(34)),
)
INNER = Layer(
    "BeaconInner", 1002, 17, (ipv6("Peer", 1, 1), derived("Timestamp", 2)), found_by=(Key("beacon_type", 7),)
)
BEACON_BYTES = bytes.fromhex(
    "18 0b 003d"  # version 1, urgent, 44 bytes of header, 61 in all
    "fe 010203 fffffffe 0123456789abcdef"  # level -2, middle, serial, clock
    "020000000009 c0000263 beef 03e7"  # station, gateway 192.0.2.99, token, big 999
    "07 0000000000 a1a2a3a4"  # type 7, options
    "00 20010db8000000000000000000000063"  # the inner layer
)


def parsed(decoded, layers):
    """Parse a decoding of a user's own layers."""
    classes = message_classes(declared(layers))
    return {
        name: [classes[name].FromString(message) for message in split(data)]
        for name, data in joined(decoded).items()
    }


def test_a_users_layer_decodes_without_compiling():
    layers = (*LAYERS, BEACON, INNER)
    packet = Packet(START, BEACON_BYTES, len(BEACON_BYTES), 147)
    decoded = decode([packet], compile_plan(layers))
    assert not decoded.rejects
    records = parsed(decoded, layers)
    (beacon,) = records["Beacon"]
    assert {field.name: value for field, value in beacon.ListFields()} == {
        "Timestamp": START,
        "Version": 1,
        "Urgent": True,
        "Level": -2,
        "Middle": 0x010203,
        "Serial": 0xFFFFFFFE,
        "Clock": 0x0123456789ABCDEF,
        "Station": "02:00:00:00:00:09",
        "Gateway": "192.0.2.99",
        "Token": b"\xbe\xef",
        "Options": bytes.fromhex("a1a2a3a4"),
        "PayloadSize": 17,
    }
    (inner,) = records["BeaconInner"]
    assert inner.Peer == "2001:db8::63"


def test_a_users_layer_is_found_by_its_port():
    header = bytes.fromhex("4500 0059 0001 0000 40 11 0000 c0000201 c0000202  270f 270f 0045 0000")
    packet = Packet(START, header + BEACON_BYTES, 28 + len(BEACON_BYTES), 228)
    layers = (*LAYERS, BEACON, INNER)
    decoded = decode([packet], compile_plan(layers))
    (beacon,) = parsed(decoded, layers)["Beacon"]
    assert (beacon.SrcIP, beacon.DstPort) == ("192.0.2.1", 9999)


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (0, b"\x38", "Beacon version"),
        (1, b"\x09", "Beacon header length"),
        (1, b"\xff", "Beacon too short"),
        (2, b"\x00\x2b", "Beacon length"),
        (2, b"\x00\x3e", "Beacon length"),
        (34, b"\x08", "beacon_type 8"),
    ],
)
def test_a_users_layer_is_checked_as_declared(at, value, reason):
    data = BEACON_BYTES[:at] + value + BEACON_BYTES[at + len(value) :]
    decoded = decode([Packet(START, data, len(data), 147)], compile_plan((*LAYERS, BEACON, INNER)))
    assert [reject.reason for reject in decoded.rejects] == [reason]


def test_a_record_of_many_long_fields_stays_within_its_buffer():
    fields = tuple(raw(f"Raw{i}", 3000 + i, 0, 200) for i in range(200))
    layers = (Layer("Wide", 1001, 200, fields, found_by=(link_type(147),)),)
    data = bytes(range(200))
    some = [Packet(START, data, 200, 147)] * 3
    for buffer_bytes in (16, 41_000, 1 << 17):
        decoded = decode(some, compile_plan(layers), buffer_bytes)
        records = parsed(decoded, layers)["Wide"]
        assert [len(record.ListFields()) for record in records] == [200] * 3
        assert all(value == data for record in records for _, value in record.ListFields())


def test_every_declared_layer_is_right():
    for each in LAYERS:
        verify(each)
