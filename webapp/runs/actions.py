"""The buttons that steer a run: words that tell pause, stop and cancel apart."""

from __future__ import annotations

from dataclasses import dataclass

from .models import Run
from .services.control import allowed


@dataclass(frozen=True)
class Action:
    """One button with its dialog: words, icon, explanation, what yes and no are called."""

    name: str
    word: str
    icon: str
    help: str
    question: str
    yes: str
    back: str = "Leave it as it is"
    css: str = ""
    css_yes: str = "btn-primary"


ACTIONS = {
    "pause": Action(
        "pause",
        "Pause",
        "player-pause",
        "What is running now is finished and counted; nothing new is started until you resume.",
        "Pause this run?",
        "Pause",
    ),
    "resume": Action(
        "resume",
        "Resume",
        "player-play",
        "The run goes on exactly where it was; workers take candidates again.",
        "Resume this run?",
        "Resume",
        css="btn-primary",
    ),
    "stop": Action(
        "stop",
        "Stop",
        "player-stop",
        "What is running now is finished and counted, what only waits is given up, and the run "
        "ends for good.",
        "Stop this run?",
        "Stop when what runs is finished",
    ),
    "cancel": Action(
        "cancel",
        "Cancel",
        "x",
        "The run ends at once and for good: candidates that are training now are given up and "
        "their work is lost. What is measured already stays.",
        "Cancel this run now?",
        "Cancel now, give up what runs",
        css="btn-ghost-danger",
        css_yes="btn-danger",
    ),
    "raise_budget": Action(
        "raise_budget",
        "Raise budget",
        "plus",
        "The run goes on with what it has learnt until it has told this many candidates in all.",
        "How many candidates in all?",
        "Raise the budget",
    ),
}


def actions_of(run: Run) -> list[Action]:
    """What the run's state allows, in a fixed order."""
    names = allowed(run)
    return [action for name, action in ACTIONS.items() if name in names]
