"""How a comparison writes the units of an equal budget: times of workers in hours."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.runs.numbers import significant


@dataclass(frozen=True)
class Unit:
    """A unit of cost.

    Attributes:
        name: a key of `budget.UNITS`.
        label: as pages write it.
        scale: how many of the stored unit are one of the written unit.
        help: what is counted.
    """

    name: str
    label: str
    scale: float
    help: str


SHOWN = {
    "candidates": Unit("candidates", "candidates", 1, "Candidates that were evaluated."),
    "epochs": Unit("epochs", "epochs", 1, "Epochs of all trainings."),
    "seconds": Unit(
        "seconds", "worker hours", 3600,
        "Time that workers spent on candidates, added up over all workers.",
    ),
    "gpu_seconds": Unit(
        "gpu_seconds", "GPU hours", 3600,
        "Time that trainings held a GPU, busy or not, added up over all workers.",
    ),
}  # fmt: skip


def unit_of(name: str) -> Unit:
    """Return how a unit of `budget.UNITS` is written."""
    return SHOWN[name]


def amount_text(amount: float, name: str) -> str:
    """Return an amount with its unit, such as "200 candidates" or "3.21 GPU hours"."""
    unit = SHOWN[name]
    value = amount / unit.scale
    text = f"{value:,.0f}" if value == int(value) else significant(value)
    return f"{text} {unit.label}"
