"""Record files: a Header, then records of one type, each message behind its length, compressed or not."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from netbeam.declare import OWN_NUMBERS
from netbeam.formats.compression import CODECS as CODECS
from netbeam.formats.compression import Codec as Codec
from netbeam.formats.compression import Truncated as Truncated
from netbeam.formats.compression import expand
from netbeam.formats.delimited import MAX_RECORD_BYTES as MAX_RECORD_BYTES
from netbeam.formats.delimited import delimited as delimited
from netbeam.formats.delimited import split
from netbeam.formats.netcap import VERSIONS, netcap_schema, version_of

if TYPE_CHECKING:
    from netbeam.declare import Layer
    from netbeam.schema import Schema

Source = str | os.PathLike[str] | BinaryIO

_WRITTEN_BY = re.compile(r"v\d+\.\d+|netbeam\b")
_FILE_NAME = re.compile(r"(\w+?)(?:-(\d+)-of-\d+)?\.ncap(?:\.\w+)?")


class NotRecords(ValueError):
    """A file isn't one of records, or of a type that nobody here knows."""


@cache
def _header_class() -> Any:
    from netbeam.descriptors import message_classes
    from netbeam.schema import declared

    return message_classes(declared(()))["Header"]


def header_bytes(
    type_id: int,
    created: int,
    source: str,
    version: str,
    payloads: bool,
    settings: Mapping[str, str] | None = None,
) -> bytes:
    """Give the first message of a file, behind its length and not compressed.

    Args:
        type_id: the number of the record type that follows.
        created: the time of the first packet (or what the user chose), Unix nanoseconds; never the clock's.
        source: the input as the user named it.
        version: the program that writes, as "netbeam 0.1.0"; v0.6 and the like are Netcap's.
        payloads: whether the records hold payloads.
        settings: what the records depend on beside the packets.
    """
    header = _header_class()(
        Created=created,
        InputSource=source.encode("utf-8", "backslashreplace").decode(),
        Type=type_id,
        Version=version,
        ContainsPayloads=payloads,
        Settings=settings,
    )
    return delimited(header.SerializeToString(deterministic=True))


def parse_header(message: bytes, *, sure: bool = False) -> Any | None:
    """Give the Header that a message is, or None when it is a record.

    Records carry no mark: a Header is told from one by the types of its fields and, when it must be `sure`,
    by a Version as netbeam and Netcap write it.
    """
    from google.protobuf.message import DecodeError
    from google.protobuf.unknown_fields import UnknownFieldSet

    try:
        header = _header_class().FromString(message)
    except DecodeError:
        return None
    if not header.Type or len(UnknownFieldSet(header)) or not isinstance(header.Version, str):
        return None
    return None if sure and not _WRITTEN_BY.match(header.Version) else header


def file_type(name: str) -> tuple[str, int]:
    """Give record type and shard number as a file's name tells them; "" and 0 when it doesn't."""
    found = _FILE_NAME.fullmatch(Path(name).name)
    return (found[1], int(found[2] or 0)) if found else ("", 0)


def read_records(source: Source) -> Iterator[bytes]:
    """Give the bytes of each message of a file, the Header first where there is one.

    Raises:
        Truncated: after the last whole message, when the file doesn't end there.
    """
    if not isinstance(source, str | os.PathLike):
        yield from split(expand(source))
        return
    with Path(source).open("rb") as file:
        yield from split(expand(file))


class Records:
    """The records of one type in one file, or in several read as one. Iterate, once, to get messages.

    `header` is the Header (None for shards without the first), `type` the name of the record type, `schema`
    what names its fields, and `problems` says, once iteration has ended, what is missing and where.
    """

    def __init__(self, sources: Iterable[Source], layers: Iterable[Layer] | None, warn: bool = True) -> None:
        """Open the first source; `open_records` says what for."""
        self._warn = warn
        self.problems: list[str] = []
        self._sources = iter(sources)
        self._layers = layers
        first = next(self._sources)
        name = _name(first)
        named, shard = file_type(name)
        messages = read_records(first)
        try:
            message = next(messages, None)
        except Truncated as error:
            raise NotRecords(f"{name} is not a file of records: {error}") from None
        self.header = None if message is None else parse_header(message, sure=shard > 0)
        if self.header is None and shard == 0:
            what = "its first message is no Header" if message else "it is empty"
            raise NotRecords(f"{name} is not a file of records: {what}")
        self.schema, self.type = self._meaning(name, named)
        if self.header is not None or message is None:
            self._first = (name, messages)
        else:
            self._first = (name, chain((message,), messages))

    def _meaning(self, name: str, named: str) -> tuple[Schema, str]:
        """Give the schema that knows the header's type, or without a header that of the file's name."""
        version = version_of(self.header.Version) if self.header is not None else None
        schemas = [netcap_schema(version)] if version else [self._own(), *map(netcap_schema, VERSIONS[::-1])]
        if self.header is None:
            known = [(schema, named) for schema in schemas if named in schema.types.values()]
        else:
            number = self.header.Type
            known = [(schema, schema.types[number]) for schema in schemas if number in schema.types]
        for schema, type_ in known:
            if type_ == named:
                return schema, type_
        if not known:
            raise NotRecords(f"{name} holds records of {self._stranger(named)}")
        return known[0]

    def _stranger(self, named: str) -> str:
        """Say which type nobody knows, and where a user's own is to be named."""
        if self.header is None:
            return f"a type {named} (by its name), which is not known"
        own = self.header.Type >= OWN_NUMBERS
        hint = ": --encoders, or `layers`, must give the file that declares it" if own else ""
        return f"type {self.header.Type}, which is not known{hint}"

    def _own(self) -> Schema:
        from netbeam.schema import declared

        if self._layers is None:
            from netbeam.records import RECORDS

            self._layers = RECORDS
        return declared(self._layers)

    def __iter__(self) -> Iterator[Any]:
        """Give the records; what can't be read goes to `problems`."""
        from google.protobuf.message import DecodeError

        from netbeam.descriptors import message_classes

        parse = message_classes(self.schema)[self.type].FromString
        for name, messages in chain((self._first,), self._others()):
            whole, bad = 0, 0
            try:
                for message in messages:
                    whole += 1
                    try:
                        record = parse(message)
                    except DecodeError:
                        bad += 1
                        continue
                    yield record
            except Truncated as error:
                self._report(f"{name}: {error}; {whole} records before that are whole")
            if bad:
                self._report(f"{name}: {bad} of {whole} records are damaged and left out")
        self._first = ("", iter(()))

    def _others(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Give the messages of the further sources, without their headers."""
        for source in self._sources:
            name, messages = _name(source), read_records(source)
            yield name, self._without_header(name, messages)

    def _without_header(self, name: str, messages: Iterator[bytes]) -> Iterator[bytes]:
        message = next(messages, None)
        if message is None:
            return
        header = parse_header(message, sure=True)
        if header is None:
            yield message
        elif self.header is not None and header.Type != self.header.Type:
            other = self.schema.types.get(header.Type, header.Type)
            raise NotRecords(f"{name} holds {other} and not {self.type} records")
        yield from messages

    def _report(self, problem: str) -> None:
        self.problems.append(problem)
        if self._warn:
            warnings.warn(problem, stacklevel=3)


def open_records(*sources: Source, layers: Iterable[Layer] | None = None, warn: bool = True) -> Records:
    """Open the files of one record type, to be read as one.

    `for record in open_records("TCP.ncap.gz"): print(record.SrcPort)` prints a port of each record.
    A file that ends early gives its whole records, then a warning; `Records.problems` keeps its text.

    Args:
        sources: paths, or binary files; the first has the Header, the others may be shards without one.
        layers: the declarations that name the fields in netbeam's own files; without them those of netbeam.
        warn: whether problems are warnings too.

    Raises:
        NotRecords: a file isn't one of records, or their type is unknown.
    """
    return Records(sources, layers, warn)


def _name(source: Source) -> str:
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    return str(getattr(source, "name", "the input"))
