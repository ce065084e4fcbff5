"""The declared records keep Netcap's names, numbers and types, field by field."""

import pytest

from netbeam.declare import OWN_NUMBERS, Field, Message
from netbeam.formats.netcap import VERSIONS, netcap_schema, version_of
from netbeam.records import RECORDS
from netbeam.schema import declared, type_name

DECLARED = declared(RECORDS)
OLD, NEW = map(netcap_schema, VERSIONS)
CLASHES = {("Connection", 15), ("SSH", 2), ("DHCPv4", 5)}
"""Fields whose meaning or name changed from one of Netcap's versions to the other."""
RENAMED = ("Connection", 15)
"""The one of them that is ours by its later name, CommunityID: that is what it holds, and UID is our own."""


def facts(field: Field) -> tuple[str, str, bool]:
    """Give what the wire and its readers depend on, beside the number."""
    return field.name, type_name(field), field.repeated


def theirs(message: Message) -> list[Field]:
    """Give the fields whose numbers are Netcap's."""
    return [field for field in message.fields if field.number < OWN_NUMBERS]


@pytest.mark.parametrize("message", DECLARED.messages.values(), ids=lambda message: message.name)
def test_declared_fields_are_those_of_netcaps_schema(message):
    if message.type_id is not None and message.type_id >= OWN_NUMBERS:
        return
    table = (OLD if message.name in OLD.messages else NEW).messages[message.name]
    assert message.type_id == table.type_id
    known = {field.number: facts(field) for field in table.fields}
    later = {field.number: facts(field) for field in NEW.messages[message.name].fields}
    for field in theirs(message):
        first, second = (later, known) if (message.name, field.number) == RENAMED else (known, later)
        assert facts(field) == first.get(field.number, second.get(field.number)), field.name


@pytest.mark.parametrize("message", DECLARED.messages.values(), ids=lambda message: message.name)
def test_no_field_of_netcaps_schema_is_left_out(message):
    table = OLD.messages.get(message.name) or NEW.messages.get(message.name)
    if table is not None:
        assert {field.number for field in theirs(message)} >= {field.number for field in table.fields}


@pytest.mark.parametrize(
    ("version", "messages", "fields", "types"), [("v0.6", 144, 1181, 100), ("v0.16", 217, 2855, 144)]
)
def test_the_tables_are_whole(version, messages, fields, types):
    schema = netcap_schema(version)
    assert len(schema.messages) == messages
    assert sum(len(message.fields) for message in schema.messages.values()) == fields
    assert len(schema.types) == types
    assert set(schema.records) <= set(schema.messages)


def test_both_tables_agree_but_for_the_known_clashes():
    for name, message in OLD.messages.items():
        if name not in NEW.messages:
            continue
        later = {field.number: facts(field) for field in NEW.messages[name].fields}
        for field in message.fields:
            if (name, field.number) not in CLASHES:
                assert later.get(field.number, facts(field)) == facts(field)


@pytest.mark.parametrize(
    ("release", "version"),
    [("v0.6.11", "v0.6"), ("v0.5", "v0.6"), ("v0.7.1", "v0.16"), ("v0.16.0", "v0.16"), ("v1.0", "v0.16")],
)
def test_a_release_is_read_by_the_table_of_its_time(release, version):
    assert version_of(release) == version


@pytest.mark.parametrize("release", ["netbeam 0.1.0", "", "0.6"])
def test_what_is_no_release_of_netcap_has_no_table(release):
    assert version_of(release) is None
