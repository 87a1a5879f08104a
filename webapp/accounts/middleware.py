"""Middleware for sign-in and for the current team, `request.team`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from .current import current_team
from .requests import AnyRequest

View = Callable[..., Any]


def is_open(view: View) -> bool:
    """Return whether a view serves everyone alike, so that it needs no user and no database."""
    return not (getattr(view, "login_required", True) or getattr(view, "team_required", True))


def team_not_required(view: View) -> View:
    """Mark a view that also serves users without a team."""
    view.team_required = False  # type: ignore[attr-defined]
    return view


class SignInMiddleware(LoginRequiredMiddleware):
    """Every view requires a signed-in user unless it is marked with `login_not_required`."""

    def process_view(
        self, request: HttpRequest, view_func: View, view_args: tuple, view_kwargs: dict
    ) -> HttpResponseBase | None:
        """Redirect the signed-out; do not read the session for a view that is open."""
        if is_open(view_func):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(  # type: ignore[override]  # it may be any response
        self, request: HttpRequest, view_func: View
    ) -> HttpResponse:
        """Redirect to the sign-in page; a request of htmx reloads the whole page."""
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401, headers={"HX-Refresh": "true"})
        return super().handle_no_permission(request, view_func)


class TeamMiddleware:
    """Sets `request.team`; users without a team see a page that explains how to join one.

    The admin does not require a team, because site administrators may have none.
    """

    def __init__(self, get_response: Callable[[AnyRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: AnyRequest) -> HttpResponse:
        request.team = None
        return self.get_response(request)

    def process_view(
        self, request: AnyRequest, view: View, args: tuple, kwargs: dict
    ) -> HttpResponse | None:
        """Answer instead of the view if it requires a team and there is none."""
        if is_open(view) or not request.user.is_authenticated:
            return None
        request.team = current_team(request)
        required = getattr(view, "team_required", True)
        match = request.resolver_match
        if request.team or not required or (match and "admin" in match.namespaces):
            return None
        return render(request, "accounts/no_team.html", status=403)
