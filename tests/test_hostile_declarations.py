"""Any declaration that is let through decodes any packet: a user's own layers, made at random."""

from dataclasses import replace

from captures import START, Packet
from decoding import batch, joined, split
from hypothesis import given
from hypothesis import strategies as st

from netbeam.declare import (
    DERIVED,
    At,
    Carries,
    Check,
    Field,
    Fragment,
    Key,
    Layer,
    Length,
    Message,
    address,
    block,
    coded,
    derived,
    each,
    here,
    hexadecimal,
    int32,
    integer,
    ipv4,
    ipv6,
    link_type,
    mac,
    many,
    one,
    placed,
    prefixed,
    raw,
    rest,
    sized,
    tagged,
    text,
    when,
)
from netbeam.decode import Decoder
from netbeam.descriptors import message_classes
from netbeam.plan import compile_plan
from netbeam.protocols import LAYERS
from netbeam.schema import declared
from netbeam.verify import CODED, MEASURES

TYPES = {8: "int32", 16: "int32", 24: "int32", 32: "uint32", 64: "uint64"}
NAMES = {"Made0": 1000, "Made1": 1001}


def numbers(header, widths):
    """Give a number that lies in a header."""
    fitting = [width for width in widths if width <= header]
    return st.sampled_from(fitting).flatmap(
        lambda width: st.integers(0, header - width).map(lambda offset: At(offset, width))
    )


def parts_of(at):
    """Give a number, or some of its bits."""
    if at.width == 8:
        return st.just(at)
    return st.integers(0, 8 * at.width - 1).flatmap(
        lambda shift: st.integers(1, 8 * at.width - shift).map(lambda count: at.bits(shift, count))
    ) | st.just(at)


def lengths(header):
    """Give a length that a number in a header tells."""
    at = numbers(header, (1, 2, 3, 4)).flatmap(parts_of)
    return st.builds(Length, at, st.integers(1, 8), st.integers(-8, 8))


@st.composite
def messages(draw, depth=0):
    """Give a message that lies in a header, other messages in it."""
    header = draw(st.integers(1, 9))
    tag = draw(st.none() | st.just(At(0, 1)) | numbers(header, (1, 2)).flatmap(parts_of))
    length = draw(st.none() | lengths(header))
    return Message(
        f"Made{draw(st.uuids()).hex}",
        None,
        draw(fields(header, depth + 1)),
        "",
        header,
        length,
        not length and draw(st.booleans()),
        draw(st.sampled_from((1, 4))),
        tag,
        draw(st.sampled_from(((), (0,), (0, 255)))) if tag == At(0, 1) else (),
        draw(st.booleans()),
        draw(st.none() | st.integers(0, 3)) if tag else None,
    )


@st.composite
def variable(draw, header, depth):
    """Give some fields that lie side by side in a variable part."""
    number = numbers(header, (1, 2, 3, 4)).flatmap(parts_of)
    count = draw(st.none() | numbers(header, (1, 2, 8)).flatmap(parts_of))
    leaf = draw(st.sampled_from((rest, text, hexadecimal, address, integer)))("Leaf", 0)
    plain = draw(
        st.sampled_from((int32("Plain", 0, At(1, 2, little=True)), ipv4("Plain", 0, 1), mac("Plain", 0, 0)))
    )
    kind = draw(st.integers(0, 8 if depth < 3 else 4))
    if kind == 0:
        made = [leaf]
    elif kind == 1:
        made = [sized(leaf, draw(lengths(header)))]
    elif kind == 2:
        made = [prefixed(leaf, draw(st.sampled_from((At(0, 1), At(0, 2), At(1, 4, little=True)))))]
    elif kind == 3:
        made = [each(plain, count) if draw(st.booleans()) else here(plain)]
    elif kind == 4:
        offset = draw(st.integers(0, header))
        made = [placed(leaf, offset, draw(st.integers(0, header - offset)))]
    elif kind == 5:
        made = [one("One", 0, draw(messages(depth)))]
    elif kind == 6:
        made = [many("Many", 0, draw(messages(depth)), count)]
    elif kind == 7:
        made = list(block(9, *draw(fields(9, depth + 1)), only_if=draw(number))) or [leaf]
    else:
        message = draw(messages(depth).filter(lambda m: m.tag))
        held = [leaf, each(plain), one("Held", 0, draw(messages(depth)))]
        made = [
            *(
                tagged(replace(f, name=f"{f.name}{i}"), message, draw(st.integers(0, 5)))
                for i, f in enumerate(held)
            ),
            many("Many", 0, message),
        ]
    if len(made) == 1 and not made[0].block and draw(st.booleans()):
        made = [
            when(
                Check(draw(number), draw(st.integers(0, 2)), draw(st.integers(2, 1 << 40)), "condition"),
                made[0],
            )
        ]
    return made


@st.composite
def fields(draw, header, depth=0):
    """Give the fields of a header, in any order, each of any kind that fits."""
    made = (
        []
        if depth
        else [derived(name, 0) for name in draw(st.lists(st.sampled_from(sorted(DERIVED)), unique=True))]
    )
    for i in range(draw(st.integers(0, 4)) if header else 0):
        at = draw(numbers(header, (1, 2, 3, 4, 8)))
        made.append(Field(f"Number{i}", 0, TYPES[8 * at.width], at=at, least=draw(st.integers(0, 300))))
    for i in range(draw(st.integers(0, 3)) if header else 0):
        offset = draw(st.integers(0, header - 1))
        made.append(raw(f"Raw{i}", 0, offset, draw(st.integers(1, header - offset))))
    for name, size, kind in (("Mac", 6, mac), ("Four", 4, ipv4), ("Six", 16, ipv6)):
        if header >= size and draw(st.booleans()):
            made.append(kind(name, 0, draw(st.integers(0, header - size))))
    runs = [[field] for field in made]
    if header and depth < 4:
        runs += draw(st.lists(variable(header, depth), max_size=3))
    known = [name for name, least in CODED.items() if least <= header]
    for i, by in enumerate(draw(st.lists(st.sampled_from(known), max_size=4))):
        at = draw(numbers(header, (1, 2, 3, 4, 8)).flatmap(parts_of)) if header else None
        runs.append([coded(f"Coded{i}", 0, "bytes", by, at)])
    chosen = [field for run in draw(st.permutations(runs)) for field in run]
    first = draw(st.sampled_from((1, 14, 2040, 200_000)))
    return tuple(
        replace(f, name=f.name if f.kind == "derived" else f"{f.name}{i}", number=first + i)
        for i, f in enumerate(chosen)
    )


@st.composite
def layers(draw, name):
    """Give a layer that carries any layer, itself too."""
    header = draw(st.integers(0, 60) | st.sampled_from((3, 4, 8, 20, 44, 240)))
    whole = numbers(header, (1, 2, 3, 4))
    at = whole.flatmap(parts_of)
    measure = draw(st.sampled_from([None, *(m for m, size in MEASURES.items() if size == header)]))
    made = draw(fields(header))
    if measure == "peek":
        made = tuple(f for f in made if f.kind != "coded" and not f.part and not f.block)
    length = total = fragment = carries = addresses = ports = None
    if header and not measure and draw(st.booleans()):
        length = Length(draw(at), draw(st.integers(-2, 8)), draw(st.integers(-8, 40)))
    if header and draw(st.booleans()):
        total = Length(
            draw(whole), add=draw(st.integers(-40, 40)), zero_is_rest_above=draw(st.none() | st.just(0))
        )
    if header >= 2 and draw(st.booleans()):
        number = draw(numbers(header, (2,)))
        fragment = Fragment(number.bits(3, 13), number.bits(0, 1))
    if header and draw(st.booleans()):
        spaces = st.sampled_from(("made", "ip_protocol", "ether_type", "udp_port", "nothing"))
        keys = tuple(draw(st.lists(at, min_size=1, max_size=3)))
        check = draw(st.none() | at.map(lambda number: Check(number, 0, 1 << 20, "condition")))
        below = draw(st.sampled_from((0, 1501)))
        carries = Carries(
            draw(spaces), keys, draw(st.booleans()), draw(st.booleans()), check, below, 4, draw(st.booleans())
        )
    size = draw(st.sampled_from([0, *(size for size in (4, 16) if size <= header)]))
    if size:
        addresses = (draw(st.integers(0, header - size)), draw(st.integers(0, header - size)))
    if header >= 2 and draw(st.booleans()):
        ports = (draw(numbers(header, (2,))), draw(numbers(header, (2,))))
    checks = tuple(
        Check(draw(at), 0, 1 << 30, "check") for _ in range(draw(st.integers(0, 2)) if header else 0)
    )
    keys = draw(
        st.lists(st.integers(0, 255).map(lambda number: Key("made", number)), max_size=40, unique=True)
    )
    return Layer(
        name=name,
        type_id=NAMES[name],
        header_len=header,
        fields=made,
        found_by=(*keys, link_type(147)) if name == "Made0" else (Key("made_too", 1),),
        carries=carries,
        length=length,
        measured_by=measure or "",
        spans=not length and not measure and draw(st.booleans()),
        total=total,
        requires=checks[:1],
        plausible=checks[1:],
        fragment=fragment,
        addresses=addresses,
        address_len=size,
        ports=ports,
    )


@given(layers("Made0"), st.lists(st.binary(max_size=400), min_size=1, max_size=4), st.integers(-3, 80))
def test_a_layer_of_any_declaration_decodes_any_bytes(layer, tails, beyond):
    every = (*LAYERS, layer)
    plan = compile_plan(every, payload=True, entropy=True)
    classes = message_classes(declared(every))
    decoder = Decoder(plan, bytes, 64)
    for tail in tails:
        packet = Packet(START, tail, max(0, len(tail) + beyond), 147)
        decoded = decoder.decode(batch([packet]))
        assert decoded.account.sources["test.pcap"].balanced()
        for name, data in joined(decoded).items():
            for message in split(data):
                classes[name].FromString(message)
