"""The compose file runs the same processes as `make run` and contains no secret."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib

import pytest
import yaml

from tests.fixtures.start_commands import checked
from webapp.start import up

from .pages import ROOT

COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
EXAMPLE = dict(
    line.split("=", 1)
    for line in (ROOT / ".env.example").read_text().splitlines()
    if "=" in line and not line.startswith("#")
)


def test_every_service_is_there():
    assert set(SERVICES) == {
        "postgres",
        "valkey",
        "first-steps",
        "web",
        "coordinator",
        "worker",
        "worker-gpu",
    }
    assert SERVICES["worker-gpu"]["profiles"] == ["gpu"]


def test_every_variable_is_in_the_example_and_secrets_have_no_default():
    used = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    assert used | {"COMPOSE_PROFILES"} == set(EXAMPLE)  # compose reads that one by itself
    for secret in ("POSTGRES_PASSWORD", "VALKEY_PASSWORD", "SECRET_KEY"):
        assert EXAMPLE[secret] == ""
        assert f"${{{secret}:?fill in {secret} in .env}}" in COMPOSE
        assert not re.search(rf"\$\{{{secret}(:-[^}}]*)?\}}", COMPOSE)


def test_images_are_pinned():
    """By major version: minor versions read the same data and fix bugs."""
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert SERVICES["valkey"]["image"] == "valkey/valkey:9"
    ours = [s["image"] for s in SERVICES.values() if "build" in s]
    assert len(ours) == 5 and set(ours) == {f"paretoscope:{VERSION}"}
    assert re.search(r"^FROM python:3\.11-slim-\w+$", (ROOT / "Dockerfile").read_text(), re.M)


def test_only_the_web_server_is_reachable_and_only_from_this_machine():
    open_to_others = {name: s["ports"] for name, s in SERVICES.items() if "ports" in s}
    assert open_to_others == {"web": ["${WEB_PORT:-127.0.0.1:8000}:8000"]}


def test_workers_share_the_lock_of_timings():
    """The lock file is in the temporary folder and has the host's name."""
    for name in ("worker", "worker-gpu"):
        assert "timing:/tmp" in SERVICES[name]["volumes"], name
        assert SERVICES[name]["hostname"] == SERVICES["worker"]["hostname"]


def test_workers_share_the_weights_that_children_inherit():
    """The user of the image can write there: a new volume inherits its folder's owner."""
    for name in ("worker", "worker-gpu"):
        folder = SERVICES[name]["environment"]["PARETOSCOPE_WEIGHTS"]
        assert f"${{WEIGHTS_FOLDER:-weights}}:{folder}" in SERVICES[name]["volumes"], name
        assert re.search(rf"chown .*paretoscope .*{folder}\b", (ROOT / "Dockerfile").read_text())
    assert "weights" in yaml.safe_load(COMPOSE)["volumes"]


def test_web_server_and_workers_share_trained_networks_and_exports():
    """Workers write them and the web server sends them to browsers."""
    for name in ("web", "worker", "worker-gpu"):
        environment = SERVICES[name]["environment"]
        assert "${RESULTS_FOLDER:-results}:/results" in SERVICES[name]["volumes"], name
        for variable in ("PARETOSCOPE_NETWORKS", "PARETOSCOPE_EXPORTS"):
            assert environment[variable].startswith("/results/"), name
            assert environment[variable] in (ROOT / "Dockerfile").read_text()
    assert "results" in yaml.safe_load(COMPOSE)["volumes"]


@pytest.mark.parametrize("name", ["first-steps", "web", "coordinator", "worker", "worker-gpu"])
def test_every_process_gets_both_servers_and_the_key(name):
    environment = SERVICES[name]["environment"]
    assert {"DATABASE_URL", "BROKER_URL", "SECRET_KEY", "ALLOWED_HOSTS"} <= set(environment)
    assert "@postgres:5432/paretoscope" in environment["DATABASE_URL"]
    assert environment["BROKER_URL"].endswith("@valkey:6379/0")


def test_no_file_of_secrets_can_be_committed_or_copied_into_the_image():
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    assert ".env" in (ROOT / ".dockerignore").read_text().splitlines()


def test_servers_and_web_have_health_checks():
    for name in ("postgres", "valkey", "web"):
        assert SERVICES[name]["healthcheck"]["test"], name
    assert "/healthz" in " ".join(SERVICES["web"]["healthcheck"]["test"])


@pytest.mark.parametrize("name", ["web", "coordinator", "worker", "worker-gpu", "first-steps"])
def test_services_wait_for_their_dependencies(name):
    waits = SERVICES[name]["depends_on"]
    assert waits["postgres"] == {"condition": "service_healthy"}
    if name != "first-steps":
        assert waits["first-steps"] == {"condition": "service_completed_successfully"}


def test_commands_are_those_of_make_run(monkeypatch, tmp_path):
    """Every service except first-steps does what `manage.py up` starts, on its own port."""
    started = {}

    class Started:
        def add(self, name, start):
            started[name] = start.args[0][1:]

    options = up._parse(["--host", "0.0.0.0", "--port", "8000"])
    monkeypatch.setattr(up, "find_cards", lambda: ["0"])
    up._start_all(Started(), {}, options, tmp_path)
    assert SERVICES["web"]["command"][1:] == started["web"]
    assert checked(SERVICES["coordinator"]["command"]) == "coordinator"
    queues = {name: SERVICES[name]["environment"]["QUEUES"] for name in ("worker", "worker-gpu")}
    assert queues == {"worker": "cpu", "worker-gpu": "cuda,cpu"}
    assert queues["worker-gpu"] in started["worker-1"]
    for name, served in queues.items():
        shell, option, text = SERVICES[name]["command"]
        assert (shell, option) == ("sh", "-c")
        command = text.replace("$$QUEUES", served).removeprefix("exec ")
        assert checked(shlex.split(re.sub(r"\$\$\(.*?\)", "1a2b3c", command))) == served


def test_workers_of_one_host_name_have_different_node_names():
    """Celery addresses a worker by its node name."""
    (name,) = re.findall(r'-n "(\S+)-\$\$\((.*)\)@%h"', SERVICES["worker"]["command"][2])
    shell = ["sh", "-c", name[1]]
    names = {subprocess.run(shell, capture_output=True, check=True).stdout for _ in range(3)}
    assert len(names) == 3


def test_the_image_contains_everything_the_processes_need():
    text = (ROOT / "Dockerfile").read_text()
    for folder in ("nasengine", "webapp", "workers", "templates"):
        assert re.search(rf"^COPY --chown=paretoscope {folder} {folder}$", text, re.M)
    assert "USER paretoscope" in text and "requirements.lock" in text
