"""A database of commit 813a27a after an upgrade: what it holds, and how its runs continue."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from nasengine.core.architecture import Architecture
from nasengine.execution.canonical import canonical_id

from .current import advance, claim_and_train, reap, resume
from .samples import read_json, same

pytestmark = pytest.mark.usefixtures("restored")
FACTS = read_json("database.json.gz")
STATES = (
    "draft", "queued", "running", "pausing", "paused", "stopping", "stopped", "finished", "failed",
)  # fmt: skip
ENDED = ("stopped", "finished", "failed")
ON_TABLE = [pk for pk in FACTS["continued"] if FACTS["runs"][pk]["estimator"] == "table"]
TRAINED = [pk for pk, run in FACTS["runs"].items() if run["name"].startswith("Trained")]


def run_of(pk: str) -> Any:
    return apps.get_model("runs", "Run").objects.get(pk=pk)


def candidates_of(run: Any) -> list[dict[str, Any]]:
    """Every candidate as the samples hold it."""
    rows = run.candidates.order_by("number").prefetch_related("measurements")
    return [
        {
            "number": row.number,
            "state": row.state,
            "architecture": row.architecture_id,
            "parents": row.parents,
            "origin": row.origin,
            "values": {m.objective: m.value for m in row.measurements.all()},
        }
        for row in rows
    ]


def assert_found(run: Any, expected: dict[str, Any]) -> None:
    """The run found the same as the sample, candidate by candidate."""
    for found, wanted in zip(candidates_of(run), expected["candidates"], strict=True):
        assert same(found, wanted), (run.name, found, wanted)
    assert (run.asked, run.told) == (expected["asked"], expected["told"])
    assert run.front.get("numbers", []) == expected["front"]
    curve = run.front.get("curve", [])
    assert same(curve[-1]["hypervolume"] if curve else None, expected["hypervolume"])
    assert run.view.get("kind", "") == expected["view_kind"]


def test_the_sample_holds_every_state_of_runs_and_candidates():
    runs = FACTS["runs"].values()
    assert {run["state"] for run in runs} == set(STATES)
    assert {candidate["state"] for run in runs for candidate in run["candidates"]} == {
        "queued", "running", "done", "trained", "pruned", "diverged", "failed", "lost",
        "cancelled",
    }  # fmt: skip


def test_every_run_is_as_it_was():
    known = {choice for choice, _ in apps.get_model("runs", "Run")._meta.get_field("state").choices}
    assert apps.get_model("runs", "Run").objects.count() == len(FACTS["runs"])
    for pk, expected in FACTS["runs"].items():
        run = run_of(pk)
        assert_found(run, expected)
        assert (run.name, run.team.slug) == (expected["name"], expected["team"])
        if expected["state"] != "draft":  # no service of that version could make one
            assert (run.state, run.reason) == (expected["state"], expected["reason"])
        assert run.state in known


def test_every_run_gets_its_space_version_data_set_objectives_and_best_candidate():
    for pk, expected in FACTS["runs"].items():
        run = run_of(pk)
        space, data_set = run.space_version, run.data_set
        assert space.space.engine_space == run.spec["space"]
        if space.note == "added for earlier runs":  # the others had one, which they keep
            assert space.config == run.spec["space_config"]
        assert data_set.source == run.spec["dataset"]
        assert {space.space.team_id, data_set.team_id} <= {None, run.team_id}
        assert [goal["name"] for goal in run.objectives] == run.spec["objectives"]
        done = [candidate for candidate in expected["candidates"] if candidate["state"] == "done"]
        assert (run.best is not None) == bool(done), run.name
        if done and not run.spec["constraints"]:
            first = run.objectives[0]
            values = [one["values"][first["name"]] for one in done]
            best = max(values) if first["better"] == "higher" else min(values)
            found = next(one for one in done if one["number"] == run.best)
            assert same(found["values"][first["name"]], best), run.name


@pytest.mark.parametrize("pk", ON_TABLE, ids=lambda pk: FACTS["runs"][pk]["name"])
def test_a_run_on_a_table_continues_as_it_would_have(pk):
    expected = FACTS["continued"][pk]
    reap()
    advance(pk)
    if run_of(pk).state == "paused":
        resume(run_of(pk))
        advance(pk)
    run = run_of(pk)
    assert run.state == expected["states"][-1]
    assert run.state in ENDED
    if run.strategy == "dpp-net":
        # Since then it ends a stage before it plans the next: later candidates are others.
        before, found = FACTS["runs"][pk]["candidates"], candidates_of(run)
        assert len(found) == len(expected["candidates"])
        ended = [candidate for candidate in before if candidate["state"] == "done"]
        assert ended
        assert all(same(found[wanted["number"]], wanted) for wanted in ended)
        return
    assert_found(run, expected)


def test_what_dead_workers_held_is_freed_and_the_run_pauses_or_stops():
    reap()
    for name, states in (("Pausing", ["paused", "running"]), ("Stopping trainings", ["stopped"])):
        run = apps.get_model("runs", "Run").objects.get(name=name)
        expected = FACTS["continued"][str(run.pk)]
        assert expected["states"] == states
        advance(run.pk)
        assert run_of(run.pk).state == states[0]
        if states[0] == "paused":
            resume(run)
            advance(run.pk)
        assert run_of(run.pk).state == states[-1]
        assert_found(run_of(run.pk), expected)


@pytest.mark.parametrize("pk", TRAINED, ids=lambda pk: FACTS["runs"][pk]["name"])
def test_a_run_of_trainings_continues_with_its_weights(pk):
    """The next candidates are those of the sample; what they learn depends on the processor."""
    expected, before = FACTS["continued"][pk], len(FACTS["runs"][pk]["candidates"])
    reap()
    advance(pk)
    while claim_and_train(run_of(pk)):
        advance(pk)
    run = run_of(pk)
    found = candidates_of(run)
    assert run.state == "finished"
    kinds = ("number", "state", "origin")
    assert [[candidate[k] for k in kinds] for candidate in found] == [
        [candidate[k] for k in kinds] for candidate in expected["candidates"]
    ]
    for ours, theirs in zip(found[:before], expected["candidates"][:before], strict=True):
        assert ours["architecture"] == theirs["architecture"]
        assert ours["values"].get("params") == theirs["values"].get("params")
        assert ours["values"].get("error") == pytest.approx(theirs["values"].get("error"), abs=20)


def test_a_run_launched_after_the_upgrade_uses_the_newest_version_of_the_table(capsys):
    from django.core.management import call_command

    words = ["--space", "nb201", "--strategy", "random", "--table", "table:made", "--dataset"]
    call_command("launch", *words, "made", "--objectives", "error", "--team", "vision")
    run = apps.get_model("runs", "Run").objects.order_by("pk").last()
    assert str(run.pk) not in FACTS["runs"]
    assert (run.benchmark_table.version, run.benchmark_table.rows) == (2, 74)
    assert apps.get_model("runs", "Run").objects.get(name="Running").benchmark_table.version == 1


def test_people_sign_in_with_their_passwords_and_the_catalogue_has_its_history():
    word = {"username": "viewer-of-vision", "password": "the password of the samples"}
    assert Client().post("/sign-in/", word).status_code == 302
    entries = apps.get_model("architectures", "CatalogueEntry").objects.order_by("pk")
    assert [(entry.stage, entry.history.count()) for entry in entries] == [
        ("proposed", 1), ("approved", 2), ("rejected", 4),
    ]  # fmt: skip


def test_entries_have_what_later_versions_fill_in():
    entries = apps.get_model("architectures", "CatalogueEntry").objects.select_related("candidate")
    assert entries
    for entry in entries:
        assert entry.canonical_id == canonical_id(Architecture.from_json(entry.architecture))
        assert entry.proposed_by_id == entry.kept_by_id
        if entry.candidate is not None:
            assert entry.source["seed"] == entry.candidate.run.seed
            assert entry.source["parents"] == entry.candidate.parents
