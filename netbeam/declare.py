"""The vocabulary in which protocols are declared: where a header's fields lie and what they carry."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

OWN_NUMBERS = 1000
"""Field and type numbers from here up are netbeam's own; those below are Netcap's."""


@dataclass(frozen=True)
class At:
    """An unsigned big-endian number in a header: `width` bytes at `offset`, then `shift` and `mask`."""

    offset: int
    width: int
    shift: int = 0
    mask: int = 0
    signed: bool = False

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


def u24(offset: int) -> At:
    """Give the three bytes at `offset`."""
    return At(offset, 3)


def u32(offset: int) -> At:
    """Give the four bytes at `offset`."""
    return At(offset, 4)


def u48(offset: int) -> At:
    """Give the six bytes at `offset`."""
    return At(offset, 6)


def u64(offset: int) -> At:
    """Give the eight bytes at `offset`."""
    return At(offset, 8)


@dataclass(frozen=True)
class Message:
    """A message of the wire schema that lies inside a record. `doc` is its line in the documentation."""

    name: str
    type_id: int | None
    fields: tuple[Field, ...]
    doc: str = ""


@dataclass(frozen=True)
class Map:
    """The type of a field that maps texts to messages."""

    value: Message

    @property
    def name(self) -> str:
        """The type as the wire schema names it."""
        return f"map<string,{self.value.name}>"


@dataclass(frozen=True)
class Field:
    """One field of a record.

    `kind` says where the value comes from: "number" (at `at`), "mac", "ipv4", "ipv6" (text of the
    address at `at`), "raw" (the bytes at `at`), "derived" (from the packet around the header),
    "coded" (by the kernel function `by`), "flow" (from the slot `by` of a flow's sheet) or "given" (by a
    user's Python function). A number below `least` is absent. `doc` gives meaning and unit where the name
    does not. `names` are the texts that a flow's number stands for, or whose they are: LAYER_NAMES ...
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
class Length:
    """A length in bytes: the number at `at`, times `unit`, plus `add`.

    Zero means all that is left when that is more than `zero_is_rest_above` bytes, header included.
    """

    at: At
    unit: int = 1
    add: int = 0
    zero_is_rest_above: int | None = None


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
class Check:
    """A header is well formed only if the number at `at` lies between `low` and `high`."""

    at: At
    low: int
    high: int
    what: str


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
