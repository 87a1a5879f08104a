"""Table searches through real processes: a coordinator is enough, and it is fast."""

from __future__ import annotations

import time

import pytest
from django.conf import settings

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import loop as search
from tests.fixtures.factories import make_run, make_table, make_team, table_text
from tests.fixtures.table_specs import asked
from webapp.runs.services.claims import Claim
from webapp.runs.services.launch import launch
from workers.candidate_work import CandidateWork
from workers.coordinator import Coordinator
from workers.trainer_process import TrainerDied
from workers.wake_up import WakeUp
from workers.worker import Worker

from ..fixtures.fleet import results

CANDIDATES = 500
MIN_A_MINUTE = 2000  # about 15,000 on an idle machine


@pytest.fixture(autouse=True)
def laid(tmp_path, monkeypatch):
    """Folder in which this process caches tables; other processes have their own."""
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(tmp_path / "laid"))


def alone(run) -> list[tuple]:
    return [
        (one.proposal.number, one.proposal.architecture.id, one.outcome.state, one.outcome.values)
        for one in search.run(SearchSpec.from_json(run.spec)).candidates
    ]


def test_thousands_of_lookups_a_minute_with_a_killed_coordinator(fleet, tmp_path):
    fleet.env["PARETOSCOPE_TABLES"] = str(tmp_path / "theirs")  # they lay it down by themselves
    team = make_team()
    make_table(team, text=table_text())
    fleet.start_coordinator()
    for width in (1, 16):
        spec = asked("table:made", "made", candidates=CANDIDATES, in_flight=width)
        began = time.monotonic()
        run = fleet.wait_ended(launch(team, None, spec, "fast"), 60)
        seconds = time.monotonic() - began
        assert results(run) == alone(run)
        if width == 16:  # the first one waited for the process to start
            assert 60 * CANDIDATES / seconds > MIN_A_MINUTE

    run = launch(team, None, asked("table:made", "made", candidates=1500), "killed")
    fleet.until(lambda: run.candidates.count() > 300)
    fleet.kill("coordinator")
    assert run.candidates.count() < 1500
    fleet.start_coordinator()
    fleet.wait_ended(run, 60)
    assert (run.asked, run.told) == (1500, 1500)
    assert results(run) == alone(run)


@pytest.mark.django_db(transaction=True)
def test_a_long_lookup_run_does_not_block_other_runs(monkeypatch):
    monkeypatch.setattr("workers.coordinator.SLICE_SECONDS", 0.05)
    team = make_team()
    make_table(team, text=table_text())
    spec = asked("table:made", "made", candidates=600)
    long = [launch(team, None, spec, f"long {i}") for i in range(3)]
    coordinator = Coordinator("test", WakeUp())
    coordinator.advance([run.pk for run in long])
    assert list(coordinator.unfinished) == [run.pk for run in long]
    began = time.monotonic()
    trained = make_run(advance=False)
    coordinator.go_on()
    coordinator.advance([trained.pk, *(run.pk for run in long)])
    assert time.monotonic() - began < settings.SWEEP_SECONDS
    trained.refresh_from_db()
    assert (trained.state, trained.asked) == ("running", 1)
    assert list(coordinator.unfinished) == [long[1].pk, long[2].pk, long[0].pk]
    while coordinator.unfinished:
        coordinator.go_on()
    for run in long:
        run.refresh_from_db()
        assert (run.state, run.told) == ("finished", 600)


class Dead:
    """A trainer process that refuses requests and records the cached tables it saw."""

    def __init__(self, folder):
        self.folder = folder
        self.seen: list[str] = []

    def evaluate(self, spec, proposal, weights):
        self.seen = [path.name for path in self.folder.iterdir()]
        raise TrainerDied("it is no real one")


@pytest.mark.django_db
def test_a_worker_caches_the_table_before_it_evaluates(tmp_path, monkeypatch):
    team = make_team()
    table = make_table(team)
    run = launch(team, None, asked("table:made", "made"), "claimed")
    folder = tmp_path / "a workers own"
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(folder))
    work = CandidateWork(Claim(1, run.pk, 0, 1, run.spec, {}, "", ""))
    worker = Worker("test", ["cpu"], 1, WakeUp())
    worker.trainer = Dead(folder)
    assert worker._run(work).reason == "it is no real one"
    assert worker.trainer.seen == [f"{table.digest}.csv.gz"]
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(folder / worker.trainer.seen[0]))
    assert "cannot be written to" in worker._run(work).reason
