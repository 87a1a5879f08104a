"""Folders for weights: one per run, kept as long as the run may continue."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now

from webapp.common.folders import ABANDONED_SECONDS
from webapp.runs.models import Run, RunState
from webapp.runs.services.weights import sweep_weights, weights_place

from ...fixtures.factories import make_run, make_slot, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(settings, tmp_path) -> Path:
    settings.PARETOSCOPE_WEIGHTS = tmp_path / "weights"
    settings.WEIGHTS_DAYS = 30
    return settings.PARETOSCOPE_WEIGHTS


def filled(path: Path, idle_seconds: float = 0) -> Path:
    """A folder with weights that was last written this long ago."""
    path.mkdir(parents=True)
    (path / "0.npz").write_bytes(b"x")
    then = time.time() - idle_seconds
    os.utime(path, (then, then))
    return path


def ended(state: RunState, days: float) -> Run:
    run = make_run(advance=False)
    Run.objects.filter(pk=run.pk).update(state=state, ended_at=Now() - timedelta(days=days))
    return Run.objects.get(pk=run.pk)


def test_a_claim_names_the_folder_of_its_run(root):
    run = make_run()
    held = take(make_slot())
    assert held.weights == str(weights_place(run).path)
    assert Path(held.weights).parent == root
    assert not root.exists(), "no weights are stored yet"


def test_runs_of_the_same_number_in_two_databases_have_different_folders(root):
    one, other = make_run(advance=False), make_run(advance=False)
    assert weights_place(one).path != weights_place(other).path
    assert weights_place(one).path == weights_place(Run.objects.get(pk=one.pk)).path
    before = weights_place(one).path
    Run.objects.filter(pk=one.pk).update(created_at=Now() - timedelta(days=1))
    again = weights_place(Run.objects.get(pk=one.pk)).path
    assert again != before
    assert again.name.split("-")[0] == before.name.split("-")[0] == str(one.pk)


@pytest.mark.parametrize("state", [RunState.FINISHED, RunState.STOPPED, RunState.FAILED])
def test_weights_are_deleted_a_number_of_days_after_the_run(root, state):
    recent, old = ended(state, days=29.9), ended(state, days=30.1)
    kept, gone = filled(weights_place(recent).path, 40 * 86400), filled(weights_place(old).path)
    assert sweep_weights() == 1
    assert kept.exists() and not gone.exists()
    assert sweep_weights() == 0


def test_a_run_that_continues_keeps_its_weights(root):
    """Its budget was raised, so it has not ended."""
    run = make_run()
    Run.objects.filter(pk=run.pk).update(
        state=RunState.PAUSED, started_at=Now() - timedelta(days=400)
    )
    kept = filled(weights_place(run).path, 400 * 86400)
    assert sweep_weights() == 0
    assert kept.exists()


def test_a_folder_without_a_run_is_deleted_once_it_is_idle(root):
    run = make_run(advance=False)
    gone, foreign = (
        filled(weights_place(run).path, ABANDONED_SECONDS + 1),
        filled(root / "999-0123abcd", ABANDONED_SECONDS - 100),
    )
    Run.objects.filter(pk=run.pk).delete()
    reused = filled(root / f"{make_run(advance=False).pk}-00000000", ABANDONED_SECONDS + 1)
    assert sweep_weights() == 2
    assert not gone.exists() and not reused.exists()
    assert foreign.exists()


def test_other_folders_are_not_touched(root):
    assert sweep_weights() == 0
    others = [
        filled(root / name, 10**7) for name in ("notes", "12", "12-0123abcd.old", "x-0123abcd")
    ]
    (root / "77-0123abcd").write_text("a file")
    assert sweep_weights() == 0
    assert all(path.exists() for path in [*others, root / "77-0123abcd"])
