"""Moves of entries between stages: which there are, who may make them, and making one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from webapp.accounts.models import User
from webapp.accounts.permissions import MIN_ROLE, AnyUser, may, may_with, role_in
from webapp.accounts.services import audit
from webapp.limits import MAX_REASON

from ..models import USABLE, Alias, CatalogueEntry, Stage
from .texts import Refused, checked_text, set_author


class DecisionRefused(Refused):
    """The entry cannot be moved; the text is for users."""


class Who(StrEnum):
    """Who may make a move. Curators may make those of proposers, administrators all."""

    PROPOSER = "its proposer and curators"
    CURATOR = "curators"
    ADMINISTRATOR = "administrators"


@dataclass(frozen=True)
class Move:
    """A move to a stage: its verb on buttons, its word in addresses, the word for the result."""

    stage: Stage
    verb: str
    action: str
    done: str


# The actions of the first versions, promote and reject, are kept: addresses have them.
TO = {
    Stage.PROPOSED: Move(Stage.PROPOSED, "Propose again", "propose", "Proposed"),
    Stage.SHORTLISTED: Move(Stage.SHORTLISTED, "Shortlist", "shortlist", "Shortlisted"),
    Stage.APPROVED: Move(Stage.APPROVED, "Approve", "promote", "Approved"),
    Stage.DEPLOYED: Move(Stage.DEPLOYED, "Mark as deployed", "deploy", "Deployed"),
    Stage.RETIRED: Move(Stage.RETIRED, "Retire", "retire", "Retired"),
    Stage.REJECTED: Move(Stage.REJECTED, "Reject", "reject", "Rejected"),
}
# (from, to) -> who may make the move. Every other move is refused.
MOVES: dict[tuple[Stage, Stage], Who] = {
    (Stage.PROPOSED, Stage.SHORTLISTED): Who.CURATOR,
    (Stage.PROPOSED, Stage.APPROVED): Who.CURATOR,
    (Stage.PROPOSED, Stage.REJECTED): Who.CURATOR,
    (Stage.PROPOSED, Stage.RETIRED): Who.PROPOSER,
    (Stage.SHORTLISTED, Stage.PROPOSED): Who.CURATOR,
    (Stage.SHORTLISTED, Stage.APPROVED): Who.CURATOR,
    (Stage.SHORTLISTED, Stage.REJECTED): Who.CURATOR,
    (Stage.SHORTLISTED, Stage.RETIRED): Who.PROPOSER,
    (Stage.APPROVED, Stage.DEPLOYED): Who.CURATOR,
    (Stage.APPROVED, Stage.RETIRED): Who.CURATOR,
    (Stage.APPROVED, Stage.REJECTED): Who.CURATOR,
    (Stage.DEPLOYED, Stage.APPROVED): Who.CURATOR,
    (Stage.DEPLOYED, Stage.RETIRED): Who.CURATOR,
    (Stage.DEPLOYED, Stage.REJECTED): Who.ADMINISTRATOR,
    (Stage.RETIRED, Stage.PROPOSED): Who.PROPOSER,
    (Stage.REJECTED, Stage.PROPOSED): Who.PROPOSER,
    (Stage.REJECTED, Stage.APPROVED): Who.CURATOR,
    (Stage.REJECTED, Stage.RETIRED): Who.CURATOR,
}


def move(entry: CatalogueEntry, user: AnyUser, stage: Stage, reason: str) -> CatalogueEntry:
    """Move an entry to another stage with a reason; the history keeps both.

    Raises:
        DecisionRefused: there is no such move, the user may not make it, the reason is empty or
            too long, or an alias points at an entry that would leave use.
    """
    reason = checked_reason(reason)
    with transaction.atomic():
        rows = CatalogueEntry.objects.select_for_update(of=("self",)).select_related("team")
        locked = rows.get(pk=entry.pk)
        if refusal := refusal_of(locked, rights_of(locked, user), stage):
            raise DecisionRefused(refusal)
        _check_aliases(locked, stage)
        locked.stage, locked.reason = stage, reason
        locked.decided_by = user if isinstance(user, User) else None
        locked.decided_at = timezone.now()
        if stage == Stage.PROPOSED:
            locked.proposed_by = locked.decided_by
        set_author(locked, user, reason)
        locked.save(update_fields=["stage", "reason", "decided_by", "decided_at", "proposed_by"])
        text = f"moved {locked.name} to {stage.label.lower()}: {reason}"
        link = f"/architectures/{locked.pk}/"
        audit.record("stage", text, user=user, team=locked.team, link=link)
    return locked


def promote(entry: CatalogueEntry, user: AnyUser, reason: str) -> CatalogueEntry:
    """Approve an entry; see `move`."""
    return move(entry, user, Stage.APPROVED, reason)


def reject(entry: CatalogueEntry, user: AnyUser, reason: str) -> CatalogueEntry:
    """Reject an entry; see `move`."""
    return move(entry, user, Stage.REJECTED, reason)


@dataclass(frozen=True)
class Rights:
    """Relation of a user to an entry: whether administrator, curator, or its proposer."""

    administrator: bool
    curator: bool
    proposer: bool

    def allow(self, who: Who) -> bool:
        """Whether the user is one of those who may make a move."""
        if who == Who.ADMINISTRATOR:
            return self.administrator
        return self.curator or (who == Who.PROPOSER and self.proposer)


def rights_of(entry: CatalogueEntry, user: AnyUser) -> Rights:
    """Return the user's rights to an entry; one query at most."""
    active = bool(user.is_authenticated and user.is_active)
    own = active and user.pk in (entry.proposed_by_id, entry.kept_by_id)
    if active and user.is_superuser:
        return Rights(administrator=True, curator=True, proposer=own)
    role = role_in(user, entry.team) if active else None
    return Rights(
        administrator=False,
        curator=may_with(role, "curate"),
        proposer=own and may_with(role, "keep"),
    )


def moves_for(entry: CatalogueEntry, rights: Rights) -> list[Move]:
    """Return the moves that the user may make now, in the order of the stages."""
    return [TO[stage] for stage in Stage if not refusal_of(entry, rights, stage)]


def refusal_of(entry: CatalogueEntry, rights: Rights, stage: Stage) -> str:
    """Return why the user cannot move the entry to this stage; "" if that is possible."""
    here = Stage(entry.stage)
    who = MOVES.get((here, stage))
    if here == stage:
        return f"{entry.name} is already {stage.label.lower()}"
    if not rights.curator and who != Who.PROPOSER:
        return f"you need the {MIN_ROLE['curate'].label.lower()} role in {entry.team} to decide"
    if who is None:
        return f"{entry.name} is {here}: it cannot become {stage} from there"
    if not rights.allow(who):
        return f"only {who} may make {entry.name} {stage}"
    if rights.proposer and _needs_a_second_person(entry, stage):
        return (
            f"you proposed {entry.name}: in {entry.team} a second person approves, another curator"
        )
    return ""


def may_decide(user: AnyUser, entry: CatalogueEntry) -> bool:
    """Return whether the user may decide: curators of the team and administrators."""
    return bool(user.is_active and (user.is_superuser or may(user, "curate", entry.team)))


def checked_reason(reason: str) -> str:
    """Return the reason as it is stored.

    Raises:
        DecisionRefused: it is empty, too long or cannot be stored.
    """
    try:
        reason = checked_text(reason, "the reason", MAX_REASON)
    except Refused as error:
        raise DecisionRefused(str(error)) from None
    if not reason:
        raise DecisionRefused("a decision needs a reason: write one sentence")
    return reason


def _needs_a_second_person(entry: CatalogueEntry, stage: Stage) -> bool:
    """Whether this is an approval, and the team wants another person than the proposer for it."""
    approves = stage == Stage.APPROVED and entry.stage != Stage.DEPLOYED
    return approves and entry.team.second_person


def _check_aliases(entry: CatalogueEntry, stage: Stage) -> None:
    """Check that no alias points at an entry that leaves use.

    Raises:
        DecisionRefused: names the aliases.
    """
    if stage in USABLE:
        return
    names = list(Alias.objects.filter(entry=entry).values_list("name", flat=True))
    if names:
        raise DecisionRefused(
            f"{', '.join(names)} points at {entry.name}: move the alias to another entry first"
        )
