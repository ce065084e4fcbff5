"""Publishing: the account is checked, then finished files get their final names, and summary.json says so."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from netbeam.account import Account, SourceAccount, Written
from netbeam.merge import FileResult, LostBlock, holds_records
from netbeam.segments import write_all
from netbeam.storage import Storage

SUMMARY = "summary.json"
TEMPORARY = ".netbeam-tmp"
"""The folder in the output under which every run has one of its own until it ends."""


class AccountError(Exception):
    """The packet account does not add up: netbeam lost packets or records, or made some up."""


class TakenName(Exception):
    """Something that is no file has the name of a result."""


def written(results: Iterable[FileResult]) -> dict[str, Written]:
    """Add up what was written, by record type and by whole name of the other files."""
    sums: dict[str, Written] = {}
    for result in sorted(results):
        sums.setdefault(result.file, Written()).add(
            Written(result.records, result.raw_bytes, result.block_bytes)
        )
    return sums


def check_account(account: Account, results: Sequence[FileResult]) -> None:
    """Check that every packet and every record is accounted for.

    Raises:
        AccountError: a sentence for each sum that differs.
    """
    faults = []
    for name, source in sorted(account.sources.items()):
        if not source.balanced():
            faults.append(
                f"{name}: {source.read} packets read, but {source.decoded} decoded + "
                f"{source.unknown.total()} unknown + {source.errors.total()} errors"
            )
    sums = written(results)
    records = {file: sum for file, sum in sums.items() if holds_records(file)}
    for file in sorted({*account.encoded, *records}):
        encoded, wrote = account.encoded.get(file, Written()), records.get(file, Written())
        if encoded != wrote:
            faults.append(
                f"{file}: {encoded.records} records encoded, {wrote.records} written "
                f"({encoded.raw_bytes} and {wrote.raw_bytes} bytes)"
            )
    if account.replayed != account.ip_packets:
        faults.append(f"{account.ip_packets} packets with IP digested, {account.replayed} in connections")
    total = account.total()
    for file, count in (("errors.pcapng", total.errors.total()), ("unknown.pcapng", total.unknown.total())):
        if (kept := sums.get(file, Written()).records) != count:
            faults.append(f"{file}: {count} packets counted, {kept} written")
    if faults:
        raise AccountError("the packet account does not add up: " + "; ".join(faults))


def summarize(
    account: Account, results: Sequence[FileResult], about: Mapping[str, Any], elapsed: float
) -> dict[str, Any]:
    """Give the content of summary.json.

    `about` holds what is known before the run (options, versions, machine); `elapsed` is in seconds.
    """
    total = account.total()
    return {
        **describe(total),
        "problems": [
            f"{name}: {problem}"
            for name, source in sorted(account.sources.items())
            for problem in source.problems
        ],
        "records": {
            file: {
                "count": sum.records,
                "raw_bytes": sum.raw_bytes,
                "bytes": sum.bytes,
                "files": sorted(result.name for result in results if result.file == file),
            }
            for file, sum in written(results).items()
            if holds_records(file)
        },
        "flows": describe_flows(account),
        "inputs": {name: describe(source) for name, source in sorted(account.sources.items())},
        "files": {result.name: result.bytes for result in sorted(results, key=lambda r: r.name)},
        **about,
        "elapsed_seconds": round(elapsed, 3),
        "packets_per_second": round(total.read / elapsed) if elapsed > 0 else None,
    }


def describe(source: SourceAccount) -> dict[str, Any]:
    """Give the account of one input, or of all, as summary.json has it."""
    return {
        "packets": {
            "read": source.read,
            "decoded": source.decoded,
            "unknown": dict(sorted(source.unknown.items())),
            "errors": dict(sorted(source.errors.items())),
            "truncated": source.truncated,
        },
        "bytes": source.bytes,
        "first_time": source.first_time,
        "last_time": source.last_time,
        "problems": source.problems,
    }


def describe_flows(account: Account) -> dict[str, Any]:
    """Give the account of connections, as summary.json has it."""
    return {
        "packets": account.replayed,
        "states": dict(sorted(account.flow_states.items())),
        "ends": dict(sorted(account.flow_ends.items())),
    }


def publish(
    storage: Storage, finished: str, output: str, results: Sequence[FileResult], summary: Mapping[str, Any]
) -> None:
    """Move the results to `output` and write summary.json, which is made in the folder `finished`, last.

    Files of an earlier run that its summary.json names and this run did not write are removed. Done
    twice, or after a failure half way, it comes to the same.

    Raises:
        TakenName: a directory, say, has the name of a result; nothing was moved.
        LostBlock: a result is neither where it was written nor, whole, in `output`.
        OSError: a file could not be moved.
    """
    names = {result.name for result in results}
    for name in (*sorted(names), SUMMARY):
        if storage.taken(target := storage.join(output, name)):
            raise TakenName(f"{target}: is no file, and a result has that name; nothing was published")
    stale = [storage.join(output, name) for name in sorted(earlier_files(storage, output) - names)]
    for result in results:
        source, target = result.path, storage.join(output, result.name)
        if storage.size(source) is not None:
            storage.rename(source, target)
        elif storage.size(target) != result.bytes:
            raise LostBlock(f"{source} is gone: was it removed while netbeam ran?")
    storage.remove([path for path in stale if not storage.taken(path)])
    storage.settle(output)
    source = storage.join(finished, SUMMARY)
    storage.remove([source])
    with storage.create(source) as file:
        text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
        write_all(file, text.encode(errors="backslashreplace"))
        storage.finish(file)
    storage.rename(source, storage.join(output, SUMMARY))
    storage.settle(output)


def earlier_files(storage: Storage, output: str) -> set[str]:
    """Give the names of the files that an earlier run's summary.json in `output` lists."""
    try:
        names = json.loads(storage.read_text(storage.join(output, SUMMARY)) or "{}")["files"]
        return {name for name in names if "/" not in name and name not in ("", ".", "..")}
    except (ValueError, LookupError, TypeError, RecursionError):
        return set()
