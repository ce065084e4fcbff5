"""Dataflow with Google's own client, against a service and a Cloud Storage that run here: `make dataflow`."""

import http.server
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("google.cloud.dataflow", reason="`make dataflow` runs these tests")
pytest.importorskip("gcp_storage_emulator", reason="`make dataflow` runs these tests")

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from gcp_storage_emulator.server import create_server
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from benchmarks.traffic import write_capture

ROOT = Path(__file__).parents[1]
JOB = "2026-11-24_01_02_03-42"
FLAGS = ("--project=lab-17", "--region=europe-west4", "--sdk_container_image=reg/netbeam:1")
WORKER = """
import sys
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

with FileSystems.open(sys.argv[1]) as file:
    job = beam_runner_api_pb2.Pipeline.FromString(file.read())
for environment in job.components.environments.values():
    environment.urn, environment.payload = "beam:env:embedded_python:v1", b""
    del environment.dependencies[:]
FnApiRunner().run_via_runner_api(job, PipelineOptions([])).wait_until_finish()
"""
"""What a worker does: it has the pipeline from Cloud Storage, and our modules from the image."""


class Google(http.server.ThreadingHTTPServer):
    """Gives tokens and begins jobs; `jobs` are the requests for some, `refusal` answers them if it is set."""

    def __init__(self):
        super().__init__(("localhost", 0), Answer)
        self.jobs = []
        self.refusal = None
        self.url = f"http://localhost:{self.server_port}"


class Answer(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/token":
            return self.give(200, {"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})
        self.server.jobs.append((self.path, json.loads(body)))
        if self.server.refusal:
            return self.give(403, {"error": {"code": 403, "message": self.server.refusal}})
        return self.give(200, {"id": JOB, "projectId": "lab-17"})

    def give(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def google():
    """The service."""
    with Google() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def cloud(google, tmp_path, monkeypatch):
    """A bucket "lab" with a capture, and the environment in which Google's libraries find it and a key."""
    server = create_server("localhost", 0, in_memory=True, default_bucket="lab")
    server.start()
    while server._api._httpd is None:  # it says that it runs a moment before it has a port
        time.sleep(0.01)
    port = server._api._httpd.server_port
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {"type": "service_account", "client_email": "n@lab-17", "private_key": key.decode()}
    account |= {"token_uri": f"{google.url}/token", "project_id": "lab-17", "private_key_id": "1"}
    (tmp_path / "key.json").write_text(json.dumps(account))
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://localhost:{port}")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    client = storage.Client(project="lab-17", credentials=AnonymousCredentials())
    write_capture(tmp_path / "office.pcap", 20_000)
    client.bucket("lab").blob("captures/office.pcap").upload_from_filename(tmp_path / "office.pcap")
    yield client
    server.stop()


def python(*arguments):
    """Run Python as another machine would; give its status and what it printed."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


def submit(google, *more):
    """Submit a job; give status, output and errors of the launcher."""
    where = ("--runner", "dataflow", *FLAGS, "--dataflow_endpoint", google.url)
    return python("-m", "pipeline.cli", "run", "gs://lab/captures/*", "-o", "gs://lab/out", *where, *more)


def names(cloud):
    """Give the names of all objects in the bucket."""
    return [blob.name for blob in cloud.list_blobs("lab")]


def staged(google):
    """Give the address of the pipeline of the job that was submitted."""
    ((path, job),) = google.jobs
    assert path.startswith("/v1b3/projects/lab-17/locations/europe-west4/jobs")
    return job, job["environment"]["sdkPipelineOptions"]["options"]["pipelineUrl"]


def test_a_job_is_submitted_and_gives_the_same_bytes_elsewhere_later(google, cloud, tmp_path):
    named = ("--source-name", "the lab")  # connections tell it
    status, printed, errors = submit(google, "--json", *named)
    assert (status, errors) == (0, "")
    assert json.loads(printed)["job"] == JOB
    assert not [name for name in names(cloud) if name.startswith("out/") and ".netbeam-tmp" not in name]

    job, pipeline = staged(google)
    assert len(json.dumps(job)) < 100_000
    assert "no_use_multiple_sdk_containers" in job["environment"]["experiments"]
    (pool,) = job["environment"]["workerPools"]
    assert [image["containerImage"] for image in pool["sdkHarnessContainerImages"]] == ["reg/netbeam:1"]
    assert not [
        package for package in pool["packages"] if package["name"].endswith((".whl", ".gz", "session"))
    ]

    assert python("-c", WORKER, pipeline)[0] == 0
    local = tmp_path / "local"
    capture = str(tmp_path / "office.pcap")
    assert python("-m", "pipeline.cli", "run", capture, "-o", str(local), "--quiet", *named) == (0, "", "")
    here = {path.name: path.read_bytes() for path in local.glob("*.ncap.gz")}
    blobs = {Path(blob.name).name: blob for blob in cloud.list_blobs("lab", prefix="out/")}
    assert {name: blob.download_as_bytes() for name, blob in blobs.items() if ".ncap" in name} == here != {}
    left = [name for name in names(cloud) if ".netbeam-tmp" in name]
    assert all("/.netbeam-tmp/dataflow/" in name for name in left)


def test_a_template_launcher_describes_the_job_where_it_is_told_to(google, cloud, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    main = str(ROOT / "runners" / "dataflow" / "main.py")
    given = ("--inputs=gs://lab/captures/*", "--output=gs://lab/out", *FLAGS, "--overwrite=true")
    launcher = ("--runner=DataflowRunner", "--job_name=night", "--temp_location=gs://lab/t")
    where = ("--template_location=gs://lab/t/job_object", f"--dataflow_endpoint={google.url}")
    assert python(main, *given, *launcher, *where)[0] == 0
    assert google.jobs == []
    job = json.loads(cloud.bucket("lab").blob("t/job_object").download_as_bytes())
    assert job["name"] == "night"


def test_a_job_that_is_refused_leaves_nothing_and_says_why(google, cloud):
    google.refusal = "the caller does not have permission dataflow.jobs.create"
    status, printed, errors = submit(google)
    assert (status, printed) == (1, "")
    assert errors.startswith("netbeam: Dataflow took no job: 403")
    assert google.refusal in errors
    assert errors.count("\n") == 1


def test_without_a_key_the_line_says_so_at_once(google, cloud, monkeypatch):
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nonexistent")
    status, printed, errors = submit(google)
    assert (status, printed) == (1, "")
    assert errors.startswith("netbeam: Dataflow took no job: Your default credentials were not found")
    assert errors.count("\n") == 1
