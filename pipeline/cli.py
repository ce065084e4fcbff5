"""The command line: `netbeam run`, `netbeam dump`, `netbeam types`."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from functools import wraps
from typing import NoReturn

from netbeam.block import BUFFER_BYTES
from netbeam.chunk import RANGE_BYTES
from netbeam.flows.settings import FlowSettings
from pipeline import about
from pipeline.options import (
    COMPRESSIONS,
    BadOption,
    Options,
    choose_types,
    parse_number,
    parse_seconds,
    parse_size,
    parse_time,
    parse_timeouts,
    usual_workers,
)
from transforms.remote import is_remote
from transforms.sources import printable

OTHER_COMMANDS = ("dump", "types")
FAILED, BAD_OPTION, INTERRUPTED = 1, 2, 130


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Leave with status 2."""
        raise BadOption(f"{message.removeprefix('argument ')} (see `{self.prog} --help`)")


class ShowVersion(argparse.Action):
    """Prints the version; it is looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print it and leave."""
        print(about.version())
        parser.exit()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; give the exit status.

    As the program (without `arguments`) it ends the process itself: Beam's threads and the thousands
    of objects of its modules would take a while to be taken apart.
    """
    if arguments is not None:
        return command(list(arguments))
    status = command(sys.argv[1:])
    try:
        if sys.stdout is not None:  # it is None where it was closed before we began
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        pass
    except OSError as error:
        status = cannot_print(error)
    os._exit(status)


def command(given: list[str]) -> int:
    """Run a command."""
    parser, run_parser = command_line()
    try:
        beam: list[str] = []
        if given[:1] == ["run"] or (given[:1] == ["dump"] and any(map(is_remote, given))):
            from pipeline.logs import quiet_logs
            from pipeline.passthrough import split

            quiet_logs(debug="--debug" in given)
            # numpy, which Beam imports, would start threads that spin for a tenth of a second.
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
            own, beam = split(given[1:], run_parser if given[0] == "run" else parser_of(parser, given[0]))
            given = [given[0], *own]
        args = parser.parse_args(given)
        args.beam = beam
        if args.command is None:
            parser.print_help()
            return BAD_OPTION
        if args.command != "run":
            return importlib.import_module(f"pipeline.{args.command}").main(args)
        from pipeline.records import load_records
        from pipeline.run import run

        records = load_records(args.encoders)
        return run(options_of(args, beam, list(records.types())), records)
    except BadOption as error:
        print(f"netbeam: {printable(str(error))}", file=sys.stderr)
        return BAD_OPTION
    except BrokenPipeError:
        return 0
    except OSError as error:
        if error.filename or "--debug" in given:
            raise
        return cannot_print(error)
    except KeyboardInterrupt:
        return INTERRUPTED


def cannot_print(error: OSError) -> int:
    """Say why standard output takes no more; give the exit status."""
    print(f"netbeam: cannot print: {(error.strerror or str(error)).lower()}", file=sys.stderr)
    return FAILED


def command_line() -> tuple[Parser, Parser]:
    """Give the parser of the whole command line, and that of `run`."""
    parser = Parser(
        prog="netbeam", description="Packet captures in, typed audit records out.", allow_abbrev=False
    )
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="show netbeam's version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    run = commands.add_parser(
        "run",
        help="decode captures and write audit records",
        description="Decode captures and write one file of audit records for each record type.",
        epilog="Beam's own options may follow.",
        allow_abbrev=False,
    )
    add_run_options(run)
    for name in OTHER_COMMANDS:
        importlib.import_module(f"pipeline.{name}").add_parser(commands)
    return parser, run


def parser_of(parser: Parser, command: str) -> argparse.ArgumentParser:
    """Give the parser of a command."""
    commands = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    return next(commands).choices[command]


def add_run_options(run: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    number, size, time = checked(parse_number), checked(parse_size), checked(parse_time)
    captures = "captures: files, directories, globs, - (stdin) or any address that Beam reads (gs://...)"
    run.add_argument("inputs", nargs="+", metavar="PATH", help=captures)
    run.add_argument("-o", "--output", required=True, metavar="DIR", help="directory for the results")
    run.add_argument("--overwrite", action="store_true", help="replace the results of an earlier run")
    run.add_argument(
        "--remove-leftovers",
        type=number,
        metavar="DAYS",
        help="remote DIR: remove temporary files of runs that wrote nothing for DAYS",
    )
    add = run.add_argument_group("again and again").add_argument
    add(
        "--incremental",
        action="store_true",
        help="process only captures that are new, into a partition DIR/run=ID of their own",
    )
    add(
        "--settle",
        type=number,
        default=60,
        metavar="SECONDS",
        help="new captures that were written to since then wait for the next run; default: 60",
    )
    add("--metrics", default="", metavar="FILE.prom", help="write metrics for Prometheus at the end")
    add = run.add_argument_group("what is written").add_argument
    add("--include", action="append", default=[], metavar="TYPE,...", help="only these record types")
    add("--exclude", action="append", default=[], metavar="TYPE,...", help="all but these record types")
    add("--payload", action="store_true", help="keep the payload bytes in the records")
    add("--entropy", action="store_true", help="fill the PayloadEntropy fields")
    add("--encoders", default="", metavar="FILE.py", help="your own protocols and encoders")
    add("--source-name", default="", metavar="NAME", help="name the input so in the files")
    add("--created", type=time, metavar="TIME", help="date the files so; default: the first packet's time")
    add = run.add_argument_group("flows").add_argument
    add(
        "--idle-timeout",
        type=checked(parse_timeouts),
        default={},
        metavar="PROTOCOL=SECONDS,...",
        help="without a packet for so long a connection ends; default: tcp=300,udp=60,icmp=60,other=60",
    )
    add(
        "--active-timeout",
        type=checked(parse_seconds),
        default=0,
        metavar="SECONDS",
        help="connections are cut after so long; default: 0, never",
    )
    add("--per-file", action="store_true", help="a connection never spans two captures")
    add("--community-id-seed", type=number, default=0, metavar="N", help="0 to 65535; default: 0")
    add = run.add_argument_group("how it is written").add_argument
    add("--compression", default="gzip", choices=COMPRESSIONS, help="default: gzip")
    add(
        "--buffer-size",
        type=size,
        default=BUFFER_BYTES,
        metavar="SIZE",
        help="compressed at once; default: 512K",
    )
    add("--shards", type=number, default=0, metavar="N", help="files for each record type; default: one")
    add(
        "--workers",
        type=number,
        default=usual_workers(),
        metavar="N",
        help="default: the cores, %(default)s",
    )
    add = run.add_argument_group("where it runs").add_argument
    add(
        "--runner",
        default="direct",
        metavar="NAME",
        help="direct (this machine, the default), flink, dataflow, or one of Beam's",
    )
    framing = "greater captures are framed in ranges at once; 0: never; default: 64M"
    add("--framing-range", type=size, default=RANGE_BYTES, metavar="SIZE", help=framing)
    add("--flink-master", default="", metavar="HOST:PORT", help="a Flink cluster; default: one in this run")
    add = run.add_argument_group("what is shown").add_argument
    add("--quiet", action="store_true", help="print nothing but errors")
    add("--json", action="store_true", help="print the summary as JSON")
    add("--strict", action="store_true", help="exit with status 3 if anything was unknown or broken")
    add("--dry-run", action="store_true", help="check everything and show the plan, run nothing")
    add("--debug", action="store_true", help="show Beam's log and full tracebacks")


def checked(parse):
    """Make a parser's BadOption one that argparse shows with the option's name."""

    @wraps(parse)
    def parse_argument(text: str):
        try:
            return parse(text)
        except BadOption as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse_argument


def options_of(args: argparse.Namespace, beam: Sequence[str], known: Sequence[str]) -> Options:
    """Give the options that a command line asks for, of the `known` record types."""
    return Options(
        inputs=tuple(args.inputs),
        output=args.output,
        types=choose_types(args.include, args.exclude, known),
        compression=args.compression,
        buffer_bytes=args.buffer_size,
        shards=args.shards,
        payload=args.payload,
        entropy=args.entropy,
        flows=FlowSettings(
            **args.idle_timeout,
            active=args.active_timeout,
            per_file=args.per_file,
            seed=args.community_id_seed,
        ),
        encoders=args.encoders,
        source_name=args.source_name,
        created=args.created,
        runner=args.runner,
        framing_range=args.framing_range,
        flink_master=args.flink_master,
        workers=args.workers,
        quiet=args.quiet,
        json=args.json,
        strict=args.strict,
        overwrite=args.overwrite,
        leftover_days=args.remove_leftovers,
        incremental=args.incremental,
        settle=args.settle,
        metrics=args.metrics,
        dry_run=args.dry_run,
        debug=args.debug,
        beam=tuple(beam),
        started=about.process_start(),
    )


if __name__ == "__main__":
    sys.exit(main())
