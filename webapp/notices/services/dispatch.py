"""From a event to notices and deliveries: who is notified, and where."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models.functions import Now

from webapp.accounts.models import User
from webapp.accounts.permissions import users_who_may
from webapp.common.channel_groups import send_to_group
from webapp.notices.models import (
    PERSONAL,
    Delivery,
    Kind,
    Notice,
    NoticeEvent,
    NoticeSettings,
    Place,
    Webhook,
)

from .choices import choices_of, settings_of
from .events import undispatched
from .of_studies import collapse

log = logging.getLogger(__name__)
MAX_AT_ONCE = 200
ABOUT_A_PERSONS_WORK = (
    Kind.RUN_FINISHED,
    Kind.RUN_FAILED,
    Kind.FRONT_IMPROVED,
    Kind.NO_PROGRESS,
)


def notices_group(user_id: int) -> str:
    """Return the name of the channel group of a user's open pages."""
    return f"notices.{user_id}"


def dispatch_all() -> int:
    """Make notices and deliveries of what happened; return how many events there were.

    Each is done in its own transaction under its row's lock, so two processes share the work and
    a crash repeats nothing.
    """
    done = 0
    for pk in undispatched().values_list("pk", flat=True)[:MAX_AT_ONCE]:
        with transaction.atomic():
            rows = undispatched().select_for_update(skip_locked=True, of=("self",))
            event = rows.select_related("team", "run__study").filter(pk=pk).first()
            if event is not None:
                _dispatch(event)
                done += 1
    return done


def _dispatch(event: NoticeEvent) -> None:
    if not collapse(event):
        _notify(event)
    event.dispatched_at = Now()
    event.save(update_fields=["dispatched_at"])


def _notify(event: NoticeEvent) -> None:
    people = [user for user in _people(event) if _wants(user, event)]
    notices, deliveries = [], []
    for user in people:
        choice = choices_of(user)[Kind(event.kind)]
        if choice.browser:
            notices.append(Notice(user=user, event=event))
        if choice.mail and user.email:
            deliveries.append(Delivery(event=event, place=Place.MAIL, user=user))
        if choice.chat and settings_of(user).chat_address:
            deliveries.append(Delivery(event=event, place=Place.CHAT, user=user))
    for hook in _hooks(event):
        deliveries.append(Delivery(event=event, place=Place.WEBHOOK, webhook=hook))
    if event.kind == Kind.FRONT_IMPROVED:
        _drop_older(event, [notice.user for notice in notices])
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    for notice in notices:
        transaction.on_commit(lambda user_id=notice.user_id: refresh_pages(user_id))  # type: ignore[misc]


def _drop_older(event: NoticeEvent, people: list[User]) -> None:
    """Delete unread notices of older fronts of the same run or study: the new one has them."""
    unread = Notice.objects.filter(user__in=people, read_at=None, event__kind=event.kind)
    unread.filter(event__link=event.link, event__pk__lt=event.pk).delete()


def _people(event: NoticeEvent) -> list[User]:
    """Return the people who may see it: members of the team, curators for a review."""
    users = User.objects.filter(is_active=True)
    if event.team_id is None:
        return list(users.filter(memberships__isnull=False).distinct())
    members = users.filter(memberships__team=event.team_id)
    if event.kind in PERSONAL:
        return list(members.filter(pk=event.person_id or 0))
    if event.kind != Kind.ENTRY_REVIEW:
        return list(members)
    able = users_who_may("curate", event.team_id, members.values_list("pk", flat=True))
    return [user for user in members if user.pk in able and user.pk != event.person_id]


def _wants(user: User, event: NoticeEvent) -> bool:
    """Return whether it is about work that the person follows, and late enough for a stall."""
    if event.kind not in ABOUT_A_PERSONS_WORK:
        return True
    own: NoticeSettings = settings_of(user)
    if event.minutes is not None and event.minutes != own.minutes:
        return False
    return own.every_run or event.person_id == user.pk


def _hooks(event: NoticeEvent) -> list[Webhook]:
    if event.kind in PERSONAL:
        return []
    hooks = Webhook.objects.filter(disabled_at=None, kinds__contains=[event.kind])
    if event.team_id is not None:
        hooks = hooks.filter(team=event.team_id)
    if event.minutes is not None:
        hooks = hooks.filter(minutes=event.minutes)
    return list(hooks)


def refresh_pages(user_id: int) -> None:
    """Make the open pages of a user load the notices again."""
    try:
        send_to_group(notices_group(user_id), {"type": "notices.changed"})
    except Exception as error:  # the notice is stored; the next page shows it
        log.warning("open pages of user %s were not notified (%s)", user_id, error)
