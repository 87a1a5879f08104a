"""Trainings as jobs: claims in turn, results stored once, states, figures, files."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now

from nasengine.core.storage import storage_at
from nasengine.execution.network_storage import put_network
from tests.fixtures.evaluations import (
    final_outcome,
    finish_trainings,
    make_evaluation,
    store_files,
    take_training,
)
from tests.fixtures.factories import make_run, make_slot, make_team, next_work
from webapp.common.folders import ABANDONED_SECONDS
from webapp.evaluations.models import Evaluation, Training
from webapp.evaluations.queries import evaluations_of_team
from webapp.evaluations.services import control, training_jobs
from webapp.evaluations.services.networks import (
    evaluation_place,
    network_folder,
    remove_networks,
    sweep_networks,
)
from webapp.jobs import services as jobs
from webapp.runs.services import claims
from webapp.site.summary import workers_alive

pytestmark = pytest.mark.django_db


def state_of(evaluation: Evaluation) -> tuple[str, int]:
    row = evaluations_of_team(evaluation.team).get(pk=evaluation.pk)
    return row.state, row.done


def expire(claim) -> None:
    Training.objects.filter(pk=claim.held.pk).update(lease_until=Now() - timedelta(seconds=1))


def test_a_training_is_claimed_reported_and_finished_once(team):
    evaluation = make_evaluation(team, seeds=(3,))
    assert state_of(evaluation) == ("queued", 0)
    claim = take_training()
    assert claim.final == {**evaluation.job, "seed": 3}
    assert state_of(evaluation) == ("running", 0)
    assert training_jobs.report(claim, {"epoch": 1, "epochs": 2, "train_loss": float("nan")})
    training = Training.objects.get()
    assert training.curve == [{"epoch": 1, "epochs": 2, "train_loss": None}]
    assert (training.progress, training.activity) == (0.5, "epoch 1 of 2")
    assert training_jobs.finish(claim, "done", "", final_outcome(5.25))
    assert not training_jobs.finish(claim, "done", "", final_outcome(1.0))
    training.refresh_from_db()
    assert (training.state, training.epochs, training.seconds) == ("done", 2, 4.0)
    assert training.measurements[0]["value"] == 5.25
    assert training.network["parameters"] == 1234
    assert training.code_version == "0.1.0+abc"
    assert training.test_read_at is not None
    evaluation.refresh_from_db()
    assert (evaluation.objective, evaluation.mean, evaluation.spread) == ("test_error", 5.25, None)
    assert evaluation.data_digest == "d" * 64
    assert state_of(evaluation) == ("done", 1)


def test_mean_and_standard_deviation_are_over_the_seeds_that_are_done(team):
    evaluation = finish_trainings(make_evaluation(team), [4.0, 6.0, 5.0])
    assert (evaluation.mean, evaluation.spread) == (5.0, 1.0)
    part = finish_trainings(make_evaluation(team, seeds=(0, 1, 2)), [4.0, 6.0])
    assert part.mean == 5.0
    assert part.spread == pytest.approx(2**0.5)


def test_a_lost_worker_gives_its_training_back_and_its_result_is_refused(team):
    make_evaluation(team, seeds=(0,))
    lost = take_training(make_slot("first"))
    training_jobs.report(lost, {"epoch": 1, "epochs": 2, "train_loss": 9.0})
    expire(lost)
    assert jobs.reap(Training) == 1
    training = Training.objects.get()
    assert training.state == "queued"
    assert training.reason.startswith("no heartbeat from worker first for 3")
    again = take_training(make_slot("second"))
    assert again.folder != lost.folder
    assert jobs.heartbeat(lost.held) == "lost"
    assert not training_jobs.report(lost, {"epoch": 2, "epochs": 2})
    assert not training_jobs.finish(lost, "done", "", final_outcome(99.0))
    assert again.progress == lost.progress, "it continues where the other one was"
    training_jobs.report(again, {"epoch": 1, "epochs": 2, "train_loss": 8.0})
    assert training_jobs.finish(again, "done", "", final_outcome(5.0))
    training.refresh_from_db()
    assert [point["train_loss"] for point in training.curve] == [8.0]
    assert training.attempts == 2
    assert training.measurements[0]["value"] == 5.0


def test_a_training_that_loses_every_worker_fails(team, settings):
    make_evaluation(team, seeds=(0,))
    for _ in range(settings.MAX_ATTEMPTS):
        expire(take_training())
        jobs.reap(Training)
    training = Training.objects.get()
    assert (training.state, training.attempts) == ("failed", settings.MAX_ATTEMPTS)
    assert training.reason.startswith(f"lost {settings.MAX_ATTEMPTS} workers; last: no heartbeat")


def test_a_training_whose_trainer_process_dies_waits_again(team, settings):
    settings.MAX_ATTEMPTS = 2
    make_evaluation(team, seeds=(0,))
    claim = take_training()
    assert jobs.interrupted(claim.held, "killed") and not jobs.interrupted(claim.held, "late")
    training = Training.objects.get()
    assert (training.state, training.attempts) == ("queued", 1)
    assert training.reason == "killed; queued again"
    assert not jobs.interrupted(take_training().held, "killed")
    assert Training.objects.get().state == "running"  # the worker ends it


def test_a_returned_training_counts_no_attempt(team):
    make_evaluation(team, seeds=(0,))
    assert jobs.release(take_training().held)
    training = Training.objects.get()
    assert (training.state, training.attempts, training.slot) == ("queued", 0, None)


def test_cancel_ends_waiting_seeds_now_and_asks_the_worker_of_a_running_one(team, researcher):
    evaluation = make_evaluation(team, researcher)
    claim = take_training()
    control.cancel(evaluation.trainings.all(), researcher)
    states = list(evaluation.trainings.values_list("state", "reason"))
    assert sorted(states) == [
        ("cancelled", "cancelled by rosa"),
        ("cancelled", "cancelled by rosa"),
        ("running", ""),
    ]
    assert jobs.heartbeat(claim.held) == "cancel"
    training_jobs.finish(claim, "cancelled", "cancelled on request", {})
    assert state_of(evaluation) == ("cancelled", 0)
    with pytest.raises(control.ControlRefused, match="every seed has ended"):
        control.cancel(evaluation.trainings.all(), researcher)


def test_failed_seeds_are_trained_again_and_done_ones_stay(team):
    evaluation = finish_trainings(make_evaluation(team, seeds=(0, 1)), [5.0])
    claim = take_training()
    training_jobs.finish(claim, "failed", "no memory", {})
    assert state_of(evaluation) == ("failed", 1)
    control.retry(evaluation.trainings.all())
    assert state_of(evaluation) == ("queued", 1)
    again = take_training()
    assert (again.seed, again.held.fence) == (1, 2)
    training_jobs.finish(again, "done", "", final_outcome(7.0))
    assert state_of(evaluation) == ("done", 2)
    with pytest.raises(control.ControlRefused, match="nothing to train again"):
        control.retry(evaluation.trainings.all())


def test_a_test_value_that_is_not_finite_makes_the_training_diverged(team):
    evaluation = make_evaluation(team, seeds=(0,))
    assert training_jobs.finish(take_training(), "done", "", final_outcome(float("nan")))
    training = Training.objects.get()
    assert (training.state, training.reason) == (
        "diverged",
        "the test value is missing or not finite",
    )
    assert [m["objective"] for m in training.measurements] == ["params"]
    evaluation.refresh_from_db()
    assert evaluation.mean is None
    assert training.test_read_at is not None, "the test part was read"


def test_one_worker_serves_runs_and_evaluations_in_turn():
    team = make_team()
    make_evaluation(team, run=make_run(team, candidates=3, in_flight=3), seeds=(0, 1, 2))
    slot, served = make_slot(), []
    for _ in range(6):
        work = next_work(slot, slot.queues)
        assert work is not None
        served.append(work.noun)
    assert (
        sorted(served[:2])
        == sorted(served[2:4])
        == sorted(served[4:])
        == [
            "candidate",
            "training",
        ]
    )
    assert next_work(slot, slot.queues) is None


def test_a_high_priority_comes_before_runs_and_a_low_one_after():
    team = make_team()
    run = make_run(team, candidates=1)
    low = make_evaluation(team, run=run, seeds=(0,), priority=-1)
    high = make_evaluation(team, run=run, seeds=(0,), priority=1)
    slot = make_slot()
    works = [next_work(slot, slot.queues) for _ in range(3)]
    names = [f"evaluation {high.pk} seed 0", f"run {run.pk} candidate 0"]
    assert [str(work) for work in works] == [*names, f"evaluation {low.pk} seed 0"]


def test_other_queues_are_not_served(team):
    make_evaluation(team, seeds=(0,), queue="cuda")
    slot = make_slot(queues=("gpu2",))
    assert training_jobs.turns(slot.queues) == []
    assert claims.claim(slot, slot.queues) is None


def test_equal_protocols_share_a_key_and_changed_ones_do_not(team):
    first, second = make_evaluation(team), make_evaluation(team)
    other = make_evaluation(team, changes={"epochs": 3})
    assert first.protocol_key == second.protocol_key != other.protocol_key
    assert other.protocol_name == "quick (epochs 3)"
    before = first.protocol_key
    finish_trainings(first, [5.0])
    second.refresh_from_db()
    assert first.protocol_key == second.protocol_key != before, "the data are part of the key"
    assert make_evaluation(team).protocol_key == first.protocol_key
    changed_data = make_evaluation(team, seeds=(0,))
    claim = training_jobs.claim_turn(
        make_slot(),
        next(t for t in training_jobs.turns(["cpu"]) if t.owner == changed_data.pk),
    )
    training_jobs.finish(claim, "done", "", final_outcome(5.0, digest="e" * 64))
    changed_data.refresh_from_db()
    assert changed_data.protocol_key != first.protocol_key


def test_the_network_of_the_claim_that_finished_is_kept_and_others_are_swept(team):
    evaluation = make_evaluation(team, seeds=(0,))
    lost = take_training()
    store_files(Path(lost.network))
    expire(lost)
    jobs.reap(Training)
    claim = take_training()
    store_files(Path(claim.network))
    assert sweep_networks() == 0, "a running training keeps its files"
    training_jobs.finish(claim, "done", "", final_outcome())
    training = Training.objects.select_related("evaluation").get()
    assert network_folder(training) == Path(claim.network)
    assert sweep_networks() == 1
    assert evaluation_place(evaluation).places() == [claim.folder]


def test_deleting_an_evaluation_removes_its_networks(team, django_capture_on_commit_callbacks):
    evaluation = finish_trainings(make_evaluation(team, seeds=(0, 1)), [5.0])
    with pytest.raises(control.ControlRefused, match="cancel them first"):
        control.delete(evaluation)
    control.cancel(evaluation.trainings.all(), None)
    folder = evaluation_place(evaluation).path
    assert folder.is_dir()
    with django_capture_on_commit_callbacks(execute=True):
        control.delete(evaluation)
    assert not folder.exists()
    assert not Training.objects.exists()


def test_networks_without_an_evaluation_are_swept_when_they_are_old(settings):
    root = settings.PARETOSCOPE_NETWORKS
    recent, old = root / "77-0badcafe", root / "78-0badcafe"
    for folder in (recent, old):
        store_files(folder)
    past = time.time() - ABANDONED_SECONDS - 1
    os.utime(old, (past, past))
    assert sweep_networks() == 1
    assert (recent.exists(), old.exists()) == (True, False)


def test_a_worker_that_trains_is_busy_on_the_overview(team):
    slot = make_slot("trains")
    assert [list(s.trainings.all()) for s in workers_alive()["evaluation"]] == [[]]
    make_evaluation(team, seeds=(0,))
    held = take_training(slot).held
    busy = {s.name: [t.pk for t in s.trainings.all()] for s in workers_alive()["evaluation"]}
    assert busy["trains"] == [held.pk]


def test_networks_in_an_object_store_are_copied_when_they_are_needed(team, settings, tmp_path):
    settings.PARETOSCOPE_NETWORKS = f"memory://{tmp_path.name}/networks"
    settings.NETWORKS_CACHE = tmp_path / "cache"
    evaluation = make_evaluation(team, seeds=(0,))
    claim = take_training()
    assert claim.network == f"{evaluation_place(evaluation).address}/seed-0-claim-1"
    store_files(tmp_path / "trained")
    put_network(tmp_path / "trained", storage_at(claim.network))
    assert training_jobs.finish(claim, "done", "", final_outcome())
    training = Training.objects.get()
    folder = network_folder(training)
    assert folder is not None and tmp_path / "cache" in folder.parents
    content = [(folder / path.name).read_bytes() for path in (tmp_path / "trained").iterdir()]
    assert content == [path.read_bytes() for path in (tmp_path / "trained").iterdir()]
    storage_at(claim.network).clear()
    assert network_folder(training) == folder, "it is copied once"
    remove_networks(evaluation)
    assert network_folder(training) is None
