"""The examples in runners/schedule: each does, with our own command line, what it says."""

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from captures import pcap, some_packets
from conftest import absent

from netbeam.ledger import MANIFEST
from pipeline.cli import command_line, main
from pipeline.metrics import METRICS

ROOT = Path(__file__).parents[1]
SCHEDULE = ROOT / "runners" / "schedule"
TEMPLATE = ROOT / "runners" / "dataflow" / "metadata.json"
PROGRAM = "/opt/netbeam/bin/netbeam"


def unit(name):
    """Read a unit of systemd."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string((SCHEDULE / "systemd" / name).read_text())
    return parser


def crontab():
    """Give the times and the command of the crontab's one job."""
    lines = (SCHEDULE / "crontab").read_text().splitlines()
    [job] = [line for line in lines if line and line[0] in "0123456789*"]
    *times, command = job.split(None, 5)
    return times, command


def cronjob():
    """Read the CronJob of Kubernetes."""
    return yaml.safe_load((SCHEDULE / "kubernetes" / "cronjob.yaml").read_text())


def container():
    """Give the CronJob's only container."""
    [only] = cronjob()["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return only


COMMANDS = {
    "systemd": lambda: shlex.split(unit("netbeam.service")["Service"]["ExecStart"]),
    "cron": lambda: shlex.split(crontab()[1]),
    "kubernetes": lambda: [*container()["command"], *container()["args"]],
}


# The commands.


@pytest.mark.parametrize("place", COMMANDS)
def test_the_command_of_each_example_processes_new_captures(place, tmp_path):
    program, *arguments = COMMANDS[place]()
    if program == "nice":
        program, *arguments = arguments
    assert program in (PROGRAM, "netbeam")
    args = command_line()[0].parse_args(arguments)
    assert args.incremental
    here = []
    for given in (*args.inputs, args.output, args.metrics):
        assert not given or given.startswith("/")
        here.append(tmp_path / given[1:])
    captures, records, metrics = here
    captures.mkdir(parents=True)
    metrics.parent.mkdir(parents=True, exist_ok=True)
    (captures / "a.pcap").write_bytes(pcap(some_packets(10)))
    os.utime(captures / "a.pcap", (1, 1))
    moved = [f"{tmp_path}{given}" if given.startswith("/") else given for given in arguments]
    assert main(moved) == 0
    [manifest] = records.glob(f"run=*/{MANIFEST}")
    assert len(json.loads(manifest.read_text())["captures"]) == 1
    assert metrics.is_file() == bool(args.metrics)


def test_systemd_takes_the_units(tmp_path):
    if shutil.which("systemd-analyze") is None:
        absent("systemd-analyze")
    program = tmp_path / "netbeam"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name in ("netbeam.service", "netbeam.timer"):
        text = (SCHEDULE / "systemd" / name).read_text()
        (tmp_path / name).write_text(text.replace(PROGRAM, str(program)))
    units = [str(tmp_path / name) for name in ("netbeam.service", "netbeam.timer")]
    ended = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    when = unit("netbeam.timer")["Timer"]["OnCalendar"]
    assert subprocess.run(["systemd-analyze", "calendar", when], capture_output=True).returncode == 0


def test_the_service_may_write_where_its_command_writes():
    service = unit("netbeam.service")["Service"]
    args = command_line()[0].parse_args(COMMANDS["systemd"]()[1:])
    allowed = [Path(path) for path in service["ReadWritePaths"].split()]
    for path in (args.output, args.metrics):
        assert any(Path(path).is_relative_to(each) for each in allowed), path


def test_cron_takes_the_line():
    times, command = crontab()
    assert len(times) == 5
    assert all(re.fullmatch(r"[\d*/,-]+", each) for each in times)
    assert "%" not in command  # cron would take it for a new line


def test_kubernetes_takes_the_cron_job():
    kubernetes_validate.validate(cronjob(), "1.31", strict=True)


def test_the_cron_job_excludes_itself_and_mounts_what_its_command_names():
    job = cronjob()["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    mounts = {each["mountPath"]: each for each in container()["volumeMounts"]}
    assert {each["name"] for each in mounts.values()} == {each["name"] for each in pod["volumes"]}
    args = command_line()[0].parse_args(container()["args"])
    assert mounts[args.inputs[0]]["readOnly"]
    assert any(Path(args.output).is_relative_to(path) for path in mounts)
    assert str(args.workers) == container()["resources"]["requests"]["cpu"]


# Airflow. `make airflow` installs it into .venv/airflow; NETBEAM_AIRFLOW may name another Python that has it.


def test_airflow_runs_the_dag(tmp_path):
    python = Path(os.environ.get("NETBEAM_AIRFLOW", ROOT / ".venv" / "airflow" / "bin" / "python"))
    if not python.exists():
        absent("Airflow (`make airflow`)")
    captures = tmp_path / "new captures"
    captures.mkdir()
    (captures / "a.pcap").write_bytes(pcap(some_packets(10)))
    os.utime(captures / "a.pcap", (1, 1))
    program = tmp_path / "netbeam"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m pipeline.cli "$@"\n')
    program.chmod(0o755)
    conf = {"netbeam": str(program), "captures": str(captures), "records": str(tmp_path / "the records")}
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(SCHEDULE / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    code = (
        "import json, runpy, sys\n"
        "from airflow.utils.db import initdb\n"
        "initdb()\n"
        "dag = runpy.run_path(sys.argv[1])['dag']\n"
        "print('ended:', dag.test(run_conf=json.loads(sys.argv[2])).state)\n"
    )
    command = [python, "-c", code, SCHEDULE / "airflow" / "netbeam_nightly.py", json.dumps(conf)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert "ended: success" in ended.stdout, ended.stdout + ended.stderr
    assert len(list((tmp_path / "the records").glob(f"run=*/{MANIFEST}"))) == 1


# Cloud Scheduler and the Flex Template.


@pytest.fixture
def scheduled(tmp_path):
    """Run scheduler.sh with a gcloud that keeps what it is given; give its arguments and the body."""
    stub = tmp_path / "gcloud"
    stub.write_text(
        f"#!/bin/sh\nfor argument; do\n  printf '%s\\n' \"$argument\" >>{tmp_path}/arguments\n"
        f'  case $argument in --message-body-from-file=*) cp "${{argument#*=}}" {tmp_path}/body ;; esac\n'
        "done\n"
    )
    stub.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PROJECT": "tap-42",
        "REGION": "europe-west1",
        "BUCKET": "night-tap",
    }
    subprocess.run([SCHEDULE / "google" / "scheduler.sh"], env=environment, check=True)
    arguments = (tmp_path / "arguments").read_text().splitlines()
    return arguments, json.loads((tmp_path / "body").read_text())


def test_the_scheduler_posts_the_launch_every_night(scheduled):
    arguments, body = scheduled
    assert arguments[:4] == ["scheduler", "jobs", "create", "http"]
    flags = dict(argument.removeprefix("--").split("=", 1) for argument in arguments[5:])
    assert flags["uri"] == (
        "https://dataflow.googleapis.com/v1b3/projects/tap-42/locations/europe-west1/flexTemplates:launch"
    )
    assert flags["http-method"] == "POST"
    assert re.fullmatch(r"\S+ \S+ \* \* \*", flags["schedule"])
    assert not re.search("PROJECT|REGION|BUCKET", json.dumps([arguments, body]))
    assert set(body) == {"launchParameter"}
    assert set(body["launchParameter"]) == {"jobName", "containerSpecGcsPath", "parameters", "environment"}


def test_the_scheduler_needs_to_know_where(tmp_path):
    script = SCHEDULE / "google" / "scheduler.sh"
    ended = subprocess.run([script], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    assert ended.returncode != 0
    assert "PROJECT: the project in which the job runs" in ended.stderr


def test_the_launch_gives_the_template_parameters_that_it_takes(scheduled):
    parameters = scheduled[1]["launchParameter"]["parameters"]
    assert parameters["incremental"] == "true"
    taken = {each["name"]: each for each in json.loads(TEMPLATE.read_text())["parameters"]}
    assert set(parameters) <= set(taken)
    assert {name for name, each in taken.items() if not each.get("isOptional")} <= set(parameters)
    for name, value in parameters.items():
        for form in taken[name].get("regexes", ()):
            assert re.search(form, value), f"{name}={value} is not of the form {form}"


# Prometheus and Grafana.


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The metrics file of a run."""
    folder = tmp_path_factory.mktemp("metrics")
    (folder / "a.pcap").write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
    flags = ["-o", str(folder / "out"), "--quiet", "--metrics", str(folder / "m.prom")]
    os.utime(folder / "a.pcap", (1, 1))
    assert main(["run", "--incremental", str(folder / "a.pcap"), *flags]) == 0
    return folder / "m.prom"


def promtool(*arguments, **options):
    """Run promtool, where there is one."""
    if shutil.which("promtool") is None:
        absent("promtool (Debian's package prometheus)")
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, **options)


def rules():
    """Give the alert rules."""
    [group] = yaml.safe_load((SCHEDULE / "prometheus" / "alerts.yaml").read_text())["groups"]
    return group["rules"]


def board():
    """Read the board."""
    return json.loads((SCHEDULE / "grafana" / "netbeam.json").read_text())


def asked(text):
    """Give the metrics that a query names."""
    return set(re.findall(r"\bnetbeam_\w+", text))


def test_prometheus_takes_what_is_written(written):
    ended = promtool("check", "metrics", input=written.read_text())
    assert (ended.returncode, ended.stderr) == (0, "")


def test_every_alert_has_what_a_rule_needs_and_asks_for_metrics_that_are_written():
    assert len({rule["alert"] for rule in rules()}) == len(rules()) > 4
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert asked(rule["expr"])
        assert asked(rule["expr"]) <= set(METRICS)
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))


def test_alerts_fire_when_something_is_wrong_and_only_then():
    ended = promtool("test", "rules", "alerts_test.yaml", cwd=SCHEDULE / "prometheus")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert promtool("check", "rules", SCHEDULE / "prometheus" / "alerts.yaml").returncode == 0


def test_alerts_are_tested_each():
    tests = yaml.safe_load((SCHEDULE / "prometheus" / "alerts_test.yaml").read_text())["tests"]
    fired = {
        sample["labels"]
        for each in tests
        for query in each.get("promql_expr_test", ())
        for sample in query["exp_samples"]
    }
    assert fired == {f'{{alertname="{rule["alert"]}"}}' for rule in rules()}


def test_the_board_asks_for_metrics_that_are_written_and_shows_them_all():
    queries = [target["expr"] for panel in board()["panels"] for target in panel["targets"]]
    queries += [each["expr"] for each in board()["annotations"]["list"]]
    assert set().union(*map(asked, queries)) == set(METRICS)
    assert all('output=~"$output"' in query for query in queries)
    assert {"datasource", "output"} == {each["name"] for each in board()["templating"]["list"]}


def test_the_panels_of_the_board_do_not_overlap():
    taken = set()
    for panel in board()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in board()["panels"]}) == len(board()["panels"])
