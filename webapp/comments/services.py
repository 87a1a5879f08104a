"""Adding, changing and deleting comments, with the notices and audit entries of each."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models.functions import Now

from webapp.accounts.models import Team, User
from webapp.accounts.permissions import may
from webapp.accounts.services import audit
from webapp.common.channel_groups import send_to_group
from webapp.events.clean import clean_text
from webapp.notices.models import Kind
from webapp.notices.services.events import forget, publish

from .mentions import to_html
from .models import Comment
from .targets import Target, target_of_comment

log = logging.getLogger(__name__)
MAX_TEXT = 10_000
MAX_COMMENTS = 2000  # on one thing


class CommentRefused(Exception):
    """The comment is not stored; the text has the reason."""


def comments_group(kind: str, pk: int) -> str:
    """Return the name of the channel group of the pages that show the comments of a thing."""
    return f"comments.{kind}.{pk}"


def usernames(team: Team) -> list[str]:
    """Return the names that a comment of the team can mention."""
    members = User.objects.filter(memberships__team=team, is_active=True)
    return list(members.order_by("username").values_list("username", flat=True))


@transaction.atomic
def add(target: Target, user: User, text: str, reply_to: int | None = None) -> Comment:
    """Store a comment, and notify the people whom it concerns.

    Args:
        target: what it is on.
        user: its author.
        text: Markdown.
        reply_to: the key of a comment on the same thing; None begins a thread.

    Raises:
        CommentRefused: the text is not allowed, or there is no such comment to reply to.
    """
    text = _checked(text)
    if target.comments.count() >= MAX_COMMENTS:
        raise CommentRefused(f"There are {MAX_COMMENTS:,} comments, the most that are allowed.")
    first = None if reply_to is None else target.comments.filter(pk=reply_to).first()
    if reply_to is not None and first is None:
        raise CommentRefused(f"There is no comment {reply_to} to reply to.")
    thread = None if first is None else first.reply_to_id or first.pk
    comment = Comment.objects.create(author=user, text=text, reply_to_id=thread, **target.column)
    _record(target, user, comment, "commented on")
    _notify_people(target, user, comment)
    _announce(target)
    return comment


@transaction.atomic
def edit(comment: Comment, user: User, text: str) -> None:
    """Change the text of one's own comment; people who are mentioned now are notified.

    Raises:
        CommentRefused: it is not the user's, was deleted, or the text is not allowed.
    """
    text = _checked(text)
    if comment.author_id != user.pk or comment.deleted_at is not None:
        raise CommentRefused("Only its author may change a comment.")
    if text == comment.text:
        return
    comment.text, comment.edited_at = text, Now()
    comment.save(update_fields=["text", "edited_at"])
    target = target_of_comment(comment)
    _record(target, user, comment, "changed a comment on")
    _notify_people(target, user, comment, is_new=False)
    _announce(target)


def may_delete(comment: Comment, user: User, is_owner: bool) -> bool:
    """Return whether the user may delete a comment: its author, and owners of the team."""
    return comment.deleted_at is None and (comment.author_id == user.pk or is_owner)


@transaction.atomic
def delete(comment: Comment, user: User) -> None:
    """Remove the text of a comment and its notices; replies stay.

    Raises:
        CommentRefused: the user is neither its author nor an owner of the team.
    """
    target = target_of_comment(comment)
    if not may_delete(comment, user, may(user, "manage", target.team)):
        raise CommentRefused("Only its author and owners of the team may delete a comment.")
    comment.text, comment.deleted_at = "", Now()
    comment.save(update_fields=["text", "deleted_at"])
    forget(_key(comment))
    _record(target, user, comment, "deleted a comment on")
    _announce(target)


def _checked(text: str) -> str:
    text = clean_text(text.replace("\r\n", "\n")).strip()
    if not text:
        raise CommentRefused("Write a text first.")
    if len(text) > MAX_TEXT:
        raise CommentRefused(
            f"The text must have at most {MAX_TEXT:,} characters (got {len(text):,})."
        )
    return text


def _record(target: Target, user: User, comment: Comment, what: str) -> None:
    link = f"{target.address}#comment-{comment.pk}"
    audit.record("comment", f"{what} {target.title}", user=user, team=target.team, link=link)


def _key(comment: Comment) -> str:
    """Return how the keys of a comment's events begin."""
    return f"comment:{comment.pk}:"


def _notify_people(target: Target, user: User, comment: Comment, is_new: bool = True) -> None:
    """Store one event for each person: who is mentioned; then who owns it or took part."""
    by = user.get_username()
    _, names = to_html(comment.text, usernames(target.team))
    members = User.objects.filter(memberships__team=target.team)
    mentioned = set(members.filter(username__in=names).values_list("pk", flat=True)) - {user.pk}
    for pk in sorted(mentioned):
        text = f"{by} mentioned you in a comment on {target.title}"
        _publish(target, comment, Kind.MENTION, pk, text)
    if not is_new:
        return
    thread = Comment.objects.none()
    if comment.reply_to_id is not None:
        thread = target.comments.filter(pk=comment.reply_to_id)
        thread |= target.comments.filter(reply_to=comment.reply_to_id)
    others = {target.owner_id, *thread.values_list("author_id", flat=True)}
    for pk in sorted(key for key in others - mentioned - {user.pk} if key is not None):
        what = "replied to a comment on" if comment.reply_to_id else "commented on"
        _publish(target, comment, Kind.COMMENT, pk, f"{by} {what} {target.title}")


def _publish(target: Target, comment: Comment, kind: Kind, person: int, text: str) -> None:
    publish(
        f"{_key(comment)}{person}",
        kind,
        text,
        f"{target.address}#comment-{comment.pk}",
        team_id=target.team.pk,
        run=target.run,
        person_id=person,
    )


def _announce(target: Target) -> None:
    """Make open pages load the comments again, after the commit."""
    transaction.on_commit(lambda: _send(comments_group(target.kind, target.pk)))


def _send(group: str) -> None:
    try:
        send_to_group(group, {"type": "comments.changed"})
    except Exception as error:  # the comment is stored; open pages look again at intervals
        log.warning("open pages were not notified of %s (%s)", group, error)
