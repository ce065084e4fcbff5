"""Options of `netbeam run` that are Beam's: told from ours, and from mistakes."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence

from pipeline.options import BadOption


def split(arguments: Sequence[str], ours: argparse.ArgumentParser) -> tuple[list[str], list[str]]:
    """Split arguments after the command into ours and Beam's; a value goes with its option, paths come last.

    Raises:
        BadOption: an option is neither's.
    """
    own = ours._option_string_actions
    mine: list[str] = []
    paths: list[str] = []
    beams: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name = argument.partition("=")[0]
        if argument == "--":
            return [*mine, argument, *paths, *rest], beams
        if argument == "-" or not argument.startswith("-"):
            paths.append(argument)
            continue
        if argument[:2] != "--" and argument[:2] not in own:
            raise BadOption(f"{argument}: no such option; a file of that name is ./{argument}")
        if not argument.startswith("--") or name in own:
            mine.append(argument)
            if name in own and own[name].nargs is None and "=" not in argument and rest:
                mine.append(rest.pop(0))
            continue
        known = beam_options()
        if name not in known:
            raise BadOption(f"{name}: no such option{nearest(name, [*own, *known])}")
        beams.append(argument)
        if known[name].nargs is None and "=" not in argument and rest:
            beams.append(rest.pop(0))
    return [*mine, *paths], beams


def nearest(name: str, known: Sequence[str]) -> str:
    """Give the end of the sentence about an unknown option."""
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else " (see `netbeam run --help`)"


def beam_options() -> dict[str, argparse.Action]:
    """Give all options that Beam declares."""
    from apache_beam.options.pipeline_options import PipelineOptions

    parsers: list[argparse.ArgumentParser] = []
    PipelineOptions([]).get_all_options(add_extra_args_fn=parsers.append)
    return parsers[0]._option_string_actions
