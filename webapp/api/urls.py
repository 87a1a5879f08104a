"""Addresses of the API; its requests carry a token and need no session."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, re_path
from django.views.decorators.csrf import csrf_exempt

from webapp.accounts.middleware import team_not_required
from webapp.common.problems import problem

from .api import api

_patterns, _app, app_name = api.urls


def _opened(patterns: Iterable[Any]) -> list[URLPattern | URLResolver]:
    """Mark the view of each address as one that needs no session."""
    for pattern in patterns:
        pattern.callback = login_not_required(team_not_required(_refusing(pattern.callback)))
    return list(patterns)


def _refusing(view: Callable[..., Any]) -> Callable[..., Any]:
    """Answer a method that an address does not have with a problem document."""

    @wraps(view)
    def refusing(request: HttpRequest, *args: Any, **names: Any) -> Any:
        answer = view(request, *args, **names)
        if answer.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
            return answer
        refusal = problem(405, f"This address does not take {request.method}.")
        refusal["Allow"] = answer["Allow"]
        return refusal

    return refusing


@csrf_exempt
@login_not_required
@team_not_required
def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    """Answer an address that the API does not have."""
    return problem(404, "There is nothing at this address; /api/openapi.json lists them.")


urlpatterns = [*_opened(_patterns), re_path("^(?P<rest>.+)$", nothing, name="nothing")]
