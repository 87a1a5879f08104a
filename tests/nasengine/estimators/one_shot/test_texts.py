"""The text feed of supernets: parts, windows, recurrent state, perplexity."""

from __future__ import annotations

import math

import pytest
import torch

from nasengine.core.dataset import TextPart
from nasengine.core.errors import Cancelled
from nasengine.estimators.one_shot.common.batch import FeedSettings
from nasengine.estimators.one_shot.common.texts import TextFeed
from nasengine.estimators.training.config import TrainConfig
from nasengine.estimators.training.device_context import find_device_context

WORDS = 7


class Counting(torch.nn.Module):
    """A network that always predicts word 3; its state counts the words of a stream."""

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
        "context": find_device_context(TrainConfig(device="cpu")),
        "augmentation": TrainConfig(),
        "batch_size": 3,
        "weights_portion": 0.5,
        "bptt": 10,
        "seed": 4,
        "cancelled": lambda: False,
    }
    parts = (TextPart(text), TextPart(text if valid is None else valid))
    return TextFeed(parts, FeedSettings(**{**values, **changed}))


def text(count):
    return torch.arange(count) % WORDS


def test_the_weights_read_the_start_of_the_text_and_the_architecture_the_end():
    text_feed = feed(torch.cat([torch.zeros(60), torch.ones(60)]).long())
    pairs = list(text_feed.pairs(0))
    assert {int(word) for pair in pairs for word in pair.weights.inputs.unique()} == {0}
    assert {int(word) for pair in pairs for word in pair.architecture.inputs.unique()} == {1}
    assert len(pairs) == text_feed.steps(0)


def test_every_word_of_a_stream_is_read_once_and_the_state_is_carried():
    text_feed, network = feed(text(400)), Counting()
    for batch in text_feed.weights_batches(2):
        batch.loss(network)
    inputs = torch.cat([words for words, _ in network.seen], dim=1)
    # The first half has 200 words: three streams of 66 words and their next words.
    assert (inputs == text(198).view(3, 66)).all()
    positions = [int(before[0, 0]) for _, before in network.seen]
    lengths = [words.shape[1] for words, _ in network.seen]
    assert positions == [sum(lengths[:number]) for number in range(len(lengths))]


def test_the_share_of_a_batch_is_its_relative_length():
    batches = list(feed(text(2000)).weights_batches(0))
    assert {batch.share * 10 for batch in batches} == {batch.inputs.shape[1] for batch in batches}
    assert len({batch.share for batch in batches}) > 1


def test_the_batches_of_the_architecture_are_endless():
    text_feed, network = feed(text(200)), Counting()
    batches = text_feed.architecture_batches(0, size=2)
    for _ in range(40):
        batch = next(batches)
        batch.loss(network)
        assert batch.inputs.shape[0] == 2
    assert sum(float(before.sum()) == 0 for _, before in network.seen) > 3  # several passes


def test_the_perplexity_equals_the_closed_form():
    text_feed = feed(text(200), torch.full((101,), 3))
    result = text_feed.score(Counting(), (0,))
    share = math.exp(2) / (math.exp(2) + WORDS - 1)
    assert result.value == pytest.approx(1 / share, rel=1e-5)
    assert result.loss == pytest.approx(-math.log(share), rel=1e-5)
    assert (result.wrong, result.count) == (0, 100)


def test_a_limited_score_reads_only_the_start_of_the_text():
    valid = torch.cat([torch.full((50,), 3), torch.full((500,), 1)])
    share = math.exp(2) / (math.exp(2) + WORDS - 1)
    assert feed(text(200), valid).score(Counting(), (0,), 50).value == pytest.approx(1 / share)
    result = feed(text(200), valid).score(Counting(), (0,))
    assert result.value > 2 / share
    assert (result.wrong, result.count) == (500, 549), "the first word is no target"


def test_cancelling_stops_between_windows():
    text_feed = feed(text(400), cancelled=lambda: True)
    with pytest.raises(Cancelled):
        next(iter(text_feed.weights_batches(0)))
    with pytest.raises(Cancelled):
        text_feed.score(Counting(), (0,))
