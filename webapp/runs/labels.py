"""The labels, icons, colours and marker shapes of states, methods and operations.

Templates read them here; `vocabulary()` is the part that scripts need for plots and drawings.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from nasengine import catalog

from .models import CandidateState, RunState


@dataclass(frozen=True)
class StateLabel:
    """How a state is shown: label, icon, tone (good, live, calm, warn, bad) and meaning."""

    label: str
    icon: str
    tone: str
    meaning: str


RUN_STATES = {
    RunState.QUEUED: StateLabel("Queued", "hourglass", "calm", "Waits for the coordinator"),
    RunState.RUNNING: StateLabel("Running", "loader", "live", "Workers evaluate candidates"),
    RunState.PAUSING: StateLabel(
        "Pausing", "player-pause", "warn", "Pauses when the running candidates have finished"
    ),
    RunState.PAUSED: StateLabel("Paused", "player-pause", "warn", "Waits until it is resumed"),
    RunState.STOPPING: StateLabel(
        "Stopping", "player-stop", "warn", "Ends when the running candidates have finished"
    ),
    RunState.STOPPED: StateLabel("Stopped", "player-stop", "calm", "Ended before its budget"),
    RunState.FINISHED: StateLabel("Finished", "circle-check", "good", "Its budget is used"),
    RunState.FAILED: StateLabel("Failed", "alert-circle", "bad", "Ended by an error"),
}

CANDIDATE_STATES = {
    CandidateState.QUEUED: StateLabel("Queued", "hourglass", "calm", "Waits for a worker"),
    CandidateState.RUNNING: StateLabel("Running", "loader", "live", "A worker evaluates it"),
    CandidateState.DONE: StateLabel("Done", "circle-check", "good", "Measured"),
    CandidateState.TRAINED: StateLabel(
        "Trained", "sitemap", "good", "A supernet training step, not an architecture"
    ),
    CandidateState.PRUNED: StateLabel(
        "Pruned",
        "scissors",
        "calm",
        "Not trained: violates a constraint; excluded from best and front",
    ),
    CandidateState.PAUSED: StateLabel(
        "Paused", "player-pause", "calm", "Trained in part; goes on if it is among the best"
    ),
    CandidateState.STOPPED: StateLabel(
        "Stopped early",
        "player-stop",
        "calm",
        "Not trained to its end; excluded from best and front",
    ),
    CandidateState.DIVERGED: StateLabel(
        "Diverged", "wave-sine", "warn", "Training diverged (NaN or infinity)"
    ),
    CandidateState.FAILED: StateLabel("Failed", "circle-x", "bad", "Evaluation ended in an error"),
    CandidateState.LOST: StateLabel(
        "Lost", "refresh", "warn", "Its worker stopped responding; it is queued again"
    ),
    CandidateState.CANCELLED: StateLabel("Cancelled", "ban", "calm", "Cancelled on request"),
}

# Okabe and Ito's palette without yellow, which has too little contrast on light pages. Every
# method has a marker shape too, so that colour is never the only signal; the names are Plotly's.
LOOKS = {
    "regularised-evolution": ("#0072B2", "circle"),
    "dpp-net": ("#D55E00", "diamond"),
    "nsga2": ("#009E73", "triangle-up"),
    "renas": ("#CC79A7", "pentagon"),
    "monas": ("#B87A00", "star"),
    "local-search": ("#3E8FC4", "triangle-down"),
    "topology-evolution": ("#7A5195", "hexagon"),
    "bayesian": ("#9C2A4F", "star-diamond"),
    "tpe": ("#5B6F1F", "diamond-tall"),
    "qlognehvi": ("#1F5F6F", "diamond-wide"),
    "darts": ("#A04000", "cross"),
    "enas": ("#00796B", "x"),
    "random-sharing": ("#8C6D31", "bowtie"),
    "random": ("#7A8492", "square"),
}
OTHERS = [look for name, look in LOOKS.items() if name != "random"]


@dataclass(frozen=True)
class Look:
    """The fixed colour and marker shape of a method, the same on every page."""

    colour: str
    marker: str


def method_look(strategy: str) -> Look:
    """Return the look of a strategy; only random search is grey.

    A strategy that is not listed above gets one of these looks by the letters of its name.
    """
    return Look(*LOOKS.get(strategy, OTHERS[sum(strategy.encode()) % len(OTHERS)]))


@dataclass(frozen=True)
class Family:
    """How operations of one family are drawn: hue, dash pattern and label."""

    colour: str
    dash: str
    label: str


FAMILIES = {
    "conv": Family("#D55E00", "", "plain convolution"),
    "separable": Family("#0072B2", "", "separable convolution"),
    "dilated": Family("#B0558A", "", "dilated convolution"),
    "group": Family("#B87A00", "", "group convolution"),
    "pool": Family("#009E73", "1.5 4", "pooling"),
    "skip": Family("#6B7685", "7 4", "skip connection"),
    "activation": Family("#7A5195", "", "activation"),
    "none": Family("#A9B2BD", "1 6", "no connection"),
    "concat": Family("#A9B2BD", "", "concatenation"),
}


@cache
def vocabulary() -> dict[str, Any]:
    """Return the looks of methods and operations as JSON, for the scripts of a page."""
    return {
        "methods": {name: asdict(method_look(name)) for name in catalog.names("strategies")},
        "families": {name: asdict(family) for name, family in FAMILIES.items()},
    }
