"""The runs that an address names: by number, by study, and by a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from webapp.accounts.models import Team
from webapp.queries.language import QueryError
from webapp.runs.models import Run
from webapp.runs.queries import runs_of
from webapp.runs.run_fields import run_condition

from .options import Options

MAX_RUNS = 200
NO_PERSON = AnonymousUser()
UNREAD_COLUMNS = (
    "strategy_state",
    "epochs_state",
    "proxy_state",
    "view",
    "front",
    "data_report",
    "note",
)


@dataclass(frozen=True)
class Selection:
    """The runs of a comparison.

    Attributes:
        runs: in the order in which they were named; those of studies and searches follow.
        left_out: what was named and is no run or study of this person.
        beyond: how many runs more than `MAX_RUNS` were named.
    """

    runs: list[Run]
    left_out: list[str]
    beyond: int


def select_runs(
    teams: QuerySet[Team], team: Team, options: Options, user: Any = NO_PERSON
) -> Selection:
    """Return the runs that the options name: those of `teams`, and of `team` for searches.

    `user` is the person that `author:me` means in a search.
    """
    allowed = Run.objects.filter(team__in=teams)
    named = _named(allowed, options.runs[:MAX_RUNS])
    studied = list(allowed.filter(study__in=options.studies).values_list("study", "pk")
                   .order_by("study", "pk")) if options.studies else []  # fmt: skip
    found = matching(team, user, options.search) if options.search else []
    keys = list(dict.fromkeys([*named, *(pk for _, pk in studied), *found]))
    rows = Run.objects.filter(pk__in=keys[:MAX_RUNS]).select_related("team", "study")
    by_key = {run.pk: run for run in rows.defer(*UNREAD_COLUMNS)} if keys else {}
    missing = [str(pk) for pk in options.runs[:MAX_RUNS] if pk not in by_key]
    seen = {study for study, _ in studied}
    missing += [f"study {pk}" for pk in options.studies if pk not in seen]
    return Selection(
        runs=[by_key[pk] for pk in keys[:MAX_RUNS] if pk in by_key],
        left_out=[*options.unread, *missing],
        beyond=max(0, len(keys) - MAX_RUNS) + max(0, len(options.runs) - MAX_RUNS),
    )


def _named(allowed: QuerySet[Run], keys: list[int]) -> list[int]:
    present = set(allowed.filter(pk__in=keys).values_list("pk", flat=True)) if keys else set()
    return [key for key in keys if key in present]


def matching(team: Team, user: Any, text: str) -> list[int]:
    """Return the numbers of the team's runs that match a query, newest first.

    A text that is no query matches none.
    """
    try:
        found = runs_of(team).filter(run_condition(text, user))
    except QueryError:
        return []
    return list(found.values_list("pk", flat=True)[: MAX_RUNS + 1])
