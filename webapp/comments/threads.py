"""The comments of a thing as a page shows them: threads of rendered texts."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.safestring import SafeString

from webapp.accounts.models import User
from webapp.accounts.permissions import may

from .mentions import to_html
from .models import Comment
from .services import may_delete, usernames
from .targets import Target

SHOWN_THREADS = 50


@dataclass
class Shown:
    """A comment with its text as HTML, what the person may do with it, and its replies."""

    comment: Comment
    html: SafeString
    may_edit: bool
    may_delete: bool
    replies: list[Shown] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The key of the comment, as a part of names in the markup."""
        return str(self.comment.pk)


@dataclass(frozen=True)
class Threads:
    """The newest threads of a thing, oldest first.

    Attributes:
        shown: the threads; deleted comments only if they have replies.
        hidden: the number of older threads that are not shown.
        names: who can be mentioned.
    """

    shown: list[Shown]
    hidden: int
    names: list[str]


def threads_of(target: Target, user: User, show_all: bool = False) -> Threads:
    """Return the threads of a thing for a person: three queries."""
    names = usernames(target.team)
    is_owner = may(user, "manage", target.team)
    firsts: dict[int, Shown] = {}
    for comment in target.comments.order_by("pk"):
        own = comment.author_id == user.pk and comment.deleted_at is None
        html = to_html(comment.text, names)[0]
        shown = Shown(comment, html, own, may_delete(comment, user, is_owner))
        if comment.reply_to_id is None:
            firsts[comment.pk] = shown
        elif comment.deleted_at is None:
            firsts[comment.reply_to_id].replies.append(shown)
    live = [
        thread for thread in firsts.values() if thread.replies or thread.comment.deleted_at is None
    ]
    newest = live if show_all else live[-SHOWN_THREADS:]
    return Threads(newest, len(live) - len(newest), names)


def count_of(kind_column: dict[str, int]) -> int:
    """Return the number of comments on a thing."""
    return Comment.objects.filter(deleted_at=None, **kind_column).count()
