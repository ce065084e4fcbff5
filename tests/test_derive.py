"""What is derived from declarations: schemas, descriptors, documentation."""

import io
import json
from decimal import Decimal

import fastavro
import pytest
from google.protobuf import descriptor_pb2

from netbeam.declare import (
    Field,
    Layer,
    Message,
    boolean,
    coded,
    derived,
    ether_type,
    int32,
    ip_protocol,
    u8,
    u64,
    uint64,
)
from netbeam.derive import avro_schema, fields_markdown, main, proto_text, schema_files, stale
from netbeam.descriptors import file_descriptor, message_classes
from netbeam.formats.netcap import netcap_schema
from netbeam.records import RECORDS
from netbeam.schema import Schema, declared, map_types, type_name

HOP = Message(
    "Hop",
    None,
    (coded("Data", 1, "bytes"), coded("Next", 2, "Hop", doc="The hop after this one.")),
    "A hop of the route.",
)
ROUTE = Layer(
    "Route",
    1001,
    4,
    (
        derived("Timestamp", 1),
        int32("Kind", 2, u8(0)),
        uint64("Clock", 3, u64(0), doc="Seconds | fraction."),
        boolean("Last", 4, u8(1)),
        coded("First", 5, HOP),
        coded("Hops", 6, HOP, repeated=True),
        coded("Weights", 7, "uint32", repeated=True),
        coded("Load", 8, "double"),
        coded("Name", 9, "string"),
    ),
    found_by=(ether_type(0x88CC), ip_protocol(200)),
    doc="Routes of a protocol that nobody runs.",
)
PLAIN = Layer("Plain", None, 4)
SCHEMA = declared([ROUTE, PLAIN])


def layer(*fields: Field, name: str = "Other", number: int = 1002) -> Layer:
    return Layer(name, number, 4, fields)


def test_messages_follow_the_records_that_hold_them():
    assert list(SCHEMA.messages) == ["Header", "Route", "Hop"]
    assert SCHEMA.records == ("Route",)
    assert SCHEMA.types == {0: "Header", 1001: "Route"}


def test_a_field_may_hold_the_record_of_another_layer():
    other = layer(Field("Inner", 1, ROUTE, "coded"))  # type: ignore[arg-type]
    schema = declared([other, ROUTE])
    assert list(schema.messages) == ["Header", "Other", "Route", "Hop"]
    assert schema.records == ("Other", "Route")


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ([ROUTE, ROUTE], "Route is declared twice"),
        ([ROUTE, layer(number=1001)], "Route and Other both have the type number 1001"),
        ([layer(coded("A", 1, "Nobody"))], "Other.A: 'Nobody' is neither a message nor one of int32,"),
        (
            [layer(coded("A", 1, "int32"), coded("B", 1, "int32"))],
            "Other.B = 1: the name or the number is taken",
        ),
        (
            [layer(coded("A", 1, "int32"), coded("A", 2, "int32"))],
            "Other.A = 2: the name or the number is taken",
        ),
        ([layer(coded("A", 0, "int32"))], "Other.A: 0 can't be a field number"),
        ([layer(coded("A", 19500, "int32"))], "Other.A: 19500 can't be a field number"),
        ([layer(coded("A B", 1, "int32"))], "'A B' can't be the name of a field of Other"),
        ([layer(name="1st")], "'1st' can't be the name of a message"),
        ([ROUTE, layer(coded("A", 1, Message("Hop", None, ())))], "two different messages are named Hop"),
    ],
)
def test_a_contradiction_is_refused_with_the_name_of_what_is_wrong(layers, sentence):
    with pytest.raises(ValueError, match=sentence):
        declared(layers)


def test_messages_are_read_back_as_they_were_written():
    classes = message_classes(SCHEMA)
    route = classes["Route"](Timestamp=-5, Kind=-1, Clock=(1 << 64) - 1, Last=True, Name="é", Weights=[1, 0])
    route.First.Next.Next.Data = b"\xff"
    route.Hops.add(Data=b"a")
    assert classes["Route"].FromString(route.SerializeToString()) == route


def test_zeros_are_absent_and_repeated_numbers_packed():
    classes = message_classes(SCHEMA)
    assert classes["Route"](Kind=0, Name="").SerializeToString() == b""
    assert classes["Route"](Weights=[1, 2]).SerializeToString() == b"\x3a\x02\x01\x02"
    assert list(classes["Route"].FromString(b"\x38\x01\x38\x02").Weights) == [1, 2]


def test_text_that_is_no_utf8_parses():
    assert message_classes(SCHEMA)["Route"].FromString(b"\x4a\x01\xff").Name == b"\xff"


@pytest.mark.parametrize("version", ["v0.6", "v0.16"])
def test_every_message_of_netcap_can_be_made(version):
    schema = netcap_schema(version)
    classes = message_classes(schema)
    for name, message in schema.messages.items():
        described = classes[name].DESCRIPTOR.fields_by_name
        assert [described[field.name].number for field in message.fields] == [
            f.number for f in message.fields
        ]
    http = classes["HTTP"](RequestHeader={"Host": "a"})
    assert classes["HTTP"].FromString(http.SerializeToString()).RequestHeader["Host"] == "a"


def test_the_proto_file_says_what_the_descriptor_says():
    text = proto_text(SCHEMA)
    file = file_descriptor(SCHEMA)
    assert file.edition == descriptor_pb2.EDITION_2023
    for message in file.message_type:
        assert f"message {message.name} {{" in text
        for field in message.field:
            assert f" {field.name} = {field.number};" in text
    assert "  // Seconds | fraction.\n  uint64 Clock = 3;" in text
    assert "  repeated Hop Hops = 6;" in text
    assert "  NC_Route = 1001;" in text


def avro_value(schema: Schema, message: Message, value: int) -> dict[str, object]:
    """Give a record with this number in every number, and no more messages inside than it must have."""
    made: dict[str, object] = {}
    for field in message.fields:
        inner = schema.inner(field)
        if entry := map_types(field):
            held = schema.messages.get(entry[1])
            made[field.name] = {"é": avro_value(schema, held, value) if held else value}
        elif inner is not None:
            made[field.name] = [] if field.repeated else None
        elif type_name(field) in ("string", "bytes"):
            one = "é" if type_name(field) == "string" else b"\xff"
            made[field.name] = [one] if field.repeated else one
        elif type_name(field) == "bool":
            made[field.name] = True
        else:
            number = Decimal(value) if type_name(field) == "uint64" else value
            made[field.name] = [number] if field.repeated else number
    return made


@pytest.mark.parametrize(
    "schema", [SCHEMA, declared(RECORDS), netcap_schema("v0.16")], ids=["own", "all", "netcap"]
)
def test_avro_schemas_are_accepted_by_fastavro(schema):
    for name in schema.records:
        fastavro.parse_schema(json.loads(json.dumps(avro_schema(schema, name))))


@pytest.mark.parametrize("name", declared(RECORDS).records)
def test_a_record_goes_through_avro(name):
    schema = declared(RECORDS)
    record = avro_value(schema, schema.messages[name], 1 << 30)
    parsed = fastavro.parse_schema(avro_schema(schema, name))
    file = io.BytesIO()
    fastavro.schemaless_writer(file, parsed, record)
    file.seek(0)
    assert fastavro.schemaless_reader(file, parsed, None) == record


def test_numbers_of_64_bits_without_sign_fit_avro():
    record = {"Clock": Decimal((1 << 64) - 1), "Hops": [{"Data": b"x", "Next": {"Data": b"y", "Next": None}}]}
    parsed = fastavro.parse_schema(avro_schema(SCHEMA, "Route"))
    file = io.BytesIO()
    fastavro.writer(file, parsed, [record])
    file.seek(0)
    (read,) = fastavro.reader(file)
    assert read["Clock"] == (1 << 64) - 1
    assert read["Hops"] == record["Hops"]
    assert read["Name"] == ""


def test_the_dictionary_of_fields_has_a_row_for_each():
    text = fields_markdown(SCHEMA, [ROUTE])
    assert "## Route (1001)\n\nRoutes of a protocol that nobody runs.\n\n" in text
    assert "Found by: ether_type 0x88cc, ip_protocol 200." in text
    assert "| Clock | 3 | uint64 | Seconds \\| fraction. |" in text
    assert "| Hops | 6 | repeated Hop |  |" in text


def test_every_record_type_has_its_files():
    files = schema_files(RECORDS)
    records = [layer.name for layer in RECORDS if layer.type_id is not None]
    assert set(files) == {"netbeam.proto", "fields.md", *(f"avro/{name}.avsc" for name in records)}
    assert schema_files(RECORDS) == files


def test_a_stale_file_is_found_and_renewed(tmp_path, capsys):
    arguments = ["--out", str(tmp_path)]
    assert main([*arguments, "--check"]) == 1
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0
    (tmp_path / "fields.md").write_text("old")
    (tmp_path / "avro" / "Gone.avsc").write_text("{}")
    (tmp_path / "avro" / "TCP.avsc").unlink()
    assert sorted(stale(schema_files(RECORDS), tmp_path)) == ["avro/Gone.avsc", "avro/TCP.avsc", "fields.md"]
    capsys.readouterr()
    assert main([*arguments, "--check"]) == 1
    assert "Gone.avsc is stale: run `make schema`" in capsys.readouterr().err
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0
