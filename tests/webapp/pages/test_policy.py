"""The content security policy of pages, and the vendored files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template import engines

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = [
    *(ROOT / "templates").rglob("*.html"),
]
SCRIPTS = [p for p in (ROOT / "webapp" / "static" / "js").rglob("*.js")]


def policy_of(response) -> dict[str, list[str]]:
    parts = [
        part.split() for part in response["Content-Security-Policy"].split(";") if part.strip()
    ]
    return {name: sources for name, *sources in parts}


@pytest.mark.django_db
def test_pages_run_only_our_own_scripts_and_styles(viewer, sign_in):
    policy = policy_of(sign_in(viewer).get("/runs/"))
    assert policy["script-src"] == ["'self'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["connect-src"] == ["'self'"]
    assert policy["default-src"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]


@pytest.mark.django_db
def test_the_admin_alone_evaluates_its_own_markup(client):
    policy = policy_of(client.get("/admin/login/"))
    assert policy["script-src"] == ["'self'", "'unsafe-eval'"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_template_has_an_inline_script_or_style(path):
    if path.is_relative_to(ROOT / "templates" / "admin"):
        return
    text = path.read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", text) == []
    assert re.findall(r"\son[a-z]+=[\"']|\sstyle=[\"']|<style|javascript:", text) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_no_script_evaluates_text_or_writes_markup(path):
    assert (
        re.findall(
            r"\beval\(|new Function|innerHTML\s*=|insertAdjacentHTML|document\.write",
            path.read_text(),
        )
        == []
    )


def test_htmx_is_told_to_set_no_inline_styles():
    """It would move the style of an element, as of a text area made larger, to its new version."""
    base = (ROOT / "templates" / "base.html").read_text()
    config = json.loads(re.search(r"htmx-config\"\s+content='([^']+)'", base)[1])
    assert not config["includeIndicatorStyles"] and "style" not in config["attributesToSettle"]


def test_plotly_is_told_to_leave_its_inline_styles_out():
    """The ids by which plotly.js recognises that its style sheets are there already."""
    page = engines["django"].get_template("parts/plotly.html").render()
    (path,) = set(
        re.findall(r"/static/\w+/(vendor/plotly-basic-[\d.]+/plotly-basic\.min\.js)", page)
    )
    script = Path(str(finders.find(path))).read_text()
    version = re.search(r"plotly\.js \(basic - minified\) v([\d.]+)", script[:200])[1]
    guards = re.findall(
        r'getElementById\("([0-9a-f]{64})"\)\)\{var \w+=document\.createElement\("style"\)',
        script,
    )
    assert guards == re.findall(r'id="([0-9a-f]{64})"', page)
    assert '"plotly.js-style-"' in script
    assert 'matches(".no-inline-styles")' in script
    assert 'id="plotly.js-style-global" class="no-inline-styles"' in page
    assert f"plotly-styles-{version}/plotly.css" in page
    assert f"plotly-basic-{version}/" in page


def test_plots_use_only_the_traces_of_the_vendored_bundle():
    kinds = set()
    for script in (ROOT / "webapp/static/js").rglob("*.js"):
        kinds |= set(re.findall(r'\btype: "(\w+)", ?(?:mode|name|x|y|data)', script.read_text()))
    assert kinds <= {"scatter", "bar", "pie"}


@pytest.mark.parametrize(
    "folder", sorted((ROOT / "webapp/static/vendor").iterdir()), ids=lambda p: p.name
)
def test_what_is_vendored_names_its_version_and_licence(folder):
    version = folder.name.rsplit("-", 1)[1]
    assert version in (folder / "VERSION").read_text()
    assert "permission" in (folder / "LICENSE").read_text().lower()


def test_every_icon_that_pages_name_is_in_the_sprite():
    sprite = (ROOT / "webapp/static/vendor/tabler-icons-3.52.0/sprite.svg").read_text()
    there = set(re.findall(r'<symbol id="([a-z0-9-]+)"', sprite))
    named = set()
    for path in TEMPLATES:
        named |= set(re.findall(r"""\{% icon ["']([a-z0-9-]+)["']""", path.read_text()))
    for path in [*(ROOT / "webapp").rglob("words.py"), ROOT / "webapp/runs/actions.py"]:
        named |= set(re.findall(r'StateWord\(\s*"[^"]+", "([a-z0-9-]+)"', path.read_text()))
    assert named - there == set()
