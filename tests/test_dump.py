"""`netbeam dump` and `netbeam types`, and Netcap's own files read by them."""

import csv
import gzip
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import absent
from hypothesis import given
from hypothesis import strategies as st

from netbeam.declare import Layer, Message, coded, derived
from netbeam.formats import csv as csv_format
from netbeam.formats import jsonl, table
from netbeam.formats.columns import Columns, UnknownField
from netbeam.formats.ncap import CODECS, delimited, header_bytes, open_records
from netbeam.records import FLOW_RECORDS, RECORDS
from netbeam.schema import declared
from pipeline.cli import main

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT.parent / "shared" / "netcap_reference"
FILES = sorted(REFERENCE.glob("*/*.ncap.gz"))

HOP = Message("Hop", None, (coded("Data", 1, "bytes"), coded("Next", 2, "Hop")))
ROUTE = Layer(
    "Route",
    1001,
    4,
    (
        derived("Timestamp", 1),
        coded("Name", 9, "string"),
        coded("Load", 3, "double"),
        coded("First", 4, HOP),
        coded("Hops", 5, HOP, repeated=True),
        coded("Last", 6, "bool"),
        coded("Weights", 7, "uint64", repeated=True),
        coded("Raw", 8, "bytes"),
    ),
)
SCHEMA = declared([ROUTE])
EMPTY = {
    "Timestamp": 0,
    "Name": "",
    "Load": 0.0,
    "First": None,
    "Hops": [],
    "Last": False,
    "Weights": [],
    "Raw": "",
}


def route(*, wire: bytes = b"", **values):
    from netbeam.descriptors import message_classes

    made = message_classes(SCHEMA)["Route"](**values)
    made.MergeFromString(wire)
    return made


def dumped(*records, fields=None, form=jsonl):
    columns = Columns(SCHEMA, SCHEMA.messages["Route"], fields)
    return "".join(form.lines(columns, records))


def write(path: Path, *records: bytes, type_id: int = 38, version: str = "netbeam 0.1.0") -> Path:
    path.write_bytes(header_bytes(type_id, 0, "a.pcap", version, False) + b"".join(map(delimited, records)))
    return path


def program(*arguments, **options):
    """Run netbeam as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        capture_output=True,
        cwd=ROOT,
        check=False,
        **options,
    )


TCP_RECORDS = [b"\x08\x01\x10\x50\x18\xbb\x03\x40\x01", b"\x10\xbb\x03\x18\x50\x50\x01", b"\x18\x35"]


def test_the_reference_files_are_there():
    if not FILES:
        absent("../shared/netcap_reference")
    assert len(FILES) == 210


def without_zeros(value):
    """Leave out what Netcap's dump leaves out."""
    if isinstance(value, dict):
        kept = {key: without_zeros(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, "", 0, False, [], {})}
    return [without_zeros(item) for item in value] if isinstance(value, list) else value


def with_replacements(line: str) -> str:
    """Write a byte that is no UTF-8 as Netcap's dump does."""
    return re.sub(r"\\\\x[89a-f][0-9a-f]", r"\\ufffd", line)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_of_netcap_is_read_as_netcap_reads_it(path):
    records = open_records(path)
    columns = Columns(records.schema, records.schema.messages[records.type])
    ours = [without_zeros(json.loads(with_replacements(line))) for line in jsonl.lines(columns, records)]
    theirs = gzip.decompress(path.with_name(f"{records.type}.jsonl.gz").read_bytes()).splitlines()
    assert ours == [without_zeros(json.loads(line)) for line in theirs]
    assert records.header.Version == "v0.6.11"
    assert records.problems == []


def test_every_field_is_there_in_the_order_of_its_declaration():
    assert json.loads(dumped(route())) == EMPTY
    assert list(json.loads(dumped(route()))) == [field.name for field in ROUTE.fields]


def test_values_of_every_type_are_plain_json():
    record = route(
        Timestamp=-(1 << 63), Name='é"\n\0', Load=1.5, Last=True, Weights=[0, (1 << 64) - 1], Raw=b"\xff\0"
    )
    record.Hops.add(Data=b"a").Next.Next.Data = b""
    assert json.loads(dumped(record)) == {
        "Timestamp": -(1 << 63),
        "Name": 'é"\n\0',
        "Load": 1.5,
        "First": None,
        "Hops": [{"Data": "YQ==", "Next": {"Data": "", "Next": {"Data": "", "Next": None}}}],
        "Last": True,
        "Weights": [0, (1 << 64) - 1],
        "Raw": "/wA=",
    }


def test_lines_are_ascii_and_one_for_each_record():
    text = dumped(route(Name="\u2028\x1b[31m\u202e"), route())
    assert text.isascii()
    assert text.count("\n") == 2
    assert "\x1b" not in text


def test_a_number_that_is_not_finite_is_null():
    lines = dumped(route(Load=float("nan")), route(Load=float("-inf"))).splitlines()
    assert [json.loads(line)["Load"] for line in lines] == [None, None]


def test_text_that_is_no_utf8_is_escaped():
    assert json.loads(dumped(route(wire=b"\x4a\x03a\xff\xfe")))["Name"] == r"a\xff\xfe"


def test_maps_are_objects_with_sorted_keys():
    from netbeam.descriptors import message_classes
    from netbeam.formats.netcap import netcap_schema

    schema = netcap_schema("v0.6")
    http = message_classes(schema)["HTTP"](RequestHeader={"b": "1", "a": "2"})
    columns = Columns(schema, schema.messages["HTTP"], ["RequestHeader"])
    assert "".join(jsonl.lines(columns, [http])) == '{"RequestHeader":{"a":"2","b":"1"}}\n'


def test_fields_are_given_as_they_are_asked_for():
    record = route(Name="n")
    record.First.Next.Data = b"a"
    record.Hops.add(Data=b"b")
    record.Hops.add().Next.Data = b"c"
    names = ["Name", "First.Next.Data", "Hops.Data", "Hops.Next.Data", "First.Next.Next.Data", "Name"]
    assert dumped(record, fields=names) == (
        '{"Name":"n","First.Next.Data":"YQ==","Hops.Data":["Yg==",""],"Hops.Next.Data":[null,"Yw=="],'
        '"First.Next.Next.Data":null}\n'
    )


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        ("name", "Route has no field 'name'; did you mean 'Name'?"),
        ("First.dat", "Hop has no field 'dat'; did you mean 'Data'?"),
        ("Name.Length", "'Name.Length': Name holds no fields"),
        ("Quite.Different", "Route has no field 'Quite'; it has Timestamp, Name,"),
        ("", "Route has no field ''"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_one(field, sentence):
    with pytest.raises(UnknownField, match=re.escape(sentence)):
        Columns(SCHEMA, SCHEMA.messages["Route"], [field])


def test_csv_has_a_header_line_and_json_for_what_is_nested():
    record = route(Name='a,"b"\n', Weights=[1, 2], Last=True, Load=0.1)
    record.First.Data = b"x"
    assert dumped(record, route(), form=csv_format) == (
        "Timestamp,Name,Load,First,Hops,Last,Weights,Raw\n"
        '0,"a,""b""\n",0.1,"{""Data"":""eA=="",""Next"":null}",[],true,"[1,2]",\n'
        "0,,0.0,,[],false,[],\n"
    )


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_csv_is_read_back_as_it_was(texts):
    text = dumped(*(route(Name=name) for name in texts), fields=["Name", "Last"], form=csv_format)
    # Python 3.10's csv reads no NUL.
    rows = list(csv.reader(io.StringIO(text.replace("\0", "\udc00"), newline="")))
    assert rows == [["Name", "Last"], *([name.replace("\0", "\udc00"), "false"] for name in texts)]


def shown(*records, **options):
    out = io.StringIO()
    columns = Columns(SCHEMA, SCHEMA.messages["Route"], options.pop("fields", None))
    result = table.write(columns, records, out, **{"everything": False, "width": None, **options})
    return out.getvalue(), result


def test_a_table_gives_times_to_the_nanosecond_and_leaves_out_empty_columns():
    text, (rows, left_out) = shown(route(Timestamp=1_700_000_000_000_000_001, Name="n"), route(Timestamp=-1))
    assert text.splitlines() == [
        "Timestamp                       Name",
        "2023-11-14T22:13:20.000000001Z  n",
        "1969-12-31T23:59:59.999999999Z",
    ]
    assert rows == 2
    assert left_out == ["Load", "First", "Hops", "Last", "Weights", "Raw"]


def test_a_table_has_no_control_characters_and_no_markup():
    text, _ = shown(route(Name="\x1b[2J[red]\n\u202e"))
    assert r"\x1b[2J[red]\n\u202e" in text


def test_a_table_is_as_wide_as_the_screen():
    text, (_, left_out) = shown(route(Timestamp=1, Name="x" * 99, Raw=b"y"), width=76)
    assert max(map(len, text.splitlines())) <= 76
    assert left_out == ["Load", "First", "Hops", "Last", "Weights", "Raw"]


def test_a_table_of_chosen_fields_has_all_of_them():
    text, (_, left_out) = shown(route(), fields=["Last", "Raw"], everything=True)
    assert text.split() == ["Last", "Raw"]
    assert left_out == []


def test_jsonl_is_printed_and_limited(tmp_path, capsys):
    path = write(tmp_path / "TCP.ncap", *TCP_RECORDS)
    assert main(["dump", str(path), "--fields", "SrcPort,DstPort"]) == 0
    assert capsys.readouterr().out == (
        '{"SrcPort":80,"DstPort":443}\n{"SrcPort":443,"DstPort":80}\n{"SrcPort":0,"DstPort":53}\n'
    )
    assert main(["dump", str(path), "--fields", "SrcPort", "--limit", "1"]) == 0
    assert capsys.readouterr().out == '{"SrcPort":80}\n'


def test_all_fields_of_a_declared_type_are_printed(tmp_path, capsys):
    tcp = next(layer for layer in RECORDS if layer.name == "TCP")
    assert main(["dump", str(write(tmp_path / "TCP.ncap", TCP_RECORDS[0]))]) == 0
    assert list(json.loads(capsys.readouterr().out)) == [field.name for field in tcp.fields]


def test_shards_given_together_are_one(tmp_path, capsys):
    first = write(tmp_path / "TCP-00000-of-00002.ncap", TCP_RECORDS[0])
    second = tmp_path / "TCP-00001-of-00002.ncap.zst"
    second.write_bytes(CODECS["zstd"].compress(b"".join(map(delimited, TCP_RECORDS[1:]))))
    assert main(["dump", str(first), str(second), "--format", "csv", "--fields", "DstPort"]) == 0
    assert capsys.readouterr().out == "DstPort\n443\n80\n53\n"
    assert main(["dump", str(second), "--format", "csv", "--fields", "DstPort"]) == 0
    assert capsys.readouterr().out == "DstPort\n80\n53\n"


def test_a_table_says_what_it_does_not_show(tmp_path, capsys):
    path = write(tmp_path / "TCP.ncap", *TCP_RECORDS * 20)
    assert main(["dump", str(path), "--format", "table"]) == 0
    out = capsys.readouterr().out
    assert "(the first 20 records; --limit N gives more)" in out
    assert "AckNum" in out.splitlines()[-1]
    assert main(["dump", str(path), "--format", "table", "--limit", "60", "--fields", "DstPort"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 61


def test_a_truncated_file_is_printed_as_far_as_it_goes_and_status_1_says_so(tmp_path, capsys):
    path = write(tmp_path / "TCP.ncap", *TCP_RECORDS)
    path.write_bytes(path.read_bytes()[:-1])
    assert main(["dump", str(path), "--fields", "DstPort"]) == 1
    out, err = capsys.readouterr()
    assert out == '{"DstPort":443}\n{"DstPort":80}\n'
    assert (
        err
        == f"netbeam: {path}: the last record begins at byte 44 (uncompressed) and has 2 of its 3 bytes; "
        + ("2 records before that are whole\n")
    )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_text("hello"), "is not a file of records: "),
        (lambda path: path.write_bytes(b""), "is not a file of records: it is empty"),
        (lambda path: path.mkdir(), "not a file that can be read"),
        (lambda path: None, "not a file that can be read"),
        (lambda path: write(path, type_id=1234), "type 1234, which is not known: --encoders"),
    ],
)
def test_what_holds_no_records_is_refused_in_one_line(tmp_path, capsys, make, sentence):
    path = tmp_path / "X.ncap"
    make(path)
    assert main(["dump", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert str(path) in err
    assert sentence in err


def test_an_unknown_field_and_a_bad_limit_end_with_status_2(tmp_path, capsys):
    path = str(write(tmp_path / "TCP.ncap"))
    assert main(["dump", path, "--fields", "srcport"]) == 2
    assert capsys.readouterr().err == "netbeam: TCP has no field 'srcport'; did you mean 'SrcPort'?\n"
    assert main(["dump", path, "--limit", "-1"]) == 2
    assert "'-1' is not a number of records" in capsys.readouterr().err


def test_types_of_a_users_file_are_read(tmp_path, capsys):
    declaration = tmp_path / "notes.py"
    declaration.write_text(
        "from netbeam.declare import Layer, int32, u8, udp_port\n"
        'NOTE = Layer("Note", 1500, 1, (int32("Tone", 1000, u8(0)),), found_by=(udp_port(4444),))\n'
        "LAYERS = (NOTE,)\n"
    )
    path = write(tmp_path / "Note.ncap", b"\xc0\x3e\x07", type_id=1500)
    assert main(["dump", str(path), "--encoders", str(declaration)]) == 0
    assert capsys.readouterr().out == '{"Tone":7}\n'
    assert main(["types", "Note", "--encoders", str(declaration)]) == 0
    assert "found by udp_port 4444" in capsys.readouterr().out


def test_stdin_is_read_and_a_closed_pipe_ends_it_quietly(tmp_path):
    path = write(tmp_path / "TCP.ncap", *TCP_RECORDS * 20_000)
    done = program("dump", "-", "--limit", "2", "--fields", "DstPort", stdin=path.open("rb"))
    assert (done.returncode, done.stdout, done.stderr) == (0, b'{"DstPort":443}\n{"DstPort":80}\n', b"")
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "dump", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_types_lists_every_record_type(capsys):
    assert main(["types"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + sum(layer.type_id is not None for layer in RECORDS)
    assert any(line.split()[:2] == ["38", "TCP"] for line in lines)


def test_types_tells_where_fields_lie(capsys):
    assert main(["types", "TCP"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "found by ip_protocol 6"
    assert any(line.split()[:5] == ["2", "SrcPort", "int32", "bytes", "0-1"] for line in lines)
    assert any(re.search(r"8  SYN +bool +byte 13, bit 1", line) for line in lines)
    assert "TCPOption (39)" in lines


def test_types_gives_json(capsys):
    assert main(["types", "--json"]) == 0
    types = json.loads(capsys.readouterr().out)
    assert [type_["name"] for type_ in types] == list(declared(RECORDS).records)
    assert main(["types", "GRE", "--json"]) == 0
    gre = json.loads(capsys.readouterr().out)
    assert gre["number"] == 77
    assert [message["name"] for message in gre["messages"]] == ["GRERouting"]


def test_an_unknown_type_is_refused_with_the_nearest_one(capsys):
    assert main(["types", "tcp"]) == 2
    assert capsys.readouterr().err == "netbeam: tcp: no such record type; did you mean TCP?\n"


# Records made of many packets.


@pytest.fixture(scope="module")
def of_many(traffic, tmp_path_factory):
    """The files of records made of many packets, of a small capture."""
    folder = tmp_path_factory.mktemp("flows")
    names = ",".join(layer.name for layer in FLOW_RECORDS)
    assert main(["run", str(traffic(1000)), "-o", str(folder), "--quiet", "--include", names]) == 0
    return folder


@pytest.mark.parametrize("layer", FLOW_RECORDS, ids=lambda layer: layer.name)
def test_records_made_of_many_packets_are_printed_in_every_form(of_many, layer, capsys):
    path = str(of_many / f"{layer.name}.ncap.gz")
    assert main(["dump", path]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines
    assert main(["dump", path, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(rows[0]) == list(lines[0]) == [field.name for field in layer.fields]
    for line, row in zip(lines, rows, strict=True):
        for name, value in line.items():
            assert row[name] == (
                value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
            )
    assert main(["dump", path, "--format", "table", "--limit", "2"]) == 0
    heading, *shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 3
    assert all(name in heading or name in shown[-1] for name in lines[0])


def test_a_map_is_an_object_whose_keys_are_in_order(of_many, capsys):
    main(["dump", str(of_many / "Host.ncap.gz"), "--fields", "Protocols"])
    found = [json.loads(line)["Protocols"] for line in capsys.readouterr().out.splitlines()]
    assert {"TCP", "UDP"} <= set().union(*found)
    assert all(list(each) == sorted(each) for each in found)
    assert all(protocol["Packets"] > 0 for each in found for protocol in each.values())


def test_types_shows_the_fields_of_a_connection_and_the_messages_in_a_host(capsys):
    assert main(["types", "Connection"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Connection (3)  A connection: ")
    assert re.search(r"^ *1060  ConnState +string +How the connection was left", shown, re.MULTILINE)
    assert main(["types", "Host"]) == 0
    assert [part.split("  ")[0] for part in capsys.readouterr().out.split("\n\n")] == [
        "Host (101)", "Protocol", "Port", "PortStats",
    ]  # fmt: skip
