"""Messages written column by column are those that protobuf would write."""

from ipaddress import ip_address

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbeam.declare import Field, Layer, Map, Message
from netbeam.descriptors import message_classes
from netbeam.flows.wire import lists, runs, texts, write
from netbeam.kernel.addresses import ROOM, address_texts
from netbeam.schema import declared

INNER = Message("Inner", None, (Field("Count", 1, "uint64"), Field("Name", 2, "string")))
OUTER = Message(
    "Outer",
    1001,
    (
        Field("Small", 1, "int32"),
        Field("Wide", 2, "uint32"),
        Field("Time", 3, "int64"),
        Field("Flag", 4, "bool"),
        Field("Share", 5, "double"),
        Field("Text", 6, "string"),
        Field("Inside", 7, INNER),
        Field("Far", 3000, "uint64"),
        Field("Many", 8, INNER, repeated=True),
        Field("Numbers", 9, "uint32", repeated=True),
        Field("Named", 10, Map(INNER)),
    ),
)
CLASSES = message_classes(declared([Layer(OUTER.name, OUTER.type_id, 0, OUTER.fields)]))
WORDS = st.integers(0, 300) | st.integers(0, (1 << 64) - 1)
SHARES = st.sampled_from([0.0, 0.4, 1.0, -2.5, float("inf")])
NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)
ROWS = st.lists(st.tuples(WORDS, st.booleans(), SHARES, NAMES), min_size=1, max_size=8)


def whole(made):
    """Give the bytes of each message."""
    return runs(len(made.data), lambda places: type(made)(made.data[places], made.used[places])).split()


@given(ROWS)
def test_fields_are_written_as_protobuf_writes_them(rows):
    numbers, flags, shares, names = (list(column) for column in zip(*rows, strict=True))
    words = np.array(numbers, np.uint64)
    named = texts([name.encode() for name in names])
    inner = write(INNER, {"Count": words, "Name": named})
    columns = {"Text": named, "Inside": inner, "Flag": np.array(flags), "Share": np.array(shares)}
    made = whole(write(OUTER, {**columns, **dict.fromkeys(("Small", "Wide", "Time", "Far"), words)}))
    for data, number, flag, share, name in zip(made, numbers, flags, shares, names, strict=True):
        expected = CLASSES["Outer"](
            Small=min(number, (1 << 31) - 1), Wide=min(number, (1 << 32) - 1),
            Time=number - (1 << 64 if number >> 63 else 0), Flag=flag, Share=share, Text=name, Far=number,
            Inside={"Count": number, "Name": name},
        )  # fmt: skip
        assert CLASSES["Outer"].FromString(data) == expected
        assert len(data) == len(expected.SerializeToString())


@given(st.lists(st.tuples(st.integers(0, 4), WORDS), max_size=6))
def test_a_list_holds_the_rows_of_its_message_zeros_and_all(messages):
    counts = np.array([count for count, _ in messages], np.int64)
    numbers = np.arange(counts.sum()) % 3
    ends = np.cumsum(counts)
    made = lists(ends - counts, ends, lambda rows: write(OUTER, {"Numbers": numbers[rows]})).split()
    assert [list(CLASSES["Outer"].FromString(data).Numbers) for data in made] == [
        numbers[end - count : end].tolist() for count, end in zip(counts, ends, strict=True)
    ]


def test_empty_messages_in_a_list_and_in_a_map_are_written():
    empty = write(INNER, {"Count": np.zeros(1, np.uint64)})
    entry = Message("Entry", None, (Field("key", 1, "string"), Field("value", 2, INNER)))
    named = write(entry, {"key": texts([b"a"]), "value": empty})
    (data,) = whole(write(OUTER, {"Many": empty, "Named": named}))
    assert CLASSES["Outer"].FromString(data) == CLASSES["Outer"](Many=[{}], Named={"a": {}})


def test_a_field_that_is_not_declared_is_an_error():
    with pytest.raises(ValueError, match="Inner has no field Counts"):
        write(INNER, {"Counts": np.zeros(1, np.uint64)})


def test_texts_of_many_addresses_are_written_at_once():
    addresses = ["0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::ffff:0:1", "1:2:3:4:5:6:7:8"]
    data = b"".join(int(ip_address(address)).to_bytes(16, "big") for address in addresses)
    data += bytes(10) + b"\1\2\3\4\5\xff"
    lengths = bytearray(7)
    rows = address_texts(data, bytes((4, 4, 6, 6, 6, 6, 0)), lengths)
    found = [bytes(rows[i * ROOM : i * ROOM + length]).decode() for i, length in enumerate(lengths)]
    assert found == [*addresses, "01:02:03:04:05:ff"]
    assert address_texts(b"", b"", bytearray()) == bytearray(1)


def test_the_longest_text_of_an_address_has_room():
    rows = address_texts(b"\xff" * 16, b"\x06", lengths := bytearray(1))
    assert rows[: lengths[0]] == b"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"


def test_addresses_that_are_not_whole_are_an_error():
    with pytest.raises(ValueError, match="31 bytes and 2 lengths for 2 addresses"):
        address_texts(bytes(31), b"\4\4", bytearray(2))
