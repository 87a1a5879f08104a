"""The way to the OpenID Connect provider and back, and connecting its account to a user."""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers import registry
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from ..middleware import team_not_required
from ..requests import AnyRequest
from ..services import audit
from ..services.passkeys import passkeys_of
from ..single_sign_on import CONNECTING, refused, user_of


@login_not_required
@team_not_required
@never_cache
@require_GET
def start(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Redirect to the provider; 404 if none is configured."""
    return _answer(request, provider_id, "login")


@login_not_required
@team_not_required
@never_cache
@require_GET
def back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take the answer of the provider."""
    return _answer(request, provider_id, "callback")


def _answer(request: HttpRequest, provider_id: str, view: str) -> HttpResponse:
    """Answer with a view of the provider, which is loaded here together with its HTTP client."""
    from allauth.socialaccount.providers.openid_connect import views as provider
    from requests import RequestException

    registry.load()
    try:
        return getattr(provider, view)(request, provider_id)
    except RequestException:
        return refused(request, f"{settings.OIDC_NAME} does not answer; try again later.")


@team_not_required
@require_POST
def connect(request: AnyRequest) -> HttpResponse:
    """Go to the provider in order to connect its account.

    The page moves on by a header, because a form may lead only to pages of this site.
    """
    if not settings.OIDC_URL:
        return refused(request, "Single sign-on is not set up here.")
    request.session[CONNECTING] = request.user.pk
    address = reverse("openid_connect_login", args=[settings.OIDC_PROVIDER])
    response = render(request, "accounts/continue.html", {"address": address})
    response["Refresh"] = f"0; url={address}"
    return response


@team_not_required
@require_POST
def disconnect(request: AnyRequest) -> HttpResponse:
    """Disconnect the provider's account, if the user can sign in without it."""
    user = user_of(request)
    if not user.has_usable_password() and not passkeys_of(user).exists():
        return refused(request, "Not disconnected: add a passkey first, or you could not sign in.")
    if SocialAccount.objects.filter(user=user).delete()[0]:
        audit.record("account", f"disconnected an account of {settings.OIDC_NAME}", user=user)
        messages.success(request, f"You cannot sign in with {settings.OIDC_NAME} any more.")
    return redirect("account")
