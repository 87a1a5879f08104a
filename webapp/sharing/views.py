"""Short links of comparisons, links for people without an account, and fronts of questions."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.middleware import team_not_required
from webapp.accounts.permissions import teams_of
from webapp.accounts.requests import TeamRequest
from webapp.limits import MAX_NAME

from .blocks import block_of
from .markdown import parts_of
from .models import MAX_QUERY, Kind, SavedComparison
from .services import DAYS, MODELS, link_of, revoke, share, thing_of
from .union import question_front, questions

# A page that anyone can open must not be found by search engines nor give its token away.
PRIVATE = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer"}


@require_POST
def comparison_save(request: TeamRequest) -> HttpResponse:
    """Save the comparison of an address under a name; redirect to its short link."""
    check_may_here(request, "keep", "Saving comparisons")
    query = QueryDict(urlsplit(request.POST.get("query", "")[:MAX_QUERY]).query, mutable=True)
    query.pop("text", None)
    name = request.POST.get("name", "").strip()[:MAX_NAME]
    if not name or not query:
        messages.error(request, "A saved comparison needs a name, and at least one run.")
        return redirect(f"{reverse('compare')}?{query.urlencode()}")
    saved = SavedComparison.objects.create(
        team=request.team, name=name, query=query.urlencode(safe=","), created_by=request.user
    )
    messages.success(request, f"Saved: {request.build_absolute_uri(f'/c/{saved.key}/')}")
    return redirect("comparison-open", saved.key)


@require_GET
def comparison_open(request: TeamRequest, key: str) -> HttpResponse:
    """Redirect from a short link to the comparison, for members of its team."""
    rows = SavedComparison.objects.filter(key=key, team__in=teams_of(request.user))
    saved = rows.first()
    if saved is None:
        raise Http404("no such comparison")
    return redirect(f"{reverse('compare')}?{saved.query}")


@require_http_methods(["GET", "POST"])
@never_cache
def share_new(request: TeamRequest, kind: str, pk: int) -> HttpResponse:
    """Choose how long a link is valid; a POST makes it and shows it this once."""
    if kind not in MODELS:
        raise Http404(f"nothing called {kind[:20]!r} can be shared")
    thing = team_object_or_404(request, MODELS[kind], pk, action="keep")
    link, wrong = "", ""
    if request.method == "POST":
        days = request.POST.get("days", "")
        if days not in map(str, DAYS):
            wrong = f"must be one of {', '.join(map(str, DAYS))} days (got {days[:20]!r})"
        else:
            token = share(request.user, kind, thing, int(days))
            link = request.build_absolute_uri(reverse("shared", args=[token]))
    context = {"thing": thing, "kind": kind, "days": DAYS, "link": link, "wrong": wrong}
    return render(request, "sharing/share.html", context)


@require_POST
def share_revoke(request: TeamRequest, pk: int) -> HttpResponse:
    """Revoke a link of the current team."""
    check_may_here(request, "keep", "Revoking links")
    if not revoke(request.user, request.team, pk):
        raise Http404("no such link")
    messages.success(request, "The link is revoked.")
    return redirect("report-list")


@login_not_required
@team_not_required
@never_cache
@require_GET
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a link shows to anyone who has it; 404 once it is expired or revoked."""
    link = link_of(token)
    thing = None if link is None else thing_of(link)
    if link is None or thing is None:
        raise Http404("no such page")
    context = {"link": link, "thing": thing, "shared": True}
    if link.kind == Kind.REPORT:
        context["parts"] = parts_of(link.team, thing.text)
    else:
        context["shown"] = block_of(link.team, link.kind, thing)
    response = render(request, "sharing/shared.html", context)
    for name, value in PRIVATE.items():
        response[name] = value
    return response


@require_GET
def fronts(request: TeamRequest) -> HttpResponse:
    """Show the union front of all runs of a question, and what each run contributed."""
    asked = questions(request.team)
    chosen = request.GET.get("question", "")
    question = next((q for q in asked if q.key == chosen), asked[0] if asked else None)
    front = question_front(request.team, question) if question else None
    goals = [asdict(goal) for goal in front.goals] if front else []
    points = [
        {
            "cells": list(zip(point["values"], goals, strict=True)),
            "names": [run.name for run in point["runs"]],
        }
        for point in (front.points if front else [])
    ]
    context = {
        "questions": asked, "question": question, "front": front, "goals": goals, "points": points
    }  # fmt: skip
    return render(request, "sharing/fronts.html", context)
