"""Choosing the runs of a comparison: a search over all runs of the team, studies as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from webapp.accounts.models import Team
from webapp.runs.filters import RunFilter
from webapp.runs.models import Run
from webapp.runs.queries import runs_of

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
    """The runs and studies that match a text; `total` counts all matching runs."""

    text: str
    runs: list[Run]
    studies: list[StudyChoice]
    total: int


def choices(team: Team, text: str) -> Choices:
    """Return the newest runs and studies of the team that match the text."""
    query = QueryDict(mutable=True)
    query["text"] = text[:200]
    found = RunFilter(query, queryset=runs_of(team)).qs
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
