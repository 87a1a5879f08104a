"""Jobs that take turns in one process: fair order, exclusive blocks, numbers of each by itself."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from nasengine.core.errors import Cancelled
from nasengine.core.interleaving import Interleaver, Seat, hand_on, uninterrupted
from nasengine.core.progress import Progress
from nasengine.core.storage import FolderStorage
from nasengine.core.torch_state import ProcessState, own_stream, seeded
from nasengine.estimators.training.card_copies import CardCopies
from nasengine.estimators.training.estimator import Train
from nasengine.estimators.training.graphs import CudaRecorder, StepGraphs
from nasengine.objectives.latency import machine_lock
from tests.fixtures.training import config, evaluation
from tests.fixtures.waiting import until


class Stateless:
    """A state of a job that has none; it counts how often the device was waited for."""

    settled = 0

    def save(self) -> None:
        """Take nothing."""

    restore = save

    def settle(self) -> None:
        Stateless.settled += 1


def run_all(*jobs) -> list:
    """Run functions in a thread each and return their results."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]


def test_turns_go_round_and_an_uninterrupted_block_has_no_other_turn(monkeypatch, tmp_path):
    monkeypatch.setattr(machine_lock, "lock_path", lambda: tmp_path / "lock")
    turns, log = Interleaver(Stateless), []

    def job(name, batches, timed=-1):
        with turns.seat():
            if not log:  # the first job begins once the others wait for their turns
                until(lambda: len(turns._ready) == 2)
            for batch in range(batches):
                log.append(name)
                if batch == timed:
                    with machine_lock.exclusive():
                        for _ in range(3):
                            hand_on()
                            log.append(f"{name} timed")
                hand_on()

    before = Stateless.settled
    run_all(lambda: job("a", 4), lambda: job("a", 4, timed=1), lambda: job("a", 2))
    assert Stateless.settled == before + 1
    start = log.index("a timed")
    assert log[start : start + 3] == ["a timed"] * 3
    log.clear()
    run_all(*(lambda name=name: job(name, 5) for name in "abc"))
    assert all(sorted(log[n : n + 3]) == ["a", "b", "c"] for n in range(0, 15, 3))
    assert log[:3] * 5 == log
    hand_on()  # outside of jobs nothing happens
    with uninterrupted():
        pass


def test_an_exclusive_job_waits_for_the_others_and_those_that_come_later_for_it():
    turns, log, may_end = Interleaver(Stateless), [], threading.Event()

    def first():
        with turns.seat() as seat:
            until(lambda: len(turns._entering) == 2)
            while not may_end.is_set():
                log.append("first")
                hand_on()
                may_end.set()
            return seat.had_neighbours

    def alone():
        until(lambda: turns._inside)
        with turns.seat(exclusive=True) as seat:
            for _ in range(3):
                log.append("alone")
                hand_on()
            return seat.had_neighbours

    def later():
        until(lambda: turns._entering)
        with turns.seat():
            log.append("later")

    assert run_all(first, alone, later)[:2] == [False, False]
    assert log == ["first", "alone", "alone", "alone", "later"]


def test_a_job_that_is_cancelled_before_it_begins_leaves_its_place(monkeypatch):
    monkeypatch.setattr("nasengine.core.interleaving.WAIT_SECONDS", 0.01)
    turns, signs = Interleaver(Stateless), []

    def second():
        with (
            pytest.raises(Cancelled),
            turns.seat(waiting=lambda: signs.append(1), cancelled=lambda: len(signs) > 2),
        ):
            pass

    with turns.seat(), ThreadPoolExecutor(1) as pool:
        pool.submit(second).result()
    with turns.seat() as seat:
        assert not seat.had_neighbours
    assert len(signs) == 3


class Polls:
    """Callback `cancelled` of a training: hands the turn on; true from the poll `end` on."""

    def __init__(self, end=None):
        self.count, self.end = 0, end

    def __call__(self) -> bool:
        self.count += 1
        hand_on()
        return self.count == self.end


SETTINGS = {"epochs": 2, "batch_size": 16, "drop_path": 0.3, "dropout": 0.2}


def trained(seed, end=None, progress=None, **settings) -> tuple:
    """Return what a training reports and how it ends, with its weights."""
    reports: list[dict] = []
    asked = evaluation(seed, seed, reports, Polls(end), limit=64)
    try:
        done = Train(config(**{**SETTINGS, **settings})).train(replace(asked, progress=progress))
    except Cancelled:
        return "cancelled", [], []
    weights = [] if done.network is None else list(done.network.state_dict().values())
    kept = [{k: v for k, v in report.items() if not k.endswith("seconds")} for report in reports]
    return done.outcome, kept, weights


def same(left, right) -> bool:
    equal = all(torch.equal(a, b) for a, b in zip(left[2], right[2], strict=True))
    return equal and left[:2] == right[:2]


def test_trainings_that_take_turns_have_the_numbers_of_trainings_by_themselves(tmp_path):
    alone = [trained(1), trained(2, epochs=3), trained(3, learning_rate=1e9, gradient_clip=0)]
    assert [one[0].state for one in alone] == ["done", "done", "diverged"]
    first = ProcessState()
    turns = Interleaver(lambda: ProcessState(first))
    seats: list[Seat] = []

    def together(*arguments, **settings):
        with turns.seat() as seat:
            seats.append(seat)
            if len(seats) == 1:
                until(lambda: turns._ready)
            np.random.seed(arguments[0])  # as a part of one's own may
            result = trained(*arguments, **settings)
            drawn = np.random.get_state()[2]
            assert (drawn, torch.get_num_threads()) == (624, first._threads)
            return result

    # The second one is cancelled in its second epoch and continues at its checkpoint.
    kept = Progress(FolderStorage(tmp_path), {}, seconds=0)
    cancelled, mixed, broken = run_all(
        lambda: together(2, 9, kept, epochs=3),
        lambda: together(1),
        lambda: together(3, learning_rate=1e9, gradient_clip=0),
    )
    assert cancelled[0] == "cancelled"
    assert same(mixed, alone[0])
    assert same(broken, alone[2])
    assert all(seat.had_neighbours for seat in seats)
    seats.clear()
    notices: list[dict] = []
    again = Progress(FolderStorage(tmp_path), {}, 0, notices.append)
    resumed, other = run_all(lambda: together(2, None, again, epochs=3), lambda: together(1))
    assert notices[0]["resumed"] == 2
    assert same(resumed, (alone[1][0], alone[1][1][2:], alone[1][2]))
    assert same(other, alone[0])


def test_each_job_has_a_state_object_of_the_generator_of_each_card(monkeypatch):
    """CUDA graphs replay from the object; a stand-in behaves like the generator of a card."""

    class Generator:
        def __init__(self, numbers):
            self.numbers = numbers

        graphsafe_get_state = lambda self: Generator(self.numbers)  # noqa: E731

        def graphsafe_set_state(self, other):
            self.numbers = other.numbers

    card = Generator(SimpleNamespace(offset=5))
    monkeypatch.setattr("nasengine.core.torch_state._cuda_generators", lambda: (card,))
    monkeypatch.setattr(
        "nasengine.core.torch_state._copied",
        lambda one: Generator(SimpleNamespace(offset=one.numbers.offset)),
    )
    first = ProcessState()
    jobs = [ProcessState(first), ProcessState(first)]
    objects = []
    for job in jobs * 2:
        job.restore()
        objects.append(card.numbers)
        card.numbers.offset += 1
        job.save()
    assert objects[0] is objects[2]
    assert objects[1] is objects[3]
    assert objects[0] is not objects[1]
    assert [one.offset for one in objects[:2]] == [7, 7]


def test_jobs_read_one_copy_of_their_data_for_as_long_as_one_of_them_does():
    made: list[torch.Tensor] = []

    def move(tensor, device):
        made.append(tensor)
        return tensor.clone()

    copies, images, cpu = CardCopies(), torch.ones(2), torch.device("cpu")
    first = copies.copy(images, cpu, move)
    assert copies.copy(images, cpu, move) is first
    assert copies.copy(images.clone(), cpu, move) is not first
    assert copies.find(images, cpu) is first
    del first
    assert copies.find(images, cpu) is None
    again = copies.copy(images, cpu, move)
    assert torch.equal(again, images)
    assert len(made) == 3
    assert len(copies._copies) == 1, "what nothing uses any more is forgotten"


if torch.cuda.is_available():

    def test_recorded_graphs_draw_the_numbers_of_their_own_job():
        card = torch.device("cuda")

        def drawn(seed):
            with own_stream(), seeded(seed, card):
                graphs = StepGraphs(lambda x: (x + torch.rand_like(x),), CudaRecorder())
                found = []
                for _ in range(8):
                    found.append(graphs(torch.zeros(4, device=card))[0])
                    hand_on()
                assert graphs.description == "CUDA graph"
                return torch.stack(found).cpu()

        def together(seed):
            with turns.seat() as seat:
                until(lambda: seat.had_neighbours)
                return drawn(seed)

        separate = [drawn(seed) for seed in (1, 2)]
        first = ProcessState()
        turns = Interleaver(lambda: ProcessState(first))
        mixed = run_all(lambda: together(1), lambda: together(2))
        assert all(torch.equal(one, two) for one, two in zip(separate, mixed, strict=True))
