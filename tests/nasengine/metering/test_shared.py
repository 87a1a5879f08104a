"""Shares of a card: those of all work add up to what the card spent."""

from __future__ import annotations

import pytest

from nasengine.core.meter import Meter
from nasengine.metering import shared
from nasengine.metering.shared import SharedCounter, SharedSource, share_card


class Card:
    """A counter that a test sets; its energy cannot be read when `fails`."""

    now, fails = 100.0, False

    def joules(self) -> float:
        if self.fails:
            raise OSError
        return self.now


@pytest.fixture
def card(monkeypatch):
    """A card whose seconds and joules are the same number; nothing else uses it at the end."""
    made = Card()
    clock = SharedCounter(lambda: made.now)
    monkeypatch.setattr("nasengine.core.meter.card_clock", clock)
    monkeypatch.setattr(shared, "_counters", {clock})
    yield made
    share_card(1)


def test_the_shares_of_seconds_and_joules_add_up_to_those_of_the_card(card):
    source = SharedSource(card)
    start = source.joules()
    first, second = Meter(), Meter()
    with first.on("cuda"):
        card.now += 10  # by itself
        share_card(2)
        with second.on("cuda"):
            card.now += 6
            share_card(3)  # the third one is another process on the card
            card.now += 9
        share_card(2)
        card.now += 4
    assert first.gpu_seconds == pytest.approx(10 + 6 / 2 + 9 / 3 + 4 / 2)
    assert second.gpu_seconds == pytest.approx(6 / 2 + 9 / 3)
    assert source.joules() - start == pytest.approx(first.gpu_seconds)
    later = SharedSource(card)
    start = later.joules()
    card.fails = True
    share_card(0)  # an energy counter that fails ends no training
    card.fails, card.now = False, card.now + 3
    assert later.joules() - start == pytest.approx(3 / 2), "a failed change is left out"
