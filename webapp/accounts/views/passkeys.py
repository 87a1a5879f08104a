"""Passkeys: add and remove them on the account page, sign in with one."""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_lockout_response
from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.hashers import check_password
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ..middleware import team_not_required
from ..requests import AnyRequest
from ..services import passkeys
from ..single_sign_on import LOCAL, user_of

MAX_NAME = 80


@team_not_required
@never_cache
@require_GET
def options(request: AnyRequest) -> JsonResponse:
    """Return what the browser needs to create a passkey."""
    return JsonResponse(passkeys.new_options(user_of(request)))


@team_not_required
@require_POST
def add(request: AnyRequest) -> HttpResponse:
    """Store a new passkey; a user with a password has to type it.

    Wrong passwords count like wrong passwords at sign-in.
    """
    from allauth.mfa.webauthn.forms import AddWebAuthnForm  # with fido2

    user = user_of(request)
    credentials = {"username": user.get_username()}
    if user.has_usable_password():
        if not AxesProxyHandler.is_allowed(request, credentials):
            return get_lockout_response(request, credentials=credentials)
        password = request.POST.get("password", "")
        # Not user.check_password: it may renew the hash, which ends the user's sessions.
        if not check_password(password, user.password):
            authenticate(request, **credentials, password=password)  # counts the failure
            messages.error(request, "Not added: the password is wrong.")
            return redirect("account")
    form = AddWebAuthnForm({**request.POST.dict(), "passwordless": "on"}, user=user)
    name = request.POST.get("name", "").strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        messages.error(request, f"Not added: the name must have 1 to {MAX_NAME} characters.")
    elif passkeys.passkeys_of(user).count() >= passkeys.MAX_PASSKEYS:
        messages.error(request, f"Not added: there are {passkeys.MAX_PASSKEYS} passkeys already.")
    elif not form.is_valid():
        messages.error(request, "Not added: the browser's answer is not valid any more; try again.")
    else:
        passkeys.add(user, name, form.cleaned_data["credential"])
        messages.success(request, f"You can now sign in with the passkey {name}.")
    return redirect("account")


@team_not_required
@require_POST
def remove(request: AnyRequest, pk: int) -> HttpResponse:
    """Remove a passkey of the user, unless nothing is left to sign in with."""
    user = user_of(request)
    others = passkeys.passkeys_of(user).exclude(pk=pk).exists()
    if not (user.has_usable_password() or others or SocialAccount.objects.filter(user=user)):
        messages.error(request, "Not removed: it is the only way in which you can sign in.")
        return redirect("account")
    if not passkeys.remove(user, pk):
        raise Http404(f"no passkey {pk}")
    messages.success(request, "The passkey is removed.")
    return redirect("account")


@login_not_required
@team_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Return what the browser needs; a POST with its answer signs in."""
    if request.method == "GET":
        return JsonResponse(passkeys.sign_in_options())
    from allauth.mfa.webauthn.forms import LoginWebAuthnForm

    form = LoginWebAuthnForm(request.POST)
    user = form.cleaned_data["credential"].user if form.is_valid() else None
    if user is None or not user.is_active:
        messages.error(request, "This passkey is not known here, or its account is deactivated.")
        return redirect("sign-in")
    form.cleaned_data["credential"].record_usage()
    login(request, user, backend=LOCAL)
    address = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})
    return redirect(address if safe else "/")
