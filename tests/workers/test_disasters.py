"""Killed, frozen and disconnected workers: every candidate of the run still ends exactly once."""

from __future__ import annotations

import signal

import psutil
import pytest
from django.db import connection

from webapp.events.models import Event
from webapp.runs.models import WorkerSlot

from ..fixtures.fleet import each_once, results
from ..fixtures.workbench import WAIT_SECONDS

LONG = 30  # epochs of a candidate that lasts some seconds
ENDLESS = 5000  # epochs of a candidate that does not end by itself


def has_ended(process: psutil.Process) -> bool:
    """Whether a process runs no more; a zombie does not run."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def a_killed_worker_loses_nothing(fleet):
    run = fleet.launch(LONG, candidates=2)
    fleet.wait_training(run)
    trainer = fleet.trainer_of("first")
    fleet.kill("first")
    fleet.until(lambda: has_ended(trainer))
    fleet.until(run.candidates.filter(state="lost").exists)
    reason = run.candidates.get(number=0).reason
    assert reason.startswith("no heartbeat from worker first for ")
    fleet.start_worker("second")
    fleet.wait_ended(run)
    each_once(run, 2)
    assert list(run.candidates.order_by("number").values_list("attempts", flat=True)) == [2, 1]
    assert {c.slot.name for c in run.candidates.all()} == {"second"}
    log = Event.objects.filter(run=run, kind="log", item__level="warning").get()
    assert log.item["text"] == f"lost: {reason}; queued again"


def the_result_of_a_frozen_worker_is_refused_when_it_resumes(fleet):
    frozen = fleet.processes["second"]
    run = fleet.launch(LONG, candidates=3)
    fleet.wait_training(run)
    frozen.send_signal(signal.SIGSTOP)
    fleet.start_worker("third")
    fleet.until(run.candidates.filter(number=0, fence=2).exists)
    frozen.send_signal(signal.SIGCONT)
    fleet.wait_ended(run)
    each_once(run, 3)
    assert run.candidates.get(number=0).slot.name == "third"
    assert run.candidates.get(number=0).attempts == 2
    assert frozen.poll() is None, "a thawed worker goes on working"
    refusals = ("lease lost", "refused, the lease was lost")
    fleet.until(lambda: any(text in fleet.log("second") for text in refusals))
    fleet.end("third")


def sigterm_returns_the_candidate_to_its_queue_at_once(fleet):
    worker = fleet.processes["second"]
    run = fleet.launch(ENDLESS, candidates=1)
    fleet.wait_training(run)
    trainer = fleet.trainer_of("second")
    worker.terminate()
    assert worker.wait(WAIT_SECONDS) == 0
    assert has_ended(trainer)
    candidate = run.candidates.get()
    assert (candidate.state, candidate.attempts) == ("queued", 0)
    assert WorkerSlot.objects.get(name="second").stopped_at is not None


@pytest.mark.trap(16)
@pytest.mark.trap(21)
def test_workers_that_are_killed_frozen_and_terminated_lose_nothing(fleet):
    """Each act leaves a worker for the next one."""
    fleet.expect_losses()
    fleet.start_coordinator()
    fleet.start_worker("first")
    a_killed_worker_loses_nothing(fleet)
    the_result_of_a_frozen_worker_is_refused_when_it_resumes(fleet)
    sigterm_returns_the_candidate_to_its_queue_at_once(fleet)


def test_a_trainer_that_crashes_at_its_last_attempt_fails_only_its_candidate(fleet):
    fleet.env["MAX_ATTEMPTS"] = "1"
    fleet.start_coordinator()
    fleet.start_worker()
    run = fleet.launch(LONG, candidates=2)
    fleet.wait_training(run)
    fleet.trainer_of("worker").send_signal(signal.SIGSEGV)
    fleet.wait_ended(run)
    first, second = run.candidates.order_by("number")
    assert first.state == "failed"
    assert first.reason.startswith("the trainer process was ended by signal 11, SIGSEGV")
    assert first.reason.endswith("; tried 1 times")
    assert (first.attempts, second.state) == (1, "done")


def test_a_run_continues_without_broker_and_with_lost_database_connections(fleet):
    """There is no broker, and every database connection is cut during training."""
    fleet.stop_valkey()
    fleet.start_coordinator()
    fleet.start_worker()
    run = fleet.launch(10, candidates=4)
    fleet.wait_training(run)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] >= 2
    fleet.wait_ended(run)
    each_once(run, 4)
    assert set(run.candidates.values_list("attempts", flat=True)) == {1}


def cancel_reaches_a_training_candidate(fleet):
    from webapp.runs.services.control import cancel  # beside the one test that uses it

    run = fleet.launch(ENDLESS, candidates=9)
    fleet.wait_training(run)
    cancel(run, None)
    fleet.wait_ended(run)
    assert (run.state, run.reason) == ("stopped", "cancelled by the command line")
    assert set(run.candidates.values_list("state", flat=True)) == {"cancelled"}


def repeated_notifications_change_nothing(fleet):
    from workers.celery import app  # its settings are those of this process: only names are used

    run = fleet.launch(2, candidates=4)
    with app.connection_for_write(fleet.env["BROKER_URL"]) as broker:
        for _ in range(50):
            app.send_task("workers.tasks.evaluate", queue="cpu", connection=broker)
            app.send_task(
                "workers.tasks.advance", (run.pk,), queue="coordinator", connection=broker
            )
    fleet.wait_ended(run)
    each_once(run, 4)
    assert set(run.candidates.values_list("attempts", flat=True)) == {1}


def a_nan_loss_is_diverged_and_never_the_best(fleet):
    from tests.fixtures.candidate_columns import rows_of
    from webapp.runs.queries import best_of
    from webapp.runs.snapshot import snapshot  # beside the one test that uses it

    wild = {"learning_rate": 1e30, "gradient_clip": 0.0}
    run = fleet.launch(
        3, candidates=3, strategy="random", strategy_config={}, estimator_config=wild
    )
    fleet.wait_ended(run)
    states = [state for _, _, state, _ in results(run)]
    assert "diverged" in states
    for candidate in run.candidates.filter(state="diverged"):
        assert candidate.reason
        assert not candidate.measurements.filter(objective="error").exists()
    shown = snapshot(run)
    diverged = {row["number"] for row in rows_of(shown["candidates"]) if row["state"] == "diverged"}
    assert not diverged & set(shown["front"]["numbers"])
    assert best_of(run) is None or best_of(run).number not in diverged


def test_runs_that_disturb_no_process_share_a_worker(fleet, subtests):
    fleet.start_coordinator()
    fleet.start_worker()
    for scenario in (
        cancel_reaches_a_training_candidate,
        repeated_notifications_change_nothing,
        a_nan_loss_is_diverged_and_never_the_best,
    ):
        with subtests.test(scenario.__name__):
            scenario(fleet)


@pytest.mark.parametrize("queues", ["", "a b", "x" * 41])
def test_malformed_queues_are_refused_in_one_line(queues, capsys):
    from workers.__main__ import main  # sets Django up again, which does no harm

    with pytest.raises(SystemExit):
        main(["evaluation", "--queues", queues])
    message = " ".join(capsys.readouterr().err.split())
    assert "is not a list of queues: use names separated by commas, as in cpu,cuda" in message
