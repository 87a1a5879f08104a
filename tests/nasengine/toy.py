"""A space, an estimator and an objective small enough to see through."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from nasengine.core.architecture import Architecture
from nasengine.core.errors import Cancelled, Diverged, InvalidArchitecture
from nasengine.core.estimator import Estimator, Evaluation
from nasengine.core.measurement import Measurement
from nasengine.core.objective import Goal, Objective
from nasengine.core.outcome import Outcome
from nasengine.core.settings import setting
from nasengine.core.space import Space

HERE = "tests.nasengine.toy"
LENGTH = 6


@dataclass(frozen=True)
class ToyConfig:
    """How high a digit may be."""

    highest: int = setting(9, "Highest digit.", low=1, high=9)


class ToySpace(Space):
    """Six digits; an architecture is their list."""

    name = "toy"
    Config = ToyConfig
    capabilities = frozenset({"mutate"})

    def sample(self, rng):
        return self._made(rng.integers(self.config.highest + 1, size=LENGTH).tolist())

    def mutate(self, architecture, rng):
        digits = list(architecture.genome)
        place = int(rng.integers(LENGTH))
        digits[place] = (digits[place] + 1 + int(rng.integers(self.config.highest))) % (
            self.config.highest + 1
        )
        return self._made(digits)

    def validate(self, architecture):
        if len(architecture.genome) != LENGTH:
            raise InvalidArchitecture(f"{architecture.genome} has not {LENGTH} digits")

    def graph(self, architecture):
        return {"cells": []}

    def build(self, architecture, input_shape, classes, auxiliary=False):
        from torch import nn

        return nn.Linear(1, 1 + sum(architecture.genome), bias=False)

    def enumerate(self):
        yield from map(self._made, itertools.product(range(self.config.highest + 1), repeat=LENGTH))

    def _made(self, digits):
        return Architecture("toy", {"highest": self.config.highest}, list(digits))


class MuteSpace(ToySpace):
    """The same without mutation."""

    name = "mute"
    capabilities = frozenset()


@dataclass(frozen=True)
class ToyEstimatorConfig:
    """What goes wrong, and when."""

    trouble: str = setting("none", "What happens to every candidate.")
    train_infeasible: bool = setting(False, "Train also what breaks a constraint.")


class ToyEstimator(Estimator):
    """The error is the share of digits that are not 7; `trouble` names what happens instead."""

    name = "toy"
    Config = ToyEstimatorConfig

    def provides(self, goal: Goal) -> bool:
        return goal.kind == "error"

    def evaluate(self, evaluation: Evaluation) -> Outcome:
        number = evaluation.proposal.number
        evaluation.report({"epoch": 1, "epochs": 1, "seed": evaluation.seed})
        trouble = TROUBLES.get(self.config.trouble)
        if trouble is not None:
            return trouble(number)
        digits = evaluation.proposal.architecture.genome
        noise = np.random.default_rng(evaluation.seed).random()
        error = 100 * np.mean([digit != 7 for digit in digits]) + noise
        return Outcome(number, "done", (Measurement("error", float(error), "%"),), epochs=1)


def _raise(error):
    raise error


TROUBLES = {
    "nan": lambda number: Outcome(number, "done", (Measurement("error", float("nan"), "%"),)),
    "diverged": lambda number: _raise(Diverged("loss is inf in epoch 3")),
    "told": lambda number: Outcome(
        number, "diverged", reason="loss is\nnan\0 in epoch 2", epochs=2
    ),
    "broken": lambda number: _raise(RuntimeError("first line\nsecond \0 line " + "x" * 1000)),
    "cancelled": lambda number: _raise(Cancelled()),
    "nothing": lambda number: Outcome(number, "done"),
    "stop": lambda number: _raise(KeyboardInterrupt()),
}


class Weight(Objective):
    """Sum of the digits, dear to find out."""

    kind = "weight"
    unit = "g"

    def measure(self, network, input_shape, device):
        return Measurement("weight", network.weight.numel() - 1, "g")


class Unmeasurable(Objective):
    """Cheap, and never a number."""

    kind = "unmeasurable"
    cheap = True

    def measure(self, network, input_shape, device):
        return Measurement("unmeasurable", float("inf"), "")


def install(monkeypatch):
    """Puts the toys into the catalogue."""
    from nasengine.catalog import KINDS

    for kind, name, target in (
        ("spaces", "toy", "ToySpace"),
        ("spaces", "mute", "MuteSpace"),
        ("estimators", "toy", "ToyEstimator"),
        ("objectives", "weight", "Weight"),
        ("objectives", "unmeasurable", "Unmeasurable"),
    ):
        monkeypatch.setitem(KINDS[kind], name, f"{HERE}:{target}")
