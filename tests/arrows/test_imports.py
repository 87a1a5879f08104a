"""Imports point one way, and the web process holds no torch."""

from __future__ import annotations

import subprocess
import sys

from nasengine import catalog

from .sources import ROOT, code_of, name_of, top_imports

# Only these hold torch from the start; everything the catalogue names must load without it.
TORCH_ROOMS = (
    "nasengine/spaces/layers/",
    "nasengine/estimators/training/",
    "nasengine/estimators/sharing/",
)
LIGHT = {
    "nasengine/estimators/sharing/__init__.py",
    "nasengine/estimators/sharing/darts.py",
    "nasengine/estimators/sharing/enas.py",
    "nasengine/estimators/sharing/one_shot.py",
    "nasengine/estimators/sharing/random_sharing.py",
    "nasengine/estimators/sharing/trainer.py",
    "nasengine/estimators/training/__init__.py",
    "nasengine/estimators/training/config.py",
    "nasengine/estimators/training/final.py",
    "nasengine/estimators/training/inherit.py",
    "nasengine/estimators/training/learned.py",
    "nasengine/estimators/training/schedule.py",
    "nasengine/estimators/training/train.py",
}


def python(code: str, **environment: str) -> str:
    """What a fresh process prints."""
    import os

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "webapp.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_contracts_of_the_house_hold():
    """pyproject.toml lists them; import-linter follows chains of imports too."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports_command; "
         "sys.argv = ['lint-imports', '--no-cache']; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_a_wrong_arrow_would_be_found(tmp_path):
    """The walk sees what a module imports: a planted import is told."""
    planted = tmp_path / "planted.py"
    planted.write_text("from __future__ import annotations\nimport torch.nn as nn\n")
    assert list(top_imports(planted)) == ["__future__", "torch"]


def test_torch_stays_in_its_rooms():
    holders = [
        name_of(p) for p in code_of("nasengine", "webapp", "workers") if "torch" in top_imports(p)
    ]
    assert holders, "somebody trains"
    strays = [n for n in holders if not n.startswith(TORCH_ROOMS) or n in LIGHT]
    assert strays == []


def test_everything_the_catalogue_names_loads_without_torch():
    wanted = [(kind, name) for kind in catalog.KINDS for name in catalog.names(kind)]
    code = (
        "import sys; from nasengine import catalog\n"
        f"for kind, name in {wanted!r}: catalog.load(kind, name)\n"
        "print('torch' in sys.modules)"
    )
    assert python(code).strip() == "False"


def test_the_web_process_holds_no_torch():
    """The whole site is loaded and a person launches a search by the form."""
    code = """
import sys
from webapp import asgi
from django.urls import get_resolver
get_resolver().url_patterns
from django.http import QueryDict
from webapp.runs.forms import LaunchForm
from nasengine import catalog, assembly
from nasengine.core.question import Question
form = LaunchForm(QueryDict("name=x"))
assert form.parts
for space in catalog.names("spaces"):
    for strategy in catalog.names("strategies"):
        if catalog.load("strategies", strategy).needs <= catalog.load("spaces", space).offers:
            reads = catalog.load("spaces", space).reads
            dataset = {"images": "digits", "text": "pydoc-text"}[reads]
            assembly.check(Question(space=space, strategy=strategy, dataset=dataset))
import webapp.live.consumer, webapp.runs.drawings, webapp.runs.services.launch
import webapp.runs.services.advance, webapp.architectures.admin, webapp.overview.views
print(sorted(m for m in sys.modules if m.split('.')[0] in ("torch", "workers")))
"""
    assert python(code).strip() == "[]"


def test_coordinator_and_slot_hold_no_torch():
    code = "import sys, workers.coordinator, workers.slot; print('torch' in sys.modules)"
    setup = "import django; django.setup(); "
    assert python(setup + code).strip() == "False"


def test_the_engine_loads_without_django():
    code = (
        "import sys; sys.modules['django'] = None; sys.modules['celery'] = None\n"
        "from nasengine import catalog, search, assembly, evaluation\n"
        "from nasengine.command_line import describe, front, listing\n"
        "print('fine')"
    )
    assert python(code).strip() == "fine"
