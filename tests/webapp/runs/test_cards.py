"""CUDA jobs: never on a processor, and on a larger card if the memory of one is too small."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from nasengine.core.outcome import Outcome
from tests.fixtures.evaluations import make_evaluation, take_training
from webapp.evaluations.models import Training
from webapp.evaluations.services import training_jobs
from webapp.events.models import Event
from webapp.jobs import services as jobs
from webapp.runs.models import Candidate, WorkerSlot
from webapp.runs.services import claims
from webapp.runs.services.cards import GIB, RETURNED, default_queue
from webapp.runs.services.reaper import reap
from webapp.runs.services.slots import add_facts, retire
from workers import trainer
from workers.candidate_work import CandidateWork
from workers.work import Ending
from workers.worker import Worker

from ...fixtures.factories import make_run, make_slot, make_team

pytestmark = pytest.mark.django_db
QUEUES = ("cuda", "cpu")
FULL = "out of memory on cuda:0 with batch_size 64: lower batch_size, or the space's channels or c"


def card(name: str, gib: int) -> WorkerSlot:
    slot = make_slot(name, QUEUES)
    add_facts(slot, {"accelerator": "cuda:0", "memory_bytes": gib * GIB})
    return slot


def run_on(device: str):
    return make_run(estimator="train", dataset="digits", estimator_config={"device": device})


@pytest.mark.parametrize("device", ["auto", "cuda", "cpu"])
def test_a_run_states_its_device_and_auto_is_what_live_workers_have(device):
    make_slot("no card", QUEUES)
    add_facts(WorkerSlot.objects.get(name="no card"), {"accelerator": "cpu"})
    assert default_queue() == "cpu"
    before = run_on("auto")
    assert before.candidates.get().queue == "cpu"
    gpu = card("gpu", 8)
    assert default_queue() == "cuda"
    assert run_on(device).candidates.get().queue == ("cpu" if device == "cpu" else "cuda")
    retire(gpu)
    assert default_queue() == "cpu"


def test_a_worker_without_cuda_returns_the_work_once_and_another_does_it():
    run = run_on("cuda")
    slot = make_slot("processor", QUEUES)
    claim = claims.claim(slot, list(QUEUES))
    assert claim.needs == "cuda"
    job = trainer.Job({"job": 1, "type": "evaluate", "needs": claim.needs}, None, None)
    outcome = trainer.outcome_of(job)
    assert outcome["state"] == RETURNED
    work = CandidateWork(claim)
    assert work.finish(Ending.of_message({"outcome": outcome}, 0.1))
    candidate = run.candidates.get()
    assert (candidate.state, candidate.attempts, candidate.slot) == ("queued", 0, None)
    assert candidate.reason.startswith("this worker has no CUDA device, and the run asks for one")
    assert Event.objects.filter(run=run, item__text=f"returned: {candidate.reason}").exists()
    slot.refresh_from_db()
    assert claims.claim(slot, list(QUEUES)) is None, "it does not take it again"
    assert claims.claim(card("gpu", 8), list(QUEUES)).number == 0


def test_a_worker_that_found_no_cuda_device_leaves_the_queue():
    left: list = []

    class Consumer:
        def receive(self, queues: list[str], begin: bool) -> None:
            left.append((queues, begin))

    worker = Worker("processor", ["cuda", "cpu"], 1, 1, Consumer())
    worker.register()
    worker._leave_cuda()
    assert (worker.queues, left) == (["cuda", "cpu"], []), "it may have one"
    add_facts(worker.slots[0].row, {"accelerator": "cpu"})
    worker._leave_cuda()
    worker._leave_cuda()
    assert (worker.queues, left) == (["cpu"], [(["cuda"], False)])
    assert WorkerSlot.objects.get().queues == ["cpu"]


def full(claim) -> bool:
    return claims.finish(claim, Outcome(claim.number, "failed", reason=FULL))


def test_out_of_memory_moves_to_the_next_larger_card_and_then_ends_with_the_remedy():
    run = run_on("cuda")
    small, large, larger = card("small", 8), card("large", 24), card("larger", 80)
    assert full(claims.claim(small, ["cuda"]))
    candidate = run.candidates.get()
    assert (candidate.state, candidate.memory_above) == ("queued", 8 * GIB)
    assert candidate.reason == (
        "out of memory on the card of worker small (8.0 GiB): waits for a larger one, such as that "
        "of worker large (24.0 GiB)"
    )
    assert claims.claim(small, ["cuda"]) is None
    assert claims.claim(make_slot("unknown", QUEUES), ["cuda"]) is None
    assert full(claims.claim(large, ["cuda"]))
    assert full(claims.claim(larger, ["cuda"]))
    candidate = run.candidates.get()
    assert (candidate.state, candidate.reason) == ("failed", FULL)


def test_work_does_not_wait_for_ever_for_a_card_that_is_gone(settings):
    run = run_on("cuda")
    large = card("large", 24)
    assert full(claims.claim(card("small", 8), ["cuda"]))
    retire(large)
    reap()
    assert run.candidates.get().state == "queued", "the worker may only be restarting"
    past = Now() - timedelta(seconds=11 * settings.LEASE_SECONDS)
    Candidate.objects.update(queued_at=past)
    reap()
    candidate = run.candidates.get()
    assert candidate.state == "failed"
    assert candidate.reason == (
        "out of memory on a card of 8.0 GiB, and no worker of the queue cuda has a larger one: "
        "lower the batch size, channels or cells"
    )


def test_trainings_of_evaluations_move_and_return_alike(settings):
    make_evaluation(make_team(), seeds=(0,))
    Training.objects.update(queue="cuda")
    processor = make_slot("processor", QUEUES)
    claim = take_training(processor)
    assert claim.needs == "cuda"
    assert training_jobs.hand_back(claim, "no CUDA")
    processor.refresh_from_db()
    assert jobs.claim(Training, Training.objects.get().pk, processor) is None
    small, large = card("small", 8), card("large", 24)
    assert training_jobs.finish(take_training(small), "failed", FULL, {})
    waiting = Training.objects.get()
    assert (waiting.state, waiting.attempts, waiting.memory_above) == ("queued", 0, 8 * GIB)
    assert jobs.claim(Training, waiting.pk, small) is None
    retire(large)
    Training.objects.update(queued_at=Now() - timedelta(seconds=11 * settings.LEASE_SECONDS))
    jobs.reap(Training)
    assert Training.objects.get().reason.endswith("lower the batch size, channels or cells")
