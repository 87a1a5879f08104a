"""The words, icons, colours and marker shapes of states, methods and operations.

One table for templates and scripts alike: pages embed `vocabulary()` as JSON.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from nasengine import catalog

from .models import CandidateState, RunState


@dataclass(frozen=True)
class StateWord:
    """How a state is shown: word, icon, tone (good, live, calm, warn, bad), what it means."""

    word: str
    icon: str
    tone: str
    meaning: str


RUN_STATES = {
    RunState.QUEUED: StateWord("Queued", "hourglass", "calm", "Waits for the coordinator"),
    RunState.RUNNING: StateWord("Running", "loader", "live", "Workers evaluate candidates"),
    RunState.PAUSING: StateWord(
        "Pausing", "player-pause", "warn", "What runs is finished, then the run rests"
    ),
    RunState.PAUSED: StateWord("Paused", "player-pause", "warn", "Rests until it is resumed"),
    RunState.STOPPING: StateWord(
        "Stopping", "player-stop", "warn", "What runs is finished, then the run ends"
    ),
    RunState.STOPPED: StateWord("Stopped", "player-stop", "calm", "Ended before its budget"),
    RunState.FINISHED: StateWord("Finished", "circle-check", "good", "Ended with its budget used"),
    RunState.FAILED: StateWord("Failed", "alert-circle", "bad", "Cannot go on"),
}

CANDIDATE_STATES = {
    CandidateState.QUEUED: StateWord("Queued", "hourglass", "calm", "Waits for a worker"),
    CandidateState.RUNNING: StateWord("Running", "loader", "live", "A worker evaluates it"),
    CandidateState.DONE: StateWord("Done", "circle-check", "good", "Measured"),
    CandidateState.TRAINED: StateWord(
        "Trained", "sitemap", "good", "A step of the shared network; it is no architecture"
    ),
    CandidateState.PRUNED: StateWord(
        "Pruned", "scissors", "calm", "Given up early; it counts for no best and no front"
    ),
    CandidateState.DIVERGED: StateWord(
        "Diverged", "wave-sine", "warn", "Training left the finite numbers"
    ),
    CandidateState.FAILED: StateWord("Failed", "circle-x", "bad", "Evaluation ended in an error"),
    CandidateState.LOST: StateWord(
        "Lost", "refresh", "warn", "Its worker died; it is queued again"
    ),
    CandidateState.CANCELLED: StateWord("Cancelled", "ban", "calm", "Ended on request"),
}

# Okabe and Ito's palette without yellow, which no light page can show; a shape each, so
# that colour is never the only signal. Names are Plotly's. A method keeps its look whatever
# else the catalogue holds.
LOOKS = {
    "regularised-evolution": ("#0072B2", "circle"),
    "dpp-net": ("#D55E00", "diamond"),
    "nsga2": ("#009E73", "triangle-up"),
    "renas": ("#CC79A7", "pentagon"),
    "monas": ("#B87A00", "star"),
    "local-search": ("#3E8FC4", "triangle-down"),
    "topology-evolution": ("#7A5195", "hexagon"),
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
    """The look of a strategy; random search alone is grey.

    A strategy without one here takes one by the letters of its name: always the same.
    """
    return Look(*LOOKS.get(strategy, OTHERS[sum(strategy.encode()) % len(OTHERS)]))


@dataclass(frozen=True)
class Family:
    """How operations of one family are drawn: hue, dash pattern, word."""

    colour: str
    dash: str
    word: str


FAMILIES = {
    "conv": Family("#D55E00", "", "plain convolution"),
    "separable": Family("#0072B2", "", "separable convolution"),
    "dilated": Family("#B0558A", "", "dilated convolution"),
    "group": Family("#B87A00", "", "group convolution"),
    "pool": Family("#009E73", "1.5 4", "pooling"),
    "skip": Family("#6B7685", "7 4", "skip connection"),
    "activation": Family("#7A5195", "", "activation"),
    "none": Family("#A9B2BD", "1 6", "no connection"),
    "concat": Family("#A9B2BD", "", "joined"),
}


@cache
def vocabulary() -> dict[str, Any]:
    """All of it as JSON, for the scripts of a page."""
    return {
        "runStates": {str(k): asdict(v) for k, v in RUN_STATES.items()},
        "candidateStates": {str(k): asdict(v) for k, v in CANDIDATE_STATES.items()},
        "methods": {name: asdict(method_look(name)) for name in catalog.names("strategies")},
        "families": {name: asdict(family) for name, family in FAMILIES.items()},
    }
