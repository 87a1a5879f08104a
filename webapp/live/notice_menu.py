"""The socket of the notices in the top bar: it announces that the person's notices have changed."""

from __future__ import annotations

from webapp.accounts.permissions import AnyUser
from webapp.notices.services.dispatch import notices_group

from .fleet import FleetConsumer

CHECK_SECONDS = 60.0  # between two announcements if notifications are lost


class NoticeMenuConsumer(FleetConsumer):
    """Sends the messages of `FleetConsumer`; the page then loads them."""

    def may_watch(self, user: AnyUser) -> bool:
        return user.is_authenticated

    def group(self) -> str:
        return notices_group(self.scope["user"].pk)

    def seconds(self) -> float:
        return CHECK_SECONDS
