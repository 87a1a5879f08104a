"""Choosing the runs of a comparison: a search over all runs of the team, studies as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webapp.accounts.models import Team
from webapp.queries.language import QueryError
from webapp.runs.models import Run
from webapp.runs.queries import runs_of
from webapp.runs.run_fields import run_condition

MAX_RUNS = 40
MAX_STUDIES = 10


@dataclass(frozen=True)
class StudyChoice:
    """A study whose runs can be chosen together; `keys` are joined by commas."""

    name: str
    keys: str
    count: int


@dataclass(frozen=True)
class Choices:
    """The runs and studies that match a query; `total` counts all matching runs.

    `error` is what is wrong with the query, "" if it can be read.
    """

    text: str
    runs: list[Run]
    studies: list[StudyChoice]
    total: int
    error: str = ""


def choices(team: Team, user: Any, text: str) -> Choices:
    """Return the newest runs and studies of the team that match a query."""
    try:
        found = runs_of(team).filter(run_condition(text, user))
    except QueryError as error:
        return Choices(text, [], [], 0, error.message)
    members: dict[int, list[int]] = {}
    names: dict[int, str] = {}
    keys = found.filter(study__isnull=False).order_by("-study", "pk")
    for study, name, key in keys.values_list("study", "study__name", "pk")[:2000]:
        members.setdefault(study, []).append(key)
        names[study] = name
    studies = [
        StudyChoice(names[study], ",".join(map(str, own)), len(own))
        for study, own in list(members.items())[:MAX_STUDIES]
    ]
    return Choices(text, list(found[:MAX_RUNS]), studies, found.count())
