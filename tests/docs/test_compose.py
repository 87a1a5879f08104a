"""The compose file runs the same processes as `make run`, with no secret of its own."""

from __future__ import annotations

import importlib.util
import re

import pytest
import yaml

from webapp.start import up

from .pages import ROOT

COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
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
    assert used == set(EXAMPLE)
    for secret in ("POSTGRES_PASSWORD", "VALKEY_PASSWORD", "SECRET_KEY"):
        assert EXAMPLE[secret] == ""
        assert not re.search(rf"\$\{{{secret}(:-[^}}]*)?\}}", COMPOSE)


def test_images_are_pinned():
    for name in ("postgres", "valkey"):
        assert re.fullmatch(r"[\w/]+:\d+(\.\d+)+", SERVICES[name]["image"]), name


def test_servers_and_web_are_watched():
    for name in ("postgres", "valkey", "web"):
        assert SERVICES[name]["healthcheck"]["test"], name
    assert "/healthz" in " ".join(SERVICES["web"]["healthcheck"]["test"])


@pytest.mark.parametrize("name", ["web", "coordinator", "worker", "worker-gpu", "first-steps"])
def test_services_wait_for_what_they_need(name):
    waits = SERVICES[name]["depends_on"]
    assert waits["postgres"] == {"condition": "service_healthy"}
    if name != "first-steps":
        assert waits["first-steps"] == {"condition": "service_completed_successfully"}


def test_commands_are_those_of_make_run(monkeypatch, tmp_path):
    """Every service but the first steps runs what `manage.py up` runs, on its own port."""
    started = {}

    class Started:
        def add(self, name, start):
            started[name] = start.args[0][1:]

    options = up._parse(["--host", "0.0.0.0", "--port", "8000"])
    up._start_all(Started(), {}, options, tmp_path)
    assert SERVICES["web"]["command"][1:] == started["web"]
    assert SERVICES["coordinator"]["command"][1:] == started["coordinator"]
    assert SERVICES["worker"]["command"][1:4] == started["worker-1"][:3]


@pytest.mark.parametrize("name", ["web", "coordinator", "worker", "worker-gpu"])
def test_modules_of_commands_exist(name):
    command = SERVICES[name]["command"]
    assert importlib.util.find_spec(command[2]) is not None


def test_the_image_holds_what_the_processes_need():
    text = (ROOT / "Dockerfile").read_text()
    for folder in ("nasengine", "webapp", "workers", "templates"):
        assert re.search(rf"^COPY --chown=paretoscope {folder} {folder}$", text, re.M)
    assert "USER paretoscope" in text and "requirements.lock" in text
