"""Accepting an invitation: with the account that is signed in, or by creating one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ..current import choose_team
from ..forms import JoinForm
from ..middleware import team_not_required
from ..models import Invitation, Membership, User
from ..requests import AnyRequest
from ..services import audit
from ..services.invitations import accept, invitation_of

LOCAL = "django.contrib.auth.backends.ModelBackend"


class NotAccepted(Exception):
    """The invitation was used or revoked at the same moment."""


@login_not_required
@team_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def join(request: AnyRequest, secret: str) -> HttpResponse:
    """Show the invitation; a POST accepts it. A link that is not valid any more is a 404."""
    invitation = invitation_of(secret)
    if invitation is None:
        return render(request, "accounts/join_invalid.html", status=404)
    if request.user.is_authenticated:
        return _join_signed_in(request, invitation)
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = _create_and_join(form, invitation)
        except NotAccepted:
            return render(request, "accounts/join_invalid.html", status=404)
        except IntegrityError:  # two requests took the same name
            form.add_error("username", "This username is taken; choose another one.")
        else:
            login(request, user, backend=LOCAL)
            return _joined(request, invitation)
    context = {
        "invitation": invitation,
        "form": form,
        "sign_in": redirect_to_login(request.path, "sign-in").url,
    }
    return render(request, "accounts/join.html", context, status=422 if form.errors else 200)


@transaction.atomic
def _create_and_join(form: JoinForm, invitation: Invitation) -> User:
    """Create the account and accept the invitation, both or neither."""
    user = form.save()
    audit.record("account", "created the account by an invitation", user=user)
    if not accept(invitation, user):
        raise NotAccepted
    return user


def _user(request: AnyRequest) -> User:
    assert isinstance(request.user, User)  # the caller knows that someone is signed in
    return request.user


def _join_signed_in(request: AnyRequest, invitation: Invitation) -> HttpResponse:
    user = _user(request)
    is_member = Membership.objects.filter(team=invitation.team, user=user).exists()
    if request.method == "POST" and not is_member:
        if not accept(invitation, user):
            return render(request, "accounts/join_invalid.html", status=404)
        return _joined(request, invitation)
    context = {"invitation": invitation, "is_member": is_member}
    return render(request, "accounts/join.html", context)


def _joined(request: AnyRequest, invitation: Invitation) -> HttpResponse:
    choose_team(request, invitation.team)
    label = invitation.get_role_display().lower()
    messages.success(request, f"Welcome to {invitation.team}. Your role: {label}.")
    return redirect("overview")
