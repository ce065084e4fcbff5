"""Variable parts that are declared: elements, lists, lengths, conditions; and what breaks them."""

import pytest
from captures import START, Packet
from decoding import batch, joined, split

from netbeam.declare import (
    Field,
    Layer,
    Length,
    Message,
    address,
    block,
    boolean,
    derived,
    each,
    here,
    hexadecimal,
    i16,
    i32,
    int32,
    integer,
    ipv4,
    is_,
    link_type,
    little,
    mac,
    many,
    named,
    one,
    placed,
    prefixed,
    raw,
    rest,
    size,
    sized,
    tagged,
    text,
    true_if,
    u8,
    u16,
    u24,
    u32,
    u48,
    u64,
    uint32,
    uint64,
    when,
)
from netbeam.decode import Decoder
from netbeam.descriptors import message_classes
from netbeam.plan import compile_plan
from netbeam.schema import declared

PAIR = Message("Pair", None, (int32("A", 1, u8(0)), int32("B", 2, u16(1))), header_len=3)
TLV = Message(
    "TLV",
    None,
    (int32("Type", 1, u16(0).bits(9, 7)), int32("Length", 2, u16(0).bits(0, 9)), rest("Value", 3)),
    header_len=2,
    length=Length(u16(0).bits(0, 9), add=2),
    tag=u16(0).bits(9, 7),
    last=0,
)
OPTION = Message(
    "Option",
    None,
    (int32("Type", 1, u8(0)), size("Size", 2), rest("Value", 3)),
    header_len=2,
    length=Length(u8(1)),
    padded_to=4,
    tag=u8(0),
    alone=(1,),
)
OUTER = Message(
    "Outer",
    None,
    (int32("Kind", 1, u8(0)), many("Pairs", 2, PAIR, u8(1)), text("Name", 3)),
    header_len=3,
    length=Length(u8(2), unit=2, add=3),
)
SUBTYPE = Message("Subtype", None, (int32("Kind", 1, u8(0)), rest("Id", 2)), header_len=1, spans=True)


def decoded(data, *fields, header_len=2, spans=True):
    """Decode bytes as a layer of these fields; give the record as a dictionary, and the reject's detail."""
    layer = Layer("Made", 1001, header_len, fields, spans=spans, found_by=(link_type(147),))
    data = bytes.fromhex(data)
    found = Decoder(compile_plan([layer]), bytes, 1 << 12).decode(
        batch([Packet(START, data, len(data), 147)])
    )
    made = message_classes(declared([layer]))["Made"]
    messages = [made.FromString(message) for message in split(joined(found).get("Made", b""))]
    details = [reject.detail.removeprefix("Made ") for reject in found.rejects]
    assert all(message.ByteSize() == len(message.SerializeToString()) for message in messages)
    return [plain(message) for message in messages], details


def plain(message):
    """Give what is set in a message, by name."""
    found = {}
    for field, value in message.ListFields():
        many_of = list(value) if field.is_repeated else [value]
        values = [plain(inner) if field.message_type else inner for inner in many_of]
        found[field.name] = values if field.is_repeated else values[0]
    return found


GOOD = {
    "numbers of either byte order, signed or not": (
        "0201 feff ffff 0100 fffffffe 030201 0102030405060708 010203040506",
        (
            int32("A", 1, little(u16(0))),
            int32("B", 2, i16(2)),
            int32("C", 3, little(i16(2))),
            int32("D", 4, i32(8)),
            int32("E", 5, little(u24(12))),
            uint64("F", 6, little(u64(15))),
            uint64("G", 7, u48(23)),
            int32("H", 8, little(u16(6)).bits(0, 1)),
        ),
        {
            "A": 0x0102,
            "B": -257,
            "C": -2,
            "D": -2,
            "E": 0x010203,
            "F": 0x0807060504030201,
            "G": 0x010203040506,
            "H": 1,
        },
        29,
    ),
    "as many elements as a number says, then the rest": (
        "0002 010002 030004 aabb",
        (many("Pairs", 1, PAIR, u16(0)), rest("Rest", 2)),
        {"Pairs": [{"A": 1, "B": 2}, {"A": 3, "B": 4}], "Rest": b"\xaa\xbb"},
    ),
    "elements up to the end": (
        "0000 010002 000000",
        (many("Pairs", 1, PAIR),),
        {"Pairs": [{"A": 1, "B": 2}, {}]},
    ),
    "elements in as many bytes as a number says": (
        "0003 010002 aa",
        (sized(many("Pairs", 1, PAIR), u16(0)), rest("Rest", 2)),
        {"Pairs": [{"A": 1, "B": 2}], "Rest": b"\xaa"},
    ),
    "types and lengths that are bits": (
        "0000 0203616263 0400 0000 ffff",
        (many("List", 1, TLV), rest("Rest", 2)),
        {"List": [{"Type": 1, "Length": 3, "Value": b"abc"}, {"Type": 2}, {}], "Rest": b"\xff\xff"},
    ),
    "elements that are padded, single bytes, and a last one without its padding": (
        "0000 020361 ff 01 0202 ffff 030562 6364",
        (many("List", 1, OPTION),),
        {
            "List": [
                {"Type": 2, "Size": 3, "Value": b"a"},
                {"Type": 1, "Size": 1},
                {"Type": 2, "Size": 2},
                {"Type": 3, "Size": 5, "Value": b"bcd"},
            ]
        },
    ),
    "lists in elements of a list": (
        "0000 07 01 03 010002 616200 08 00 00",
        (many("Outer", 1, OUTER),),
        {"Outer": [{"Kind": 7, "Pairs": [{"A": 1, "B": 2}], "Name": "ab"}, {"Kind": 8}]},
    ),
    "what elements hold by their types, the first of each": (
        "0000 0202 0461 0401 62 0602 0005 0401 63 0801 64",
        (
            tagged(one("First", 1, SUBTYPE), TLV, 1),
            tagged(text("Name", 2), TLV, 2),
            tagged(int32("Number", 3, u16(0)), TLV, 3),
            many("Others", 4, TLV),
        ),
        {
            "First": {"Kind": 4, "Id": b"a"},
            "Name": "b",
            "Number": 5,
            "Others": [{"Type": 2, "Length": 1, "Value": b"c"}, {"Type": 4, "Length": 1, "Value": b"d"}],
        },
    ),
    "lengths before the bytes that they are of, and a number before": (
        "0203 aabb 03616263 0000 020102 aabbcc 0102",
        (
            sized(rest("Token", 1), u8(0).bits(0, 4)),
            prefixed(text("Name", 2), u8(0)),
            prefixed(rest("None", 3), u16(0)),
            prefixed(integer("Number", 4), u8(0)),
            sized(hexadecimal("Hardware", 5), Length(u8(1))),
            integer("Rest", 6),
        ),
        {"Token": b"\xaa\xbb", "Name": "abc", "Number": 258, "Hardware": "aa:bb:cc", "Rest": 258},
    ),
    "texts: padded at their place, ended, and all the rest": (
        "6162000000 0000 6300 64",
        (placed(text("A", 1), 0, 5), text("B", 2), text("C", 3)),
        {"A": "ab", "B": "c", "C": "d"},
        7,
    ),
    "addresses by their length": (
        "0410 0a000001 20010db8000000000000000000000001 aabb",
        (sized(address("A", 1), u8(0)), sized(address("B", 2), u8(1)), address("C", 3)),
        {"A": "10.0.0.1", "B": "2001:db8::1", "C": "aabb"},
    ),
    "what is repeated without messages": (
        "0200 0a000001 0a000002 0161 026263 0001 0000 00ff",
        (
            each(ipv4("Addresses", 1, 0), u8(0)),
            each(prefixed(text("Names", 2), u8(0)), u8(0)),
            each(int32("Numbers", 3, u16(0))),
        ),
        {"Addresses": ["10.0.0.1", "10.0.0.2"], "Names": ["a", "bc"], "Numbers": [1, 0, 255]},
    ),
    "what is there only if a flag, a value or a range holds": (
        "8005 0007 00000008 aa",
        (
            when(u8(0).bits(7, 1), int32("A", 1, u16(0))),
            when(u8(0).bits(6, 1), int32("B", 2, u16(0))),
            when(is_(u8(1), 5), uint32("C", 3, u32(0))),
            when(is_(u8(1), 6), rest("D", 4)),
            rest("E", 5),
            true_if("F", 6, is_(u8(1), 5)),
            true_if("G", 7, u8(0).bits(0, 7)),
            named("H", 8, u8(1), {4: "four", 5: "five"}),
            named("I", 9, u8(0), {4: "four", 5: "five"}),
        ),
        {"A": 7, "C": 8, "E": b"\xaa", "F": True, "H": "five"},
    ),
    "blocks of fields": (
        "0100 020000000001 05 010002 aa",
        (
            *block(
                7,
                mac("A", 1, 0),
                int32("B", 2, u8(6).bits(0, 2)),
                boolean("C", 3, u8(6).bits(2, 1)),
                only_if=u8(0),
            ),
            *block(100, int32("D", 4, u8(0)), only_if=u8(1)),
            *block(3, placed(one("E", 5, PAIR), 0, 3), int32("F", 6, u8(2))),
            rest("G", 7),
        ),
        {"A": "02:00:00:00:00:01", "B": 1, "C": True, "E": {"A": 1, "B": 2}, "F": 2, "G": b"\xaa"},
    ),
    "a field at the cursor, some bytes on": (
        "0000 ffff 0102 aabb",
        (here(int32("A", 1, u16(2))), here(raw("B", 2, 0, 2))),
        {"A": 0x0102, "B": b"\xaa\xbb"},
    ),
}


@pytest.mark.parametrize("what", GOOD)
def test_what_is_declared_is_written(what):
    data, fields, expected, *header_len = GOOD[what]
    assert decoded(data, *fields, header_len=(header_len or [2])[0]) == ([expected], [])


@pytest.mark.parametrize("what", GOOD)
def test_a_header_cut_anywhere_gives_a_record_or_a_fault(what):
    data, fields, _, *header_len = GOOD[what]
    data = data.replace(" ", "")
    for end in range(0, len(data), 2):
        found, faults = decoded(data[:end], *fields, header_len=(header_len or [2])[0])
        assert len(found) + len(faults) in (1, 2)


BAD = {
    "an element of a list stays out, and those before it stay": (
        "0000 010002 01",
        (many("Pairs", 1, PAIR),),
        [{"Pairs": [{"A": 1, "B": 2}]}],
        "option is malformed at byte 5 of 6",
    ),
    "an option longer than what is left": (
        "0000 0201 61 0402 61",
        (many("List", 1, TLV),),
        [{"List": [{"Type": 1, "Length": 1, "Value": b"a"}]}],
        "option is malformed at byte 5 of 8",
    ),
    "an option shorter than its own header": (
        "0000 0201",
        (many("List", 1, OPTION),),
        [{}],
        "option is malformed at byte 2 of 4",
    ),
    "numbers of a packed list before one that is not whole": (
        "0000 0001 0002 03",
        (each(int32("A", 1, u16(0))),),
        [{"A": [1, 2]}],
        "option is malformed at byte 6 of 7",
    ),
    "fewer elements than a number says": (
        "0002 010002",
        (many("Pairs", 1, PAIR, u16(0)),),
        [],
        "content is malformed at byte 5 of 5",
    ),
    "a length beyond the end": (
        "0005 00000000",
        (sized(rest("A", 1), u16(0)),),
        [],
        "content is malformed at byte 2 of 6",
    ),
    "a length below nothing": (
        "0001 00",
        (sized(rest("A", 1), Length(u16(0), add=-2)),),
        [],
        "content is malformed at byte 2 of 3",
    ),
    "a field that should be there and is not": (
        "0001 00",
        (when(u16(0), int32("A", 1, u16(0))),),
        [],
        "content is malformed at byte 2 of 3",
    ),
    "a number of nine bytes": (
        "0000 000000000000000000",
        (integer("A", 1),),
        [],
        "content is malformed at byte 2 of 11",
    ),
    "a fault in an inner list": (
        "0000 07 02 02 010002 61",
        (many("Outer", 1, OUTER), rest("Rest", 2)),
        [],
        "content is malformed at byte 8 of 9",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_malformed_is_a_fault(what):
    data, fields, expected, detail = BAD[what]
    assert decoded(data, *fields) == (expected, [detail])


def test_what_lies_in_an_element_of_an_element_is_as_a_layers_own():
    inner = Message("Inner", None, (derived("SrcIP", 1),), header_len=1)
    with pytest.raises(ValueError, match="SrcIP is derived from around a layer, and not in a message"):
        decoded("0000", many("Inner", 1, inner))


def test_a_field_of_a_users_kind_may_be_repeated_in_any_number():
    fields = (each(Field("A", 1, "uint32", at=u8(0)), u16(0)),)
    ((record,), faults) = decoded("0300" + "ff" * 768, *fields)
    assert (record, faults) == ({"A": [255] * 768}, [])
