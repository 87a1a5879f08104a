"""The choices of each person: kinds, places, whose runs."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.accounts.models import User
from webapp.notices.models import DEFAULT_MINUTES, Kind, NoticeChoice, NoticeSettings

PLACES = ("browser", "mail", "chat")


@dataclass(frozen=True)
class Choice:
    """Where a person is notified of one kind."""

    browser: bool = False
    mail: bool = False
    chat: bool = False


# Without a choice: in the browser what ends or needs a person.
DEFAULTS = {
    Kind.RUN_FINISHED: Choice(browser=True),
    Kind.RUN_FAILED: Choice(browser=True),
    Kind.FRONT_IMPROVED: Choice(),
    Kind.NO_PROGRESS: Choice(browser=True),
    Kind.ENTRY_REVIEW: Choice(browser=True),
    Kind.WORKER_LOST: Choice(),
    Kind.MENTION: Choice(browser=True, mail=True),
    Kind.COMMENT: Choice(browser=True),
}


def choices_of(user: User) -> dict[Kind, Choice]:
    """Return the choice of the user for every kind."""
    rows = {row.kind: row for row in NoticeChoice.objects.filter(user=user)}
    return {
        kind: Choice(row.browser, row.mail, row.chat) if (row := rows.get(kind)) else default
        for kind, default in DEFAULTS.items()
    }


def settings_of(user: User) -> NoticeSettings:
    """Return the settings of the user; those of a user without any are not stored yet."""
    found = NoticeSettings.objects.filter(user=user).first()
    return found or NoticeSettings(user=user, minutes=DEFAULT_MINUTES)


def store(user: User, chosen: dict[Kind, Choice]) -> None:
    """Store the choices of the user."""
    for kind, choice in chosen.items():
        values = {place: getattr(choice, place) for place in PLACES}
        NoticeChoice.objects.update_or_create(user=user, kind=kind, defaults=values)
