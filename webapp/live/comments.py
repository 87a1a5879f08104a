"""The socket of the comments of a thing: it announces that they have changed."""

from __future__ import annotations

from webapp.accounts.permissions import AnyUser
from webapp.comments.services import comments_group
from webapp.comments.targets import may_view_target

from .fleet import FleetConsumer

CHECK_SECONDS = 60.0  # between two announcements if notifications are lost


class CommentsConsumer(FleetConsumer):
    """Sends the messages of `FleetConsumer`; the page then loads the comments."""

    def may_watch(self, user: AnyUser) -> bool:
        return may_view_target(user, *self._target())

    def group(self) -> str:
        return comments_group(*self._target())

    def seconds(self) -> float:
        return CHECK_SECONDS

    def _target(self) -> tuple[str, int]:
        names = self.scope["url_route"]["kwargs"]
        return names["kind"], names["pk"]
