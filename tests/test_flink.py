"""The preset for Flink, and what it says when something is not there: all that needs no Java."""

import json
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.options import BadOption, Options
from runners.flink import fetch, home, rest
from runners.flink.guard import guarded, kill, spawn
from runners.flink.preset import in_words, options, runner


def given(*beam, **more):
    """Give what the preset tells Beam, as a dictionary."""
    run = Options(inputs=("in.pcap",), output="out", runner="flink", workers=3, beam=beam, **more)
    return options(run).get_all_options()


def test_an_embedded_flink_has_its_workers_in_this_process():
    told = given()
    assert (told["flink_master"], told["environment_type"], told["parallelism"]) == ("[local]", "LOOPBACK", 3)
    assert told["flink_version"] == home.FLINK_VERSION


def test_a_cluster_has_its_workers_in_pools():
    told = given(flink_master="jobmanager:8081")
    assert (told["flink_master"], told["environment_type"]) == ("jobmanager:8081", "EXTERNAL")
    assert told["environment_config"] == "localhost:50000"


def test_python_encoders_get_as_many_processes_as_the_machine_wants():
    assert given(flink_master="jobmanager:8081")["sdk_worker_parallelism"] == "1"
    assert given(flink_master="jobmanager:8081", encoders="own.py")["sdk_worker_parallelism"] == "0"


def test_what_the_user_tells_beam_counts():
    told = given("--environment_config=pool:1", "--parallelism=9", flink_master="http://jobmanager:8081/")
    assert (told["environment_config"], told["parallelism"]) == ("pool:1", 9)
    assert given("--flink_master=jobmanager:8081")["flink_master"] == "jobmanager:8081"


@pytest.mark.parametrize("address", ["jobmanager", "jobmanager:", ":8081", "a b:1", "ftp://jobmanager:8081"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(BadOption, match="must be host:port, as jobmanager:8081"):
        given(flink_master=address)


def test_a_cluster_cannot_read_standard_input():
    with pytest.raises(BadOption, match="a cluster cannot read"):
        options(Options(inputs=("-",), output="out", runner="flink", flink_master="jobmanager:8081"))


def test_a_missing_java_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(BadOption, match=r"no java in JAVA_HOME \(.*\); install Java 17 or 11"):
        home.java()
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(BadOption, match="no java in PATH"),
        runner(PipelineOptions(["--flink_master=[local]"])),
    ):
        pass


@pytest.fixture
def a_java(monkeypatch, tmp_path):
    """Something that is called java, and says why it does not start."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "java").write_text("#!/bin/sh\necho 'Error: too old' >&2\necho '  at line 1' >&2\nexit 1\n")
    (folder / "java").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_missing_jars_are_said(a_java, monkeypatch, tmp_path):
    monkeypatch.setenv("NETBEAM_FLINK_HOME", str(tmp_path / "none"))
    with pytest.raises(BadOption, match=r"no jars in .*/none/beam.*; `make flink` fetches them"):
        home.java_command([home.beam_jars()])


def test_a_job_server_that_does_not_start_is_said(a_java, monkeypatch, tmp_path):
    monkeypatch.setenv("NETBEAM_FLINK_HOME", str(tmp_path))
    for folder in (home.beam_jars() / home.STAYS, home.job_server_jars()):
        folder.mkdir(parents=True)
        (folder / "some.jar").touch()
    with (
        pytest.raises(BadOption, match="job server does not start: Error: too old"),
        runner(given_options("[local]")),
    ):
        pass


def given_options(master):
    """Give options as the preset gives them to its runner."""
    return PipelineOptions([f"--flink_master={master}", "--parallelism=3", "--job_name=a"])


def test_a_cluster_that_does_not_answer_is_said():
    with (
        pytest.raises(BadOption, match="--flink-master localhost:9: no Flink cluster answers there: Conn"),
        runner(given_options("localhost:9")),
    ):
        pass


@pytest.fixture
def cluster():
    """Something that answers as a JobManager does; give its address and the answers, by path."""
    answers = {
        "/jobmanager/config": [],
        "/overview": {"slots-total": 2},
        "/jobmanager/environment": {"classpath": ["/opt/flink/lib/beam-runners-flink-1.19-2.62.0.jar"]},
    }
    asked = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(answers[self.path]).encode() if self.path in answers else b"<html>"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def do_PATCH(self):
            asked.append(self.path)
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("localhost", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"localhost:{server.server_port}", answers, asked
    server.shutdown()
    server.server_close()


def test_a_server_that_is_no_flink_is_said(cluster):
    master, answers, _ = cluster
    answers.clear()
    with pytest.raises(BadOption, match="the answer is not Flink's"), runner(given_options(master)):
        pass


def test_more_workers_than_slots_are_refused_unless_they_come_on_demand(cluster):
    master, answers, _ = cluster
    with pytest.raises(BadOption, match=r"--workers 3: the Flink cluster at .* has 2 slots"):
        runner(given_options(master)).__enter__()
    answers["/jobmanager/config"] = [{"key": "kubernetes.cluster-id", "value": "a"}]
    assert rest.most_slots(master) > 1000


def test_only_jobs_that_run_are_cancelled(cluster):
    master, answers, asked = cluster
    names_and_states = [("a", "RUNNING"), ("a", "FINISHED"), ("b", "RUNNING"), ("a", "RESTARTING")]
    jobs = [{"jid": str(i), "name": name, "state": state} for i, (name, state) in enumerate(names_and_states)]
    answers["/jobs/overview"] = {"jobs": jobs}
    rest.cancel(master, "a")
    assert asked == ["/jobs/0", "/jobs/3"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("X failed in state FAILED: a.b.NoResourceAvailableException: slots", "no 3 free slots"),
        ("X failed in state FAILED: java.net.ConnectException: refused", "no Python worker pool at pool:1"),
        ("X failed in state CANCELLED: unknown error", "the job was cancelled on the Flink cluster"),
        ("X failed in state FAILED: org.apache.Some: it broke: twice", "Flink: it broke: twice"),
        ("Error\nTraceback: a.py", "Traceback"),
    ],
)
def test_what_a_failed_job_says_is_put_in_words(said, sentence):
    told = PipelineOptions(["--parallelism=3", "--environment_config=pool:1"])
    assert sentence in in_words(RuntimeError(said), told)


SLEEP = (sys.executable, "-c", "import time; print(flush=True); time.sleep(600)")


def ended(pids):
    """Wait until processes are gone."""
    for _ in range(2000):
        listed = subprocess.run(["ps", "-o", "stat=", "-p", ",".join(map(str, pids))], capture_output=True)
        if all(state.startswith(b"Z") for state in listed.stdout.split()):
            return True
        time.sleep(0.01)
    return False


def test_a_guarded_command_ends_with_the_body():
    with guarded(SLEEP, output=subprocess.PIPE) as guard:
        guard.stdout.readline()
        assert guard.poll() is None
    assert guard.returncode is not None


def test_a_guarded_command_can_be_killed_with_all_that_it_started():
    guard = spawn(("sh", "-c", "sleep 600 & echo $!; wait"), output=subprocess.PIPE)
    pid = int(guard.stdout.readline())
    kill(guard)
    assert ended([pid])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_guarded_command_ends_when_the_process_that_started_it_dies(number):
    code = (
        "import subprocess, time\n"
        "from runners.flink.guard import spawn\n"
        "guard = spawn(('sh', '-c', 'echo $$; sleep 600'), output=subprocess.PIPE)\n"
        "print(guard.pid, int(guard.stdout.readline()), flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    pids = parent.stdout.readline().split()
    parent.send_signal(number)
    parent.wait()
    assert ended([int(pid) for pid in pids])


def test_jars_are_fetched_once_and_again_when_others_are_wanted(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("NETBEAM_FLINK_HOME", str(tmp_path))
    made = []

    def make(folder):
        made.append(folder)
        (folder / "cluster").mkdir()
        (folder / "cluster" / f"{len(made)}.jar").touch()

    fetch.fetch(make, "1.19.3", "cluster")
    fetch.fetch(make, "1.19.3", "cluster")
    assert len(made) == 1
    assert capsys.readouterr().out.endswith("cluster: there already\n")
    fetch.fetch(make, "1.19.4", "cluster")
    assert [path.name for path in (tmp_path / "cluster").iterdir()] == ["2.jar"]


def test_jars_that_cannot_be_fetched_leave_nothing_behind(monkeypatch, tmp_path):
    monkeypatch.setenv("NETBEAM_FLINK_HOME", str(tmp_path))

    def fail(folder):
        (folder / "cluster").mkdir()
        raise BadOption("no network")

    with pytest.raises(BadOption):
        fetch.fetch(fail, "1.19.3", "cluster")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_maven_is_said(a_java, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("NETBEAM_FLINK_HOME", str(tmp_path / "none"))
    monkeypatch.setattr(fetch.shutil, "which", lambda name: None)
    monkeypatch.setattr(fetch, "java", lambda: "java")
    assert fetch.main([]) == 1
    assert capsys.readouterr().err == "make flink: no mvn in PATH; install Maven\n"
