"""Plans: declarations compiled into the tables that the kernel walks by."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from netbeam.declare import At, Carries, Check, Layer
from netbeam.kernel import digest, parts, tables, wire
from netbeam.rows import Rows, greatest, number_format
from netbeam.verify import verify

ANY = (1 << 63) - 1


class Plan(NamedTuple):
    """The tables of a selection of record types. Layers are numbered from 1, as in `layers`.

    `selected` are the numbers of the layers whose records are kept, `encoded` of those that are encoded, if
    only to find their faults: the account does not depend on the selection. `checks` names the
    number of each row of `numbers`. `flows` says that packets are digested, `devices` that all frames are
    counted besides, for hosts, devices and services.
    """

    layers: tuple[Layer, ...]
    selected: tuple[int, ...]
    encoded: tuple[int, ...]
    layer_table: array[int]
    numbers: array[int]
    checks: tuple[str, ...]
    ops: array[int]
    tables: array[int]
    facts: array[int]
    flows: bool = False
    devices: bool = True


def record_types(layers: Iterable[Layer]) -> dict[str, Layer]:
    """Give the layers that have records, by name."""
    return {layer.name: layer for layer in layers if layer.type_id is not None}


def check_types(layers: Iterable[Layer], names: Iterable[str]) -> None:
    """Raise ValueError for the first name that is not a record type, with the nearest one that is."""
    known = record_types(layers)
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1, 0.5) or get_close_matches(name.upper(), known, 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else "`netbeam types` lists them"
            raise ValueError(f"no record type {name!r}; {hint}")


def compile_plan(
    layers: Sequence[Layer],
    include: Collection[str] | None = None,
    *,
    payload: bool = False,
    entropy: bool = False,
    flows: bool = False,
    devices: bool = True,
) -> Plan:
    """Compile declarations into a plan that keeps the record types `include` (all of them when None).

    With `flows` packets are digested for the records that are made from many, of hosts, devices and services
    only with `devices`, too.

    Raises ValueError when two layers claim one name or number, or a declaration asks for what the
    kernel can't do.
    """
    if include is not None:
        check_types(layers, include)
    for layer in layers:
        verify(layer)
    numbers = Numbers()
    numbers_by_key, places = dispatch_tables(layers)
    rows = Rows()
    table = array("q", bytes(8 * tables.LAYER_COLUMNS))
    table[tables.TABLE], table[tables.TABLE_SIZE] = places.get("link_type", (0, 0))
    facts: array[int] = array("q")
    selected, encoded = [], []
    for number, layer in enumerate(layers, 1):
        row = array("q", bytes(8 * tables.LAYER_COLUMNS))
        keep = layer.type_id is not None and (include is None or layer.name in include)
        fields = rows.layer(layer, keep, payload, entropy)
        row[tables.OPS] = rows.table(fields)
        row[tables.GREATEST] = 4 + wire.SLACK + sum(map(greatest, fields))
        row[tables.ENCODE] = len(fields) > 0
        row[tables.SELECTED] = keep
        place_header(row, layer, numbers)
        row[tables.FACTS] = len(facts)
        for fact in layer.facts:
            condition = numbers.add((fact.only_if,))[0] if fact.only_if else -1
            facts.extend((getattr(digest, fact.name.upper()), numbers.place(fact.at), condition))
        row[tables.FACTS_END] = len(facts)
        place_carried(row, layer.carries, numbers, places)
        table.extend(row)
        if keep:
            selected.append(number)
        if row[tables.ENCODE]:
            encoded.append(number)
    return Plan(
        tuple(layers),
        tuple(selected),
        tuple(encoded),
        table,
        numbers.rows,
        tuple(numbers.names),
        rows.words,
        numbers_by_key,
        facts or array("q", [0]),
        flows,
        devices,
    )


class Numbers:
    """The numbers table under construction: rows of width, offset, shift, mask, low, high; and names."""

    def __init__(self) -> None:
        """Start with no rows."""
        self.rows: array[int] = array("q")
        self.names: list[str] = []

    def add(self, checks: Iterable[Check]) -> tuple[int, int]:
        """Add rows; give the first one's number and the one after the last."""
        first = len(self.names)
        for check in checks:
            at = check.at
            self.rows.extend((number_format(at), at.offset, at.shift))
            self.rows.append(at.mask or (1 << min(63, 8 * at.width)) - 1)
            self.rows.extend((check.low, check.high))
            self.names.append(check.what)
        return first, len(self.names)

    def place(self, *places: At) -> int:
        """Add rows of numbers that may have any value; give the first one's number."""
        return self.add(Check(at, 0, ANY, "number") for at in places)[0]


def dispatch_tables(layers: Sequence[Layer]) -> tuple[array[int], dict[str, tuple[int, int]]]:
    """Give one table of layer numbers for all spaces, and where (start, size) each space lies in it."""
    if len(layers) >= tables.MOST_TYPES:
        raise ValueError(f"{len(layers)} layers are declared; {tables.MOST_TYPES - 1} is the most")
    spaces: dict[str, dict[int, int]] = {}
    names: set[str] = set()
    for number, layer in enumerate(layers, 1):
        if layer.name in names:
            raise ValueError(f"two layers are named {layer.name!r}")
        names.add(layer.name)
        for key in layer.found_by:
            other = spaces.setdefault(key.space, {}).setdefault(key.number, number)
            if other != number:
                raise ValueError(
                    f"{layer.name} and {layers[other - 1].name} both are {key.space} {key.number}"
                )
    joined: array[int] = array("H")
    places = {}
    for space, keys in spaces.items():
        places[space] = (len(joined), max(keys) + 1)
        part = array("H", bytes(2 * (max(keys) + 1)))
        for key_number, number in keys.items():
            part[key_number] = number
        joined.extend(part)
    return joined, places


def place_header(row: array[int], layer: Layer, numbers: Numbers) -> None:
    """Fill in how the walk measures and checks a layer's header."""
    row[tables.HEADER_LEN] = layer.header_len
    row[tables.LENGTH] = numbers.place(layer.length.at) if layer.length else -1
    if layer.length:
        row[tables.LENGTH_UNIT], row[tables.LENGTH_ADD] = layer.length.unit, layer.length.add
    if layer.spans:
        row[tables.MEASURE] = parts.SPANS
    elif layer.measured_by:
        row[tables.MEASURE] = parts.MEASURES[layer.measured_by][0]
    row[tables.TOTAL] = numbers.place(layer.total.at) if layer.total else -1
    if layer.total:
        above = layer.total.zero_is_rest_above
        row[tables.TOTAL_ADD], row[tables.ZERO_IS_REST] = layer.total.add, ANY if above is None else above
    row[tables.CHECKS], row[tables.CHECKS_END] = numbers.add(layer.requires)
    row[tables.PLAUSIBLE], row[tables.PLAUSIBLE_END] = numbers.add(layer.plausible)
    row[tables.FRAGMENT] = -1
    if layer.fragment:
        offset, more = layer.fragment.offset, layer.fragment.more
        row[tables.FRAGMENT] = numbers.place(At(offset.offset, offset.width))
        row[tables.FRAGMENT_MASK], row[tables.MORE_MASK] = (
            offset.mask << offset.shift,
            more.mask << more.shift,
        )
    if layer.addresses:
        row[tables.ADDRESS_LEN] = layer.address_len
        row[tables.SOURCE_OFFSET], row[tables.TARGET_OFFSET] = layer.addresses
    row[tables.PORTS] = -1
    if layer.ports:
        row[tables.PORTS] = numbers.place(*layer.ports)


def place_carried(
    row: array[int], carries: Carries | None, numbers: Numbers, places: dict[str, tuple[int, int]]
) -> None:
    """Fill in how the walk finds what a layer carries."""
    row[tables.CONDITION] = -1
    if carries is None:
        return
    row[tables.KEYS] = numbers.place(*carries.keys)
    row[tables.KEYS_END] = row[tables.KEYS] + len(carries.keys)
    if carries.only_if:
        row[tables.CONDITION] = numbers.add((carries.only_if,))[0]
    row[tables.TABLE], row[tables.TABLE_SIZE] = places.get(carries.space, (0, 0))
    row[tables.REQUIRED], row[tables.CERTAIN] = carries.required, carries.certain
    row[tables.LENGTH_BELOW], row[tables.LENGTH_KEY] = carries.length_below, carries.length_key
    row[tables.EITHER_ORDER] = carries.either_order
