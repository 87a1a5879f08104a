"""Targets of comments: runs, candidates of runs, catalogue entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from webapp.accounts.models import Team
from webapp.accounts.permissions import AnyUser, may
from webapp.architectures.models import CatalogueEntry
from webapp.runs.models import Candidate, Run

from .models import Comment

KINDS = ("run", "candidate", "architecture")
COLUMNS = {"run": "run", "candidate": "candidate", "architecture": "entry"}


@dataclass(frozen=True)
class Target:
    """A thing of a team that has comments.

    Attributes:
        kind: one of KINDS.
        pk: its primary key.
        team: its team.
        title: what it is called in a sentence.
        address: its page.
        owner_id: whose it is; None if no person is known.
        run: the run, also of a candidate; None for a catalogue entry.
    """

    kind: str
    pk: int
    team: Team
    title: str
    address: str
    owner_id: int | None
    run: Run | None = None
    number: int | None = None

    @property
    def column(self) -> dict[str, Any]:
        """The column of a comment that names it."""
        return {f"{COLUMNS[self.kind]}_id": self.pk}

    @property
    def comments(self) -> QuerySet[Comment]:
        """Its comments, oldest first."""
        return Comment.objects.filter(**self.column).select_related("author")


def target_of(kind: str, pk: int) -> Target | None:
    """Return the thing of this kind, None if there is none."""
    if kind == "run":
        run = Run.objects.select_related("team").filter(pk=pk).first()
        return None if run is None else _run(run)
    if kind == "candidate":
        rows = Candidate.objects.select_related("run__team").only("number", "run")
        candidate = rows.filter(pk=pk).first()
        return None if candidate is None else _candidate(candidate)
    if kind == "architecture":
        entry = CatalogueEntry.objects.select_related("team").filter(pk=pk).first()
        return None if entry is None else _entry(entry)
    return None


def target_of_comment(comment: Comment) -> Target:
    """Return what a comment is on."""
    for kind, column in COLUMNS.items():
        pk = getattr(comment, f"{column}_id")
        if pk is not None:
            found = target_of(kind, pk)
            assert found is not None  # the key is a foreign key
            return found
    raise AssertionError("the database refuses a comment on nothing")


def may_view_target(user: AnyUser, kind: str, pk: int) -> bool:
    """Return whether the user may view the thing with its comments."""
    target = target_of(kind, pk)
    return target is not None and may(user, "view", target.team)


def _run(run: Run) -> Target:
    address = reverse("run-detail", args=[run.pk])
    title = f"run {run.pk} {run.name}"
    return Target("run", run.pk, run.team, title, address, run.created_by_id, run)


def _candidate(candidate: Candidate) -> Target:
    run = candidate.run
    return Target(
        "candidate",
        candidate.pk,
        run.team,
        f"candidate {candidate.number} of run {run.pk} {run.name}",
        reverse("run-candidate", args=[run.pk, candidate.number]),
        run.created_by_id,
        run,
        candidate.number,
    )


def _entry(entry: CatalogueEntry) -> Target:
    address = reverse("architecture-detail", args=[entry.pk])
    owner = entry.proposed_by_id or entry.kept_by_id
    return Target("architecture", entry.pk, entry.team, entry.name, address, owner)
