"""Reading evaluations: states, lists by protocol, and the evaluations of an architecture.

Figures are only compared within one protocol and data set, so everything is grouped by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
    Window,
)
from django.db.models import CharField as Text
from django.db.models.expressions import Combinable
from django.http import QueryDict

from webapp.accounts.models import Team
from webapp.datasets.labels import DataLabel, data_label, data_labels
from webapp.jobs.models import JobState

from .figures import Figure, figures_of
from .models import Evaluation, Training

SIZES = (25, 50, 100)
MAX_TEXT = 200
# A running seed is more than a queued one, and so on: the first that applies.
PRECEDENCE = (
    JobState.RUNNING,
    JobState.QUEUED,
    JobState.FAILED,
    JobState.DIVERGED,
    JobState.CANCELLED,
)


def with_state(rows: QuerySet[Any]) -> QuerySet[Evaluation]:
    """Add `state` and `done`, the number of seeds that are done.

    The state is that of the seed that matters most: running, queued, failed, diverged,
    cancelled; done if all seeds are.
    """
    trainings = Training.objects.filter(evaluation=OuterRef("pk"))
    whens = [When(Exists(trainings.filter(state=s)), then=Value(str(s))) for s in PRECEDENCE]
    done = Count("trainings", filter=Q(trainings__state=JobState.DONE))
    state = Case(*whens, default=Value(str(JobState.DONE)), output_field=Text())
    return rows.annotate(state=state, done=done)


def evaluations_of_team(team: Team) -> QuerySet[Evaluation]:
    """Return the team's evaluations with their state, without large columns."""
    rows = Evaluation.objects.filter(team=team).select_related("requested_by")
    return with_state(rows).defer("architecture", "job")


@dataclass
class ProtocolGroup:
    """Evaluations whose figures may be compared: same protocol and data.

    Attributes:
        key: `Evaluation.protocol_key`.
        protocol: name of the protocol, with the settings that were changed.
        dataset: name of the data set.
        objective: what is compared, as "test_error"; "" before the first seed is done.
        rows: the evaluations.
        data: what pages call the data set with its settings.
    """

    key: str
    protocol: str
    dataset: str
    dataset_config: dict[str, Any]
    objective: str = ""
    unit: str = ""
    rows: list[Evaluation] = field(default_factory=list)
    data: DataLabel | None = None

    @property
    def title(self) -> str:
        """The protocol with its data, as in "quick on digits"."""
        return f"{self.protocol} on {self.data or self.dataset}"

    @property
    def head(self) -> str:
        """The column of the figure, as "Test error (%)"."""
        name = self.objective.replace("_", " ").capitalize() or "Test figure"
        return f"{name} ({self.unit})" if self.unit else name

    @property
    def best(self) -> Evaluation | None:
        """The evaluation with the lowest mean; None if none has one."""
        measured = [row for row in self.rows if row.mean is not None]
        return min(measured, key=lambda row: row.mean or 0.0, default=None)


def grouped(rows: Iterable[Evaluation]) -> list[ProtocolGroup]:
    """Return evaluations by protocol, groups and rows in the order in which they come."""
    groups = _by_protocol(rows)
    _label(groups)
    return groups


def label_of_data(evaluation: Evaluation) -> DataLabel:
    """Return what pages call the data set of an evaluation."""
    return data_label(evaluation.team_id, evaluation.dataset, evaluation.dataset_config)


def _label(groups: list[ProtocolGroup]) -> None:
    """Give the data set of every group its label: at most one query; all are of one team."""
    team = groups[0].rows[0].team_id if groups else None
    labels = data_labels(team, [(group.dataset, group.dataset_config) for group in groups])
    for group, label in zip(groups, labels, strict=True):
        group.data = label


def _by_protocol(rows: Iterable[Evaluation]) -> list[ProtocolGroup]:
    groups: dict[str, ProtocolGroup] = {}
    for row in rows:
        group = groups.get(row.protocol_key)
        if group is None:
            group = groups[row.protocol_key] = ProtocolGroup(
                row.protocol_key,
                row.protocol_name,
                row.dataset,
                row.dataset_config,
            )
        if row.objective:
            group.objective, group.unit = row.objective, row.unit
        group.rows.append(row)
    return list(groups.values())


@dataclass(frozen=True)
class EvaluationTable:
    """One page of a team's evaluations, by protocol, with its filters."""

    page: Page
    groups: list[ProtocolGroup]
    chosen: dict[str, str]
    options: dict[str, list[tuple[str, str]]]
    sort: str
    size: int
    query: str
    narrowed: bool


SORTS: dict[str, tuple[str | Combinable, ...]] = {
    "newest": ("-created_at", "-pk"),
    "oldest": ("created_at", "pk"),
    "name": ("title", "pk"),
    "figure": (F("mean").asc(nulls_last=True), "pk"),
}


def evaluation_table(team: Team, asked: QueryDict) -> EvaluationTable:
    """Return the page for a query string with state, protocol, dataset, person, text, sort, size.

    The protocol with the newest evaluation comes first; rows are sorted within their protocol.
    """
    rows = filtered(evaluations_of_team(team), asked)
    sort = asked.get("sort", "newest") if asked.get("sort") in SORTS else "newest"
    size = next((s for s in SIZES if str(s) == asked.get("size")), SIZES[0])
    newest = Window(Max("created_at"), partition_by=F("protocol_key"))
    ordered = rows.annotate(newest=newest).order_by("-newest", "protocol_key", *SORTS[sort])
    page = Paginator(ordered, size).get_page(asked.get("page"))
    kept = asked.copy()
    kept.pop("page", None)
    chosen = {name: asked.get(name, "") for name in FILTERS}
    return EvaluationTable(
        page=page,
        groups=grouped(page.object_list),
        chosen=chosen,
        options=_options(team),
        sort=sort,
        size=size,
        query=kept.urlencode(),
        narrowed=any(chosen.values()),
    )


FILTERS = ("state", "protocol", "dataset", "person", "text")
COLUMNS = {"protocol": "protocol_name", "dataset": "dataset", "person": "requested_by__username"}


def filtered(rows: QuerySet[Any], asked: QueryDict) -> QuerySet[Evaluation]:
    """Return the evaluations, with their state, that the filters of a query string keep."""
    texts = {name: asked.get(name, "").replace("\0", "").strip()[:MAX_TEXT] for name in FILTERS}
    if texts["state"] in JobState.values:
        rows = rows.filter(state=texts["state"])
    for name, column in COLUMNS.items():
        if texts[name]:
            rows = rows.filter(**{column: texts[name]})
    return rows.filter(title__icontains=texts["text"]) if texts["text"] else rows


def _options(team: Team) -> dict[str, list[tuple[str, str]]]:
    """Return what each filter offers: values of the team's evaluations."""
    rows = Evaluation.objects.filter(team=team).order_by()
    values = set(rows.values_list(*COLUMNS.values()).distinct())
    offered = {
        name: [(text, text) for text in sorted({row[place] for row in values if row[place]})]
        for place, name in enumerate(COLUMNS)
    }
    return {"state": [(str(s), str(s)) for s in JobState], **offered}


@dataclass(frozen=True)
class ProtocolFigures:
    """Figures of one architecture under one protocol.

    Attributes:
        group: the protocol with its data, and the evaluations of the architecture.
        figures: mean and spread over every seed of these evaluations that is done.
    """

    group: ProtocolGroup
    figures: list[Figure]

    @property
    def main(self) -> Figure | None:
        """The test figure by which architectures of this protocol are compared."""
        return next((figure for figure in self.figures if figure.is_test), None)


def evaluations_of(team: Team, canonical_ids: Iterable[str]) -> dict[str, list[ProtocolFigures]]:
    """Return the evaluations of architectures of a team, grouped by protocol: two queries.

    Args:
        team: the team; evaluations of other teams are not read.
        canonical_ids: ids of `nasengine.canonical_id`.

    Returns:
        For every id a list with one item per protocol, the most recently used first; an empty
        list if the architecture was not evaluated. Seeds that several evaluations of a protocol
        have in common count once, with the newest value.
    """
    ids = list(dict.fromkeys(canonical_ids))
    slim = Training.objects.only("evaluation", "seed", "state", "measurements", "network")
    rows = evaluations_of_team_with(team, slim).filter(canonical_id__in=ids)
    found: dict[str, list[ProtocolFigures]] = {identity: [] for identity in ids}
    ordered = rows.order_by("canonical_id", "-created_at", "-pk")
    for canonical_id, evaluations in groupby(ordered, key=lambda row: row.canonical_id):
        for group in _by_protocol(evaluations):
            oldest_first = reversed(group.rows)
            trainings = [training for row in oldest_first for training in row.trainings.all()]
            found[canonical_id].append(ProtocolFigures(group, figures_of(trainings)))
    _label([figure.group for figures in found.values() for figure in figures])
    return found


def evaluations_of_team_with(team: Team, trainings: QuerySet[Training]) -> QuerySet[Evaluation]:
    """Return the team's evaluations with these columns of their trainings."""
    return evaluations_of_team(team).prefetch_related(Prefetch("trainings", queryset=trainings))


def trainings_of(evaluation: Evaluation) -> list[Training]:
    """Return the trainings of an evaluation by seed, with worker and exports."""
    rows = Training.objects.filter(evaluation=evaluation).select_related("slot")
    trainings = list(rows.prefetch_related("exports__requested_by").order_by("seed"))
    for training in trainings:
        training.evaluation = evaluation
    return trainings


def exports_of(trainings: list[Training]) -> list[Any]:
    """Return the exports of trainings, newest first."""
    # By the reverse relation: exports are above the evaluations and not imported here.
    found = []
    for training in trainings:
        for export in training.exports.all():
            export.training = training
            found.append(export)
    return sorted(found, key=lambda export: -export.pk)


def same_protocol(team: Team, protocol_key: str) -> QuerySet[Evaluation]:
    """Return the team's evaluations under one protocol that have a figure, the lowest first."""
    rows = evaluations_of_team(team).filter(protocol_key=protocol_key, mean__isnull=False)
    return rows.order_by("mean", "pk")


def export_rows(team: Team, asked: QueryDict) -> list[ProtocolGroup]:
    """Return every evaluation that the filters keep, by protocol, for files and programs."""
    rows = filtered(evaluations_of_team(team), asked)
    return grouped(rows.order_by("protocol_name", "protocol_key", "mean", "pk"))
