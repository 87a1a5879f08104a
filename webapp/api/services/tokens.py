"""Tokens of people: issue, check, revoke."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from webapp.accounts.models import User
from webapp.accounts.services import audit
from webapp.api.models import ApiToken, Scope
from webapp.common.secret_tokens import new_token, used_token

PREFIX = "nasp_"


def issue(user: User, name: str, scope: str = Scope.READ, days: int | None = 90) -> str:
    """Create a token and return its text, which cannot be read again.

    Args:
        user: the person whose rights it has.
        name: what it is for.
        scope: one of `Scope`.
        days: after how many days it expires; None: never.
    """
    text, columns = new_token(PREFIX)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        scope=scope,
        expires_at=None if days is None else timezone.now() + timedelta(days=days),
        **columns,
    )
    allows = token.get_scope_display()
    audit.record("token", f"issued the API token {token}, which may {allows}", user=user)
    return text


def token_of(text: str) -> ApiToken | None:
    """Return the token with this text, and note its use.

    None if it is unknown, revoked or expired, or its owner cannot sign in any more.
    """
    return used_token(_valid().select_related("user"), text)


def is_valid(token: ApiToken) -> bool:
    """Return whether a token still gives access."""
    return _valid().filter(pk=token.pk).exists()


def revoke(user: User, pk: int) -> bool:
    """Revoke a token of the user at once; return False if there is no such valid token."""
    own = ApiToken.objects.filter(user=user, pk=pk, revoked_at=None)
    token = own.first()
    if token is None or not own.update(revoked_at=Now()):
        return False
    audit.record("token", f"revoked the API token {token}", user=user)
    return True


def _valid() -> QuerySet[ApiToken]:
    unexpired = Q(expires_at=None) | Q(expires_at__gt=Now())
    return ApiToken.objects.filter(unexpired, revoked_at=None, user__is_active=True)
