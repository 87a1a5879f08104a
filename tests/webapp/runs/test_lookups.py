"""Table lookups: no worker, the same results, and the run can be controlled as usual."""

from __future__ import annotations

import pytest

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import loop as search
from tests.fixtures.table_specs import asked
from webapp.events.models import Event
from webapp.runs.models import Measurement, Run, RunState
from webapp.runs.services import claims, lookups
from webapp.runs.services.advance import advance_run
from webapp.runs.services.control import cancel, pause, raise_budget, resume, stop
from webapp.runs.services.launch import launch
from webapp.runs.services.sweep import runs_to_advance

from ...fixtures.factories import make_slot, make_table, make_team, table_text, work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def laid(tmp_path, monkeypatch):
    """The folder for copies of imported tables."""
    folder = tmp_path / "laid"
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(folder))
    return folder


def make_run(**changed) -> Run:
    """A run on an imported table, not advanced yet."""
    team = make_team()
    make_table(team, text=changed.pop("text", None) or table_text())
    return launch(team, None, asked("table:made", "made", **changed), "looked up")


def found(run: Run) -> list[tuple]:
    rows = run.candidates.order_by("number").prefetch_related("measurements")
    return [
        (c.architecture_id, c.state, {m.objective: m.value for m in c.measurements.all()})
        for c in rows
    ]


def found_alone(run: Run, **changed) -> list[tuple]:
    """The result of a search in the engine on the table of the run."""
    spec = SearchSpec.from_json({**run.spec, **changed})
    return [
        (candidate.proposal.architecture.id, candidate.outcome.state, candidate.outcome.values)
        for candidate in search.run(spec).candidates
    ]


def steps(run: Run, count: int) -> None:
    for _ in range(count):
        advance_run(run.pk, seconds=0.0)
    run.refresh_from_db()


@pytest.mark.parametrize("width", [1, 5])
@pytest.mark.parametrize("deterministic", [True, False])
def test_a_single_step_equals_a_search_in_the_engine(width, deterministic):
    run = make_run(in_flight=width, deterministic=deterministic, candidates=30)
    assert advance_run(run.pk, seconds=60.0) is False
    run.refresh_from_db()
    assert (run.state, run.asked, run.told) == (RunState.FINISHED, 30, 30)
    # without determinism each outcome is told at once, as if no other were in flight
    assert found(run) == found_alone(run, **({} if deterministic else {"in_flight": 1}))
    rows = list(run.candidates.order_by("number"))
    assert [c.ended_order for c in rows] == list(range(30))
    assert all(c.told and c.started_at and c.ended_at and c.violation == 0 for c in rows)
    names = {m.objective for m in Measurement.objects.filter(candidate__run=run)}
    assert names == {"error", "latency@board", "test_error"}
    detail = Measurement.objects.filter(candidate__run=run, objective="error").first().detail
    assert detail == {"table": f"made@{run.benchmark_table.digest[:8]}", "column": "acc"}


def test_a_step_ends_when_its_time_is_up_and_reports_that_it_is_unfinished():
    run = make_run(candidates=1000)
    assert advance_run(run.pk, seconds=0.05) is True
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    assert 0 < run.asked < 1000 and run.told <= run.asked
    assert run.pk in runs_to_advance()  # the sweep finds it if no process continues


def test_no_candidate_waits_for_a_worker():
    run = make_run()
    steps(run, 3)
    slot = make_slot()
    assert claims.claim(slot, slot.queues) is None


def test_a_paused_run_looks_nothing_up():
    plain = make_run(in_flight=4, candidates=20)
    advance_run(plain.pk, seconds=60.0)
    run = make_run(in_flight=4, candidates=20)
    steps(run, 9)
    pause(run, None)
    before = (run.asked, run.told)
    steps(run, 3)
    assert (run.state, run.asked, run.told) == (RunState.PAUSED, *before)
    resume(run, None)
    advance_run(run.pk, seconds=60.0)
    run.refresh_from_db()
    assert run.state == RunState.FINISHED
    assert found(run) == found(plain)


@pytest.mark.parametrize("end", [stop, cancel])
def test_a_run_is_ended_between_two_steps(end):
    run = make_run(in_flight=4, candidates=20)
    steps(run, 9)
    asked_before = run.asked
    end(run, None)
    steps(run, 2)
    assert (run.state, run.asked, run.told) == (RunState.STOPPED, asked_before, asked_before)


def test_a_run_with_a_raised_budget_continues():
    run = make_run(candidates=10)
    advance_run(run.pk, seconds=60.0)
    raise_budget(run, None, 25)
    advance_run(run.pk, seconds=60.0)
    run.refresh_from_db()
    assert (run.state, run.told) == (RunState.FINISHED, 25)
    assert found(run) == found_alone(run)


def test_a_crash_rolls_the_whole_step_back(monkeypatch):
    run = make_run(candidates=20)
    steps(run, 5)
    before = (found(run), run.told, run.seq, run.strategy_state)

    def die(self, candidates):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(lookups.Lookups, "store", die)
        advance_run(run.pk, seconds=0.05)
    run.refresh_from_db()
    assert (found(run), run.told, run.seq, run.strategy_state) == before
    advance_run(run.pk, seconds=60.0)
    assert found(run) == found_alone(run)


def test_an_architecture_missing_in_the_table_fails_with_a_reason():
    text = table_text().split("\n")
    run = make_run(text="\n".join(text[:1] + text[1::2]), candidates=20)
    advance_run(run.pk, seconds=60.0)
    run.refresh_from_db()
    assert (run.state, run.told) == (RunState.FINISHED, 20)
    failed = run.candidates.filter(state="failed")
    assert 3 < failed.count() < 17
    assert "has no row for |" in failed.first().reason
    lines = Event.objects.filter(run=run, kind="log", item__level="error")
    assert lines.count() == failed.count()
    assert found(run) == found_alone(run)


def test_a_table_that_only_workers_can_read_is_left_to_them(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text(table_text())
    config = {"path": str(path), "columns": ["error=acc:100-x:%"], "architecture": "net"}
    run = launch(
        make_team(), None, asked("", "x", objectives=("error",), estimator_config=config), "file"
    )
    path.rename(tmp_path / "elsewhere.csv")
    advance_run(run.pk)
    assert run.candidates.get().state == "queued"
    (tmp_path / "elsewhere.csv").rename(path)
    work_off(run)
    advance_run(run.pk, seconds=60.0)
    run.refresh_from_db()
    assert run.state == RunState.FINISHED


def test_a_missing_copy_of_the_table_is_written_again(laid):
    run = make_run(candidates=20)
    steps(run, 5)
    for file in laid.iterdir():
        file.unlink()
    advance_run(run.pk, seconds=60.0)
    run.refresh_from_db()
    assert (run.state, run.candidates.filter(state="done").count()) == (RunState.FINISHED, 20)


def test_a_table_folder_that_cannot_be_written_fails_the_run_with_a_reason(laid):
    run = make_run()
    for file in laid.iterdir():
        file.unlink()
    laid.rmdir()
    laid.write_text("a file in its place")
    advance_run(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.FAILED and "cannot be written to" in run.reason
