"""The buttons that control a run, with labels that distinguish pause, stop and cancel."""

from __future__ import annotations

from dataclasses import dataclass

from .models import Run
from .services.control import allowed
from .services.retries import count_retryable


@dataclass(frozen=True)
class Action:
    """One button with its dialog: labels, icon, explanation."""

    name: str
    label: str
    icon: str
    help: str
    question: str
    yes: str
    back: str = "Keep running"
    css: str = ""
    css_yes: str = "btn-primary"


ACTIONS = {
    "pause": Action(
        "pause",
        "Pause",
        "player-pause",
        "Running candidates finish and count. No new candidate starts until you resume the run.",
        "Pause this run?",
        "Pause run",
    ),
    "resume": Action(
        "resume",
        "Resume",
        "player-play",
        "The run continues exactly where it was paused.",
        "Resume this run?",
        "Resume run",
        back="Keep paused",
        css="btn-primary",
    ),
    "stop": Action(
        "stop",
        "Stop",
        "player-stop",
        "Running candidates finish and count, waiting ones are cancelled. The run then ends; it "
        "cannot be resumed.",
        "Stop this run?",
        "Stop run",
    ),
    "cancel": Action(
        "cancel",
        "Cancel",
        "x",
        "The run ends immediately and cannot be resumed. Candidates in training are cancelled and "
        "their progress is lost; measured ones stay.",
        "Cancel this run now?",
        "Cancel run now",
        css="btn-ghost-danger",
        css_yes="btn-danger",
    ),
    "raise_budget": Action(
        "raise_budget",
        "Raise budget",
        "plus",
        "The run continues with all it has learned until this many candidates are evaluated.",
        "Raise the budget?",
        "Raise budget",
        back="Keep budget",
    ),
    "set_priority": Action(
        "set_priority",
        "Priority",
        "flag",
        "Work of a higher priority is started first. Candidates in training are not interrupted.",
        "Change the priority?",
        "Set priority",
        back="Keep priority",
    ),
    "retry_failed": Action(
        "retry_failed",
        "Retry failed",
        "refresh",
        "Each failed candidate that was not retried yet is evaluated again as a new candidate, "
        "with another seed. The failed one stays as it is and no longer counts towards the "
        "budget.",
        "Retry all failed candidates?",
        "Retry failed",
        back="Leave them",
    ),
}


def actions_of(run: Run, counts: dict[str, int]) -> list[Action]:
    """Return the actions that the run allows, in a fixed order.

    Args:
        run: the run.
        counts: its candidates by state.
    """
    names = allowed(run)
    if "retry_failed" in names and not count_retryable(run, counts):
        names.remove("retry_failed")
    return [action for name, action in ACTIONS.items() if name in names]
