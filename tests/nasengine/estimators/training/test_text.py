"""Training on text: streams, windows, recurrent state, averaging, perplexity."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from nasengine.core.dataset import TextPart
from nasengine.core.errors import Cancelled, Diverged, EngineError, InvalidSettings
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
from nasengine.estimators.training.slowness import slowness_of
from nasengine.estimators.training.text_loop import run_text_epochs
from nasengine.estimators.training.text_score import score_text
from nasengine.estimators.training.windows import (
    IGNORED,
    complete_streams,
    streams,
    window_lengths,
)
from nasengine.execution.assembly import check
from nasengine.spaces.layers.lstm_network import hidden_of
from nasengine.spaces.recurrent_cell.space import RecurrentCellSpace
from tests.fixtures.dataset_files import write_text_parts
from tests.fixtures.training import CPU, config

CYCLE = "one two three four five six seven eight "


class Reader(torch.nn.Module):
    """A network with logits (weight, 0, 0 ...) for every word; its state counts the words."""

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
        config=config(**settings).resolve("text"),
        context=CPU,
        seed=3,
        report=(reports if reports is not None else []).append,
        cancelled=cancelled,
    )


def evaluation(folder, *, seed=1, goals=(), reports=None, cancelled=lambda: False, cell=0, **space):
    space_ = RecurrentCellSpace(from_mapping(RecurrentCellSpace.Config, {"hidden": 8, **space}))
    return Evaluation(
        proposal=Proposal(7, space_.sample(np.random.default_rng(cell))),
        space=space_,
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


def test_streams_pair_every_word_with_the_next_word():
    inputs, targets = streams(torch.arange(12), 3)
    assert inputs.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert targets.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    inputs, targets = streams(torch.arange(3), 64)
    assert (inputs.tolist(), targets.tolist()) == ([[0], [1]], [[1], [2]])


@pytest.mark.parametrize("count", [2, 11, 12, 13, 64, 100])
def test_complete_streams_have_every_word_but_the_first_as_a_target_once(count):
    inputs, targets = complete_streams(torch.arange(count), 4)
    counted = targets != IGNORED
    assert targets[counted].tolist() == list(range(1, count))
    assert inputs[counted].tolist() == list(range(count - 1))


def test_window_lengths_have_the_distribution_of_awd_lstm():
    lengths = list(window_lengths(100_000, 35, np.random.default_rng(0)))
    assert sum(lengths) == 100_000
    assert min(lengths[:-1]) >= 5
    # Rounding down subtracts half a word; one window in twenty is shorter by 17.5 words.
    assert np.mean(lengths) == pytest.approx(34.5 - 0.05 * 17.5, abs=0.4)
    assert np.var(lengths) == pytest.approx(5**2 + 0.05 * 0.95 * 17.5**2, rel=0.1)
    assert set(window_lengths(9, 1, np.random.default_rng(0))) == {1}


def test_the_state_is_carried_through_an_epoch_and_reset_for_the_next():
    network = Reader()
    list(run_text_epochs(job(network, torch.arange(301) % 2, batch_size=3, epochs=2, bptt=20)))
    shown = torch.cat([words for words, _ in network.seen], dim=1)
    inputs, _ = streams(torch.arange(301) % 2, 3)
    assert torch.equal(shown, torch.cat([inputs, inputs], dim=1))
    words_read = 0
    for words, state in network.seen:
        assert (state == words_read).all()
        assert not state.requires_grad
        words_read = (words_read + words.shape[1]) % 100


def test_the_learning_rate_is_scaled_by_the_window_length():
    """For logits (w, 0) and target 0 the slope at 0 is -1/2, so w depends on the rates only."""
    network, words = Reader(), torch.zeros(2001, dtype=torch.int64)
    plain = {"schedule": "constant", "learning_rate": 1e-3, "weight_decay": 0, "gradient_clip": 0}
    list(run_text_epochs(job(network, words, batch_size=2, epochs=1, bptt=20, **plain)))
    assert network.weight.item() == pytest.approx(0.5 * 1e-3 * 1000 / 20, rel=0.02)


def test_the_gradient_is_clipped():
    network, words = Reader(), torch.zeros(41, dtype=torch.int64)
    plain = {"learning_rate": 1, "weight_decay": 0, "gradient_clip": 0.01, "schedule": "constant"}
    list(run_text_epochs(job(network, words, batch_size=2, epochs=1, bptt=1, **plain)))
    assert network.weight.item() == pytest.approx(20 * 0.01, rel=1e-3)


def test_uniform_predictions_over_k_words_have_perplexity_k():
    words = torch.arange(1000) % 7
    result = score_text(Reader(7), words, CPU, lambda: False)
    assert result.perplexity == pytest.approx(7)
    assert result.count == 999
    assert result.error == pytest.approx(100 * (999 - 142) / 999)
    wrong = score_text(Reader(2, weight=1e6), torch.ones(30, dtype=torch.int64), CPU, lambda: False)
    assert wrong.perplexity == math.inf


def test_an_answer_with_nan_logits_counts_as_wrong():
    result = score_text(Reader(7, weight=math.nan), torch.zeros(50).long(), CPU, lambda: False)
    assert (result.error, math.isnan(result.loss)) == (100.0, True)


def test_scoring_in_windows_equals_one_pass_over_the_text(monkeypatch):
    """With one stream, the state is carried from window to window."""
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


def test_averaging_equals_torchs_asgd():
    torch.manual_seed(0)
    ours, theirs = torch.nn.Linear(3, 1), torch.nn.Linear(3, 1)
    theirs.load_state_dict(ours.state_dict())
    plain = torch.optim.SGD(ours.parameters(), 0.1)
    asgd = torch.optim.ASGD(theirs.parameters(), 0.1, lambd=0.0, t0=0)
    averaging = Averaging(ours, patience=1)
    for loss in (2.0, 1.0, 3.0):
        averaging.after_epoch(loss)
    first = None
    x, y = torch.randn(10, 4, 3), torch.randn(10, 4, 1)
    for batch, answer in zip(x, y, strict=True):
        for network, optimizer in ((ours, plain), (theirs, asgd)):
            optimizer.zero_grad()
            functional.mse_loss(network(batch), answer).backward()
            optimizer.step()
        averaging.after_step()
        first = first or [p.detach().clone() for p in ours.parameters()]
    averaging.finish()
    both = zip(ours.parameters(), theirs.parameters(), first, strict=True)
    for mine, other, after_first in both:
        # torch's mean excludes the first of the ten steps.
        assert torch.allclose((10 * mine - after_first) / 9, asgd.state[other]["ax"], atol=1e-6)


@pytest.mark.parametrize(
    ("patience", "losses", "start"),
    [
        (0, [1, 2, 3, 4], None),
        (1, [3, 2, 1, 1.5], None),
        (1, [3, 2, 1, 2.5], 3),
        (2, [1, 2, 3], None),
        (2, [1, 2, 3, 1.1], 3),
        (2, [3, 2, 1, 1, 1, 1], None),
    ],
)
def test_averaging_starts_when_the_loss_exceeds_the_best_before_the_patience(
    patience, losses, start
):
    averaging = Averaging(torch.nn.Linear(1, 1), patience)
    averaged = []
    for loss in losses:
        averaging.after_epoch(loss)
        averaged.append(averaging.mean is not None)
    assert averaged == [start is not None and epoch >= start for epoch in range(len(losses))]


def test_averaged_weights_are_scored_and_returned():
    network, reports = Reader(weight=5.0), []
    words, valid = torch.zeros(400).long(), torch.ones(40).long()
    plain = {"schedule": "constant", "weight_decay": 0.0, "learning_rate": 1, "averaging": 1}
    training = run_text_epochs(
        job(network, words, valid, reports, batch_size=2, epochs=6, bptt=20, **plain)
    )
    scores = list(training)
    # Every step raises the probability of a word that the validation text does not have.
    assert [report["averaged"] for report in reports] == [*[False] * 3, *[True] * 3]
    expected = math.log(1 + math.exp(network.weight.item()))
    assert scores[-1].loss == pytest.approx(expected, rel=1e-5)
    assert scores[-1].loss == reports[-1]["valid_loss"]


def test_a_cyclic_text_is_learned(tmp_path):
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


def test_the_same_seed_gives_equal_results(folder):
    def curve(seed):
        reports = []
        Train(config(epochs=2)).evaluate(evaluation(folder, seed=seed, reports=reports))
        assert all(0 < report["train_seconds"] <= report["seconds"] for report in reports)
        return [{**report, "seconds": 0, "train_seconds": 0} for report in reports]

    assert curve(1) == curve(1) != curve(2)
    words = {report["train_words"] for report in curve(1)}
    assert len(words) == 1 and words.pop() > 100


def test_the_requested_objectives_are_measured(folder):
    settings = config(epochs=3, keep="best")
    outcome = Train(settings).evaluate(evaluation(folder, goals=("error", "perplexity")))
    error, perplexity = outcome.measurements
    assert (error.objective, perplexity.objective) == ("error", "perplexity")
    assert 0 < error.value <= 100 and perplexity.value > 1
    assert error.detail["epoch"] == perplexity.detail["epoch"]
    assert outcome.epochs == 3


def test_the_final_training_reads_the_test_part_once_at_the_end(folder, monkeypatch):
    reports, reads = [], []
    dataset = type(named_dataset("text", {"path": str(folder)}))
    test_part = dataset.test_part
    monkeypatch.setattr(
        dataset, "test_part", lambda self: reads.append(len(reports)) or test_part(self)
    )
    result = train_finally(config(epochs=2), evaluation(folder, reports=reports))
    perplexity, error = result.outcome.measurements
    assert (perplexity.objective, error.objective) == ("test_perplexity", "test_error")
    assert reads == [2]
    words = test_part(named_dataset("text", {"path": str(folder)})).words
    score = score_text(result.network, words, CPU, lambda: False)
    assert perplexity.value == pytest.approx(score.perplexity)
    assert (perplexity.detail["part"], perplexity.detail["words"]) == ("test", len(words) - 1)


def test_averaged_weights_are_measured_and_those_of_the_last_step_too(folder):
    """The constant rate makes the validation loss rise, which triggers the averaging."""
    settings = config(epochs=5, averaging=1, learning_rate=20.0, schedule="constant")
    reports = []
    result = train_finally(settings, evaluation(folder, reports=reports))
    assert reports[-1]["averaged"]
    perplexity, _ = result.outcome.measurements
    words = named_dataset("text", {"path": str(folder)}).test_part().words
    score = score_text(result.network, words, CPU, lambda: False)
    assert perplexity.value == pytest.approx(score.perplexity)
    assert perplexity.detail["averaged"] is True
    assert perplexity.detail["last_perplexity"] != perplexity.value
    assert perplexity.detail["last_perplexity"] > 1


def test_the_message_about_a_nan_loss_names_epoch_and_step():
    class Fails(Reader):
        def forward(self, words, state=None):
            logits, state = super().forward(words, state)
            return logits * (math.nan if len(self.seen) == 3 else 1), state

    reports = []
    words = torch.zeros(200).long()
    with pytest.raises(Diverged, match=r"loss became NaN at epoch 1, step 3: lower .* \(20\)"):
        list(run_text_epochs(job(Fails(), words, words, reports, batch_size=2, bptt=10)))
    assert reports[-1]["train_loss"] is None
    json.dumps(reports, allow_nan=False)


def test_a_learning_rate_that_is_far_too_high_diverges(folder):
    settings = config(epochs=2, learning_rate=1e30, gradient_clip=0)
    outcome = Train(settings).evaluate(evaluation(folder))
    assert outcome.state == "diverged"
    assert "lower the learning rate (1e+30)" in outcome.reason


@pytest.mark.parametrize("after", [0, 3])
def test_cancelling_stops_between_windows(after):
    checks = iter(range(100))
    network = Reader()
    training = job(
        network, torch.zeros(400).long(), cancelled=lambda: next(checks) >= after,
        batch_size=2, bptt=10,
    )  # fmt: skip
    with pytest.raises(Cancelled):
        list(run_text_epochs(training))
    assert len(network.seen) == after


def test_running_out_of_memory_fails_with_a_remedy(folder, monkeypatch):
    def full(job):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(trained, "run_text_epochs", full)
    outcome = Train(config()).evaluate(evaluation(folder))
    assert outcome.reason == (
        "out of memory on cpu with batch_size 16: lower batch_size, bptt, or the space's hidden"
    )


def test_a_child_inherits_embeddings_and_state_matrices(folder):
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


def test_the_lstm_baseline_has_as_many_parameters_as_the_cell(folder):
    cell_evaluation = evaluation(folder, hidden=24)
    network = cell_evaluation.space.build(cell_evaluation.proposal.architecture, (1,), 11)
    cell = sum(parameter.numel() for parameter in network.parameters())
    result = train_lstm(config(epochs=2), cell_evaluation)
    (perplexity,) = result.outcome.measurements
    assert perplexity.objective == "perplexity"
    assert perplexity.detail["network"] == "LSTM"
    assert perplexity.detail["parameters"] == pytest.approx(cell, rel=0.05)
    assert perplexity.detail["parameters"] == sum(p.numel() for p in result.network.parameters())


@pytest.mark.parametrize(("vocabulary", "hidden"), [(10_000, 850), (11, 3), (33_278, 1)])
def test_hidden_of_inverts_the_number_of_parameters(vocabulary, hidden):
    count = vocabulary * (hidden + 1) + 8 * hidden * (hidden + 1)
    assert hidden_of(count, vocabulary) == hidden


def test_bf16_is_recorded_and_finite(folder):
    outcome = Train(config(epochs=1, precision="bf16")).evaluate(evaluation(folder))
    assert outcome.measurements[0].detail["dtype"] == "bfloat16"


TEXT = SearchSpec(
    space="recurrent-cell", strategy="random", dataset="pydoc-text", objectives=("perplexity",)
)


@pytest.mark.parametrize("name", ["crop", "cutout", "drop_path", "auxiliary_weight", "flip"])
def test_image_settings_are_refused_for_text(name):
    from dataclasses import replace

    check(TEXT)
    value = {"crop": 2, "cutout": 2, "flip": True}.get(name, 0.5)
    with pytest.raises(InvalidSettings) as refusal:
        check(replace(TEXT, estimator_config={name: value}))
    assert refusal.value.errors == {
        f"estimator_config.{name}": (
            "applies only to images, and recurrent-cell reads text: set it to 0"
        )
    }


def test_settings_that_contradict_the_defaults_are_refused_before_a_search():
    from dataclasses import replace

    check(replace(TEXT, estimator_config={"final_learning_rate": 1.0}))
    with pytest.raises(InvalidSettings, match=r"must be at most learning_rate, 0\.05 \(got 1\)"):
        check(
            SearchSpec(
                space="nb201", strategy="random", estimator_config={"final_learning_rate": 1.0}
            )
        )
    with pytest.raises(InvalidSettings, match="needs momentum above 0"):
        check(replace(TEXT, estimator_config={"nesterov": True}))


def test_defaults_depend_on_data_and_optimizer():
    images, text = (config().resolve(kind) for kind in ("images", "text"))
    assert (images.batch_size, images.learning_rate, images.gradient_clip) == (64, 0.05, 5.0)
    assert (text.learning_rate, text.momentum, text.gradient_clip) == (20.0, 0.0, 0.25)
    adam = config(optimiser="adamw", batch_size=8).resolve("text")
    assert (adam.learning_rate, adam.momentum, adam.batch_size) == (0.01, 0.9, 8)


def test_the_slowness_penalty_makes_the_output_of_a_training_slower():
    space = RecurrentCellSpace(
        from_mapping(RecurrentCellSpace.Config, {"hidden": 8, "nodes": 2, "input_dropout": 0.0})
    )
    architecture = space.sample(np.random.default_rng(0))
    words = TextPart(torch.arange(400) % 5)
    changes = {}
    for weight in (0.0, 1.0):
        torch.manual_seed(0)
        network = space.build(architecture, (1,), 5)
        settings = config(epochs=25, batch_size=4, bptt=10, slowness=weight, averaging=0)
        run = Job(
            network, words, words, settings.resolve("text"), CPU, 3, lambda _: None, lambda: False
        )
        assert all(score is not None for score in run_text_epochs(run))
        network.eval()
        outputs, _ = network.outputs(words.words[None])
        changes[weight] = float(slowness_of(outputs.detach()))
    assert changes[1.0] < 0.5 * changes[0.0]


def test_settings_of_text_are_refused_for_images_and_the_reverse():
    for space, changed, other in (
        ("recurrent-cell", {"dropout": 0.5}, "images"),
        ("recurrent-cell", {"group_lasso": 1e-5}, "images"),
        ("cell", {"slowness": 1e-3}, "text"),
    ):
        (name,) = changed
        dataset, goal = ("digits", "error") if space == "cell" else ("pydoc-text", "perplexity")
        with pytest.raises(InvalidSettings) as refused:
            check(
                SearchSpec(
                    space=space,
                    strategy="random",
                    dataset=dataset,
                    objectives=(goal,),
                    estimator_config=changed,
                )
            )
        assert f"applies only to {other}" in refused.value.errors[f"estimator_config.{name}"]


def test_slowness_needs_a_network_that_gives_its_outputs():
    words = TextPart(torch.arange(100) % 2)
    settings = config(epochs=1, batch_size=4, slowness=1e-3).resolve("text")
    run = Job(Reader(), words, words, settings, CPU, 3, lambda _: None, lambda: False)
    with pytest.raises(EngineError, match="Reader has no method outputs: set slowness to 0"):
        list(run_text_epochs(run))
