"""Imports follow the layers, and the web process imports no torch."""

from __future__ import annotations

import re
import subprocess
import sys

from nasengine import catalog

from .sources import ROOT, code_of, name_of, top_imports

# Only these hold torch from the start; everything the catalogue names must load without it.
TORCH_MODULES = re.compile(
    r"nasengine/(spaces/(\w+/(network|supernet|inheritance)\.py|layers/)|estimators/"
    r"|exports/network\.py|data/common/loader\.py|proxies/common/)"
)
# The entries of estimators and what the web process reads of them.
LIGHT = re.compile(
    r"nasengine/estimators/(tables/|\w+/(estimator|config|__init__)\.py"
    r"|one_shot/(\w+/trainer|shared|random_sharing)\.py)"
)


def python(code: str, **environment: str) -> str:
    """Run code in a new process and return its output."""
    import os

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "webapp.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_import_contracts_hold():
    """The contracts are in pyproject.toml; import-linter follows chains of imports."""
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


def test_a_planted_import_is_found(tmp_path):
    """The reader of imports sees an import of torch."""
    planted = tmp_path / "planted.py"
    planted.write_text("from __future__ import annotations\nimport torch.nn as nn\n")
    assert list(top_imports(planted)) == ["__future__", "torch"]


def test_torch_is_imported_where_networks_are_built_and_trained():
    holders = [
        name_of(p) for p in code_of("nasengine", "webapp", "workers") if "torch" in top_imports(p)
    ]
    assert holders
    assert [n for n in holders if not TORCH_MODULES.match(n) or LIGHT.match(n)] == []


def test_everything_the_catalogue_names_loads_without_torch():
    wanted = [(kind, name) for kind in catalog.KINDS for name in catalog.names(kind)]
    code = (
        "import sys; from nasengine import catalog\n"
        f"for kind, name in {wanted!r}: catalog.load(kind, name)\n"
        "print('torch' in sys.modules)"
    )
    assert python(code).strip() == "False"


def test_the_web_process_imports_no_torch():
    """The whole site is loaded, the form built and every combination checked."""
    code = """
import sys
from webapp import asgi
from django.urls import get_resolver
get_resolver().url_patterns
from django.http import QueryDict
from webapp.runs.forms import LaunchForm
from nasengine import catalog
from nasengine.execution import assembly
from nasengine.core.search_spec import SearchSpec
form = LaunchForm(QueryDict("name=x"))
assert form.parts
for space in catalog.names("spaces"):
    if not catalog.load("spaces", space).builds_networks:
        continue  # only a table has its architectures
    for strategy in catalog.names("strategies"):
        offered = catalog.load("spaces", space).capabilities
        if catalog.load("strategies", strategy).requires <= offered:
            data_kind = catalog.load("spaces", space).data_kind
            dataset = {"images": "digits", "text": "pydoc-text"}[data_kind]
            assembly.check(SearchSpec(space=space, strategy=strategy, dataset=dataset))
import webapp.live.consumer, webapp.runs.drawings, webapp.runs.services.launch
import webapp.runs.services.advance, webapp.architectures.admin, webapp.site.views
print(sorted(m for m in sys.modules if m.split('.')[0] in ("torch", "workers")))
"""
    assert python(code).strip() == "[]"


def test_coordinator_and_worker_import_no_torch():
    code = "import sys, workers.tasks, workers.steps; print('torch' in sys.modules)"
    setup = "import django; django.setup(); "
    assert python(setup + code).strip() == "False"


def test_the_engine_loads_without_django():
    code = (
        "import sys; sys.modules['django'] = None; sys.modules['celery'] = None\n"
        "from nasengine import catalog\n"
        "from nasengine.execution import assembly, evaluation, loop\n"
        "from nasengine.command_line import describe, front, listing\n"
        "print('fine')"
    )
    assert python(code).strip() == "fine"


PAGES = ("webapp.accounts.admin", "webapp.runs.templatetags.figures", "requests", "torch")


def test_a_worker_loads_no_pages_before_it_needs_an_address():
    """Admin and providers of single sign-on come with the first request for the admin."""
    code = (
        f"pages = {PAGES}"
        + """
import sys
from workers.celery import app
app.loader.import_default_modules()
print([name for name in pages if name in sys.modules])
from django.urls import get_resolver
get_resolver().url_patterns
print([name for name in pages if name in sys.modules])
get_resolver().resolve("/admin/")
print([name for name in pages if name in sys.modules])
"""
    )
    before, after, of_the_admin = python(code).splitlines()
    assert before == "[]"
    assert after == "['webapp.runs.templatetags.figures']"
    assert of_the_admin == str([name for name in PAGES if name != "torch"])
