"""Table searches through real processes: a coordinator is enough, and it is fast."""

from __future__ import annotations

import threading

import psutil
import pytest

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import loop as search
from tests.fixtures.factories import make_run, make_table, make_team, table_text
from tests.fixtures.table_specs import asked
from webapp.runs.models import Run, WorkerSlot
from webapp.runs.services.claims import Claim
from webapp.runs.services.launch import launch
from workers import coordination
from workers.candidate_work import CandidateWork
from workers.slot import Slot
from workers.trainer_process import TrainerDied

from ..fixtures.fleet import results

CANDIDATES = 500
MIN_A_MINUTE = 2000  # of the processor's time; about 15,000


@pytest.fixture(autouse=True)
def laid(tmp_path, monkeypatch):
    """Folder in which this process caches tables; other processes have their own."""
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(tmp_path / "laid"))


def alone(run) -> list[tuple]:
    return [
        (
            candidate.proposal.number,
            candidate.proposal.architecture.id,
            candidate.outcome.state,
            candidate.outcome.values,
        )
        for candidate in search.run(SearchSpec.from_json(run.spec)).candidates
    ]


def busy_seconds(fleet) -> float:
    """Return the processor time of the coordinator, which other processes do not lengthen."""
    times = psutil.Process(fleet.processes["coordinator"].pid).cpu_times()
    return times.user + times.system


def test_thousands_of_lookups_a_minute_with_a_killed_coordinator(fleet, tmp_path):
    fleet.env["PARETOSCOPE_TABLES"] = str(tmp_path / "theirs")  # they lay it down by themselves
    team = make_team()
    make_table(team, text=table_text())
    fleet.start_coordinator()
    for width in (1, 16):
        spec = asked("table:made", "made", candidates=CANDIDATES, in_flight=width)
        began = busy_seconds(fleet)
        run = fleet.wait_ended(launch(team, None, spec, "fast"))
        seconds = busy_seconds(fleet) - began
        assert results(run) == alone(run)
        if width == 16:  # the first one waited for the process to start
            assert 60 * CANDIDATES / seconds > MIN_A_MINUTE

    run = launch(team, None, asked("table:made", "made", candidates=1500), "killed")
    fleet.until(lambda: run.candidates.count() > 300)
    fleet.kill("coordinator")
    assert run.candidates.count() < 1500
    fleet.start_coordinator()
    fleet.wait_ended(run)
    assert (run.asked, run.told) == (1500, 1500)
    assert results(run) == alone(run)


@pytest.mark.django_db(transaction=True)
def test_a_long_lookup_run_does_not_block_other_runs(monkeypatch):
    """Each turn is a task of its own: what other runs announced meanwhile comes first."""
    announced: list[tuple] = []
    monkeypatch.setattr(coordination, "send", lambda one: announced.append(one.arguments))
    monkeypatch.setattr(coordination, "turns", coordination.Turns())
    team = make_team()
    make_table(team, text=table_text())
    spec = asked("table:made", "made", candidates=200)
    long = [launch(team, None, spec, f"long {i}").pk for i in range(2)]
    for run_id in (*long, *long):  # the second message of a run that waits for its turn is ignored
        coordination.advance(run_id, seconds=0.05)
    assert announced == [(run_id,) for run_id in long]
    trained = make_run(advance=False)
    coordination.advance(trained.pk)
    trained.refresh_from_db()
    assert (trained.state, trained.asked) == ("running", 1)
    for turn, (run_id,) in enumerate(announced):  # grows while it is read
        seconds = 0.05 if turn < 2 else 60.0  # the last turns end the runs, also on slow machines
        coordination.advance(run_id, is_next_turn=True, seconds=seconds)
    assert announced[2:4] == announced[:2], "in turn"
    assert {(run.state, run.told) for run in Run.objects.filter(pk__in=long)} == {("finished", 200)}


class Dead:
    """A trainer process that refuses requests and records the cached tables it saw."""

    def __init__(self, folder):
        self.folder = folder
        self.seen: list[str] = []

    def request(self, type, **values):
        self.seen = [path.name for path in self.folder.iterdir()]
        raise TrainerDied("it is no real one")


@pytest.mark.django_db
def test_a_worker_caches_the_table_before_it_evaluates(tmp_path, monkeypatch):
    team = make_team()
    table = make_table(team)
    run = launch(team, None, asked("table:made", "made"), "claimed")
    folder = tmp_path / "a workers own"
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(folder))
    work = CandidateWork(Claim(1, run.pk, 0, 1, run.spec, {}, "", "", "progress"))
    slot = Slot(WorkerSlot(), 1, threading.Event())
    slot.trainer = Dead(folder)
    assert slot._run(work, None).reason == "it is no real one"
    assert slot.trainer.seen == [f"{table.digest}.csv.gz"]
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(folder / slot.trainer.seen[0]))
    assert "cannot be written to" in slot._run(work, None).reason
