"""A worker of the plain celery command does every kind of work, and Celery's tools see it."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import redis

from tests.fixtures.factories import make_member, table_text
from tests.fixtures.fleet import each_once
from webapp.architectures.models import EntryCheck
from webapp.architectures.services.checks import request_check
from webapp.architectures.services.keeping import keep
from webapp.evaluations.models import Training
from webapp.evaluations.services.launch import EvaluationSpec, launch_evaluation
from webapp.evaluations.subjects import candidate_subject
from webapp.exports.models import Export
from webapp.exports.services.launch import request_export
from webapp.runs.models import WorkerSlot
from webapp.runs.services.control import cancel
from webapp.tables.models import TableImport
from webapp.tables.services import import_jobs
from workers.celery import app

from ..fixtures.workbench import ROOT
from .test_table_imports import TYPED

SHARED = {
    "strategy": "darts",
    "strategy_config": {"epochs": 1, "batch_size": 32, "compared": 1},
}
LONG = 2000  # epochs of a candidate that does not end by itself


@pytest.fixture
def celery_worker(fleet):
    """A worker of the plain celery command that serves all queues."""
    fleet.start(
        "all",
        *("-m", "celery", "-A", "workers", "worker", "-Q", "cpu,coordinator"),
        *("--concurrency", "2", "-n", "all@%h", "--loglevel", "WARNING"),
    )
    return fleet


def received(events: list[dict]) -> set[str]:
    """Return the names of the tasks that were received."""
    return {event["name"] for event in list(events) if event["type"] == "task-received"}


def connection_to(fleet):
    return app.connection_for_write(fleet.env["BROKER_URL"])


@contextlib.contextmanager
def events_of(fleet) -> Iterator[list[dict]]:
    """Collects the events of tasks as Flower receives them."""
    seen: list[dict] = []
    with connection_to(fleet) as connection:
        receiver = app.events.Receiver(connection, handlers={"*": seen.append})
        thread = threading.Thread(target=receiver.capture, kwargs={"limit": None, "wakeup": False})
        thread.daemon = True
        thread.start()
        try:
            yield seen
        finally:
            receiver.should_stop = True
            thread.join(60)


def celery(fleet, *arguments: str) -> str:
    """Return the output of a celery command to the worker, as an operator types it.

    To a named worker, it waits for this one's answer instead of a second for all answers.
    """
    command = [sys.executable, "-m", "celery", "-A", "workers", *arguments]
    command += ["--destination", f"all@{socket.gethostname()}", "--timeout", "120"]
    done = subprocess.run(
        command, cwd=ROOT, env=fleet.env, capture_output=True, text=True, check=True, timeout=300
    )
    return done.stdout


def test_one_worker_does_every_kind_of_work(celery_worker, settings):
    fleet = celery_worker
    settings.PARETOSCOPE_NETWORKS = fleet.folder / "var/networks"
    settings.PARETOSCOPE_EXPORTS = fleet.folder / "var/exports"
    with events_of(fleet) as events:
        run = fleet.launch(epochs=1, candidates=2)
        fleet.wait_ended(run)
        each_once(run, 2)
        subject = candidate_subject(run.candidates.first())
        data = {"dataset": "digits", "dataset_config": {"limit": 100}}
        spec = EvaluationSpec(**data, seeds=(1,), changes={"epochs": 1})
        evaluation = launch_evaluation(run.team, None, subject, spec)
        typed, user = dict(TYPED), make_member(run.team)
        table = import_jobs.request_import(
            run.team, user, io.BytesIO(table_text().encode()), "t.csv", typed
        )
        request_check(keep(run.candidates.first(), user, "net"), user)
        search = fleet.launch(epochs=1, candidates=4, **SHARED)
        trainings = Training.objects.filter(evaluation=evaluation)
        fleet.until(trainings.filter(state="done").exists)
        export = request_export(trainings.get(), None, "onnx", {})
        for rows in (
            Export.objects.filter(pk=export.pk),
            TableImport.objects.filter(pk=table.pk),
            EntryCheck.objects.all(),
        ):
            fleet.until(rows.filter(state="done").exists)
        fleet.wait_ended(search)
        kinds = "evaluate train_supernet finalize export check_entry advance sweep import_tables"
        every = {f"workers.tasks.{kind}" for kind in kinds.split()}
        fleet.until(lambda: received(events) >= every)  # events arrive after what they report
        assert received(events) - {"workers.tasks.notify"} == every
    slots = WorkerSlot.objects.order_by("role")
    assert [slot.role for slot in slots] == ["coordinator", "evaluation"]
    assert slots[1].name.startswith("all@")
    assert slots[1].facts["torch"].startswith("2.")


def test_tools_see_and_stop_a_training_and_a_broker_may_lose_everything(celery_worker):
    fleet = celery_worker
    broker = redis.Redis.from_url(fleet.env["BROKER_URL"])
    run = fleet.launch(epochs=LONG, candidates=1)
    fleet.wait_training(run)
    (tasks,) = json.loads(celery(fleet, "inspect", "active", "--json")).values()
    (task,) = [task for task in tasks if task["work"]]
    assert task["name"] == "workers.tasks.evaluate"
    assert (task["kwargs"], task["work"]) == ({"queue": "cpu"}, f"run {run.pk} candidate 0")

    celery(fleet, "control", "terminate", "SIGTERM", task["id"])
    candidate = run.candidates.filter(number=0, fence=2, attempts=1)
    fleet.until(candidate.exists)  # returned and claimed again: no attempt was lost

    broker.flushall()
    trained = fleet.launch(epochs=1, candidates=3, in_flight=2)
    fleet.until(trained.candidates.filter(state="queued").exists)
    cancel(run, None)
    fleet.wait_ended(trained)
    each_once(trained, 3)

    fleet.stop_valkey()  # and another takes over its address, without data
    broken = fleet.launch(epochs=5, candidates=2)
    fleet.wait_training(broken)
    fleet.start_valkey()
    fleet.wait_ended(broken)
    each_once(broken, 2)
    fleet.until(lambda: broker.pubsub_numpat() > 0)  # it listens to commands again
    celery(fleet, "control", "time_limit", "workers.tasks.evaluate", "3")
    limited = fleet.wait_ended(fleet.launch(epochs=LONG, candidates=1))
    reason = "took longer than its Celery task may (3 s) and was stopped"
    assert limited.candidates.get().reason == reason
    assert broker.llen("cpu") <= 1, "messages do not pile up"
