"""Keeping architectures in a team's catalogue, and promoting or rejecting entries."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from webapp.accounts.models import User
from webapp.accounts.permissions import MIN_ROLE, AnyUser, may
from webapp.limits import MAX_NAME, MAX_REASON
from webapp.runs.models import Candidate, CandidateState

from .models import CatalogueEntry, Stage

COPIED_COLUMNS = (
    "objective",
    "value",
    "unit",
    "device",
    "method",
    "repetitions",
    "spread",
    "detail",
)
MAX_RUN_NAME = 100  # of the run's name in the default name of an entry


class KeepRefused(ValueError):
    """The candidate cannot be kept, or the name is not allowed; the text is for users."""


class DecisionRefused(ValueError):
    """The entry cannot be promoted or rejected; the text is for users."""


def keep(candidate: Candidate, user: User | None, name: str = "") -> CatalogueEntry:
    """Create a catalogue entry of a measured candidate, or return the existing one.

    Args:
        candidate: a candidate of state done.
        user: who keeps it.
        name: the entry's name; default: the run's name and the candidate's number.

    Raises:
        KeepRefused: the candidate is not measured, or the name is not allowed.
    """
    run, name = candidate.run, name.strip()
    if candidate.state != CandidateState.DONE:
        raise KeepRefused(
            f"Candidate #{candidate.number} is {candidate.state}: only measured ones can be kept"
        )
    if "\0" in name:
        raise KeepRefused("The name must not contain a NUL character: remove it")
    if len(name) > MAX_NAME:
        raise KeepRefused(f"The name must have at most {MAX_NAME} characters (got {len(name):,})")
    kept = CatalogueEntry.objects.filter(
        team=run.team, architecture_id=candidate.architecture_id
    ).first()
    return kept or _new_entry(candidate, user, name)


def _new_entry(candidate: Candidate, user: User | None, name: str) -> CatalogueEntry:
    """Create the entry with a copy of the measurements.

    If another request created one meanwhile, return that entry.
    """
    run = candidate.run
    entry = CatalogueEntry(
        team=run.team,
        architecture_id=candidate.architecture_id,
        name=name or f"{run.name[:MAX_RUN_NAME]} #{candidate.number}",
        architecture=candidate.proposal["architecture"],
        candidate=candidate,
        source={"run": run.pk, "run_name": run.name, "number": candidate.number},
        measurements=list(candidate.measurements.values(*COPIED_COLUMNS)),
        kept_by=user,
    )
    _set_author(entry, user)
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError:
        return CatalogueEntry.objects.get(team=run.team, architecture_id=candidate.architecture_id)
    return entry


def promote(entry: CatalogueEntry, user: AnyUser, reason: str) -> CatalogueEntry:
    """Approve an entry with a reason; a rejected entry can be approved later.

    Raises:
        DecisionRefused: the reason is empty or too long, the user may not decide, or the entry
            is approved already.
    """
    return _decide(entry, user, reason, Stage.APPROVED)


def reject(entry: CatalogueEntry, user: AnyUser, reason: str) -> CatalogueEntry:
    """Reject an entry with a reason; an approved entry can be rejected later.

    Raises:
        DecisionRefused: the reason is empty or too long, the user may not decide, or the entry
            is rejected already.
    """
    return _decide(entry, user, reason, Stage.REJECTED)


def _decide(entry: CatalogueEntry, user: AnyUser, reason: str, stage: Stage) -> CatalogueEntry:
    reason = _checked_reason(reason)
    if not isinstance(user, User) or not may_decide(user, entry):
        raise DecisionRefused(
            f"you need the {MIN_ROLE['curate'].label.lower()} role in {entry.team} to decide"
        )
    with transaction.atomic():
        locked = CatalogueEntry.objects.select_for_update().get(pk=entry.pk)
        if locked.stage == stage:
            raise DecisionRefused(f"{locked.name} is already {stage.label.lower()}")
        locked.stage, locked.reason, locked.decided_by = stage, reason, user
        locked.decided_at = timezone.now()
        _set_author(locked, user, reason[:100])
        locked.save(update_fields=["stage", "reason", "decided_by", "decided_at"])
    return locked


def _set_author(entry: CatalogueEntry, user: User | None, reason: str = "") -> None:
    """Set who changes the entry and why, for the history that simple-history writes."""
    setattr(entry, "_history_user", user)  # noqa: B010  attributes that only simple-history knows
    if reason:
        setattr(entry, "_change_reason", reason)  # noqa: B010


def may_decide(user: AnyUser, entry: CatalogueEntry) -> bool:
    """Return whether the user may decide: curators of the team and administrators."""
    return bool(user.is_active and (user.is_superuser or may(user, "curate", entry.team)))


def _checked_reason(reason: str) -> str:
    """Return the reason as it is stored.

    Raises:
        DecisionRefused: it is empty, too long or cannot be stored.
    """
    reason = reason.strip()
    if not reason:
        raise DecisionRefused("a decision needs a reason: write one sentence")
    if len(reason) > MAX_REASON:
        raise DecisionRefused(
            f"the reason must have at most {MAX_REASON} characters (got {len(reason):,})"
        )
    if "\0" in reason:
        raise DecisionRefused("the reason must not contain a NUL character: remove it")
    return reason
