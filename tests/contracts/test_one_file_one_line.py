"""A new part is one file and one line of the catalogue: everything else follows by itself."""

from __future__ import annotations

import json

import pytest
from django.http import QueryDict

from nasengine import catalog
from nasengine.__main__ import main
from nasengine.command_line.listing import LISTED, entries
from nasengine.command_line.reference import reference
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.execution import loop as search
from tests.fixtures.toy import install
from webapp.runs.forms import LaunchForm

QUESTION = SearchSpec(
    space="toy",
    strategy="regularised-evolution",
    strategy_config={"population": 3, "sample": 2},
    estimator="toy",
    dataset="digits",
    objectives=("error", "weight"),
    candidates=6,
    seed=4,
)


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    """A space, an estimator and objectives that only the catalogue's lines know."""
    install(monkeypatch)


def test_the_listing_and_the_reference_name_it(capsys):
    assert main(["list", "spaces", "--json"]) == 0
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)["spaces"]}
    assert listed["toy"]["settings"][0]["name"] == "highest"
    page = reference({kind: entries(kind) for kind in LISTED})
    assert "### `toy`" in page and "| `highest` | 9 | from 1 to 9 | Highest digit. |" in page


def test_a_search_uses_it_with_strategies_it_never_heard_of():
    result = search.run(assembly.check(QUESTION))
    assert len(result.candidates) == 6
    assert all(
        set(candidate.outcome.values) == {"error", "weight"} for candidate in result.candidates
    )


@pytest.mark.django_db
def test_the_form_offers_it_with_its_settings():
    raw = QueryDict(mutable=True)
    raw.update({"name": "x", "space": "toy", "space_config.highest": "12"})
    form = LaunchForm(raw)
    part = next(part for part in form.parts if part.kind == "space")
    assert "toy" in part.options
    assert [field.html_name for field in part.settings] == ["space_config.highest"]
    assert form.check() is None
    assert "12" in part.settings["highest"].error_text
    assert "weight" in [box["name"] for box in form.objectives()]


@pytest.mark.django_db
def test_a_run_of_it_is_launched_and_advances(team):
    from webapp.runs.services.advance import advance_run
    from webapp.runs.services.launch import launch

    run = launch(team, None, QUESTION, "toy run")
    advance_run(run.pk)
    assert run.candidates.count() == 1
    assert run.candidates.get().proposal["architecture"]["space"] == "toy"


def test_a_part_that_lacks_what_the_strategy_needs_is_refused_at_once():
    from dataclasses import replace

    from nasengine.core.errors import InvalidSettings

    with pytest.raises(InvalidSettings, match="mutate"):
        assembly.check(replace(QUESTION, space="mute"))


def test_the_catalogue_itself_is_as_it_was(monkeypatch):
    monkeypatch.undo()
    assert "toy" not in catalog.names("spaces")
