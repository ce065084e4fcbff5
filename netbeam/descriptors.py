"""Protobuf descriptors and message classes, built in memory from a schema: no protoc, no generated code."""

from __future__ import annotations

from functools import cache

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as FieldProto
from google.protobuf.message import Message as ProtoMessage

from netbeam.declare import Field, Message
from netbeam.schema import PACKAGE, SCALARS, TYPE_ENUM, Schema, map_types, type_name

FILE_NAME = "netbeam.proto"

_SCALAR = {name: FieldProto.Type.Value(f"TYPE_{name.upper()}") for name in SCALARS}


@cache
def message_classes(schema: Schema) -> dict[str, type[ProtoMessage]]:
    """Give the class of each message of a schema, by name.

    A string that isn't valid UTF-8 parses all the same, and is given as bytes.
    """
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file_descriptor(schema))
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
        for name in schema.messages
    }


def file_descriptor(schema: Schema) -> descriptor_pb2.FileDescriptorProto:
    """Give the descriptor of a whole schema: edition 2023, implicit presence, unchecked UTF-8."""
    file = descriptor_pb2.FileDescriptorProto(name=FILE_NAME, package=PACKAGE, syntax="editions")
    file.edition = descriptor_pb2.EDITION_2023
    file.options.features.field_presence = descriptor_pb2.FeatureSet.IMPLICIT
    file.options.features.utf8_validation = descriptor_pb2.FeatureSet.NONE
    enum = file.enum_type.add(name=TYPE_ENUM)
    for number, name in sorted(schema.types.items()):
        enum.value.add(name=f"NC_{name}", number=number)
    for message in schema.messages.values():
        _add_message(file.message_type.add(), message)
    return file


def _add_message(proto: descriptor_pb2.DescriptorProto, message: Message) -> None:
    proto.name = message.name
    for field in message.fields:
        added = proto.field.add(name=field.name, number=field.number)
        _set_type(added, field, proto)


def _set_type(added: FieldProto, field: Field, proto: descriptor_pb2.DescriptorProto) -> None:
    added.label = FieldProto.LABEL_REPEATED if field.repeated else FieldProto.LABEL_OPTIONAL
    entry = map_types(field)
    if entry is None:
        _set_scalar(added, type_name(field))
        return
    name = f"{field.name[0].upper()}{field.name[1:]}Entry"
    nested = proto.nested_type.add(name=name)
    nested.options.map_entry = True
    for number, (part, type_) in enumerate(zip(("key", "value"), entry, strict=True), 1):
        inner = nested.field.add(name=part, number=number, label=FieldProto.LABEL_OPTIONAL)
        _set_scalar(inner, type_)
    added.label = FieldProto.LABEL_REPEATED
    added.type = FieldProto.TYPE_MESSAGE
    added.type_name = f".{PACKAGE}.{proto.name}.{name}"


def _set_scalar(added: FieldProto, type_: str) -> None:
    if type_ in _SCALAR:
        added.type = _SCALAR[type_]
        return
    added.type = FieldProto.TYPE_ENUM if type_ == TYPE_ENUM else FieldProto.TYPE_MESSAGE
    added.type_name = f".{PACKAGE}.{type_}"
