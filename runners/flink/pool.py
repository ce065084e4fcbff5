"""The Python worker pool beside each TaskManager: `python -m runners.flink.pool`.

A TaskManager asks it for workers, which import netbeam from here: install the same netbeam everywhere.
Unlike Beam's own pool it gives its workers the options of the pipeline (where S3 is, say), lets them print,
and serves several TaskManagers of one machine, whose workers' names are the same.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from apache_beam.portability.api import (
    beam_fn_api_pb2,
    beam_fn_api_pb2_grpc,
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
)
from google.protobuf import json_format

PORT = 50_000
SECONDS_TO_ASK = 20


class Pool(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
    """Starts workers; each ends by itself when the TaskManager that it works for hangs up."""

    def StartWorker(self, request: Any, context: Any) -> Any:
        """Start one worker process."""
        try:
            threading.Thread(target=subprocess.Popen(**worker(request)).wait, daemon=True).start()
        except Exception:
            return beam_fn_api_pb2.StartWorkerResponse(error=traceback.format_exc())
        return beam_fn_api_pb2.StartWorkerResponse()

    def StopWorker(self, request: Any, context: Any) -> Any:
        """Do nothing: the name may be that of another TaskManager's worker, too."""
        return beam_fn_api_pb2.StopWorkerResponse()


def worker(request: Any) -> dict[str, Any]:
    """Give the arguments of Popen for the worker that a TaskManager asks for."""
    with grpc.insecure_channel(request.provision_endpoint.url) as channel:
        info = (
            beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
            .GetProvisionInfo(
                beam_provision_api_pb2.GetProvisionInfoRequest(),
                metadata=(("worker_id", request.worker_id),),
                timeout=SECONDS_TO_ASK,
            )
            .info
        )
    environment = {
        "WORKER_ID": request.worker_id,
        "CONTROL_API_SERVICE_DESCRIPTOR": str(request.control_endpoint),
        "LOGGING_API_SERVICE_DESCRIPTOR": str(request.logging_endpoint),
        "PIPELINE_OPTIONS": json.dumps(json_format.MessageToDict(info.pipeline_options)),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "OPENBLAS_NUM_THREADS": "1",
    }
    return {
        "args": [sys.executable, "-m", "apache_beam.runners.worker.sdk_worker_main"],
        "env": {**os.environ, **environment},
        "stdin": subprocess.DEVNULL,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m runners.flink.pool", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="default: %(default)s")
    port = parser.parse_args(arguments).port
    server = grpc.server(ThreadPoolExecutor(), options=[("grpc.so_reuseport", 0)])
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(Pool(), server)
    try:
        server.add_insecure_port(f"[::]:{port}")
    except RuntimeError:
        print(f"runners.flink.pool: port {port} is taken; choose another with --port", file=sys.stderr)
        return 1
    server.start()
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return 0


if __name__ == "__main__":
    sys.exit(main())
