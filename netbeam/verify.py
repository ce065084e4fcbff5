"""What the kernel needs of a declaration, so that no declaration, a user's neither, makes it read amiss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from netbeam.declare import FACTS, At, Check, Field, Layer, Length, Message, Part
from netbeam.kernel import parts

WIDTHS = (1, 2, 3, 4, 6, 8)
MOST_KEY = (1 << 16) - 1
MOST_NUMBER = (1 << 18) - 1
"""The greatest field number: its key takes three bytes."""

MOST_UNIT = 1 << 12
DEEPEST = 4
"""How many messages may lie in each other."""

MOST_CASES = 64
"""How many fields the elements of one list may hold by their types."""

CODED = {name: least for name, (_, least) in parts.FUNCTIONS.items()}
MEASURES = {name: least for name, (_, least) in parts.MEASURES.items()}

BITS = {"bool": 1, "int32": 31, "uint32": 32, "int64": 63, "uint64": 64}
"""How many bits a number's type holds."""

SIGNED = {"int32": 32, "int64": 64}
"""How many bits a signed number may have."""

TEXT = {"mac": ("string",), "ipv4": ("string",), "ipv6": ("string",), "raw": ("string", "bytes")}


def verify(layer: Layer) -> None:
    """Raise ValueError for the first thing in a declaration that the kernel can't do."""
    for fault in faults(layer):
        raise ValueError(f"{layer.name}: {fault}")


def faults(layer: Layer) -> Iterator[str]:
    """Give what is wrong with a declaration, with the value that is."""
    for what, at, widths in numbers(layer):
        yield from place_faults(what, at, widths, layer.header_len)
    for fact in layer.facts:
        if fact.at.little:
            yield f"{fact.name} has its lowest byte first, which facts can't have"
        if fact.name not in FACTS:
            yield f"{fact.name!r} is not a fact that flows know; these are: {', '.join(FACTS)}"
    for key in layer.found_by:
        if not 0 <= key.number <= MOST_KEY:
            yield f"{key.space} {key.number} is not between 0 and {MOST_KEY}"
    yield from fields_faults(layer.fields, layer.header_len, 0)
    yield from measure_faults(layer)
    yield from whole_faults(layer)


def place_faults(what: str, at: At, widths: tuple[int, ...], header_len: int) -> Iterator[str]:
    """Give what is wrong with where a number lies."""
    if at.width not in widths:
        yield f"{what} is {at.width} bytes wide, not one of {', '.join(map(str, widths))}"
    if at.offset < 0 or at.offset + at.width > header_len:
        yield (
            f"{what} lies in bytes {at.offset} to {at.offset + at.width} of a header of at least {header_len}"
        )


def numbers(layer: Layer) -> Iterator[tuple[str, At, tuple[int, ...]]]:
    """Give the numbers that the walk reads: what they are, where they lie, and the widths they may have."""
    for what, length in (("length", layer.length), ("total", layer.total)):
        if length:
            yield what, length.at, WIDTHS[:4]
    for check in (*layer.requires, *layer.plausible):
        yield check.what, check.at, WIDTHS
    if layer.carries:
        for at in layer.carries.keys:
            yield f"key of {layer.carries.space}", at, WIDTHS
        if layer.carries.only_if:
            yield layer.carries.only_if.what, layer.carries.only_if.at, WIDTHS
    if layer.fragment:
        yield "fragment offset", layer.fragment.offset, WIDTHS[:4]
    for at in layer.ports or ():
        yield "port", at, (2,)
    for fact in layer.facts:
        if not fact.only_if:  # what is there only at times may lie behind the least header
            yield fact.name, fact.at, WIDTHS
        else:
            yield fact.only_if.what, fact.only_if.at, WIDTHS
    for offset in layer.addresses or ():
        yield "address", At(offset, layer.address_len), (4, 16)


def fields_faults(fields: tuple[Field, ...], header_len: int, depth: int) -> Iterator[str]:
    """Give what is wrong with the fields of a header or element of at least `header_len` bytes."""
    if depth > DEEPEST:
        yield f"messages lie in each other more than {DEEPEST} deep"
        return
    for block, run in groupby(fields, key=attrgetter("block")):
        if block:
            if block.only_if:
                yield from check_faults("condition of a block", block.only_if, header_len)
            inner = tuple(replace(field, block=None) for field in run)
            yield from shape_faults("a block", block)
            yield from fields_faults(inner, block.header_len, depth + 1)
        else:
            yield from run_faults(tuple(run), header_len, depth)


def run_faults(fields: tuple[Field, ...], header_len: int, depth: int) -> Iterator[str]:
    """Give what is wrong with fields that are in no block."""
    tagged: list[Field] = []
    for field in fields:
        part = field.part
        of = part.of if part else None
        if not 1 <= field.number <= MOST_NUMBER:
            yield f"{field.name} has the number {field.number}, which is not between 1 and {MOST_NUMBER}"
        if depth and field.kind == "derived":
            yield f"{field.name} is derived from around a layer, and not in a message"
        if tagged and (of or (part and field.type)) != tagged[0].part.of:  # type: ignore[union-attr]
            yield f"{tagged[0].name} is of an element of a list, and that list does not follow"
        tagged = [*tagged, field] if of else []
        if len(tagged) > MOST_CASES:
            yield f"more than {MOST_CASES} fields are of elements of one list"
        if part is None:
            yield from field_faults(field, header_len)
        elif of:
            yield from tag_faults(field, part)
            yield from part_faults(field, replace(part, of=None, tag=0), 0, depth)
        else:
            yield from part_faults(field, part, header_len, depth)
    if tagged:
        yield f"{tagged[0].name} is of an element of a list, and that list does not follow"


def tag_faults(field: Field, part: Part) -> Iterator[str]:
    """Give what is wrong with a field that is told by an element's type."""
    if part.of and part.of.tag is None:
        yield f"{field.name} is told by the tags of {part.of.name}, which has none"
    if not 0 <= part.tag < MOST_KEY:
        yield f"{field.name} has the tag {part.tag}, which is not between 0 and {MOST_KEY - 1}"


def field_faults(field: Field, header_len: int) -> Iterator[str]:
    """Give what is wrong with a field at a fixed offset, derived or coded."""
    at = field.at
    if at:
        widths = WIDTHS if field.kind in ("number", "coded") else (at.width,)
        yield from place_faults(field.name, at, widths, header_len)
    if field.kind == "number":
        if at is None:
            yield f"{field.name} lies nowhere"
            return
        bits = at.mask.bit_length() or 8 * at.width
        if field.type not in BITS:
            yield f"{field.name} is a number, which {field.type!r} is not"
        elif bits > BITS[str(field.type)] and not at.signed:
            yield f"{field.name} has {bits} bits, more than {field.type} holds"
        if at.mask and at.width > 4:
            yield f"{field.name} takes bits of {at.width} bytes, which the kernel doesn't"
        if at.signed and (at.mask or field.type not in SIGNED or 8 * at.width > SIGNED[str(field.type)]):
            yield f"{field.name} is signed, which only whole bytes in an int32 or int64 may be"
    elif field.kind in TEXT and field.type not in TEXT[field.kind]:
        yield f"{field.name} is of kind {field.kind!r}, which {field.type!r} can't hold"
    elif field.kind not in (*TEXT, "derived", "coded"):
        yield f"{field.name} is of kind {field.kind!r}, which is not for layers"
    elif field.by and field.kind == "coded":
        if field.by not in CODED:
            yield f"the kernel has no function {field.by!r} for fields; it has {', '.join(CODED)}"
        elif header_len < CODED[field.by]:
            yield f"{field.by!r} needs a header of {CODED[field.by]} bytes, not {header_len}"
    if any(not 0 <= value < 1 << 32 for value, _ in field.values):
        yield f"{field.name} names numbers of more than 32 bits"


def part_faults(field: Field, part: Part, header_len: int, depth: int) -> Iterator[str]:
    """Give what is wrong with a field of the variable part behind a header of at least `header_len` bytes."""
    name = field.name
    if part.only_if:
        yield from check_faults(f"condition of {name}", part.only_if, header_len)
    if part.within:
        yield from length_faults(f"length of {name}", part.within, header_len)
    if part.count:
        yield from place_faults(f"count of {name}", part.count, WIDTHS, header_len)
    if part.within and part.count:
        yield f"{name} has both a length and a count"
    if part.place and (part.place[0] < 0 or part.place[1] < 0 or sum(part.place) > header_len):
        yield f"{name} lies at {part.place[0]} in {part.place[1]} bytes of a header of at least {header_len}"
    if part == Part(only_if=part.only_if) and field.by:
        yield from field_faults(replace(field, part=None), header_len)
        return
    message = field.type if isinstance(field.type, Message | Layer) else None
    if message:
        inner = tuple(f for f in message.fields if isinstance(message, Message) or f.kind != "derived")
        yield from fields_faults(inner, message.header_len, depth + 1)
    else:
        yield from field_faults(replace(field, part=None), part.header_len)
    shape = message or part
    yield from shape_faults(name, shape)
    if (part.count or part.fills) and shape.header_len < 1:
        yield f"{name} is repeated, and may be of no bytes"


def check_faults(what: str, check: Check, header_len: int) -> Iterator[str]:
    """Give what is wrong with a condition."""
    yield from place_faults(what, check.at, WIDTHS[:4], header_len)
    if check.low < 0 or check.high < check.low or check.low >= 1 << 32:
        yield f"{what} is never true: not between {check.low} and {check.high}"


def length_faults(what: str, length: Length, header_len: int) -> Iterator[str]:
    """Give what is wrong with the length of a variable part."""
    yield from place_faults(what, length.at, WIDTHS[:4], header_len)
    if not 1 <= length.unit <= MOST_UNIT or not -MOST_UNIT <= length.add <= MOST_UNIT:
        yield f"{what} is a number times {length.unit} plus {length.add}, beyond {MOST_UNIT}"


def shape_faults(what: str, shape: Part | Message | Layer) -> Iterator[str]:
    """Give what is wrong with how elements are told from each other."""
    if shape.header_len < 0:
        yield f"{what} has a header of {shape.header_len} bytes"
    if shape.length:
        yield from length_faults(f"length of {what}", shape.length, shape.header_len)
        if shape.spans:
            yield f"length and spans of {what} exclude each other"
    if not isinstance(shape, Message):
        return
    if not 1 <= shape.padded_to <= MOST_UNIT:
        yield f"{what} is padded to {shape.padded_to} bytes"
    if shape.tag:
        yield from place_faults(f"tag of {what}", shape.tag, WIDTHS[:4], shape.header_len)
    for tag in shape.alone:
        if not 0 <= tag <= 255:
            yield f"{what} has the tag {tag} alone, which is not a byte"
    if shape.alone and (shape.tag != At(0, 1) or len(shape.alone) > 2):
        yield f"tags of {what} that are alone are two at most, of a byte at offset 0"
    if shape.last is not None and (shape.tag is None or not 0 <= shape.last < MOST_KEY):
        yield f"{what} ends with the tag {shape.last}, which no element has"


def measure_faults(layer: Layer) -> Iterator[str]:
    """Give what is wrong with the kernel function that measures a header."""
    variable = [f.by or f.name for f in layer.fields if f.by or f.part or f.block]
    measure = layer.measured_by
    if measure and measure not in MEASURES:
        yield f"the kernel has no function {measure!r} that measures; it has {', '.join(MEASURES)}"
    elif measure and layer.header_len != MEASURES[measure]:
        yield f"{measure!r} is for a header of {MEASURES[measure]} bytes, not {layer.header_len}"
    elif measure == "peek" and variable:
        yield f"{variable[0]!r} has nothing to read in a header that is only peeked at"


def whole_faults(layer: Layer) -> Iterator[str]:
    """Give what doesn't fit together."""
    if layer.header_len < 0:
        yield f"a header of {layer.header_len} bytes"
    if sum((layer.length is not None, bool(layer.measured_by), layer.spans)) > 1:
        yield "length, measured_by and spans exclude each other"
    if layer.length and layer.length.zero_is_rest_above is not None:
        yield "length can't be zero for the rest; total can"
    if layer.total and (layer.total.unit != 1 or layer.total.at.mask):
        yield "total is a whole number of bytes, without unit or bits"
    if layer.fragment:
        offset, more = layer.fragment.offset, layer.fragment.more
        if (offset.offset, offset.width) != (more.offset, more.width) or not (offset.mask and more.mask):
            yield "fragment offset and flag are bits of one number"
