"""A training that continues: no epoch twice in the curve, and workers lost before do not count."""

from __future__ import annotations

import pytest

from webapp.common.checkpoints import remove_checkpoints
from webapp.events.models import Event
from webapp.runs.services import claims
from webapp.runs.services.reaper import reap
from webapp.runs.services.weights import progress_place, sweep_weights

from ...fixtures.factories import done, expire, make_run, make_slot, take

pytestmark = pytest.mark.django_db
POINTS = [{"epoch": number, "epochs": 9, "valid_error": 50.0 - number} for number in range(1, 10)]


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.PARETOSCOPE_WEIGHTS = tmp_path / "weights"
    settings.MAX_ATTEMPTS = 2


def lose(held) -> None:
    """Let the lease of a claim expire."""
    expire(held)
    reap()


def resumed(number: int) -> dict:
    text = f"continued at epoch {number + 1} from a checkpoint"
    return {"notice": text, "level": "info", "resumed": number, "curve": POINTS[:number]}


def test_epochs_reported_again_are_not_doubled_and_the_page_says_where_it_continued():
    run = make_run()
    first = take(make_slot("one"))
    for point in POINTS[:3]:
        assert claims.report(first, point)
    assert claims.report(first, {"kept": 2})
    lose(first)
    second = take(make_slot("two"))
    assert second.progress == first.progress and second.lost.startswith("no heartbeat from worker")
    assert claims.report(second, resumed(2))
    for point in POINTS[2:5]:
        assert claims.report(second, point)
    candidate = run.candidates.get()
    assert candidate.curve == POINTS[:5]
    assert Event.objects.get(run=run, kind="progress").item["curve"] == POINTS[:5]
    text = Event.objects.filter(run=run, kind="log").order_by("seq").last().item["text"]
    assert text == candidate.reason
    assert text.startswith("continued at epoch 3 from a checkpoint (no heartbeat from worker ")
    assert not claims.report(first, resumed(1)), "a lost claim reports nothing"
    assert claims.finish(second, done(0))
    assert run.candidates.get().reason == ""


def test_a_worker_lost_after_progress_is_no_attempt_but_one_without_progress_is():
    run = make_run()
    for kept in (1, 3, 4):
        held = take(make_slot())
        assert claims.report(held, {"kept": kept})
        lose(held)
        assert run.candidates.get().state == "lost"
    held = take(make_slot())
    assert claims.report(held, resumed(4))
    assert claims.report(held, {"kept": 4}), "the same epoch again is no progress"
    lose(held)
    candidate = run.candidates.get()
    assert candidate.state == "failed"
    assert candidate.reason.startswith("lost 2 workers; last: no heartbeat")


def test_checkpoints_go_with_their_candidate():
    run = make_run(candidates=2, in_flight=2)
    first, second = take(make_slot()), take(make_slot())
    for held in (first, second):
        progress_place(run, held.number).put("epoch-000001.safetensors", b"x")
    remove_checkpoints(first.progress)
    assert progress_place(run, 0).names() == []
    assert sweep_weights() == 0
    assert progress_place(run, 1).names() != []
    assert claims.finish(second, done(1))
    assert sweep_weights() == 0
    assert progress_place(run, 1).names() == []
