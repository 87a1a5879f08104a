"""The team page: members, roles, invitations, removal, leaving."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from webapp.common import shown_once

from ..access import check_may_here
from ..forms import InvitationForm
from ..models import Membership, Role
from ..permissions import may
from ..requests import TeamRequest
from ..services import invitations, members
from ..team_parts import parts_of


@never_cache
@require_http_methods(["GET", "POST"])
def team_page(request: TeamRequest) -> HttpResponse:
    """Show the team; a POST of an owner invites a person, and the page shows the link once."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST":
        check_may_here(request, "manage", "Inviting people")
        if form.is_valid():
            secret = invitations.invite(
                request.team,
                request.user,
                form.cleaned_data["role"],
                form.cleaned_data["note"].strip(),
                int(form.cleaned_data["days"]),
            )
            link = request.build_absolute_uri(reverse("join", args=[secret]))
            shown_once.keep(request.session, f"invitation {request.team.pk}", link)
            return redirect("team")
    rows = Membership.objects.filter(team=request.team).select_related("user")
    may_manage = may(request.user, "manage", request.team)
    context = {
        "members": sorted(rows, key=lambda row: row.user.get_username().lower()),
        "roles": Role.choices,
        "may_manage": may_manage,
        "invitations": invitations.open_invitations().filter(team=request.team),
        "form": form,
        "link": shown_once.take(request.session, f"invitation {request.team.pk}"),
        "parts": parts_of(request),
    }
    return render(request, "accounts/team.html", context, status=422 if form.errors else 200)


def _membership(request: TeamRequest, pk: int) -> Membership:
    """Return a membership of the current team."""
    rows = Membership.objects.select_related("user", "team")
    return get_object_or_404(rows, pk=pk, team=request.team)


@require_POST
def member_role(request: TeamRequest, pk: int) -> HttpResponse:
    """Give a member another role."""
    membership = _membership(request, pk)
    check_may_here(request, "manage", "Changing roles")
    try:
        members.change_role(membership, request.POST.get("role", ""), request.user)
    except ValidationError as error:
        messages.error(request, f"Not changed: {'; '.join(error.messages)}.")
    else:
        label = membership.get_role_display().lower()
        messages.success(request, f"{membership.user} is now {label} of {membership.team}.")
    return redirect("team")


@require_POST
def member_remove(request: TeamRequest, pk: int) -> HttpResponse:
    """Remove a member; members may remove themselves, which is leaving the team."""
    membership = _membership(request, pk)
    leaves = membership.user_id == request.user.pk
    if not leaves:
        check_may_here(request, "manage", "Removing members")
    try:
        members.remove(membership, request.user)
    except ValidationError as error:
        messages.error(request, f"Not removed: {'; '.join(error.messages)}.")
        return redirect("team")
    who = "You have left" if leaves else f"{membership.user} is removed from"
    messages.success(request, f"{who} {membership.team}.")
    return redirect("account" if leaves else "team")


@require_POST
def invitation_revoke(request: TeamRequest, pk: int) -> HttpResponse:
    """Revoke an open invitation of the team."""
    if not invitations.open_invitations().filter(pk=pk, team=request.team).exists():
        raise Http404("no such invitation")
    check_may_here(request, "manage", "Revoking invitations")
    if invitations.revoke(request.team, pk, request.user):
        messages.success(request, "The invitation is revoked; its link is not valid any more.")
    return redirect("team")
