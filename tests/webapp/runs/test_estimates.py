"""A run with a filter by a proxy: asked, trained, dropped, certified, shown."""

from __future__ import annotations

import pytest
from django.urls import reverse

from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from nasengine.screening.screen import low_score
from tests.fixtures.factories import make_member, make_run, make_slot, make_team
from webapp.events.models import Event
from webapp.runs.estimates import estimates_context, estimates_of
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run

pytestmark = pytest.mark.django_db
FILTER = {"proxy": "synflow", "proxy_first": 5, "proxy_checks": 5, "proxy_correlation": 0.4}


def evaluated(held, score, error):
    """Return what a worker answers that follows the filter of the proposal."""
    screen = Proposal.from_json(held.proposal).screen
    counted = (
        Measurement("params", 1000.0 + held.number, "", method="counted"),
        Measurement("synflow", score, "", method="counted"),
    )
    if reason := low_score(screen, {"synflow": score}):
        return Outcome(held.number, "pruned", counted, f"{reason}, not trained", seconds=2.0)
    return Outcome(held.number, "done", (Measurement("error", error, "%"), *counted), seconds=62.0)


def work(run, scores, errors):
    slot = make_slot()
    for score, error in zip(scores, errors, strict=True):
        held = claims.claim(slot, slot.queues)
        claims.finish(held, evaluated(held, score, error))
        advance_run(run.pk)
    run.refresh_from_db()


@pytest.fixture
def filtered_run():
    """Six good pairs, two dropped, two trained; then a check with a low score is the best."""
    run = make_run(make_team(), candidates=20, **FILTER)
    scores = [1.0, 2, 3, 4, 5, 6, 0.4, 0.5, 8, 9, 0.3]
    work(run, scores, [50.0, 40, 30, 20, 10, 9, 60, 60, 8, 7, 1])
    return run


def test_low_scores_are_dropped_once_the_proxy_is_certified(filtered_run):
    states = dict(filtered_run.candidates.values_list("number", "state"))
    assert [n for n in range(11) if states[n] == "pruned"] == [6, 7]
    assert filtered_run.pruned == 2
    logs = Event.objects.filter(run=filtered_run, kind="log").values_list("item", flat=True)
    texts = [item["text"] for item in logs if "filter" in item["text"]]
    assert len(texts) == 2 and "switched on" in texts[0] and "switched off" in texts[1]


def test_the_page_shows_certificate_saved_time_and_what_was_lost(filtered_run, client):
    context = estimates_context(filtered_run)
    shown = context["filtered"]
    assert [row.name for row in context["estimates"]] == ["synflow", "params"]
    assert context["estimates"][0].found.count == 7
    assert (shown.active, shown.dropped, shown.checks, shown.below) == (False, 2, 2, [10])
    assert shown.on_front == [10] and 0 < shown.volume_lost < 100
    # Two trainings of 62 s less twice 2 s for the proxy, which 9 others paid too.
    assert shown.saved_s == pytest.approx(2 * (62 - 4) - 9 * 2)
    client.force_login(make_member(filtered_run.team))
    answer = client.get(reverse("run-estimates", args=[filtered_run.pk]))
    text = " ".join(answer.content.decode().split())
    assert (
        "synflow is switched off" in text and "1 min 38 s" in text and "1 of 2 candidates" in text
    )
    page = client.get(reverse("run-detail", args=[filtered_run.pk])).content.decode()
    assert "Estimates before training" in page


def test_a_stranger_gets_404(filtered_run, client):
    client.force_login(make_member(make_team()))
    assert client.get(reverse("run-estimates", args=[filtered_run.pk])).status_code == 404


def test_cheap_objectives_are_certified_without_a_filter():
    run = make_run(make_team(), candidates=8)
    work(run, [1.0] * 6, [50.0, 40, 30, 20, 10, 5])
    assert estimates_of(run) == ["params"]
    (row,) = estimates_context(run)["estimates"]
    assert (row.name, row.role, row.found.spearman, row.found.count) == (
        "params",
        "objective",
        1,
        6,
    )


def test_the_state_of_the_filter_survives_in_the_database(filtered_run):
    state = filtered_run.proxy_state
    assert state["correlation"]["count"] == 7 and len(state["seen"]) == 11
