"""Rows: the fields of records, compiled into what the kernel writes them by."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from netbeam.declare import At, Check, Field, Layer, Length, Message, Part
from netbeam.kernel import groups, parts, wire

WHOLE = {1: wire.U8, 2: wire.U16, 4: wire.U32}
"""The kinds of unsigned big-endian numbers that most fields are."""

AROUND = {
    "Timestamp": wire.STAMP,
    "SrcIP": wire.SOURCE,
    "DstIP": wire.TARGET,
    "SrcPort": wire.SOURCE_PORT,
    "DstPort": wire.TARGET_PORT,
    "PayloadSize": wire.SIZE,
    "PayloadEntropy": wire.ENTROPY,
    "Payload": wire.CODED + parts.PAYLOAD,
}
"""The kinds of fields derived from the packet around the header."""

TEXTS = {"mac": wire.MAC, "ipv4": wire.IPV4, "ipv6": wire.IPV6}

GREATEST = {
    wire.STAMP: 10,
    wire.SOURCE: 49,
    wire.TARGET: 49,
    wire.SOURCE_PORT: 3,
    wire.TARGET_PORT: 3,
    wire.SIZE: 10,
    wire.ENTROPY: 8,
    wire.MAC: 18,
    wire.IPV4: 16,
    wire.IPV6: 46,
    wire.U8: 2,
    wire.U16: 3,
    wire.U32: 5,
    wire.NUMBER: 10,
}
"""The most bytes that a field's value takes, by the kind of its row."""

KEY = 3
"""The most bytes that a field's key takes."""

WORD = (1 << 32) - 1
NOWHERE = At(0, 0)

Row = tuple[int, ...]
"""OP_COLUMNS numbers: netbeam/kernel/wire.py says which."""


def number_format(at: At) -> int:
    """Give the width of a number as the kernel takes it, marked when its lowest byte comes first."""
    return at.width | (wire.LITTLE if at.little else 0)


def number_columns(at: At | None) -> Row:
    """Give the columns by which the kernel reads a number; of none at all, those of 0."""
    at = at or NOWHERE
    return number_format(at), at.offset, at.shift, at.mask or (1 << min(32, 8 * at.width)) - 1


def length_columns(length: Length | None) -> Row:
    """Give what the number of a length is multiplied with and added to."""
    return (length.unit, length.add + groups.ZERO) if length else (0, 0)


def greatest(row: Row) -> int:
    """Give the most bytes that a row's field takes; a variable part looks after its own room."""
    if row[0] >= wire.GROUP or row[0] == wire.END:
        return 0
    return KEY + GREATEST.get(row[0], row[6] + KEY)


def fixed_row(field: Field) -> Row:
    """Give the row of a field at a fixed offset, or derived from around the header."""
    at = field.at or NOWHERE
    _, offset, shift, mask = number_columns(at)
    form = number_format(at) | (wire.SIGNED if at.signed else 0)
    least = 1
    if field.kind == "number":
        kind, least = WHOLE.get(form, wire.NUMBER), field.least
    elif field.kind == "derived":
        kind = AROUND[field.name]
        if kind >= wire.CODED:
            return kind, 0, 0, 0, 0, 0, 0, field.number
    elif field.kind == "raw":
        kind, least = wire.RAW, at.width
    else:
        kind = TEXTS[field.kind]
    wire_type = {"string": 2, "bytes": 2, "double": 1}.get(str(field.type), 0)
    key = key_bytes(field.number << 3 | wire_type)
    return kind, offset, shift, mask, int.from_bytes(key, "little"), len(key), least, form


def key_bytes(key: int) -> bytes:
    """Write a field's key as a varint."""
    written = bytearray()
    while key >= 128:
        written.append(key & 127 | 128)
        key >>= 7
    return bytes((*written, key))


def bare(row: Row) -> Row:
    """Give the row of a number that is written without its key, as they lie in a packed list."""
    return (*row[:5], 0, 0, row[7])


class Rows:
    """The rows under construction, and the tables of groups, conditions and names among them."""

    def __init__(self) -> None:
        """Start with words that no row refers to, for which 0 would mean that there are none."""
        self.words: array[int] = array("I", [wire.END] * wire.OP_COLUMNS)
        self.known: dict[Row, int] = {}

    def add(self, words: Iterable[int]) -> int:
        """Add words, unless the same ones are there already; give their place."""
        new = tuple(word & WORD for word in words)
        if new not in self.known:
            self.known[new] = len(self.words)
            self.words.extend(new)
        return self.known[new]

    def table(self, rows: Iterable[Row]) -> int:
        """Add rows and their end; give their place."""
        end = (wire.END, *(0,) * (wire.OP_COLUMNS - 1))
        return self.add(word for row in (*rows, end) for word in row)

    def layer(self, layer: Layer, keep: bool, payload: bool, entropy: bool) -> list[Row]:
        """Give the rows of a layer's record; of one that is not kept, only those that find faults."""
        wanted = {"Payload": payload, "PayloadEntropy": entropy}
        fields = [field for field in layer.fields if wanted.get(field.name, True)]
        rows = self.rows(fields) if layer.type_id is not None else []
        return rows if keep else [r for r in rows if r[0] >= wire.GROUP and r[0] != AROUND["Payload"]]

    def rows(self, fields: Iterable[Field]) -> list[Row]:
        """Give the rows of fields: one each, but one for all of a block, or of one list's elements."""
        found: list[Row] = []
        for block, run in groupby(fields, key=attrgetter("block")):
            if block:
                inner = self.rows(replace(field, block=None) for field in run)
                found.append(self.group(block, 0, self.elements(block, block, inner, groups.INLINE)))
            else:
                found += self.single_rows(run)
        return found

    def single_rows(self, fields: Iterable[Field]) -> list[Row]:
        """Give the rows of fields that are in no block."""
        found: list[Row] = []
        cases: list[Row] = []
        for field in fields:
            part = field.part
            if part and part.of:
                cases.append((part.tag, self.case(field), field.repeated))
            elif part and not (field.by and part == Part(only_if=part.only_if)):
                shape = field.type if isinstance(field.type, Message | Layer) else part
                found.append(
                    self.group(part, field.number, self.elements(part, shape, *self.element(field), cases))
                )
                cases = []
            elif field.by and field.kind == "coded":
                found.append(self.coded_row(field))
            elif field.kind != "coded":
                found.append(fixed_row(field))
        return found

    def coded_row(self, field: Field) -> Row:
        """Give the row of a field that a kernel function writes."""
        form, offset, shift, mask = number_columns(field.at)
        condition = self.condition(field.part.only_if if field.part else None)
        function = wire.CODED + parts.FUNCTIONS[field.by][0]
        return function, offset, shift, mask, self.names(field), condition, form, field.number

    def condition(self, check: Check | None) -> int:
        """Give the place of a condition's columns; 0 when there is none."""
        if check is None:
            return 0
        return self.add((*number_columns(check.at), check.low, min(check.high, WORD)))

    def names(self, field: Field) -> int:
        """Give the place of the names of a field's values; 0 when there are none."""
        if not field.values:
            return 0
        texts = [(value, text.encode()) for value, text in field.values]
        words = [word for value, text in texts for word in (value, len(text), *text)]
        return self.add((len(texts), *words))

    def group(self, part: Part, number: int, elements: int) -> Row:
        """Give the row of a variable part whose elements are declared at a place."""
        form, *count = number_columns(part.within.at if part.within else part.count)
        counted = form if part.within or part.count else 0
        return wire.GROUP, *count, elements, self.condition(part.only_if), counted, number

    def elements(
        self,
        part: Part,
        shape: Part | Message | Layer,
        rows: list[Row],
        wrap: int,
        cases: Iterable[Row] = (),
    ) -> int:
        """Give the place of a group's columns; `cases` are the fields that elements of a type hold."""
        message = shape if isinstance(shape, Message) else Message("", None, ())
        columns = dict.fromkeys(range(groups.GROUP_COLUMNS), 0)
        if part.ahead:
            columns[groups.PLACE] = groups.AHEAD
        elif part.place:
            columns[groups.PLACE], columns[groups.ROOM] = groups.PLACED + part.place[0], part.place[1]
        columns[groups.WINDOW] = part.within is not None
        columns[groups.WINDOW_UNIT], columns[groups.WINDOW_ADD] = length_columns(part.within)
        columns[groups.REPEAT] = groups.ALL if part.fills else groups.COUNTED if part.count else groups.ONCE
        columns[groups.LEAST] = shape.header_len
        columns[groups.SIZED] = (
            groups.OWN_SIZE if shape.length else groups.REST_SIZE if shape.spans else groups.FIXED_SIZE
        )
        columns.update(enumerate(number_columns(shape.length.at if shape.length else None), groups.SIZE))
        columns[groups.SIZE_UNIT], columns[groups.SIZE_ADD] = length_columns(shape.length)
        columns[groups.PADDED] = message.padded_to
        columns[groups.TAGGED] = message.tag is not None
        columns.update(enumerate(number_columns(message.tag), groups.TAG))
        columns.update(enumerate((tag + 1 for tag in message.alone), groups.ALONE))
        columns[groups.SILENT] = message.silent
        columns[groups.LAST] = 0 if message.last is None else message.last + 1
        columns[groups.WRAP] = wrap
        columns[groups.FIELDS], columns[groups.ROOM_FOR_FIELDS] = self.table(rows), sum(map(greatest, rows))
        columns[groups.ALONE_FIELDS] = self.table(self.rows(filter(in_a_byte, message.fields)))
        if cases:
            words = [word for case in cases for word in case]
            columns[groups.CASES] = self.add(words)
            columns[groups.CASES_END] = columns[groups.CASES] + len(words)
        return self.add(columns.values())

    def element(self, field: Field) -> tuple[list[Row], int]:
        """Give the rows of an element, and how they are wrapped."""
        if isinstance(field.type, Message | Layer):
            return self.rows(f for f in field.type.fields if f.kind != "derived"), groups.MESSAGE
        rows = self.rows([replace(field, part=None)])
        if field.repeated and field.kind == "number":
            return [bare(row) for row in rows], groups.PACKED
        return rows, groups.INLINE

    def case(self, field: Field) -> int:
        """Give the place of the row of a field that an element of a list holds."""
        part = field.part and replace(field.part, of=None, tag=0)
        return self.table(self.rows([replace(field, part=part)]))


def in_a_byte(field: Field) -> bool:
    """Tell whether a field can be told of an element that is a single byte."""
    return field.by == "size" or (
        field.kind == "number" and field.at is not None and field.at.width == 1 and field.at.offset == 0
    )
