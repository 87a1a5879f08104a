"""Trainings and exports through real processes whose workers are killed in the middle."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

import nasengine
from nasengine.execution.final import measure_again
from tests.fixtures.factories import make_run, work_off
from webapp.evaluations.models import Training
from webapp.evaluations.services.launch import EvaluationSpec, launch_evaluation
from webapp.evaluations.services.networks import evaluation_place, network_folder
from webapp.evaluations.subjects import candidate_subject
from webapp.exports.models import Export
from webapp.exports.services.archives import archive_path
from webapp.exports.services.launch import request_export

SMALL = {"space": "nb201", "space_config": {"cells": 1, "channels": 4}}
EPOCHS = 15  # some seconds


@pytest.fixture
def subject(fleet: Any, settings: Any) -> Any:
    """A small architecture, with the folders of the fleet in this process too."""
    settings.PARETOSCOPE_NETWORKS = fleet.folder / "var/networks"
    settings.PARETOSCOPE_EXPORTS = fleet.folder / "var/exports"
    run = make_run(candidates=1, **SMALL)
    work_off(run)
    return candidate_subject(run.candidates.get())


def training_spec(**values: Any) -> EvaluationSpec:
    data = {"dataset": "digits", "dataset_config": {"limit": 300}}
    return EvaluationSpec(**{**data, "seeds": (4,), **values})


def test_work_of_killed_workers_is_done_again_once(fleet, subject):
    fleet.expect_losses()
    team = subject.candidate.run.team
    fleet.start_coordinator()
    fleet.start_worker("first")
    spec = training_spec(changes={"epochs": EPOCHS})
    evaluation = launch_evaluation(team, None, subject, spec)
    rows = Training.objects.filter(evaluation=evaluation)
    fleet.until(rows.filter(state="running").exclude(curve=[]).exists)
    fleet.kill("first")
    fleet.until(rows.filter(state="queued").exists)
    assert rows.get().reason.startswith("no heartbeat from worker first for ")
    fleet.start_worker("second")
    fleet.until(rows.filter(state="done").exists)
    training = rows.select_related("evaluation").get()
    assert (training.attempts, training.slot.name, training.epochs) == (2, "second", EPOCHS)
    assert [point["epoch"] for point in training.curve] == list(range(1, EPOCHS + 1))
    assert training.test_read_at is not None
    evaluation.refresh_from_db()
    (stored,) = [m["value"] for m in training.measurements if m["objective"] == "test_error"]
    assert (evaluation.mean, evaluation.spread) == (stored, None)

    folder = network_folder(training)
    assert folder is not None
    place = evaluation_place(evaluation).path
    # The worker removes its checkpoints after it has stored how the training ended.
    fleet.until(lambda: [path.name for path in place.iterdir()] == [folder.name])
    content = (folder / "weights.safetensors").read_bytes()
    assert hashlib.sha256(content).hexdigest() == training.network["sha256"]
    assert nasengine.load_network(folder).training is False
    again = {m.objective: m.value for m in measure_again(folder, threads=1)}
    assert again["test_error"] == stored

    export = request_export(training, None, "onnx", {})
    exports = Export.objects.filter(pk=export.pk)
    fleet.until(exports.filter(state="running").exclude(activity="").exists)
    fleet.kill("second")
    fleet.until(exports.filter(state="queued").exists)
    fleet.start_worker("third")
    fleet.until(exports.filter(state="done").exists)
    export = exports.get()
    assert (export.attempts, export.slot.name, export.progress) == (2, "third", 1.0)
    path = archive_path(export)
    assert path is not None
    assert hashlib.sha256(path.read_bytes()).hexdigest() == export.archive_sha256
    (model,) = export.report["models"]
    assert model["check"]["largest_difference"] < 1e-4
    assert model["test"]["same_class"] == model["test"]["inputs"]


def test_cancel_reaches_a_training_and_an_error_of_the_engine_is_its_reason(fleet, subject):
    from webapp.evaluations.services.control import cancel  # with the one test that uses it

    team = subject.candidate.run.team
    fleet.start_coordinator()
    fleet.start_worker()
    missing = {"dataset": "cifar10", "dataset_config": {"path": str(fleet.folder / "none")}}
    fleet.env["PARETOSCOPE_DATA_ROOTS"] = "/"
    broken = launch_evaluation(team, None, subject, training_spec(**missing))
    long = launch_evaluation(team, None, subject, training_spec(changes={"epochs": 9000}))
    rows = Training.objects.filter(evaluation=long)
    fleet.until(rows.filter(state="running").exclude(curve=[]).exists)
    cancel(rows, None)
    fleet.until(rows.filter(state="cancelled").exists)
    fleet.until(Training.objects.filter(evaluation=broken, state="failed").exists)
    failed = Training.objects.get(evaluation=broken)
    assert failed.test_read_at is None
    assert "cifar10" in failed.reason or "data" in failed.reason
