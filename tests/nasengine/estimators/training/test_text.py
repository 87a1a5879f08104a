"""Training on text: streams and windows, the carried state, averaging, perplexity."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from nasengine.core.dataset import TextPart
from nasengine.core.errors import Cancelled, Diverged, InvalidSettings
from nasengine.core.estimator import Evaluation
from nasengine.core.objective import Goal
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import from_mapping
from nasengine.data.common.named import named_dataset
from nasengine.estimators.inheritance.estimator import Inherit, InheritConfig
from nasengine.estimators.training import trained
from nasengine.estimators.training.averaging import Averaging
from nasengine.estimators.training.estimator import Train
from nasengine.estimators.training.final import train_finally
from nasengine.estimators.training.loop import Job
from nasengine.estimators.training.lstm_baseline import train_lstm
from nasengine.estimators.training.text_loop import run_text_epochs
from nasengine.estimators.training.text_score import score_text
from nasengine.estimators.training.windows import (
    NOT_COUNTED,
    streams,
    whole_streams,
    window_lengths,
)
from nasengine.execution.assembly import check
from nasengine.spaces.layers.lstm_network import hidden_of
from nasengine.spaces.recurrent_cell.space import RecurrentCellSpace
from tests.fixtures.dataset_files import write_text_parts
from tests.fixtures.training import CPU, config

CYCLE = "one two three four five six seven eight "


class Reader(torch.nn.Module):
    """Logits (weight, 0, 0 ...) for every word; the state counts the words that were read."""

    def __init__(self, classes: int = 2, weight: float = 0.0):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(weight))
        self.classes = classes
        self.seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    def forward(self, words, state=None):
        state = torch.zeros(len(words), 1) if state is None else state
        if self.training:
            self.seen.append((words.clone(), state))
        zeros = torch.zeros(*words.shape, self.classes - 1)
        logits = torch.cat([self.weight.expand(*words.shape, 1), zeros], dim=-1)
        return logits, state + words.shape[1] + 0 * self.weight


def job(network, words, valid=None, reports=None, cancelled=lambda: False, **settings):
    return Job(
        network=network,
        train=TextPart(words),
        valid=None if valid is None else TextPart(valid),
        config=config(**settings).settled("text"),
        place=CPU,
        seed=3,
        report=(reports if reports is not None else []).append,
        cancelled=cancelled,
    )


def evaluation(folder, *, seed=1, goals=(), reports=None, cancelled=lambda: False, cell=0, **space):
    found = RecurrentCellSpace(from_mapping(RecurrentCellSpace.Config, {"hidden": 8, **space}))
    return Evaluation(
        proposal=Proposal(7, found.sample(np.random.default_rng(cell))),
        space=found,
        goals=tuple(Goal(name, name, None, "lower", "") for name in goals),
        seed=seed,
        dataset="text",
        dataset_config={"path": str(folder)},
        report=(reports if reports is not None else []).append,
        cancelled=cancelled,
    )


@pytest.fixture
def folder(tmp_path):
    return write_text_parts(tmp_path)


def test_a_text_is_cut_into_streams_beside_the_words_behind():
    read, following = streams(torch.arange(12), 3)
    assert read.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert following.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    read, following = streams(torch.arange(3), 64)
    assert (read.tolist(), following.tolist()) == ([[0], [1]], [[1], [2]])


@pytest.mark.parametrize("count", [2, 11, 12, 13, 64, 100])
def test_scoring_foretells_every_word_but_the_first_once(count):
    read, following = whole_streams(torch.arange(count), 4)
    told = following[following != NOT_COUNTED]
    assert told.tolist() == list(range(1, count))
    assert read[following != NOT_COUNTED].tolist() == list(range(count - 1))


def test_windows_are_around_bptt_and_seldom_half():
    found = list(window_lengths(100_000, 35, np.random.default_rng(0)))
    assert sum(found) == 100_000
    assert min(found[:-1]) >= 5
    # Rounded down, so half a word shorter; one in twenty is 17.5 words shorter still.
    assert np.mean(found) == pytest.approx(34.5 - 0.05 * 17.5, abs=0.4)
    assert np.var(found) == pytest.approx(5**2 + 0.05 * 0.95 * 17.5**2, rel=0.1)
    assert set(window_lengths(9, 1, np.random.default_rng(0))) == {1}


def test_the_state_is_carried_through_an_epoch_and_begins_empty_in_the_next():
    network = Reader()
    list(run_text_epochs(job(network, torch.arange(301) % 2, batch_size=3, epochs=2, bptt=20)))
    shown = torch.cat([words for words, _ in network.seen], dim=1)
    read, _ = streams(torch.arange(301) % 2, 3)
    assert torch.equal(shown, torch.cat([read, read], dim=1))
    begun = 0
    for words, state in network.seen:
        assert (state == begun).all()
        assert not state.requires_grad
        begun = (begun + words.shape[1]) % 100


def test_a_step_is_as_long_as_its_window():
    """Logits (w, 0), every word the first: the slope at 0 is -1/2, the rate that of the length."""
    network, words = Reader(), torch.zeros(2001, dtype=torch.int64)
    plain = {"schedule": "constant", "learning_rate": 1e-3, "weight_decay": 0, "gradient_clip": 0}
    list(run_text_epochs(job(network, words, batch_size=2, epochs=1, bptt=20, **plain)))
    assert network.weight.item() == pytest.approx(0.5 * 1e-3 * 1000 / 20, rel=0.02)


def test_the_gradient_is_clipped():
    network, words = Reader(), torch.zeros(41, dtype=torch.int64)
    plain = {"learning_rate": 1, "weight_decay": 0, "gradient_clip": 0.01, "schedule": "constant"}
    list(run_text_epochs(job(network, words, batch_size=2, epochs=1, bptt=1, **plain)))
    assert network.weight.item() == pytest.approx(20 * 0.01, rel=1e-3)


def test_an_even_guess_among_k_words_has_perplexity_k():
    words = torch.arange(1000) % 7
    seen = score_text(Reader(7), words, CPU, lambda: False)
    assert seen.perplexity == pytest.approx(7)
    assert seen.count == 999
    assert seen.error == pytest.approx(100 * (999 - 142) / 999)
    sure = score_text(Reader(2, weight=1e6), torch.ones(30, dtype=torch.int64), CPU, lambda: False)
    assert sure.perplexity == math.inf


def test_an_answer_that_is_no_number_is_wrong():
    seen = score_text(Reader(7, weight=math.nan), torch.zeros(50).long(), CPU, lambda: False)
    assert (seen.error, math.isnan(seen.loss)) == (100.0, True)


def test_scoring_does_not_depend_on_how_the_text_is_cut(monkeypatch):
    """The streams of a text are scored as one text with the state carried on."""
    space = RecurrentCellSpace(RecurrentCellSpace.Config(hidden=5))
    torch.manual_seed(0)
    network = space.build(space.sample(np.random.default_rng(0)), (1,), 6).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    words = torch.randint(6, (400,))
    monkeypatch.setattr("nasengine.estimators.training.text_score.SCORE_STREAMS", 1)
    with torch.no_grad():
        logits, _ = network(words[None, :-1])
    expected = functional.cross_entropy(logits[0], words[1:]).item()
    assert score_text(network, words, CPU, lambda: False).loss == pytest.approx(expected, rel=1e-5)


def test_averaging_is_torchs_averaged_gradient_descent():
    torch.manual_seed(0)
    ours, theirs = torch.nn.Linear(3, 1), torch.nn.Linear(3, 1)
    theirs.load_state_dict(ours.state_dict())
    plain = torch.optim.SGD(ours.parameters(), 0.1)
    asgd = torch.optim.ASGD(theirs.parameters(), 0.1, lambd=0.0, t0=0)
    averaging = Averaging(ours, patience=1)
    for loss in (2.0, 1.0, 3.0):
        averaging.epoch(loss)
    first = None
    x, y = torch.randn(10, 4, 3), torch.randn(10, 4, 1)
    for batch, answer in zip(x, y, strict=True):
        for network, optimiser in ((ours, plain), (theirs, asgd)):
            optimiser.zero_grad()
            functional.mse_loss(network(batch), answer).backward()
            optimiser.step()
        averaging.stepped()
        first = first or [one.detach().clone() for one in ours.parameters()]
    averaging.finish()
    both = zip(ours.parameters(), theirs.parameters(), first, strict=True)
    for mine, other, begun in both:
        # torch's leaves the first of the ten steps out of its mean.
        assert torch.allclose((10 * mine - begun) / 9, asgd.state[other]["ax"], atol=1e-6)


@pytest.mark.parametrize(
    ("patience", "losses", "begun"),
    [
        (0, [1, 2, 3, 4], None),
        (1, [3, 2, 1, 1.5], None),
        (1, [3, 2, 1, 2.5], 3),
        (2, [1, 2, 3], None),
        (2, [1, 2, 3, 1.1], 3),
        (2, [3, 2, 1, 1, 1, 1], None),
    ],
)
def test_averaging_begins_when_the_validation_is_worse_than_patience_ago(patience, losses, begun):
    averaging = Averaging(torch.nn.Linear(1, 1), patience)
    when = []
    for loss in losses:
        averaging.epoch(loss)
        when.append(averaging.mean is not None)
    assert when == [begun is not None and place >= begun for place in range(len(losses))]


def test_averaged_weights_are_what_is_scored_and_kept():
    network, reports = Reader(weight=5.0), []
    words, valid = torch.zeros(400).long(), torch.ones(40).long()
    plain = {"schedule": "constant", "weight_decay": 0.0, "learning_rate": 1, "averaging": 1}
    training = run_text_epochs(
        job(network, words, valid, reports, batch_size=2, epochs=6, bptt=20, **plain)
    )
    scores = list(training)
    # Every step makes the word surer that the validation never shows: worse and worse.
    assert [report["averaged"] for report in reports] == [*[False] * 3, *[True] * 3]
    expected = math.log(1 + math.exp(network.weight.item()))
    assert scores[-1].loss == pytest.approx(expected, rel=1e-5)
    assert scores[-1].loss == reports[-1]["valid_loss"]


def test_a_cycle_of_words_is_learned(tmp_path):
    (tmp_path / "cycle.txt").write_text(CYCLE * 300)
    reports = []
    outcome = Train(config(epochs=12)).evaluate(evaluation(tmp_path, reports=reports, hidden=16))
    (perplexity,) = outcome.measurements
    assert (perplexity.objective, perplexity.unit) == ("perplexity", "")
    assert 1 <= perplexity.value < 1.2
    assert perplexity.value == reports[-1]["valid_perplexity"]
    assert reports[-1]["valid_error"] < 5
    assert reports[-1]["train_loss"] < 0.5
    assert perplexity.detail["words"] == 239
    assert (perplexity.detail["batch"], perplexity.detail["learning_rate"]) == (16, 20.0)


def test_the_same_seed_gives_the_same_numbers(folder):
    def curve(seed):
        reports = []
        Train(config(epochs=2)).evaluate(evaluation(folder, seed=seed, reports=reports))
        return [{**report, "seconds": 0} for report in reports]

    assert curve(1) == curve(1) != curve(2)


def test_what_is_asked_for_is_measured(folder):
    settings = config(epochs=3, keep="best")
    outcome = Train(settings).evaluate(evaluation(folder, goals=("error", "perplexity")))
    error, perplexity = outcome.measurements
    assert (error.objective, perplexity.objective) == ("error", "perplexity")
    assert 0 < error.value <= 100 and perplexity.value > 1
    assert error.detail["epoch"] == perplexity.detail["epoch"]
    assert outcome.epochs == 3


def test_the_final_training_reads_the_test_part_once_at_the_end(folder, monkeypatch):
    reports, looks = [], []
    dataset = type(named_dataset("text", {"path": str(folder)}))
    test_part = dataset.test_part
    monkeypatch.setattr(
        dataset, "test_part", lambda self: looks.append(len(reports)) or test_part(self)
    )
    found = train_finally(config(epochs=2), evaluation(folder, reports=reports))
    perplexity, error = found.outcome.measurements
    assert (perplexity.objective, error.objective) == ("test_perplexity", "test_error")
    assert looks == [2]
    words = test_part(named_dataset("text", {"path": str(folder)})).words
    seen = score_text(found.network, words, CPU, lambda: False)
    assert perplexity.value == pytest.approx(seen.perplexity)
    assert (perplexity.detail["part"], perplexity.detail["words"]) == ("test", len(words) - 1)


def test_a_loss_that_is_no_number_names_epoch_and_step():
    class Fails(Reader):
        def forward(self, words, state=None):
            logits, state = super().forward(words, state)
            return logits * (math.nan if len(self.seen) == 3 else 1), state

    reports = []
    words = torch.zeros(200).long()
    with pytest.raises(Diverged, match=r"loss became NaN at epoch 1, step 3; lower .* \(20\)"):
        list(run_text_epochs(job(Fails(), words, words, reports, batch_size=2, bptt=10)))
    assert reports[-1]["train_loss"] is None
    json.dumps(reports, allow_nan=False)


def test_a_wild_rate_ends_as_diverged(folder):
    settings = config(epochs=2, learning_rate=1e30, gradient_clip=0)
    outcome = Train(settings).evaluate(evaluation(folder))
    assert outcome.state == "diverged"
    assert "lower the learning rate (1e+30)" in outcome.reason


@pytest.mark.parametrize("after", [0, 3])
def test_cancelling_is_noticed_between_windows(after):
    asked = iter(range(100))
    network = Reader()
    work = job(
        network, torch.zeros(400).long(), cancelled=lambda: next(asked) >= after,
        batch_size=2, bptt=10,
    )  # fmt: skip
    with pytest.raises(Cancelled):
        list(run_text_epochs(work))
    assert len(network.seen) == after


def test_running_out_of_memory_is_a_failure_with_its_remedy(folder, monkeypatch):
    def full(job):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(trained, "run_text_epochs", full)
    outcome = Train(config()).evaluate(evaluation(folder))
    assert outcome.reason == (
        "out of memory on cpu with batch_size 16: lower batch_size, bptt, or the space's hidden"
    )


def test_a_child_inherits_words_and_state_matrices(folder):
    from dataclasses import replace

    from nasengine.core.weight_store import MemoryWeightStore

    weights = MemoryWeightStore()
    settings = from_mapping(InheritConfig, {"epochs": 1, "device": "cpu", "threads": 1})
    parent = replace(evaluation(folder), weights=weights)
    Inherit(settings).evaluate(parent)
    child = Proposal(8, parent.proposal.architecture, parents=(7,))
    outcome = Inherit(settings).evaluate(replace(parent, proposal=child))
    (perplexity,) = outcome.measurements
    assert perplexity.detail["inherited"] == perplexity.detail["parameters"] > 0


def test_an_lstm_of_the_same_size_is_trained_alike(folder):
    one = evaluation(folder, hidden=24)
    network = one.space.build(one.proposal.architecture, (1,), 11)
    cell = sum(parameter.numel() for parameter in network.parameters())
    found = train_lstm(config(epochs=2), one)
    (perplexity,) = found.outcome.measurements
    assert perplexity.objective == "perplexity"
    assert perplexity.detail["network"] == "LSTM"
    assert perplexity.detail["parameters"] == pytest.approx(cell, rel=0.05)
    assert perplexity.detail["parameters"] == sum(p.numel() for p in found.network.parameters())


@pytest.mark.parametrize(("vocabulary", "hidden"), [(10_000, 850), (11, 3), (33_278, 1)])
def test_the_size_of_an_lstm_is_found_from_its_parameters(vocabulary, hidden):
    count = vocabulary * (hidden + 1) + 8 * hidden * (hidden + 1)
    assert hidden_of(count, vocabulary) == hidden


def test_bf16_is_recorded_and_finite(folder):
    outcome = Train(config(epochs=1, precision="bf16")).evaluate(evaluation(folder))
    assert outcome.measurements[0].detail["dtype"] == "bfloat16"


TEXT = SearchSpec(
    space="recurrent-cell", strategy="random", dataset="pydoc-text", objectives=("perplexity",)
)


@pytest.mark.parametrize("name", ["crop", "cutout", "drop_path", "auxiliary_weight", "flip"])
def test_settings_of_images_are_refused_for_text(name):
    from dataclasses import replace

    check(TEXT)
    value = {"crop": 2, "cutout": 2, "flip": True}.get(name, 0.5)
    with pytest.raises(InvalidSettings) as refusal:
        check(replace(TEXT, estimator_config={name: value}))
    assert refusal.value.errors == {
        f"estimator_config.{name}": "is for images, and recurrent-cell reads text: leave it at 0"
    }


def test_what_does_not_go_with_the_usual_is_refused_beforehand():
    from dataclasses import replace

    check(replace(TEXT, estimator_config={"final_learning_rate": 1.0}))
    with pytest.raises(InvalidSettings, match=r"1 is above learning_rate 0\.05"):
        check(
            SearchSpec(
                space="nb201", strategy="random", estimator_config={"final_learning_rate": 1.0}
            )
        )
    with pytest.raises(InvalidSettings, match="needs momentum above 0"):
        check(replace(TEXT, estimator_config={"nesterov": True}))


def test_usual_settings_are_by_data_and_optimiser():
    images, text = (config().settled(kind) for kind in ("images", "text"))
    assert (images.batch_size, images.learning_rate, images.gradient_clip) == (64, 0.05, 5.0)
    assert (text.learning_rate, text.momentum, text.gradient_clip) == (20.0, 0.0, 0.25)
    adam = config(optimiser="adamw", batch_size=8).settled("text")
    assert (adam.learning_rate, adam.momentum, adam.batch_size) == (0.01, 0.9, 8)
