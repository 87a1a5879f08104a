"""The expected time of an evaluation before its launch."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nasengine.execution.final_job import FinalPlan
from webapp.accounts.models import Team
from webapp.jobs.models import JobState
from webapp.runs.numbers import duration_text

from .models import Training
from .subjects import Subject

SAMPLE = 10


@dataclass(frozen=True)
class ExpectedCost:
    """Expected time of the trainings of one evaluation.

    Attributes:
        epochs: epochs of one training.
        seeds: number of trainings.
        epoch_seconds: time of one epoch; None if nothing like it was trained.
        evidence: what the time is taken from, in words.
    """

    epochs: int
    seeds: int
    epoch_seconds: float | None
    evidence: str

    @property
    def text(self) -> str:
        """The cost in a sentence."""
        trainings = f"{self.seeds} training{'' if self.seeds == 1 else 's'} of {self.epochs} epochs"
        if self.epoch_seconds is None:
            return f"{trainings}. The time is not known: {self.evidence}."
        each = self.epoch_seconds * self.epochs
        total = (
            "" if self.seeds == 1 else f" each, {duration_text(each * self.seeds)} on one worker"
        )
        return f"{trainings}: about {duration_text(each)}{total} (from {self.evidence})."


def expected_cost(team: Team, subject: Subject, plan: FinalPlan, seeds: int) -> ExpectedCost:
    """Return the expected cost of an evaluation.

    It is the median time per epoch of the team's latest trainings in the same space, of the same
    size and on the same data; otherwise that of the candidate, if its network and data are the
    same.
    """
    epochs = plan.config.epochs
    same = {
        "evaluation__team": team,
        "evaluation__architecture__space": plan.architecture.space,
        "evaluation__dataset": plan.job.dataset,
        "evaluation__dataset_config": plan.dataset_config,
        "evaluation__protocol__cells": plan.protocol_json["cells"],
        "evaluation__protocol__channels": plan.protocol_json["channels"],
    }
    done = Training.objects.filter(state=JobState.DONE, epochs__gt=0, seconds__gt=0, **same)
    costs = list(done.order_by("-pk").values_list("seconds", "epochs", "curve")[:SAMPLE])
    if costs:
        seconds = statistics.median(_epoch_seconds(*cost) for cost in costs)
        noun = "training" if len(costs) == 1 else "trainings"
        return ExpectedCost(epochs, seeds, seconds, f"{len(costs)} earlier {noun} of this size")
    candidate = subject.candidate
    if candidate is not None and candidate.seconds and candidate.epochs:
        own = candidate.run.spec["dataset"] == plan.job.dataset
        if own and plan.architecture.config == subject.architecture.config:
            seconds = _epoch_seconds(candidate.seconds, candidate.epochs, candidate.curve)
            return ExpectedCost(epochs, seeds, seconds, "the candidate's own training")
    return ExpectedCost(epochs, seeds, None, "no network of this size was trained on these data")


def _epoch_seconds(
    seconds: float | None, epochs: float, curve: Sequence[Mapping[str, Any]]
) -> float:
    """Return the time of an epoch: measured ones, else the whole time, which has the start."""
    measured = [point["seconds"] for point in curve if point.get("seconds")]
    return statistics.fmean(measured) if measured else (seconds or 0.0) / epochs
