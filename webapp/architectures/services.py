"""Keeping architectures in a team's catalogue, and deciding about them."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from webapp.accounts.permissions import MIN_ROLE, may
from webapp.runs.models import Candidate, CandidateState

from .models import CatalogueEntry, Stage

MAX_NAME = 120
MAX_REASON = 500


class KeepRefused(ValueError):
    """The candidate cannot be kept, or not under that name; the text says why."""


class DecisionRefused(ValueError):
    """The entry cannot be promoted or rejected like this; the text says why."""


def keep(candidate: Candidate, user: Any, name: str = "") -> CatalogueEntry:
    """Makes a catalogue entry of a measured candidate; one that is kept already stays.

    Raises:
        KeepRefused: the candidate is not measured, or the name is too long.
    """
    run, name = candidate.run, name.strip()
    if candidate.state != CandidateState.DONE:
        raise KeepRefused(f"#{candidate.number} is {candidate.state}: only a measured one is kept")
    if "\0" in name:
        raise KeepRefused("the name holds a NUL character, which no database text can; remove it")
    if len(name) > MAX_NAME:
        raise KeepRefused(f"the name has {len(name):,} characters; at most {MAX_NAME}")
    kept = CatalogueEntry.objects.filter(
        team=run.team, architecture_id=candidate.architecture_id
    ).first()
    return kept or _new_entry(candidate, user, name)


def _new_entry(candidate: Candidate, user: Any, name: str) -> CatalogueEntry:
    """The entry with a copy of what was measured; another's, if one was faster."""
    run = candidate.run
    columns = ("objective", "value", "unit", "device", "method", "repetitions", "spread", "detail")
    entry = CatalogueEntry(
        team=run.team,
        architecture_id=candidate.architecture_id,
        name=name or f"{run.name[:100]} #{candidate.number}",
        architecture=candidate.proposal["architecture"],
        candidate=candidate,
        source={"run": run.pk, "run_name": run.name, "number": candidate.number},
        measurements=list(candidate.measurements.values(*columns)),
        kept_by=user,
    )
    entry._history_user = user  # for simple-history, wherever this is called from
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError:
        return CatalogueEntry.objects.get(team=run.team, architecture_id=candidate.architecture_id)
    return entry


def promote(entry: CatalogueEntry, user: Any, reason: str) -> CatalogueEntry:
    """Approves an entry, with the reason; a rejected one may be approved later.

    Raises:
        DecisionRefused: no reason, too long a one, no right to decide, or approved already.
    """
    return _decide(entry, user, reason, Stage.APPROVED)


def reject(entry: CatalogueEntry, user: Any, reason: str) -> CatalogueEntry:
    """Rejects an entry, with the reason; an approved one may be rejected later.

    Raises:
        DecisionRefused: no reason, too long a one, no right to decide, or rejected already.
    """
    return _decide(entry, user, reason, Stage.REJECTED)


def _decide(entry: CatalogueEntry, user: Any, reason: str, stage: Stage) -> CatalogueEntry:
    reason = _readable(reason)
    if not may_decide(user, entry):
        raise DecisionRefused(
            f"deciding takes the role of a {MIN_ROLE['curate'].label.lower()} in {entry.team}"
        )
    with transaction.atomic():
        locked = CatalogueEntry.objects.select_for_update().get(pk=entry.pk)
        if locked.stage == stage:
            raise DecisionRefused(f"{locked.name} is {stage.label.lower()} already")
        locked.stage, locked.reason, locked.decided_by = stage, reason, user
        locked.decided_at = timezone.now()
        locked._history_user, locked._change_reason = user, reason[:100]  # for simple-history
        locked.save(update_fields=["stage", "reason", "decided_by", "decided_at"])
    return locked


def may_decide(user: Any, entry: CatalogueEntry) -> bool:
    """Whether the person decides about this entry: its team's curators, and administrators."""
    return bool(user.is_active and (user.is_superuser or may(user, "curate", entry.team)))


def _readable(reason: str) -> str:
    """The reason as it is stored.

    Raises:
        DecisionRefused: it is empty, too long, or no database text.
    """
    reason = reason.strip()
    if not reason:
        raise DecisionRefused("a decision needs its reason: say why in a sentence")
    if len(reason) > MAX_REASON:
        raise DecisionRefused(f"the reason has {len(reason):,} characters; at most {MAX_REASON}")
    if "\0" in reason:
        raise DecisionRefused("the reason holds a NUL character; remove it")
    return reason
