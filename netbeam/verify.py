"""What the kernel needs of a declaration, so that no declaration, a user's neither, makes it read amiss."""

from __future__ import annotations

from collections.abc import Iterator

from netbeam.declare import FACTS, At, Layer

WIDTHS = (1, 2, 3, 4, 8)
MOST_KEY = (1 << 16) - 1
MOST_NUMBER = (1 << 18) - 1
"""The greatest field number: its key takes three bytes."""

CODED = {
    "options": 0,
    "rest": 0,
    "hop_options": 0,
    "next_hop_by_hop": 0,
    "icmp6_options": 0,
    "dhcp_options": 0,
    "dhcp_fingerprint": 240,
    "dhcp_hardware": 44,
    "dns_questions": 0,
    "dns_records": 0,
    "hardware_address": 0,
    "protocol_address": 0,
    "if_u16": 0,
    "if_u32": 0,
    "gre_routing": 0,
    "igmp": 8,
    "llc_control": 3,
}
"""The kernel's functions for coded fields, and the least header each relies on."""

MEASURES = {"arp_length": 8, "gre_length": 4, "llc_length": 3, "peek": 1}
"""The kernel's functions that measure headers, and the least header each is made for."""

BITS = {"bool": 1, "int32": 31, "uint32": 32, "int64": 63, "uint64": 64}
"""How many bits a number's type holds."""

TEXT = {"mac": ("string",), "ipv4": ("string",), "ipv6": ("string",), "raw": ("string", "bytes")}


def verify(layer: Layer) -> None:
    """Raise ValueError for the first thing in a declaration that the kernel can't do."""
    for fault in faults(layer):
        raise ValueError(f"{layer.name}: {fault}")


def faults(layer: Layer) -> Iterator[str]:
    """Give what is wrong with a declaration, with the value that is."""
    for what, at, widths in numbers(layer):
        if at.width not in widths:
            yield f"{what} is {at.width} bytes wide, not one of {', '.join(map(str, widths))}"
        if at.offset < 0 or at.offset + at.width > layer.header_len:
            yield (
                f"{what} lies in bytes {at.offset} to {at.offset + at.width}"
                f" of a header of at least {layer.header_len}"
            )
    for fact in layer.facts:
        if fact.name not in FACTS:
            yield f"{fact.name!r} is not a fact that flows know; these are: {', '.join(FACTS)}"
    for key in layer.found_by:
        if not 0 <= key.number <= MOST_KEY:
            yield f"{key.space} {key.number} is not between 0 and {MOST_KEY}"
    yield from field_faults(layer)
    yield from function_faults(layer)
    yield from whole_faults(layer)


def numbers(layer: Layer) -> Iterator[tuple[str, At, tuple[int, ...]]]:
    """Give every number that a declaration reads: what it is, where it lies, and the widths it may have."""
    for field in layer.fields:
        if field.at:
            widths = WIDTHS if field.kind in ("number", "coded") else (field.at.width,)
            yield field.name, field.at, widths
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
            yield fact.name, fact.at, (*WIDTHS, 6)
        else:
            yield fact.only_if.what, fact.only_if.at, WIDTHS
    for offset in layer.addresses or ():
        yield "address", At(offset, layer.address_len), (4, 16)


def field_faults(layer: Layer) -> Iterator[str]:
    """Give what is wrong with the fields."""
    for field in layer.fields:
        if not 1 <= field.number <= MOST_NUMBER:
            yield f"{field.name} has the number {field.number}, which is not between 1 and {MOST_NUMBER}"
        if field.kind == "number":
            if field.at is None:
                yield f"{field.name} lies nowhere"
                continue
            bits = field.at.mask.bit_length() or 8 * field.at.width
            if field.type not in BITS:
                yield f"{field.name} is a number, which {field.type!r} is not"
            elif bits > BITS[field.type] and not field.at.signed:
                yield f"{field.name} has {bits} bits, more than {field.type} holds"
            if field.at.mask and field.at.width == 8:
                yield f"{field.name} takes bits of 8 bytes, which the kernel doesn't"
            if field.at.signed and (
                field.at.width != 1 or field.at.mask or field.type not in ("int32", "int64")
            ):
                yield f"{field.name} is signed, which only a whole byte in an int32 or int64 may be"
        elif field.kind in TEXT and field.type not in TEXT[field.kind]:
            yield f"{field.name} is of kind {field.kind!r}, which {field.type!r} can't hold"
        elif field.kind not in (*TEXT, "derived", "coded"):
            yield f"{field.name} is of kind {field.kind!r}, which is not for layers"


def function_faults(layer: Layer) -> Iterator[str]:
    """Give what is wrong with the kernel functions that a declaration names."""
    coded = [field.by for field in layer.fields if field.kind == "coded" and field.by]
    for name in coded:
        if name not in CODED:
            yield f"the kernel has no function {name!r} for fields; it has {', '.join(CODED)}"
        elif layer.header_len < CODED[name]:
            yield f"{name!r} needs a header of {CODED[name]} bytes, not {layer.header_len}"
    measure = layer.measured_by
    if measure and measure not in MEASURES:
        yield f"the kernel has no function {measure!r} that measures; it has {', '.join(MEASURES)}"
    elif measure and layer.header_len != MEASURES[measure]:
        yield f"{measure!r} is for a header of {MEASURES[measure]} bytes, not {layer.header_len}"
    elif measure == "peek" and coded:
        yield f"{coded[0]!r} has nothing to read in a header that is only peeked at"


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
