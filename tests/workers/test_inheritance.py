"""Children inherit weights from any worker, also after a worker was killed."""

from __future__ import annotations

import threading

import pytest

from nasengine.core.search_spec import SearchSpec
from nasengine.execution import loop as search
from webapp.runs.models import Measurement
from webapp.runs.services.weights import weights_place
from workers import file_sweeps

from ..fixtures.fleet import results

CANDIDATES = 6
QUESTION = {
    "estimator": "inherit",
    "estimator_config": {"inherited_epochs": 20},
    "candidates": CANDIDATES,
    "in_flight": 2,
    "seed": 11,
}


@pytest.mark.django_db
def test_an_unreadable_folder_does_not_stop_the_sweep_of_files(monkeypatch, tmp_path):
    looked = []
    laid = tmp_path / f"{'0' * 64}.csv.gz"  # a table that no team has any more
    laid.touch()
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(tmp_path))

    def refused():
        looked.append(True)
        raise PermissionError("weights: permission denied")

    monkeypatch.setitem(file_sweeps.SWEEPS, "weights of runs", refused)
    file_sweeps.sweep_files(threading.Event())
    assert looked == [True]
    assert not laid.exists()


def details(run):
    rows = Measurement.objects.filter(candidate__run=run, objective="error")
    return list(rows.order_by("candidate__number").values_list("detail", flat=True))


def test_two_workers_one_of_them_killed_find_the_same_as_one_process(fleet):
    fleet.expect_losses()
    fleet.start_coordinator()
    fleet.start_worker("one")
    fleet.start_worker("two")
    run = fleet.launch(epochs=20, **QUESTION)
    trainer = run.candidates.filter(state="running", slot__name="one", number__gte=3)
    fleet.until(trainer.exclude(curve=[]).exists)
    fleet.kill("one")
    fleet.wait_ended(run)
    alone = search.run(SearchSpec.from_json(run.spec))
    assert results(run) == [
        (
            candidate.proposal.number,
            candidate.proposal.architecture.id,
            candidate.outcome.state,
            candidate.outcome.values,
        )
        for candidate in alone.candidates
    ]
    assert 2 in run.candidates.values_list("attempts", flat=True)
    assert details(run) == [
        candidate.outcome.measurements[0].detail for candidate in alone.candidates
    ]
    assert any("inherited_from" in detail for detail in details(run))
    folder = fleet.folder / "var" / "weights" / weights_place(run).path.name
    kept = [f"{n}.npz" for n in range(CANDIDATES)]
    # A worker removes the checkpoints of a candidate after it has stored how it ended.
    fleet.until(lambda: sorted(path.name for path in folder.iterdir()) == kept)
    plain = fleet.wait_ended(fleet.launch(epochs=1, candidates=1))
    assert not (folder.parent / weights_place(plain).path.name).exists()
