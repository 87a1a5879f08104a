"""The answer to a request that failed."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error as broken

from webapp.common.outage import RETRY_SECONDS, is_outage
from webapp.common.problems import database_unreachable

API = "/api/"


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 503 if the database cannot be reached, else 500; the API gets problem documents."""
    if not is_outage(sys.exc_info()[1]):
        return broken(request)
    if request.path.startswith(API):
        return database_unreachable()
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return HttpResponse(render_to_string("503.html"), status=503, headers=headers)
