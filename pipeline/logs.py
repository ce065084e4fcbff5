"""What of Beam's logging reaches the terminal."""

from __future__ import annotations

import logging
import os


def quiet_logs(*, debug: bool) -> None:
    """Keep Beam's warnings off the terminal, and its account of errors that are reported in one line.

    To be called before Beam is imported, which logs already.
    """
    logging.basicConfig(level=logging.INFO if debug else logging.ERROR)
    if not debug:
        for name in ("common", "worker", "dataflow"):
            logging.getLogger(f"apache_beam.runners.{name}").setLevel(logging.CRITICAL + 1)
        logging.getLogger().addFilter(nothing)  # Beam's file systems log errors to the root itself
        os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


def nothing(_: logging.LogRecord) -> bool:
    """Let no record pass."""
    return False
