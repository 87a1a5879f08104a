"""Sign-in through an OpenID Connect provider: who gets in, and which team a new person joins.

django-allauth speaks the protocol (state, PKCE, tokens); the sign-in itself is Django's, so that
sessions, sign-out and deactivation work as after a password.
"""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import get_adapter as account_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme

from .models import Invitation, Membership, Role, Team, User
from .services import audit
from .services.invitations import accept, invitation_of

log = logging.getLogger(__name__)
LOCAL = "django.contrib.auth.backends.ModelBackend"
CONNECTING = "oidc_connect"  # in the session: the key of the user who connects an account


class Refused(Exception):
    """The person is not signed in; the text is for the person."""


class SingleSignOn(DefaultSocialAccountAdapter):
    """Answers every sign-in of the provider itself, with a session or a message."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        raise ImmediateHttpResponse(answer(request, sociallogin))

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        log.warning("sign-in by %s failed: %s", settings.OIDC_NAME, exception or error)
        text = f"{settings.OIDC_NAME} did not confirm who you are; try again."
        raise ImmediateHttpResponse(refused(request, text))


def refused(request: HttpRequest, text: str) -> HttpResponse:
    """Return to the sign-in page, or to the account of who is signed in, with a message."""
    messages.error(request, text)
    return redirect("account" if request.user.is_authenticated else "sign-in")


def user_of(request: HttpRequest) -> User:
    """Return who is signed in, read again."""
    assert request.user.pk is not None  # the caller knows that someone is
    return User.objects.get(pk=request.user.pk)


def answer(request: HttpRequest, social_login: SocialLogin) -> HttpResponse:
    """Sign in the person whom the provider has identified, or connect the accounts."""
    connecting = request.session.pop(CONNECTING, None)
    try:
        if request.user.is_authenticated:
            return _connect(request, social_login, connecting)
        user = _user_of(social_login) or _new_user(social_login)
    except Refused as reason:
        return refused(request, str(reason))
    login(request, user, backend=LOCAL)
    target = social_login.state.get("next") or "/"
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return redirect(target if safe else "/")


def _user_of(social_login: SocialLogin) -> User | None:
    """Return the user whose account is connected, None if there is none."""
    if not social_login.is_existing:
        return None
    assert isinstance(social_login.user, User)  # the user model
    if not social_login.user.is_active:
        raise Refused("This account is deactivated; ask an administrator.")
    return social_login.user


def _connect(
    request: HttpRequest, social_login: SocialLogin, connecting: int | None
) -> HttpResponse:
    """Connect the provider's account to the user who asked for it on the account page."""
    user = user_of(request)
    if connecting != user.pk:
        return redirect("/")
    if social_login.is_existing and social_login.user != user:
        raise Refused(f"This account of {settings.OIDC_NAME} is connected to another user.")
    if not social_login.is_existing:
        social_login.connect(request, user)
        audit.record("account", f"connected an account of {settings.OIDC_NAME}", user=user)
    messages.success(request, f"You can now sign in with {settings.OIDC_NAME}.")
    return redirect("account")


def _new_user(social_login: SocialLogin) -> User:
    """Create the account of a person who is invited or whose mail address has a permitted domain.

    Raises:
        Refused: neither, or another request was quicker.
    """
    email = _verified_email(social_login)
    invitation = _invitation(social_login.state.get("next") or "")
    team = None if invitation else _team_by_domain(email)
    if invitation is None and team is None:
        raise Refused(
            f"Your account of {settings.OIDC_NAME} is not known here. Ask the owner of a team for "
            "an invitation; if you have an account, sign in and connect it on the account page."
        )
    try:
        with transaction.atomic():
            user = _created(social_login, email)
            if invitation is not None and not accept(invitation, user):
                raise Refused("The invitation was used or revoked; ask for another one.")
            if team is not None:
                _join(team, user)
    except IntegrityError:  # the same person in two tabs
        raise Refused("The account is being created; sign in again.") from None
    return user


def _created(social_login: SocialLogin, email: str) -> User:
    data = social_login.account.get_provider().extract_common_fields(
        social_login.account.extra_data
    )
    wished = [data.get("username"), email, data.get("name"), "user"]
    user = User(
        username=account_adapter().generate_unique_username([w for w in wished if w]),
        email=email,
        first_name=(data.get("first_name") or "")[:150],
        last_name=(data.get("last_name") or "")[:150],
    )
    user.set_unusable_password()
    user.save()
    SocialAccount.objects.create(
        user=user,
        provider=social_login.account.provider,
        uid=social_login.account.uid,
        extra_data=social_login.account.extra_data,
    )
    audit.record("account", f"created the account by {settings.OIDC_NAME}", user=user)
    return user


def _join(team: Team, user: User) -> None:
    Membership.objects.create(team=team, user=user, role=settings.OIDC_ROLE)
    label = Role(settings.OIDC_ROLE).label.lower()
    text = f"joined the team as {label} by the domain of the mail address"
    audit.record("member", text, user=user, team=team)


def _verified_email(social_login: SocialLogin) -> str:
    """Return the mail address that the provider has verified; "" if there is none."""
    return next((address.email for address in social_login.email_addresses if address.verified), "")


def _team_by_domain(email: str) -> Team | None:
    """Return the team that people with this mail address join, None if there is none."""
    domain = email.rpartition("@")[2].lower()
    if not domain or domain not in settings.OIDC_DOMAINS:
        return None
    team = Team.objects.filter(name=settings.OIDC_TEAM).first()
    if team is None:
        log.error("OIDC_TEAM is %r, but there is no such team", settings.OIDC_TEAM)
    return team


def _invitation(address: str) -> Invitation | None:
    """Return the invitation whose page the person came from, None if there is none."""
    try:
        match = resolve(address.partition("?")[0])
    except Resolver404:
        return None
    return invitation_of(match.kwargs["secret"]) if match.url_name == "join" else None
