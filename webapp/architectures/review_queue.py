"""The review queue on the first page of the admin: what a curator needs to see for a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from nasengine.core.objective import Goal
from webapp.accounts.permissions import AnyUser, teams_where
from webapp.evaluations.queries import ProtocolFigures, evaluations_of
from webapp.runs.drawings import drawing, text_of
from webapp.runs.models import FINITE, Measurement, Run
from webapp.runs.numbers import value_text
from webapp.runs.objectives import goals_of

from .models import WAITING, CatalogueEntry
from .services.moves import Move, Rights, moves_for

SHOWN = 6


@dataclass(frozen=True)
class ReviewCard:
    """An entry with its drawing, its position on the front of its run, and its measurements."""

    entry: CatalogueEntry
    graph: dict[str, Any] | None
    text: str
    position: str
    measurements: list[str]
    evaluations: list[str]
    moves: list[Move]

    @property
    def graph_id(self) -> str:
        """The id of the drawing's data on the page."""
        return f"graph-{self.entry.pk}"


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the review queue to the first page of the admin (called by django-unfold)."""
    waiting = waiting_entries(request.user)
    context |= {
        "queue": review_cards(waiting[:SHOWN], request.user),
        "queue_total": waiting.count(),
    }
    return context


def waiting_entries(user: AnyUser) -> Any:
    """Return the entries that this person may decide about, those that wait longest first."""
    waiting = CatalogueEntry.objects.filter(stage__in=WAITING)
    if not user.is_superuser:
        waiting = waiting.filter(team__in=teams_where(user, "curate"))
    return waiting.select_related("team").order_by("kept_at", "pk")


def review_cards(entries: Any, user: AnyUser) -> list[ReviewCard]:
    """Return what the curator sees of each entry, and the moves that are possible."""
    rows = list(entries.select_related("team", "kept_by", "proposed_by", "candidate__run"))
    evaluated = _evaluated(rows)
    return [
        ReviewCard(
            entry,
            drawing(entry.architecture),
            text_of(entry.architecture),
            _position(entry),
            [
                f"{m['objective']} "
                f"{value_text(m['objective'], m['value'], m['unit'], m.get('spread'))}"
                for m in entry.measurements
            ],
            evaluated[entry.team_id, entry.canonical_id],
            moves_for(entry, _rights(entry, user)),
        )
        for entry in rows
    ]


def _evaluated(entries: list[CatalogueEntry]) -> dict[tuple[int, str], list[str]]:
    """Return the main figure of each entry under each protocol, as texts."""
    by_team: dict[int, list[CatalogueEntry]] = {}
    for entry in entries:
        by_team.setdefault(entry.team_id, []).append(entry)
    texts: dict[tuple[int, str], list[str]] = {}
    for team_id, own in by_team.items():
        found = evaluations_of(own[0].team, [entry.canonical_id for entry in own])
        for identity, protocols in found.items():
            texts[team_id, identity] = [_figure_text(figures) for figures in protocols]
    return texts


def _figure_text(figures: ProtocolFigures) -> str:
    """Return the figure of a protocol with its spread and number of seeds."""
    figure = figures.main
    if figure is None:
        return f"{figures.group.title}: no seed is done yet"
    value = value_text(figure.objective, figure.mean, figure.unit, figure.spread)
    seeds = "1 seed" if figure.count == 1 else f"{figure.count} seeds"
    return f"{figure.objective.replace('_', ' ')} {value}, {seeds}, {figures.group.title}"


def _rights(entry: CatalogueEntry, user: AnyUser) -> Rights:
    """Return the rights of a person to whom the admin shows the entry: a curator's at least."""
    own = user.pk in (entry.proposed_by_id, entry.kept_by_id)
    return Rights(administrator=bool(user.is_superuser), curator=True, proposer=own)


def _position(entry: CatalogueEntry) -> str:
    """Return where the candidate is on the front of its run, by the first objective."""
    candidate = entry.candidate
    if candidate is None:
        return "its run has been deleted"
    run = candidate.run
    numbers = run.front.get("numbers", [])
    if candidate.number not in numbers:
        return f"not on the front of {run.name}, which has {len(numbers)} members"
    goal = goals_of(run)[0]
    place = _better_than(run, numbers, candidate.number, goal) + 1
    return f"{place} of {len(numbers)} on the front of {run.name}, by {goal.name}"


def _better_than(run: Run, numbers: list[int], number: int, goal: Goal) -> int:
    """Count the members of the front that are better in an objective."""
    measured = Measurement.objects.filter(
        FINITE, candidate__run=run, candidate__number__in=numbers, objective=goal.name
    )
    values = dict(measured.order_by().values_list("candidate__number", "value"))
    sign = -1 if goal.better == "higher" else 1
    own = sign * values.get(number, float("inf"))
    return sum(sign * value < own for value in values.values())
