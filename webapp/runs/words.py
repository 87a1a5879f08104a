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
    RunState.DRAFT: StateWord("Draft", "pencil", "calm", "Not launched yet"),
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
# that colour is never the only signal. Names are Plotly's.
LOOKS = (
    ("#0072B2", "circle"),
    ("#D55E00", "diamond"),
    ("#009E73", "triangle-up"),
    ("#CC79A7", "pentagon"),
    ("#B87A00", "star"),
    ("#3E8FC4", "triangle-down"),
    ("#7A5195", "hexagon"),
    ("#A04000", "cross"),
    ("#00796B", "x"),
    ("#8C6D31", "bowtie"),
)
RANDOM_LOOK = ("#7A8492", "square")


@dataclass(frozen=True)
class Look:
    """The fixed colour and marker shape of a method, the same on every page."""

    colour: str
    marker: str


def method_look(strategy: str) -> Look:
    """The look of a strategy; random search is always grey."""
    if strategy == "random":
        return Look(*RANDOM_LOOK)
    others = [name for name in catalog.names("strategies") if name != "random"]
    place = others.index(strategy) if strategy in others else len(strategy)
    return Look(*LOOKS[place % len(LOOKS)])


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
    "none": Family("#A9B2BD", "1 6", "no connection"),
    "concat": Family("#A9B2BD", "", "concatenation"),
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
