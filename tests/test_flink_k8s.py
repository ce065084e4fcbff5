"""The Kubernetes example: its manifests by the schema of what they use, and what they have to agree on."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from pipeline.cli import command_line
from runners.flink import pool
from runners.flink.cluster import CONFIGURATION
from runners.flink.home import CLUSTER_PACKAGE, FLINK_VERSION, OPENED
from runners.flink.preset import WORKERS_STAY_MS

FOLDER = Path(__file__).parents[1] / "runners" / "flink" / "k8s"
SCHEMA = json.loads(Path(__file__).with_name("flink_k8s.schema.json").read_text())
MANIFESTS = {path.name: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yaml")}
CLUSTER, JOB = MANIFESTS["flink.yaml"]["spec"], MANIFESTS["job.yaml"]["spec"]["template"]["spec"]


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_what_kubernetes_takes(name):
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    assert [error.message for error in validator.iter_errors(MANIFESTS[name])] == []


def test_the_schema_refuses_a_field_that_kubernetes_does_not_have():
    manifest = MANIFESTS["flink.yaml"]
    wrong = {**manifest, "spec": {**manifest["spec"], "taskManagers": 2}}
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(wrong)


def test_flink_is_the_one_that_beam_is_told():
    assert CLUSTER["flinkVersion"] == f"v{FLINK_VERSION.replace('.', '_')}"
    (version,) = re.findall(r"^ARG FLINK_VERSION=(.*)$", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)
    assert CLUSTER_PACKAGE.endswith(f"=={version}")
    assert version.startswith(f"{FLINK_VERSION}.")


def test_the_packages_that_java_must_open_are_open():
    given = CLUSTER["flinkConfiguration"]["env.java.opts.all"].split()
    assert given == [f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in OPENED]


def test_all_containers_have_one_image():
    sidecars = CLUSTER["taskManager"]["podTemplate"]["spec"]["containers"]
    images = {c["image"] for c in (*sidecars, *JOB["containers"]) if "image" in c}
    assert images == {CLUSTER["image"]}


def test_a_task_manager_finds_its_worker_pool():
    (sidecar,) = (c for c in CLUSTER["taskManager"]["podTemplate"]["spec"]["containers"] if "command" in c)
    assert sidecar["command"] == ["python", "-m", pool.__name__]
    assert sidecar["ports"][0]["containerPort"] == sidecar["readinessProbe"]["tcpSocket"]["port"] == pool.PORT


def test_a_failed_job_is_started_again_after_its_workers_have_gone():
    given = CLUSTER["flinkConfiguration"]
    ours = yaml.safe_load(CONFIGURATION.format(rpc=1, rest=2, slots=1, folder="x"))
    for settings in (given, ours):
        assert settings["restart-strategy.type"] == "exponential-delay"
        delay = settings["restart-strategy.exponential-delay.initial-backoff"]
        assert int(delay.removesuffix(" s")) * 1000 > 2 * WORKERS_STAY_MS


def test_the_run_asks_for_as_many_workers_as_there_are_slots_and_sees_what_the_workers_see():
    (container,) = JOB["containers"]
    given = command_line()[0].parse_args(container["args"])
    name = MANIFESTS["flink.yaml"]["metadata"]["name"]
    assert (given.runner, given.flink_master) == ("flink", f"{name}-rest:8081")
    slots = int(CLUSTER["flinkConfiguration"]["taskmanager.numberOfTaskSlots"])
    assert given.workers == slots * CLUSTER["taskManager"]["replicas"]
    pod = CLUSTER["taskManager"]["podTemplate"]["spec"]
    (sidecar,) = (c for c in pod["containers"] if "command" in c)
    assert (pod["volumes"], sidecar["volumeMounts"]) == (JOB["volumes"], container["volumeMounts"])
    (mount,) = sidecar["volumeMounts"]
    assert all(path.startswith(mount["mountPath"]) for path in (*given.inputs, given.output))


def test_the_image_copies_all_that_fetching_jars_imports(tmp_path):
    stage = (FOLDER / "Dockerfile").read_text().partition(" AS jars\n")[2].partition("\nFROM ")[0]
    for line in re.findall(r"^COPY (.*)$", stage, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            shutil.copytree(FOLDER.parents[2] / source, tmp_path / target)
    command = [sys.executable, "-S", "-m", "runners.flink.fetch", "--help"]  # -S: no packages, as there
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
