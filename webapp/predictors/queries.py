"""Reading predictors of a device: a card per space of the team, and which networks to measure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db.models import Case, Count, Min, Q, Sum, When

from nasengine import catalog
from nasengine.pareto.dominance import non_dominated
from nasengine.predictors.few_shot.validation import Validation
from webapp.accounts.models import Team
from webapp.devices.models import (
    OPEN_MEASUREMENTS,
    Device,
    MeasurementState,
    PredictedCost,
    Predictor,
    PredictorFit,
)
from webapp.devices.predicted import PARTS, key_of
from webapp.jobs.models import JobState
from webapp.runs.models import Measurement, Run

from .models import PredictorJob
from .services.inputs import candidates_of

MAX_CARDS = 20
SHOWN_RUNS = 5
NEXT = 5
# Objectives of training in whose front a cost is looked at, by preference.
ERRORS = {"error": "%", "perplexity": ""}  # with their units


@dataclass(frozen=True)
class Group:
    """Runs of a team with the same space and data.

    Attributes:
        key: The key of `key_of`.
        spec: The settings that they share.
        settings: Settings in which it differs from other groups of the same space and data.
        candidates: How many candidates they evaluated.
        runs: How many runs.
    """

    key: str
    spec: dict[str, Any]
    settings: str
    candidates: int
    runs: int

    @property
    def title(self) -> str:
        """Space and data in words."""
        return f"{self.spec['space']} on {self.spec['dataset']}"


@dataclass
class Card:
    """One group on the page of a device.

    Attributes:
        group: The group.
        predictor: Its predictor; None if nothing was requested.
        job: The newest job of the predictor.
        fits: Its current fits, each with its `checked` Validation.
        states: State -> number of the measurements that were requested for it.
        run_ids: The newest runs of the group.
    """

    group: Group
    predictor: Predictor | None = None
    job: PredictorJob | None = None
    fits: list[tuple[PredictorFit, Validation]] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    run_ids: list[tuple[int, str]] = field(default_factory=list)

    @property
    def open_job(self) -> PredictorJob | None:
        """The job that waits or runs."""
        return self.job if self.job is not None and self.job.is_open else None

    @property
    def failed_job(self) -> PredictorJob | None:
        """The newest job if it ended badly."""
        bad = (JobState.FAILED, JobState.CANCELLED)
        return self.job if self.job is not None and self.job.state in bad else None

    @property
    def measuring(self) -> int:
        """How many of its measurements wait or run."""
        return sum(self.states.get(state, 0) for state in OPEN_MEASUREMENTS)

    @property
    def requested(self) -> int:
        """How many measurements were requested for it."""
        return sum(self.states.values())

    @property
    def ended(self) -> int:
        """How many of these have ended."""
        return self.requested - self.measuring

    @property
    def failed(self) -> int:
        """How many of these failed."""
        return self.states.get(MeasurementState.FAILED, 0)

    @property
    def is_busy(self) -> bool:
        """Whether something goes on."""
        return self.open_job is not None or self.measuring > 0


def groups_of(team: Team) -> list[Group]:
    """Return the groups of a team's runs that have candidates, the largest first: one query."""
    columns = [f"spec__{part}" for part in PARTS]
    known = Run.objects.filter(team=team, spec__space__in=catalog.names("spaces"), told__gt=0)
    rows = known.order_by().values(*columns).annotate(runs=Count("pk"), candidates=Sum("told"))
    found = sorted(rows, key=lambda row: (-row["candidates"], row["spec__space"]))[:MAX_CARDS]
    specs = [{part: row[f"spec__{part}"] for part in PARTS} for row in found]
    return [
        Group(key_of(spec), spec, _settings(spec, specs), row["candidates"], row["runs"])
        for spec, row in zip(specs, found, strict=True)
    ]


def _settings(spec: dict[str, Any], specs: list[dict[str, Any]]) -> str:
    """Return the settings in which a group differs from others of the same space and data."""
    same = [o for o in specs if (o["space"], o["dataset"]) == (spec["space"], spec["dataset"])]
    words = []
    for part in ("space_config", "dataset_config"):
        for name, value in (spec[part] or {}).items():
            if any((other[part] or {}).get(name) != value for other in same):
                words.append(f"{name.replace('_', ' ')} {_value_text(value)}")
    return "; ".join(words)


def _value_text(value: Any) -> str:
    """Return a value of a setting for people: lists by their members, and no Python words."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "none" if value is None else str(value)


def cards_of(device: Device) -> list[Card]:
    """Return a card for each group of the device's team: six queries for any number."""
    cards = {group.key: Card(group) for group in groups_of(device.team)}
    predictors = Predictor.objects.filter(device=device, key__in=cards)
    by_pk = {}
    for predictor in predictors:
        cards[predictor.key].predictor = predictor
        by_pk[predictor.pk] = cards[predictor.key]
    newest = PredictorJob.objects.filter(predictor__in=by_pk).order_by(
        "predictor_id", "-created_at", "-pk"
    )
    for job in newest.distinct("predictor_id").select_related("requested_by"):
        by_pk[job.predictor_id].job = job
    fits = PredictorFit.objects.filter(predictor__in=by_pk, is_current=True).defer("fitted")
    for fit in fits.order_by("cost"):
        by_pk[fit.predictor_id].fits.append((fit, Validation.from_json(fit.validation)))
    counts = Predictor.measurements.through._default_manager.filter(predictor__in=by_pk).order_by()
    for pk, state, number in counts.values_list("predictor", "measurement__state").annotate(
        number=Count("*")
    ):
        by_pk[pk].states[state] = number
    _add_runs(device.team, [card for card in by_pk.values() if card.fits])
    return list(cards.values())


def _add_runs(team: Team, cards: list[Card]) -> None:
    """Add the newest runs of each card."""
    if not cards:
        return
    same = Q()
    for card in cards:
        same |= Q(**{f"spec__{part}": value for part, value in card.group.spec.items()})
    rows = Run.objects.filter(same, team=team, archived_at=None).order_by("-created_at")
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for pk, name, *parts in rows.values_list("pk", "name", *(f"spec__{part}" for part in PARTS)):
        found[key_of(dict(zip(PARTS, parts, strict=True)))].append((pk, name))
    for card in cards:
        card.run_ids = found[card.group.key][:SHOWN_RUNS]


@dataclass(frozen=True)
class Proposal:
    """A network that is worth measuring.

    Attributes:
        network: Id of its architecture.
        error: Its lowest error in the runs.
        value: Predicted cost.
        low: Lower end of its 90 % interval.
        high: Upper end.
        on_front: It is on the front of error and predicted cost; otherwise it may be.
        run: A run that has it.
        number: Its number there.
    """

    network: str
    error: float
    value: float
    low: float
    high: float
    on_front: bool
    run: int
    number: int


@dataclass(frozen=True)
class Proposals:
    """The networks to measure next for one fit, in the order of their use.

    Attributes:
        fit: The fit whose intervals are uncertain.
        objective: The objective of training, such as "error".
        rows: The networks.
    """

    fit: PredictorFit
    objective: str
    rows: list[Proposal]

    @property
    def head(self) -> str:
        """The column of the objective, as "Error (%)"."""
        unit = ERRORS[self.objective]
        return self.objective.capitalize() + (f" ({unit})" if unit else "")


def proposals_of(predictor: Predictor) -> Proposals | None:
    """Return the networks whose measurement decides most about the front; None without a fit.

    A network may be on the front unless another one is at least as good and costs less even at the
    upper end of its interval. Members of the predicted front come first, then those with the
    widest interval for their value. Measured networks are certain.
    """
    fits = predictor.fits.filter(is_current=True).defer("fitted")
    fit = fits.order_by(Case(When(cost="latency", then=0), default=1), "cost").first()
    if fit is None:
        return None
    objective, errors = _errors(predictor)
    values = PredictedCost.objects.filter(fit=fit, architecture_id__in=errors)
    rows = list(values.values_list("architecture_id", "value", "low", "high", "method"))
    if not rows:
        return Proposals(fit, objective, [])
    error = np.array([errors[row[0]] for row in rows])
    value, low, high = (np.array([row[n] for row in rows], float) for n in (1, 2, 3))
    predicted = np.array([row[4] == "predicted" for row in rows])
    front, possible = front_members(error, value, low, high)
    width = (high - low) / np.maximum(value, 1e-12)
    open_ = np.flatnonzero(possible & predicted)
    order = sorted(open_, key=lambda n: (not front[n], -width[n], rows[n][0]))[:NEXT]
    places = _places(predictor, [rows[n][0] for n in order])
    found = [
        Proposal(
            rows[n][0], float(error[n]), float(value[n]), float(low[n]), float(high[n]),
            bool(front[n]), *places[rows[n][0]],
        )
        for n in order
    ]  # fmt: skip
    return Proposals(fit, objective, found)


def front_members(
    error: np.ndarray, value: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which networks are on the front of error and cost, and which may be.

    Args:
        error: Error of each network; less is better.
        value: Its cost; less is better.
        low: Lower end of the interval of its cost.
        high: Upper end.
    """
    front = non_dominated(np.column_stack([error, value]))
    possible = front.copy()
    certain = np.inf
    for n in np.lexsort((value, error)):
        possible[n] |= low[n] < certain
        certain = min(certain, high[n])
    return front, possible


def _errors(predictor: Predictor) -> tuple[str, dict[str, float]]:
    """Return the objective of training of the runs, and each network's lowest value of it."""
    measured = Measurement.objects.filter(candidate__in=candidates_of(predictor))
    for objective in ERRORS:
        rows = measured.filter(objective=objective).order_by().values("candidate__architecture_id")
        found = rows.annotate(lowest=Min("value"))
        errors = dict(found.values_list("candidate__architecture_id", "lowest"))
        if errors:
            return objective, errors
    return "error", {}


def _places(predictor: Predictor, networks: list[str]) -> dict[str, tuple[int, int]]:
    """Return a run and the number of a candidate for each network."""
    rows = candidates_of(predictor).filter(architecture_id__in=networks)
    first = rows.order_by("architecture_id", "run", "number").distinct("architecture_id")
    return {a: (run, n) for a, run, n in first.values_list("architecture_id", "run", "number")}
