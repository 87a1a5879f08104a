"""Everything is documented: catalogue, settings, events, states, variables, commands."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import global_settings
from django.conf import settings as django_settings

from nasengine import catalog
from nasengine.command_line.listing import LISTED, entries
from nasengine.command_line.reference import reference
from nasengine.core.settings import describe
from tests.architecture.sources import code_of, tracked
from webapp.architectures.models import Stage
from webapp.runs.models import CandidateState, RunState

from .pages import ROOT, text_of

HAND_WRITTEN = {
    "spaces": "spaces.md",
    "strategies": "methods.md",
    "trainers": "methods.md",
    "estimators": "methods.md",
    "datasets": "data.md",
    "proxies": "proxies.md",
    "objectives": "devices.md",
    "networks": "spaces.md",
    "targets": "export.md",
    "protocols": "evaluate.md",
}
VARIABLE = re.compile(
    r"""(?:environ(?:\.get|\.setdefault)?[\[(]\s*|getenv\(\s*|\b(?:seconds|optional_seconds|whole|place)\()["']([A-Z][A-Z0-9_]+)["']"""
)


def test_the_reference_is_up_to_date():
    fresh = reference({kind: entries(kind) for kind in LISTED})
    assert (ROOT / "docs/reference.md").read_text() == fresh, "run make docs"


@pytest.mark.parametrize("kind", list(catalog.KINDS))
def test_every_catalogue_name_is_documented(kind):
    page = text_of(HAND_WRITTEN[kind])
    missing = [
        name for name in catalog.names(kind) if f"`{name}" not in page and f"## {name}" not in page
    ]
    assert missing == []


@pytest.mark.parametrize("name", catalog.names("estimators"))
def test_every_setting_of_an_estimator_is_documented(name):
    page = text_of("methods.md", "training.md")
    config = catalog.load("estimators", name).Config
    assert [s.name for s in describe(config) if f"`{s.name}`" not in page] == []


@pytest.mark.parametrize("kind", ["spaces", "strategies"])
def test_every_setting_of_a_space_or_strategy_is_documented(kind):
    page = text_of(HAND_WRITTEN[kind])
    for name in catalog.names(kind):
        settings = describe(catalog.load(kind, name).Config)
        assert [s.name for s in settings if f"`{s.name}`" not in page] == [], name


def test_every_event_kind_is_documented():
    page = text_of("events.md")
    kinds = set()
    for path in code_of("webapp", "workers"):
        kinds |= set(
            re.findall(r"""\brecord(?:_all)?\(\s*[\w.]+,\s*["'](\w+)["']""", path.read_text())
        )
    assert {"run", "candidate", "progress", "front", "log"} <= kinds
    assert {kind for kind in kinds if f"| `{kind}` |" not in page} == set()


def test_every_state_is_documented():
    page = text_of("run-page.md")
    states = {*RunState.values, *CandidateState.values}
    assert {state for state in states if f"| {state} |" not in page} == set()
    stages = text_of("catalogue.md")
    assert {stage for stage in Stage.values if f"| {stage} |" not in stages} == set()


def test_every_benchmark_is_in_its_table():
    programs = [p.name for p in (ROOT / "benchmarks").glob("*.py") if "__main__" in p.read_text()]
    assert len(programs) > 20
    page = (ROOT / "benchmarks" / "README.md").read_text()
    assert {name for name in programs if f"| `{name}` |" not in page} == set()


def variables() -> set[str]:
    """Return every environment variable that the project reads."""
    found = set()
    for path in code_of("nasengine", "webapp", "workers", "tests", "benchmarks", "manage.py"):
        found |= set(VARIABLE.findall(path.read_text()))
    compose = (ROOT / "docker-compose.yml").read_text()
    found |= set(re.findall(r"\$\{([A-Z_]+)", compose))
    found |= set(re.findall(r"^([A-Z_]+) \?=", (ROOT / "Makefile").read_text(), re.M))
    found |= set(re.findall(r"^ARG ([A-Z_]+)", (ROOT / "Dockerfile").read_text(), re.M))
    return found | {"PARETOSCOPE_DATA_ROOTS"}


def test_every_environment_variable_is_documented():
    found = variables()
    assert {"DATABASE_URL", "PORT", "LEASE_SECONDS", "PARETOSCOPE_VAR"} <= found
    page = text_of("settings.md")
    assert {name for name in found if f"`{name}`" not in page} == set()


def test_every_documented_variable_is_read():
    page = text_of("settings.md")
    named = set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)`", page, re.M))
    code = "\n".join(
        p.read_text(errors="replace")
        for p in tracked()
        if p.suffix in (".py", ".yml", ".example", "")
        and p.name != "LICENSE"
        and "docs" not in p.parts
    )
    assert {name for name in named if name not in code} == set()


def test_every_django_setting_of_the_project_is_documented():
    """Settings that the project defines, without those that Django documents."""
    found = set()
    for path in code_of("webapp", "workers"):
        if "from django.conf import settings" in path.read_text():
            found |= set(re.findall(r"\bsettings\.([A-Z][A-Z_]+)", path.read_text()))
    ours = {name for name in found if not hasattr(global_settings, name)}
    assert {"LEASE_SECONDS", "SWEEP_SECONDS", "BROKER_URL"} <= ours
    page = text_of("settings.md")
    derived = {"LEASE_LENGTH": "LEASE_SECONDS", "HEARTBEAT_LENGTH": "HEARTBEAT_SECONDS"}
    assert {name for name in ours if f"`{derived.get(name, name)}`" not in page} == set()


def test_documented_fixed_settings_equal_the_code():
    table = text_of("settings.md").partition("## Fixed in the code")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|", table, re.M)
    assert len(named) >= 8
    for name, value in named:
        actual = getattr(django_settings, name)
        if value.isdigit():
            assert actual == int(value), name
    assert timedelta(minutes=15) == django_settings.AXES_COOLOFF_TIME
    assert timedelta(days=14).total_seconds() == django_settings.SESSION_COOKIE_AGE


def test_every_command_and_target_is_documented():
    page = text_of("settings.md")
    commands = {p.stem for p in ROOT.glob("webapp/*/management/commands/*.py")} - {"__init__"}
    assert {name for name in commands | {"up"} if f"| `{name}` |" not in page} == set()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)) - {"help"}
    assert {name for name in targets if f"`make {name}`" not in page} == set()


def test_the_glossary_has_the_central_terms():
    page = text_of("glossary.md")
    words = ("Space", "Architecture", "Run", "Study", "Candidate", "Measurement", "Objective")
    for word in (*words, "Device", "Event", "Catalogue entry"):
        assert f"| {word} |" in page
