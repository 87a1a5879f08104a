"""The audit trail: who did what, and when. The only module that inserts audit entries."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from simple_history.models import HistoricalRecords

from webapp.accounts.models import AuditEntry, Team, User
from webapp.limits import MAX_REASON

# Kind -> its name on the page, in the order of the filter.
KINDS = {
    "sign-in": "Sign-ins",
    "account": "Accounts",
    "member": "Members",
    "invitation": "Invitations",
    "launch": "Launches",
    "control": "Control and deletion",
    "token": "API tokens",
    "stage": "Stages of architectures",
    "share": "Share links",
    "comment": "Comments",
    "webhook": "Webhooks",
    "setting": "Settings of the team",
}
MAX_WHO = 150
MAX_LINK = 200


def record(
    kind: str,
    text: str,
    *,
    user: Any = None,
    team: Team | None = None,
    link: str = "",
    who: str = "",
) -> None:
    """Store what a person did, in the transaction of the change.

    Args:
        kind: one of the keys of KINDS.
        text: what was done, in words, such as "launched run 3 'nightly'".
        user: who did it; None if it is not an account, as for a failed sign-in.
        team: the team whose owners see the entry; None writes one for each team of the user.
        link: the address of what was changed.
        who: the name, if there is no account.
    """
    assert kind in KINDS, kind
    person = user if isinstance(user, User) else None
    teams: list[Team | None] = [team] if team is not None else [*_teams(person)] or [None]
    AuditEntry.objects.bulk_create(
        AuditEntry(
            team=each,
            user=person,
            who=_line(who or (person.get_username() if person else ""), MAX_WHO),
            kind=kind,
            text=_line(text, MAX_REASON),
            link=link[:MAX_LINK],
            address=_address(),
        )
        for each in teams
    )


def entries_of(team: Team, kind: str = "", who: str = "", text: str = "") -> QuerySet[AuditEntry]:
    """Return the entries of a team, newest first; each argument that is not empty filters."""
    rows = AuditEntry.objects.filter(team=team).order_by("-pk")
    if kind:
        rows = rows.filter(kind=kind)
    if who:
        rows = rows.filter(who=who)
    return rows.filter(text__icontains=text) if text else rows


def _teams(user: User | None) -> list[Team]:
    return [] if user is None else list(Team.objects.filter(memberships__user=user))


def _line(text: str, longest: int) -> str:
    """Return the text without characters that PostgreSQL or a table of a page cannot show."""
    return "".join(c if c.isprintable() else " " for c in text)[:longest]


def _address() -> str | None:
    """The IP address of the request that is served by this thread; None outside a request."""
    request: HttpRequest | None = getattr(HistoricalRecords.context, "request", None)
    return None if request is None else request.META.get("REMOTE_ADDR") or None
