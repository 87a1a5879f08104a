"""The page of a person's tokens: issue, see once, revoke."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.middleware import team_not_required
from webapp.accounts.requests import TeamRequest
from webapp.common import shown_once
from webapp.runs.scripts import EXAMPLE, Script, launch_scripts

from ..forms import TokenForm
from ..models import ApiToken
from ..program import client_program
from ..services import tokens


@team_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def token_list(request: TeamRequest) -> HttpResponse:
    """List the person's tokens; a POST issues one, whose text the page shows once."""
    form = TokenForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["days"]
        text = tokens.issue(
            request.user,
            form.cleaned_data["name"],
            form.cleaned_data["scope"],
            int(days) if days else None,
        )
        shown_once.keep(request.session, "token", text)
        return redirect("tokens")
    rows = ApiToken.objects.filter(user=request.user, revoked_at=None)
    context = {
        "form": form,
        "text": shown_once.take(request.session, "token"),
        "rows": rows,
        "now": timezone.now(),
        "scripts": _scripts(request),
    }
    return render(request, "api/tokens.html", context)


def _scripts(request: TeamRequest) -> list[Script]:
    """Return programs that launch an example in the person's team, if there is one."""
    if request.team is None:
        return []
    server = request.build_absolute_uri("/").rstrip("/")
    return launch_scripts(server, "First script", request.team.name, EXAMPLE)


@login_not_required
@team_not_required
@require_GET
def program(request: HttpRequest) -> HttpResponse:
    """Send the client as one file; it holds nothing but code, so that it needs no session."""
    return HttpResponse(client_program(), content_type="application/zip")


@team_not_required
@require_POST
def token_revoke(request: TeamRequest, pk: int) -> HttpResponse:
    """Revoke one of the person's tokens."""
    if not tokens.revoke(request.user, pk):
        raise Http404("no such token")
    messages.success(request, "The token is revoked.")
    return redirect("tokens")
