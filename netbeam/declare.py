"""The vocabulary in which protocols are declared: where a header's fields lie and what they carry."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

OWN_NUMBERS = 1000
"""Field and type numbers from here up are netbeam's own; those below are Netcap's."""


@dataclass(frozen=True)
class At:
    """A number in a header: `width` bytes at `offset`, big-endian or `little`, then `shift` and `mask`."""

    offset: int
    width: int
    shift: int = 0
    mask: int = 0
    signed: bool = False
    little: bool = False

    def bits(self, shift: int, count: int) -> At:
        """Give the `count` bits that lie `shift` bits above the number's lowest one."""
        if shift < 0 or not 0 < count <= self.width * 8 - shift:
            raise ValueError(f"bits({shift}, {count}) do not fit in {self.width} bytes")
        return replace(self, shift=shift, mask=(1 << count) - 1)


def u8(offset: int) -> At:
    """Give the byte at `offset`."""
    return At(offset, 1)


def i8(offset: int) -> At:
    """Give the byte at `offset` as a signed number."""
    return At(offset, 1, signed=True)


def u16(offset: int) -> At:
    """Give the two bytes at `offset`."""
    return At(offset, 2)


def i16(offset: int) -> At:
    """Give the two bytes at `offset` as a signed number."""
    return At(offset, 2, signed=True)


def u24(offset: int) -> At:
    """Give the three bytes at `offset`."""
    return At(offset, 3)


def u32(offset: int) -> At:
    """Give the four bytes at `offset`."""
    return At(offset, 4)


def i32(offset: int) -> At:
    """Give the four bytes at `offset` as a signed number."""
    return At(offset, 4, signed=True)


def u48(offset: int) -> At:
    """Give the six bytes at `offset`."""
    return At(offset, 6)


def u64(offset: int) -> At:
    """Give the eight bytes at `offset`."""
    return At(offset, 8)


def little(at: At) -> At:
    """Give a number whose lowest byte comes first."""
    return replace(at, little=True)


@dataclass(frozen=True)
class Check:
    """A header is well formed only if the number at `at` lies between `low` and `high`."""

    at: At
    low: int
    high: int
    what: str


@dataclass(frozen=True)
class Length:
    """A length in bytes: the number at `at`, times `unit`, plus `add`.

    Zero means all that is left when that is more than `zero_is_rest_above` bytes, header included.
    """

    at: At
    unit: int = 1
    add: int = 0
    zero_is_rest_above: int | None = None


@dataclass(frozen=True)
class Message:
    """A message of the wire schema that lies inside a record. `doc` is its line in the documentation.

    One that `one` or `many` declare to lie in a header is laid out as a layer is: `header_len` bytes at
    least, to which its fields' offsets refer, and `length` of them or, with `spans`, all that is left. The
    next one begins after as many bytes as make its length a multiple of `padded_to`. `tag` is the number
    that tells its type. Types in `alone` (two at most) are a single byte, their tag. One of type `last` ends
    the list. If `silent`, no message is written of these.
    """

    name: str
    type_id: int | None
    fields: tuple[Field, ...]
    doc: str = ""
    header_len: int = 0
    length: Length | None = None
    spans: bool = False
    padded_to: int = 1
    tag: At | None = None
    alone: tuple[int, ...] = ()
    silent: bool = False
    last: int | None = None


@dataclass(frozen=True)
class Map:
    """The type of a field that maps texts to messages."""

    value: Message

    @property
    def name(self) -> str:
        """The type as the wire schema names it."""
        return f"map<string,{self.value.name}>"


@dataclass(frozen=True)
class Part:
    """How a field lies in the variable part of a header: at the cursor, where the part before it ended.

    It is there only if `only_if` holds. It takes the bytes that `within` says, and there are `count` of it,
    or as many as there is room for if it `fills`. Where it is no message, `header_len`, `length` and `spans`
    are those of its bytes, as of a Message. `place` is an offset in the header and the bytes that it may
    have there; `ahead` says that it lies in the payload. `of` is the message of the list in which the
    element of type `tag` holds this field. `block` numbers a block of fields, whose part this is.
    """

    only_if: Check | None = None
    within: Length | None = None
    count: At | None = None
    fills: bool = False
    header_len: int = 0
    length: Length | None = None
    spans: bool = False
    place: tuple[int, int] | None = None
    ahead: bool = False
    of: Message | None = None
    tag: int = 0
    block: int = 0


@dataclass(frozen=True)
class Field:
    """One field of a record.

    `kind` says where the value comes from: "number" (at `at`), "mac", "ipv4", "ipv6" (text of the
    address at `at`), "raw" (the bytes at `at`), "derived" (from the packet around the header),
    "coded" (by the kernel function `by`), "flow" (from the slot `by` of a flow's sheet) or "given" (by a
    user's Python function). A number below `least` is absent. `doc` gives meaning and unit where the name
    does not. `names` are the texts that a flow's number stands for, or whose they are: LAYER_NAMES ...
    `values` are the names of a header's numbers. `part` says where the field lies if not at a fixed offset,
    and `block` where its header lies if it is not the layer's.
    """

    name: str
    number: int
    type: str | Message | Layer | Map
    kind: str = "number"
    at: At | None = None
    repeated: bool = False
    by: str = ""
    least: int = 1
    doc: str = ""
    names: str | tuple[str, ...] = ()
    values: tuple[tuple[int, str], ...] = ()
    part: Part | None = None
    block: Part | None = None


def int32(name: str, number: int, at: At, doc: str = "") -> Field:
    """Declare a number of up to 31 bits."""
    return Field(name, number, "int32", at=at, doc=doc)


def uint32(name: str, number: int, at: At, doc: str = "") -> Field:
    """Declare a number of 32 bits."""
    return Field(name, number, "uint32", at=at, doc=doc)


def uint64(name: str, number: int, at: At, doc: str = "") -> Field:
    """Declare a number of 64 bits."""
    return Field(name, number, "uint64", at=at, doc=doc)


def boolean(name: str, number: int, at: At, doc: str = "") -> Field:
    """Declare a flag."""
    return Field(name, number, "bool", at=at, doc=doc)


def mac(name: str, number: int, offset: int, doc: str = "") -> Field:
    """Declare a MAC address of six bytes, written as 00:1b:21:0a:0b:0c."""
    return Field(name, number, "string", "mac", At(offset, 6), doc=doc)


def ipv4(name: str, number: int, offset: int, doc: str = "") -> Field:
    """Declare an IPv4 address, written in dotted decimal."""
    return Field(name, number, "string", "ipv4", At(offset, 4), doc=doc)


def ipv6(name: str, number: int, offset: int, doc: str = "") -> Field:
    """Declare an IPv6 address, written as RFC 5952 says."""
    return Field(name, number, "string", "ipv6", At(offset, 16), doc=doc)


def raw(name: str, number: int, offset: int, length: int, doc: str = "") -> Field:
    """Declare bytes that are kept as they are."""
    return Field(name, number, "bytes", "raw", At(offset, length), doc=doc)


def rest(name: str, number: int, type: str = "bytes", doc: str = "") -> Field:
    """Declare all bytes that are left: of a header, an element, or what `sized` and `prefixed` bound."""
    return Field(name, number, type, "coded", by="rest", doc=doc)


def text(name: str, number: int, doc: str = "") -> Field:
    """Declare the text up to a zero byte, or all that is left where there is none."""
    return Field(name, number, "string", "coded", by="text", doc=doc)


def hexadecimal(name: str, number: int, doc: str = "") -> Field:
    """Declare all that is left as a hardware address is written: 00:1b:21:0a:0b:0c."""
    return Field(name, number, "string", "coded", by="hex", doc=doc)


def address(name: str, number: int, doc: str = "") -> Field:
    """Declare all that is left as an address: of IPv4 if it is 4 bytes, of IPv6 if 16, else hexadecimal."""
    return Field(name, number, "string", "coded", by="address", doc=doc)


def integer(name: str, number: int, type: str = "uint64", doc: str = "") -> Field:
    """Declare all that is left, eight bytes at most, as one number."""
    return Field(name, number, type, "coded", by="integer", doc=doc)


def size(name: str, number: int, doc: str = "") -> Field:
    """Declare the bytes of the whole header or element."""
    return Field(name, number, "int32", "coded", by="size", doc=doc)


def named(name: str, number: int, at: At, values: dict[int, str], doc: str = "") -> Field:
    """Declare the name that the number at `at` has among `values`; one without a name is absent."""
    return Field(name, number, "string", "coded", at, by="named", values=tuple(values.items()), doc=doc)


def true_if(name: str, number: int, condition: At | Check, doc: str = "") -> Field:
    """Declare a flag that is set if a condition holds."""
    return when(condition, Field(name, number, "bool", "coded", by="true", doc=doc))


def is_(at: At, value: int) -> Check:
    """Give the condition that a number has a value."""
    return Check(at, value, value, "condition")


def _part(field: Field) -> Part:
    if field.part or field.kind == "coded" or field.at is None:
        return field.part or Part()
    return Part(header_len=field.at.offset + field.at.width)


def _check(condition: At | Check | None) -> Check | None:
    return Check(condition, 1, (1 << 63) - 1, "condition") if isinstance(condition, At) else condition


def when(condition: At | Check, field: Field) -> Field:
    """Declare that a field is there only if a condition holds, or a number is not zero.

    The condition may read only what lies at fixed offsets. A number or address lies at the cursor.
    """
    return replace(field, part=replace(_part(field), only_if=_check(condition)))


def here(field: Field) -> Field:
    """Declare that a number, an address or raw bytes lie at the cursor: offsets count from there."""
    return replace(field, part=_part(field))


def block(header_len: int, *fields: Field, only_if: At | Check | None = None) -> tuple[Field, ...]:
    """Declare fields of a header of `header_len` bytes at the cursor, there only if a condition holds.

    Their offsets count from its start, and so do those of the conditions and counts of the fields in it.
    """
    first = fields[0].number if fields else 0
    part = Part(only_if=_check(only_if), header_len=header_len, block=first)
    return tuple(replace(field, block=part) for field in fields)


def each(field: Field, count: At | None = None) -> Field:
    """Declare that a number, an address or raw bytes are repeated: `count` times, or up to the end."""
    return replace(field, repeated=True, part=replace(_part(field), count=count, fills=count is None))


def sized(field: Field, within: At | Length) -> Field:
    """Declare that a field takes as many bytes at the cursor as a number before it says."""
    length = Length(within) if isinstance(within, At) else within
    part = _part(field)
    return replace(field, part=replace(part, within=length, spans=part.header_len == 0))


def prefixed(field: Field, by: At) -> Field:
    """Declare that a field's bytes come after their length, the number `by` at the cursor."""
    head = by.offset + by.width
    return replace(field, part=replace(_part(field), header_len=head, length=Length(by, add=head)))


def placed(field: Field, offset: int, room: int) -> Field:
    """Declare that a field lies not at the cursor but at an offset, where it may take up to `room` bytes."""
    part = _part(field)
    return replace(field, part=replace(part, place=(offset, room), spans=part.header_len == 0))


def one(name: str, number: int, message: Message | Layer, doc: str = "") -> Field:
    """Declare a message that lies at the cursor."""
    return Field(name, number, message, "coded", doc=doc, part=Part())


def many(name: str, number: int, message: Message, count: At | None = None, *, doc: str = "") -> Field:
    """Declare a list of messages from the cursor on: `count` of them, or up to the end."""
    part = Part(count=count, fills=count is None)
    return Field(name, number, message, "coded", repeated=True, doc=doc, part=part)


def ahead(field: Field) -> Field:
    """Declare a message that lies in the payload; if it is not whole, that is its own layer's fault."""
    return replace(field, part=replace(_part(field), ahead=True))


def tagged(field: Field, of: Message, tag: int) -> Field:
    """Declare that a field is what the element of type `tag` holds, in a list of messages `of`.

    The fields of one list stand side by side before the `many` messages `of`, which are the elements that
    no field holds: those of other types, and those after the first where the field is not repeated.
    """
    return replace(field, part=replace(_part(field), of=of, tag=tag))


DERIVED = {
    "Timestamp": ("int64", "When the packet was captured, Unix nanoseconds."),
    "SrcIP": ("string", "Source address of the nearest IP header around this layer."),
    "DstIP": ("string", "Destination address of the nearest IP header around this layer."),
    "SrcPort": ("int32", "Source port of the transport header beside this layer."),
    "DstPort": ("int32", "Destination port of the transport header beside this layer."),
    "PayloadSize": (
        "int32",
        "Bytes that this layer carries, by the headers' lengths; padding is not counted.",
    ),
    "PayloadEntropy": ("double", "Shannon entropy of the captured payload, bits a byte (with --entropy)."),
    "Payload": ("bytes", "The captured payload (with --payload)."),
}
"""Fields that don't lie in the layer's own header: their types and meanings."""


def derived(name: str, number: int) -> Field:
    """Declare one of DERIVED."""
    if name not in DERIVED:
        raise ValueError(f"{name!r} is not a derived field; these are: {', '.join(DERIVED)}")
    return Field(name, number, DERIVED[name][0], "derived", doc=DERIVED[name][1])


def coded(
    name: str,
    number: int,
    type: str | Message | Layer,
    by: str = "",
    at: At | None = None,
    *,
    repeated: bool = False,
    doc: str = "",
) -> Field:
    """Declare a field that the kernel function `by` writes from the variable part of the header.

    The coded fields of a layer are read in the order of their declaration, each from where the one
    before stopped; the function gets the number at `at`, a count, length or flag. Where one function
    writes several fields, and in sub-messages, `by` stays empty for the others.
    """
    return Field(name, number, type, "coded", at, repeated, by, doc=doc)


def given(
    name: str, number: int, type: str | Message | Map, *, repeated: bool = False, doc: str = ""
) -> Field:
    """Declare a field of a record that a Python function makes (netbeam.encoders.Encoder)."""
    return Field(name, number, type, "given", repeated=repeated, doc=doc)


LAYER_NAMES, PROTOCOL_NAMES, SOURCE_NAMES = "layers", "protocols", "sources"
"""The names of declared layers by number, of those that an IP protocol number leads to, and of captures."""


def flow(
    name: str,
    number: int,
    type: str,
    slot: str,
    doc: str = "",
    *,
    repeated: bool = False,
    names: str | tuple[str, ...] = (),
) -> Field:
    """Declare a field of a record made from a flow's packets, which the kernel leaves in the slot `slot`."""
    return Field(name, number, type, "flow", repeated=repeated, by=slot, doc=doc, names=names)


PADDED = 46
"""Ethernet pads to so many bytes; what is longer and has length zero was captured before segmentation."""


@dataclass(frozen=True)
class Key:
    """A number of a registry under which a layer is found, as ether_type 0x0800 is IPv4."""

    space: str
    number: int


def link_type(number: int) -> Key:
    """Give the key of a capture's link type (tcpdump.org/linktypes.html)."""
    return Key("link_type", number)


def ether_type(number: int) -> Key:
    """Give the key of an EtherType (IEEE 802 numbers)."""
    return Key("ether_type", number)


def ip_protocol(number: int) -> Key:
    """Give the key of an IP protocol or IPv6 next header (IANA protocol numbers)."""
    return Key("ip_protocol", number)


def udp_port(number: int) -> Key:
    """Give the key of a UDP port."""
    return Key("udp_port", number)


def tcp_port(number: int) -> Key:
    """Give the key of a TCP port."""
    return Key("tcp_port", number)


@dataclass(frozen=True)
class Carries:
    """How a layer names what it carries: the numbers at `keys`, looked up in `space`, first match wins.

    A number that nobody declared makes the packet unknown when `required`; else what follows is
    application data. When not `certain`, a match is but a guess, as ports are: what is too short or not
    `plausible` for the layer is application data too. `only_if` must hold for the number to have its
    meaning; else the packet is unknown. `length_below` is the EtherType rule of IEEE 802.3: a smaller
    number is the length of the payload, and what it carries is found under `length_key`. `either_order`
    reads a number of either byte order.
    """

    space: str
    keys: tuple[At, ...]
    required: bool = True
    certain: bool = True
    only_if: Check | None = None
    length_below: int = 0
    length_key: int = 0
    either_order: bool = False


def by_number(space: str, at: At) -> Carries:
    """Declare that the number at `at` names the next layer, and that an undeclared one is unknown."""
    return Carries(space, (at,))


def by_port(space: str, *at: At) -> Carries:
    """Declare that a port may name the next layer; what no declared port names is application data."""
    return Carries(space, at, required=False, certain=False)


def by_type(space: str, at: At) -> Carries:
    """Declare that the number at `at` may name the next layer; an undeclared one is data of this layer."""
    return Carries(space, (at,), required=False)


def always(space: str) -> Carries:
    """Declare that the layer found under number 0 of `space` follows, if what follows is plausible for it."""
    return Carries(space, (At(0, 1, shift=8, mask=1),), required=False, certain=False)


LLC_NUMBER = 0x0004
"""What Linux cooked captures write in an EtherType's place for an 802.2 header."""


def ether_type_or_length(at: At) -> Carries:
    """Declare the EtherType at `at`; up to 1500 it is the length of an 802.2 packet (IEEE 802.3, 3.2.6)."""
    return Carries("ether_type", (at,), length_below=1501, length_key=LLC_NUMBER)


@dataclass(frozen=True)
class Fragment:
    """Where a header says that it carries a fragment: its offset and the flag that more follow."""

    offset: At
    more: At


FACTS = (
    "source_mac",
    "target_mac",
    "vlan",
    "tunnel_id",
    "ttl",
    "protocol",
    "message_type",
    "message_code",
    "sequence",
    "acknowledgement",
    "flags",
    "window",
    "answers",
)
"""What flows want to know of a packet's headers."""


@dataclass(frozen=True)
class Fact:
    """A number in a header that flows are made of: which of FACTS, where it lies, and when it is there."""

    name: str
    at: At
    only_if: Check | None = None


@dataclass(frozen=True)
class Layer:
    """A protocol layer and its record.

    `header_len` is the least length of the header; `length` or the kernel function `measured_by`
    gives the true one, and `spans` says that the header takes all that is left. A measured header that
    carries nothing is the whole packet: what follows is padding. `total` is the length of header and
    payload together. `type_id` None means that the layer has no record.
    `addresses` are the offsets of source and destination address (4 or 16 bytes by `address_len`)
    and `ports` those of the ports. `plausible` are checks that a payload found by port must pass
    to be taken for this layer at all. `facts` are what flows are told of it.
    """

    name: str
    type_id: int | None
    header_len: int
    fields: tuple[Field, ...] = ()
    found_by: tuple[Key, ...] = ()
    carries: Carries | None = None
    length: Length | None = None
    measured_by: str = ""
    spans: bool = False
    total: Length | None = None
    requires: tuple[Check, ...] = ()
    plausible: tuple[Check, ...] = ()
    fragment: Fragment | None = None
    addresses: tuple[int, int] | None = None
    address_len: int = 0
    ports: tuple[At, At] | None = None
    facts: tuple[Fact, ...] = ()
    doc: str = field(default="", compare=False)


def record_layer(message: Message) -> Layer:
    """Give the layer that stands, where record types are listed, for one that lies in no packet's header."""
    return Layer(message.name, message.type_id, 0, message.fields, doc=message.doc)
