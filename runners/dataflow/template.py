"""The Flex Template: metadata.json, made from the options of `netbeam run`, and parameters made options.

`python -m runners.dataflow.template` writes metadata.json anew; with --check it tells whether that is needed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.cli import command_line
from pipeline.options import (
    IDLE,
    NUMBER,
    SIZE,
    TIME,
    TIMEOUT,
    parse_number,
    parse_seconds,
    parse_size,
    parse_time,
    parse_timeouts,
)
from runners.dataflow import GCS

METADATA = Path(__file__).with_name("metadata.json")

LEFT_OUT = {
    "help": "the metadata itself helps",
    "runner": "a template of Dataflow runs on Dataflow",
    "flink_master": "of another runner",
    "workers": "gcloud has --max-workers",
    "quiet": "nobody sees what a launcher prints",
    "json": "nobody sees what a launcher prints",
    "strict": "nobody waits for the job",
    "metrics": "nobody waits for the job",
    "dry_run": "the launcher must begin a job",
    "remove_leftovers": "what is temporary is the job's to remove",
}
"""Options of `netbeam run` that are no parameters, with the reasons."""

IMAGE = {
    "name": "sdk_container_image",
    "label": "Worker image",
    "helpText": "The image of the workers: the one that this template was built from.",
    "isOptional": False,
    "paramType": "TEXT",
    "regexes": [r"^[^\s]+/[^\s]+$"],
    "groupName": "Where it runs",
}
"""The one parameter that is Beam's."""

ONE_PATH = GCS.replace(r"[^\r\n]", r"[^,\r\n]")
NAMES = r"[A-Za-z0-9_, ]+"
IDLE_TIMEOUT = rf" *({'|'.join(IDLE)})={TIMEOUT} *"

FORMS: dict[Any, tuple[str, str]] = {
    parse_number: ("NUMBER", NUMBER),
    parse_size: ("TEXT", SIZE),
    parse_time: ("TEXT", TIME),
    parse_seconds: ("TEXT", TIMEOUT),
    parse_timeouts: ("TEXT", f"{IDLE_TIMEOUT}(,{IDLE_TIMEOUT})*"),
    "inputs": ("TEXT", rf"{ONE_PATH}(,{ONE_PATH})*"),
    "output": ("GCS_WRITE_FOLDER", GCS),
    "include": ("TEXT", NAMES),
    "exclude": ("TEXT", NAMES),
    "encoders": ("GCS_READ_FILE", GCS),
}
"""The type and the form of parameters, by what reads them or by name; others are any text."""

SENTENCES = {
    "compression": "How the files are compressed; default: gzip.",
    "encoders": "A Python file of your own protocols and encoders, in Cloud Storage.",
    "inputs": "Captures in Cloud Storage, files or globs, separated by commas.",
}
"""What help says otherwise than for the command line."""


def options() -> list[argparse.Action]:
    """Give the options of `netbeam run`."""
    return command_line()[1]._actions


def groups() -> dict[str, str]:
    """Give the heading under which `netbeam run --help` lists each option."""
    found = command_line()[1]._action_groups
    return {action.dest: group.title or "" for group in found for action in group._group_actions}


def metadata() -> dict[str, Any]:
    """Give the content of metadata.json: its parameters are the options, in their order, and the image."""
    headings = groups()
    described = [
        describe(action, headings[action.dest]) for action in options() if action.dest not in LEFT_OUT
    ]
    return {
        "name": "netbeam",
        "description": "Packet captures in, typed audit records out.",
        "parameters": [*described, IMAGE],
    }


def describe(action: argparse.Action, heading: str) -> dict[str, Any]:
    """Describe an option as a parameter."""
    text = SENTENCES.get(action.dest) or (action.help or "") % {"default": action.default}
    sentence = f"{text[:1].upper()}{text[1:].rstrip('.')}."
    described: dict[str, Any] = {
        "name": action.dest,
        "label": action.dest.replace("_", " ").capitalize(),
        "helpText": sentence,
        "isOptional": not action.required,
    }
    if is_switch(action):
        described |= {"paramType": "BOOLEAN", "regexes": ["^(true|false)$"], "defaultValue": "false"}
    elif action.choices:
        choices = [str(choice) for choice in action.choices]
        described |= {"paramType": "ENUM", "enumOptions": [{"value": choice} for choice in choices]}
        described |= {"regexes": [f"^({'|'.join(choices)})$"], "defaultValue": str(action.default)}
    else:
        read_by = getattr(action.type, "__wrapped__", None)
        kind, form = FORMS.get(action.dest) or FORMS.get(read_by) or ("TEXT", r"[^\r\n]+")
        described |= {"paramType": kind, "regexes": [f"^({form})$"]}
    if heading not in ("options", "positional arguments"):
        described["groupName"] = heading.capitalize()
    return described


def is_switch(action: argparse.Action) -> bool:
    """Tell whether an option takes no value."""
    return action.nargs == 0


def arguments(parameters: Sequence[str]) -> list[str]:
    """Give the arguments of `netbeam` for those of a template's launcher: --name=value for each parameter.

    What is no option of ours, the launcher gives for Beam.
    """
    ours = {action.dest: action for action in options()}
    given = (text for parameter in parameters for text in argument(parameter, ours))
    return ["run", "--runner=dataflow", *given]


def argument(parameter: str, ours: dict[str, argparse.Action]) -> Iterator[str]:
    """Give the arguments of `netbeam run` for one parameter."""
    name, _, value = parameter.removeprefix("--").partition("=")
    action = ours.get(name)
    if name == "runner":
        return
    if action is None:
        yield parameter
    elif is_switch(action):
        if value != "false":
            yield action.option_strings[-1]
    elif not action.option_strings:
        yield from value.split(",")
    elif value:
        yield f"{action.option_strings[-1]}={value}"


def main(given: list[str] | None = None) -> int:
    """Write metadata.json, or with --check tell whether it is up to date."""
    parser = argparse.ArgumentParser(prog="python -m runners.dataflow.template", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if it is stale")
    args = parser.parse_args(given)
    text = json.dumps(metadata(), indent=2) + "\n"
    if METADATA.is_file() and METADATA.read_text("utf-8") == text:
        return 0
    if args.check:
        print(f"{METADATA} is stale: run `make schema`", file=sys.stderr)
        return 1
    METADATA.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
