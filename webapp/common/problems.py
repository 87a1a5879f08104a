"""Problem documents (RFC 9457): the form of every error that a program gets."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Protocol

from django.http import HttpResponse

from .outage import RETRY_SECONDS, UNREACHABLE

CONTENT_TYPE = "application/problem+json"
MAX_DETAIL = 2000


def problem(status: int, detail: str, **more: Any) -> HttpResponse:
    """Return a problem document."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail[:MAX_DETAIL],
        **more,
    }
    response = HttpResponse(json.dumps(document), status=status, content_type=CONTENT_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def database_unreachable() -> HttpResponse:
    """Return the problem document of a request that failed in an outage of the database."""
    response = problem(503, UNREACHABLE)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


class _AtPosition(Protocol):
    message: str
    start: int
    end: int


def wrong_query(pointer: str, error: _AtPosition) -> HttpResponse:
    """Return the problem document of a query that cannot be read: what is wrong, and where."""
    place = {"start": error.start, "end": error.end}
    return problem(
        422, error.message, errors=[{"pointer": pointer, "detail": error.message, **place}]
    )
