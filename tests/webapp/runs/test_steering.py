"""Steering a run to a target: who may, from when it counts, exact continuation, refusals."""

from __future__ import annotations

import pytest

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from tests.fixtures.api import Caller
from tests.fixtures.factories import make_run, make_slot, take
from tests.fixtures.html_reader import read
from webapp.accounts.models import AuditEntry
from webapp.events.models import Event
from webapp.runs.models import Run, Study
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run
from webapp.runs.services.control import ControlRefused, cancel
from webapp.runs.services.steering import may_steer, steer, target_of

from ...fixtures.factories import done

pytestmark = pytest.mark.django_db
SEARCH = {"strategy": "nsga2", "strategy_config": {"population": 4}, "in_flight": 1}
TARGET = {"error": 20.0, "params": 1001.0}


def go_on(run: Run, until: int) -> list[str]:
    """End candidates until `until` were asked for; return the architectures of all."""
    slot = make_slot()
    while run.asked < until:
        held = take(slot)
        number = held.number
        claims.finish(held, done(number, 50.0 - number % 7, 1000.0 + number % 7))
        advance_run(run.pk)
        run.refresh_from_db()
    return list(run.candidates.order_by("number").values_list("architecture_id", flat=True))


def test_a_target_counts_from_the_next_proposal_on_and_the_run_resumes_exactly(team, researcher):
    plain = go_on(make_run(team, candidates=30, **SEARCH), 30)
    run = make_run(team, candidates=30, **SEARCH)
    assert go_on(run, 12) == plain[:12]
    steer(run, TARGET, researcher)
    assert (target_of(run), run.steering[-1]["from"]) == (TARGET, None)
    steered = go_on(run, 30)
    assert run.steering == [{"target": TARGET, "by": "rosa", "from": 12}]
    assert steered[:12] == plain[:12]
    assert steered != plain
    strategy = assembly.make_strategy(SearchSpec.from_json(run.spec))
    strategy.load_state_dict(run.strategy_state)
    assert strategy.state_dict() == run.strategy_state
    assert run.strategy_state["population"]["target"] == [20.0, 1001.0]
    texts = Event.objects.filter(run=run, kind="log").values_list("item__text", flat=True)
    assert "steered to error 20 %, params 1001 by rosa" in list(texts)
    assert AuditEntry.objects.filter(kind="control", text__contains="steer").exists()


def test_the_newest_of_waiting_targets_counts_and_the_whole_front_again(team):
    run = make_run(team, candidates=30, **SEARCH)
    go_on(run, 6)
    steer(run, {"error": 5.0}, None)
    steer(run, {"params": 5.0}, None)
    go_on(run, 9)
    assert [one["target"] for one in run.steering] == [{"params": 5.0}]
    steer(run, None, None)
    go_on(run, 12)
    assert "target" not in run.strategy_state["population"]
    assert [one["from"] for one in run.steering] == [6, 9]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({}, "a target needs a value of error or params"),
        ({"speed": 1.0}, "no objective 'speed'"),
        ({"error": float("nan")}, "must be a number"),
        ({"error": -1e300}, r"at most 1e\+15 in size \(got -1e\+300\)"),
    ],
)
def test_a_wrong_target_is_refused(team, target, message):
    with pytest.raises(ControlRefused, match=message):
        steer(make_run(team, **SEARCH), target, None)


def test_runs_that_cannot_be_steered_say_why(team, researcher):
    with pytest.raises(ControlRefused, match=r"random cannot be steered; these can: .*nsga2"):
        steer(make_run(team), TARGET, None)
    single = make_run(team, objectives=("error",), **SEARCH)
    with pytest.raises(ControlRefused, match="one objective"):
        steer(single, {"error": 1.0}, None)
    studied = make_run(team, **SEARCH)
    studied.study = Study.objects.create(team=team, name="fair")
    studied.save(update_fields=["study"])
    assert not may_steer(studied)
    with pytest.raises(ControlRefused, match="its study compares it"):
        steer(studied, TARGET, None)
    ended = make_run(team, **SEARCH)
    cancel(ended, None)
    with pytest.raises(ControlRefused):
        steer(ended, TARGET, None)


def test_the_page_and_the_api_steer(team, researcher, viewer, stranger, sign_in):
    run = make_run(team, candidates=30, **SEARCH)
    page = f"/runs/{run.pk}/steer"
    client = sign_in(researcher)
    assert read(client.get(f"/runs/{run.pk}/")).one("steer-toggle")
    part = read(client.get(page, headers={"HX-Request": "true"}))
    assert part.one("steering-state").text == "No target: the whole front counts."
    typed = {"target.error": "many", "target.params": "1e999", "do": "steer"}
    refused = read(client.post(page, typed, headers={"HX-Request": "true"}))
    assert [one.attributes.get("value") for one in refused.all("input", type="text")] == [
        "many",
        "1e999",
    ]
    alert = refused.all("p", role="alert")[0].text
    assert alert == "error: Enter a number. params: Enter a number."
    typed = {"target.error": "20", "target.params": "", "do": "steer"}
    said = read(client.post(page, typed, headers={"HX-Request": "true"})).one("steering-state")
    assert said.text == "Counts from the next proposal on."
    run.refresh_from_db()
    assert target_of(run) == {"error": 20.0}
    assert client.post(page, {"do": "clear"}).status_code == 302  # without scripts
    caller = Caller(researcher)
    answer = caller.post(f"/runs/{run.pk}/steer", {"target": TARGET})
    assert (answer.status_code, answer.json()["id"]) == (200, run.pk)
    assert caller.post(f"/runs/{run.pk}/steer", {"target": {"x": 1}}).status_code == 409
    assert caller.post(f"/runs/{run.pk}/steer", {"target": {"error": "x"}}).status_code == 422
    assert sign_in(viewer).post(page, typed).status_code == 403
    assert sign_in(stranger).post(page, typed).status_code == 404
    plain = read(sign_in(researcher).get(f"/runs/{make_run(team).pk}/"))
    assert plain.all(data_testid="steer-toggle") == []
