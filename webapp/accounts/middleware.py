"""Puts the team a person works in onto every request that reaches a view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .current import current_team

View = Callable[..., Any]


def team_not_required(view: View) -> View:
    """Marks a view that also serves people who belong to no team."""
    view.team_required = False  # type: ignore[attr-defined]
    return view


class SignInMiddleware(LoginRequiredMiddleware):
    """Every view wants a signed-in person unless it says otherwise (`login_not_required`)."""

    def handle_no_permission(self, request: HttpRequest, view_func: View) -> HttpResponse:
        """To the sign-in page; a part of a page that htmx asked for reloads the whole page."""
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401, headers={"HX-Refresh": "true"})
        return super().handle_no_permission(request, view_func)


class TeamMiddleware:
    """Sets `request.team`; who belongs to none reads how to get into one.

    The admin is open without a team: site administrators need none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.team = None
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple, kwargs: dict
    ) -> HttpResponse | None:
        """Answers in the view's place when it needs a team and there is none."""
        if not request.user.is_authenticated:
            return None
        request.team = current_team(request)
        needed = getattr(view, "team_required", True)
        if request.team or not needed or "admin" in request.resolver_match.namespaces:
            return None
        return render(request, "accounts/no_team.html", status=403)
