"""Recorded steps: on a card with CUDA graphs, elsewhere with a stand-in that repeats the step."""

from __future__ import annotations

import copy

import pytest
import torch

from nasengine.core.dataset import Part
from nasengine.estimators.one_shot.common.batch import Pair
from nasengine.estimators.one_shot.common.gradients import DartsStep
from nasengine.estimators.one_shot.common.images import ImageBatch
from nasengine.estimators.one_shot.darts.pair_step import PairStep
from nasengine.estimators.training.device_context import DeviceContext
from nasengine.estimators.training.graphs import MAX_GRAPHS, WARM_UP, CudaRecorder, StepGraphs
from nasengine.estimators.training.loop import Job
from nasengine.estimators.training.optimizer import make_optimizer, rate_on, set_rate
from nasengine.estimators.training.step import TrainingStep
from nasengine.spaces.cell.config import CellConfig
from nasengine.spaces.cell.space import CellSpace
from nasengine.spaces.common.membership import resized
from nasengine.spaces.layers.drop_path import drop_path
from nasengine.spaces.published.darts import DARTS_V2
from tests.fixtures.graphs import FakeRecorder
from tests.fixtures.training import config

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
SHAPE, CLASSES, BATCH, STEPS = (3, 8, 8), 10, 8, 5


def recorder():
    """Return CUDA's recorder on a card, else the stand-in."""
    return CudaRecorder() if DEVICE.type == "cuda" else FakeRecorder()


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(BATCH, *SHAPE, generator=generator)
    return images.to(DEVICE), torch.randint(CLASSES, (BATCH,), generator=generator).to(DEVICE)


def close(left, right) -> None:
    for one, two in zip(left, right, strict=True):
        scale = float(one.abs().max().clamp_min(1e-6))
        assert float((one - two).abs().max()) <= 1e-5 * scale


def test_a_step_is_recorded_after_its_warm_up_and_again_for_other_shapes():
    fake = FakeRecorder()
    weight = torch.zeros(())

    def step(values):
        weight.add_(values.sum())
        return (weight * 2,)

    graphs = StepGraphs(step, fake)
    results = [float(graphs(torch.ones(2))[0]) for _ in range(WARM_UP + 3)]
    assert results == [4.0 * (n + 1) for n in range(WARM_UP + 3)]
    assert (fake.eager, fake.recordings, fake.replays) == (WARM_UP, 1, 3)
    assert graphs.description == "CUDA graph"
    graphs(torch.ones(3))
    assert (fake.eager, fake.recordings) == (WARM_UP + 1, 1)


def test_only_so_many_shapes_are_recorded():
    fake = FakeRecorder()
    graphs = StepGraphs(lambda values: (values.sum(),), fake)
    for size in range(1, MAX_GRAPHS + 3):
        for _ in range(WARM_UP + 1):
            graphs(torch.ones(size))
    assert fake.recordings == MAX_GRAPHS


def test_results_are_not_overwritten_by_the_next_step():
    graphs = StepGraphs(lambda values: (values.sum(),), recorder())
    kept = [graphs(torch.full((2,), float(n), device=DEVICE))[0] for n in range(6)]
    assert [float(one) for one in kept] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


def test_a_step_that_cannot_be_recorded_stays_eager_and_says_why(monkeypatch):
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    graphs = StepGraphs(lambda values: (values.sum(),), FakeRecorder(RuntimeError("no\nmore")))
    results = [float(graphs(torch.ones(2))[0]) for _ in range(4)]
    assert results == [2.0] * 4
    assert graphs.description == "eager: the step cannot be recorded: no"


def test_a_stated_reason_keeps_every_step_eager():
    fake = FakeRecorder()
    graphs = StepGraphs(lambda values: (values,), fake, "the network changes its form")
    for _ in range(4):
        graphs(torch.ones(1))
    assert fake.eager == fake.recordings == 0
    assert graphs.description == "eager: the network changes its form"


@pytest.mark.parametrize("second", [False, True])
def test_a_recorded_search_step_has_the_numbers_of_the_eager_one(second):
    space = CellSpace(CellConfig(cells=2, channels=4, nodes=2))
    torch.manual_seed(0)
    first = space.build(space.supernet(), SHAPE, CLASSES).to(DEVICE)
    states = []
    for allowed in (False, True):
        network = copy.deepcopy(first)
        context = DeviceContext(DEVICE, torch.float32, torch.channels_last, graphs=False)
        on_cuda = DEVICE.type == "cuda"
        sgd = torch.optim.SGD(
            network.weight_parameters(),
            rate_on(DEVICE, 0.1),
            0.9,
            weight_decay=3e-4,
            fused=on_cuda,
        )
        adam = torch.optim.Adam(
            network.architecture_parameters(), 3e-3, fused=on_cuda, capturable=on_cuda
        )
        step = PairStep(
            network, DartsStep(network, sgd, adam, second=second), context, searches=True
        )
        if allowed:
            step.graphs = StepGraphs(step._take_tensors, recorder())
        losses = []
        for number in range(STEPS):
            set_rate(sgd, 0.1 / (number + 1))
            pair = Pair(*(ImageBatch(*batch(2 * number + side), context) for side in (0, 1)))
            losses += [step(pair), pair.weights.value, pair.architecture.wrong.float()]
        states.append([*losses, *(parameter.detach() for parameter in network.parameters())])
    assert step.graphs.description == "CUDA graph"
    close(*states)


def test_a_recorded_training_step_has_the_numbers_of_the_eager_one():
    space = CellSpace(CellConfig(cells=3, channels=4))
    settings = config(drop_path=0.3, auxiliary_weight=0.4, epochs=2).resolve("images")
    architecture = resized(CellConfig, DARTS_V2, cells=3, channels=4)
    torch.manual_seed(0)
    first = space.build(architecture, SHAPE, CLASSES, auxiliary=True)
    states = []
    for allowed in (False, True):
        context = DeviceContext(DEVICE, torch.float32, torch.channels_last, graphs=False)
        network = context.move(copy.deepcopy(first)).train()
        job = Job(network, Part(*batch(0)), None, settings, context, 0, print, lambda: False)
        step = TrainingStep(job, make_optimizer(network, settings, DEVICE))
        if allowed:
            step.graphs = StepGraphs(
                step._take, FakeRecorder() if DEVICE.type == "cpu" else recorder()
            )
        torch.manual_seed(1)
        for number in range(STEPS):
            images, labels = batch(number)
            step(context.batch(images), labels, 0.1, number / STEPS)
        states.append([parameter.detach() for parameter in network.parameters()])
    close(*states)


def test_drop_path_reads_its_probability_from_a_tensor():
    x = torch.ones(4000, 1, 1, 1)
    torch.manual_seed(0)
    dropped = drop_path(x, torch.tensor(0.25))
    assert abs(float((dropped == 0).float().mean()) - 0.25) < 0.03
    assert torch.allclose(dropped[dropped > 0], torch.tensor(1 / 0.75))
    assert torch.equal(drop_path(x, torch.tensor(0.0)), x)


def test_a_rate_on_the_device_is_changed_in_place():
    weight = torch.nn.Parameter(torch.zeros(2))
    rate = torch.tensor(0.5)
    optimizer = torch.optim.SGD([weight], rate)
    set_rate(optimizer, 0.25)
    assert optimizer.param_groups[0]["lr"] is rate
    assert float(rate) == 0.25


if DEVICE.type == "cuda":

    def test_a_step_that_reads_a_number_stays_eager_and_random_numbers_go_on():
        graphs = StepGraphs(lambda values: (values * values.sum().item(),), CudaRecorder())
        results = [float(graphs(torch.ones(2, device=DEVICE))[0][0]) for _ in range(4)]
        assert results == [2.0] * 4
        assert graphs.description.startswith("eager: the step cannot be recorded")
        assert float(torch.rand(8, device=DEVICE).std()) > 0
