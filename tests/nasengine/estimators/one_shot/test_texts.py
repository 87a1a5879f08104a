"""Text for shared networks: sides, windows, carried states, perplexity by hand."""

from __future__ import annotations

import math

import pytest
import torch

from nasengine.core.dataset import TextPart
from nasengine.core.errors import Cancelled
from nasengine.estimators.one_shot.common.batch import Course
from nasengine.estimators.one_shot.common.texts import TextFeed
from nasengine.estimators.training.config import TrainConfig
from nasengine.estimators.training.device_context import find_device_context

WORDS = 7


class Counting(torch.nn.Module):
    """Always foretells word 3 most of all; its state counts the words a stream has read."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, words, state=None):
        before = torch.zeros(len(words), 1) if state is None else state
        self.seen.append((words.clone(), before.clone()))
        logits = torch.zeros(*words.shape, WORDS)
        logits[..., 3] = 2.0
        return logits, before + words.shape[1]

    def forward_architecture(self, words, state, choices):
        return self.forward(words, state)


def feed(text, valid=None, **changed):
    values = {
        "place": find_device_context(TrainConfig(device="cpu")),
        "changes": TrainConfig(),
        "batch_size": 3,
        "portion": 0.5,
        "bptt": 10,
        "seed": 4,
        "cancelled": lambda: False,
    }
    parts = (TextPart(text), TextPart(text if valid is None else valid))
    return TextFeed(parts, Course(**{**values, **changed}))


def text(count):
    return torch.arange(count) % WORDS


def test_weights_read_the_beginning_and_the_architecture_the_rest():
    made = feed(torch.cat([torch.zeros(60), torch.ones(60)]).long())
    pairs = list(made.pairs(0))
    assert {int(word) for pair in pairs for word in pair.weights.read.unique()} == {0}
    assert {int(word) for pair in pairs for word in pair.architecture.read.unique()} == {1}
    assert len(pairs) == made.steps(0)


def test_every_word_of_a_stream_is_read_once_and_the_state_is_carried():
    made, network = feed(text(400)), Counting()
    for batch in made.weights_batches(2):
        batch.loss(network)
    read = torch.cat([words for words, _ in network.seen], dim=1)
    # 200 words of the first half, three streams of 66 and the word behind each.
    assert (read == text(198).view(3, 66)).all()
    places = [int(before[0, 0]) for _, before in network.seen]
    lengths = [words.shape[1] for words, _ in network.seen]
    assert places == [sum(lengths[:number]) for number in range(len(lengths))]


def test_a_step_is_scaled_by_the_length_of_its_window():
    batches = list(feed(text(2000)).weights_batches(0))
    assert {batch.share * 10 for batch in batches} == {batch.read.shape[1] for batch in batches}
    assert len({batch.share for batch in batches}) > 1


def test_the_architecture_has_windows_without_end():
    made, network = feed(text(200)), Counting()
    batches = made.architecture_batches(0, size=2)
    for _ in range(40):
        batch = next(batches)
        batch.loss(network)
        assert batch.read.shape[0] == 2
    assert sum(float(before.sum()) == 0 for _, before in network.seen) > 3  # begun anew


def test_perplexity_by_hand():
    made = feed(text(200), torch.full((101,), 3))
    seen = made.score(Counting(), (0,))
    share = math.exp(2) / (math.exp(2) + WORDS - 1)
    assert seen.value == pytest.approx(1 / share, rel=1e-5)
    assert seen.loss == pytest.approx(-math.log(share), rel=1e-5)
    assert (seen.wrong, seen.count) == (0, 100)


def test_a_short_look_scores_the_beginning_alone():
    valid = torch.cat([torch.full((50,), 3), torch.full((500,), 1)])
    share = math.exp(2) / (math.exp(2) + WORDS - 1)
    assert feed(text(200), valid).score(Counting(), (0,), 50).value == pytest.approx(1 / share)
    seen = feed(text(200), valid).score(Counting(), (0,))
    assert seen.value > 2 / share
    assert (seen.wrong, seen.count) == (500, 549), "the first word follows none"


def test_cancelled_between_windows():
    made = feed(text(400), cancelled=lambda: True)
    with pytest.raises(Cancelled):
        next(iter(made.weights_batches(0)))
    with pytest.raises(Cancelled):
        made.score(Counting(), (0,))
