"""The example files parse, and name only commands, queues and variables that exist."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest

from tests.docs.pages import ROOT, text_of
from tests.fixtures.start_commands import checked

from .files import (
    DEPLOY,
    SBATCH,
    UNITS,
    container_commands,
    documents,
    of_kind,
    pod_of,
    sbatch_command,
    settings_of,
    unit_commands,
    variables,
)

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_units_start_everything_that_compose_starts():
    started = [checked(command) for command in unit_commands()]
    assert sorted(started) == [
        "coordinator",
        "cpu",
        "cuda,cpu",
        "first_steps",
        "migrate",
        "web",
    ]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_restarts_and_has_its_environment(unit):
    settings = settings_of(unit)
    found = dict(settings)
    assert found["Service.User"] == "paretoscope"
    assert found["Service.EnvironmentFile"] == "/etc/paretoscope/paretoscope.env"
    assert found["Install.WantedBy"] == "multi-user.target"
    assert found.get("Service.Type") == "oneshot" or found["Service.Restart"] == "always"
    required = {value for name, value in settings if name in ("Unit.Requires", "Unit.After")}
    assert required <= {unit.name for unit in UNITS} | {"network-online.target"}


def test_a_worker_of_a_card_sees_only_that_card():
    found = dict(settings_of(DEPLOY / "systemd" / "paretoscope-worker@.service"))
    assert found["Service.Environment"] == "CUDA_VISIBLE_DEVICES=%i"
    assert found["Service.KillMode"] == "mixed", "SIGTERM must reach the worker only"


def test_the_job_script_is_valid_and_ends_before_its_time():
    done = subprocess.run(["bash", "-n", SBATCH], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    options = dict(re.findall(r"^#SBATCH --([a-z-]+)(?:=(\S+))?$", SBATCH.read_text(), re.M))
    assert checked(sbatch_command()[:-2]) == "cuda,cpu"
    hours, minutes, seconds = map(int, options["time"].split(":"))
    signal = re.fullmatch(r"B:TERM@(\d+)", options["signal"])
    assert signal and 60 <= int(signal[1]) < hours * 3600 + minutes * 60 + seconds
    assert options["gres"] == "gpu:1" and "array" in options


def test_pods_start_everything_that_compose_starts():
    started = [checked(command) for command in container_commands()]
    assert sorted(started) == ["coordinator", "cpu", "cuda", "first_steps", "migrate", "web"]


def test_every_variable_is_documented():
    found = variables()
    assert {"DATABASE_URL", "BROKER_URL", "CUDA_VISIBLE_DEVICES", "TRAINER_THREADS"} <= found
    page = text_of("settings.md")
    assert {name for name in found if f"`{name}`" not in page} == set()


def test_references_between_manifests_are_right():
    names = {(doc["kind"], doc["metadata"]["name"]) for doc in documents() if "metadata" in doc}
    for doc in of_kind("Deployment"):
        spec, pod = doc["spec"], pod_of(doc)
        assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
        volumes = {volume["name"] for volume in pod.get("volumes", [])}
        for volume in pod.get("volumes", []):
            if claim := volume.get("persistentVolumeClaim"):
                assert ("PersistentVolumeClaim", claim["claimName"]) in names
        for container in pod["containers"]:
            assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes
            for source in container["envFrom"]:
                (kind, reference), *others = source.items()
                assert others == []
                expected = "ConfigMap" if kind == "configMapRef" else "Secret"
                assert (expected, reference["name"]) in names
    for scaled in of_kind("ScaledObject"):
        target = scaled["spec"]["scaleTargetRef"]["name"]
        assert ("Deployment", target) in names and scaled["metadata"]["name"] == target
        (trigger,) = scaled["spec"]["triggers"]
        assert ("TriggerAuthentication", trigger["authenticationRef"]["name"]) in names


def test_the_kustomization_lists_every_file_and_the_current_version():
    (kustomization,) = of_kind("Kustomization")
    files = {path.name for path in (DEPLOY / "kubernetes").glob("*.yaml")}
    listed = set(kustomization["resources"])
    assert files - listed == {"kustomization.yaml", "secret.example.yaml"}
    assert listed <= files
    (image,) = kustomization["images"]
    used = {c["image"] for d in of_kind("Deployment", "Job") for c in pod_of(d)["containers"]}
    assert used == {image["name"]} and image["newTag"] == VERSION


def test_only_workers_of_the_cuda_queue_take_a_card():
    limits = {
        doc["metadata"]["name"]: pod_of(doc)["containers"][0]["resources"]["limits"]
        for doc in of_kind("Deployment")
    }
    with_card = {name for name, limit in limits.items() if "nvidia.com/gpu" in limit}
    assert with_card == {"worker-cuda"}
