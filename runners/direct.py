"""The local runner: Beam's FnApiRunner in this process, one thread a core.

Beam's own DirectRunner would first try to download another runner.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_provision_api_pb2
from apache_beam.runners.portability.fn_api_runner import FnApiRunner, worker_handlers
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo
from apache_beam.runners.portability.portable_runner import JobServiceHandle
from apache_beam.runners.worker import sdk_worker, statesampler

from pipeline.options import Options

SAMPLING_MS = 4


def options(run: Options) -> PipelineOptions:
    """Give Beam's options; those that the user gave go before ours.

    One worker runs in this thread, without the gRPC that Beam puts between several.
    """
    mode = "multi_threading" if run.workers > 1 else "in_memory"
    return PipelineOptions(
        [f"--direct_num_workers={run.workers}", f"--direct_running_mode={mode}", *run.beam]
    )


@contextmanager
def runner(options: PipelineOptions) -> Iterator[FnApiRunner]:
    """Give the runner; its workers know the options, as those of Beam's DirectRunner do."""
    send_whole_elements()
    end_bundles_at_once()
    report_errors_once()
    collect_seldom()
    encoded = JobServiceHandle.encode_pipeline_options(options.get_all_options())
    info = beam_provision_api_pb2.ProvisionInfo(pipeline_options=encoded)
    yield FnApiRunner(provision_info=ExtendedProvisionInfo(info))


def send_whole_elements() -> None:
    """Keep Beam's timer from sending, once a second, what lies in the output buffer of a bundle.

    It takes the buffer in the midst of an element whose pickling lets other threads run, and drops what is
    written while it sends (Beam 2.77, data_plane.TimeBasedBufferingClosableOutputStream): elements were lost
    or not what they had been in one of ten runs on a busy machine.
    """
    worker_handlers.DATA_BUFFER_TIME_LIMIT_MS = 0


def end_bundles_at_once() -> None:
    """Let Beam's state samplers in this process wake up every few milliseconds.

    A bundle ends only when its sampler, which sleeps longer and longer, has woken up to be told: that
    adds up to a sixth of the bundle's time, 200 ms at most (Beam 2.77), and no option changes it.
    """
    default = (statesampler.DEFAULT_SAMPLING_PERIOD_MS,)
    if statesampler.StateSampler.__init__.__defaults__ == default:
        statesampler.StateSampler.__init__.__defaults__ = (SAMPLING_MS,)


def collect_seldom() -> None:
    """Let the garbage collector look for cycles less often: few are made, and Beam's modules never go."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def report_errors_once() -> None:
    """Keep workers in this process from printing tracebacks: the exception that the run raises has them."""
    sdk_worker.print = lambda *_, **__: None  # type: ignore[attr-defined]
