"""Problem documents for every error of an API; only the APIs load Ninja."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from nasengine.core.errors import InvalidSettings

from .outage import is_outage
from .problems import database_unreachable, problem

log = logging.getLogger(__name__)


def answer_with_problems(api: NinjaAPI, no_token: str) -> None:
    """Let an API answer every error with a problem document.

    Args:
        api: the API.
        no_token: what a request without a valid token is answered.
    """

    @api.exception_handler(AuthenticationError)
    def unauthorized(request: HttpRequest, error: Any) -> HttpResponse:
        return problem(401, no_token)

    @api.exception_handler(Http404)
    def not_found(request: HttpRequest, error: Any) -> HttpResponse:
        return problem(404, str(error) or "There is nothing at this address.")

    @api.exception_handler(PermissionDenied)
    def forbidden(request: HttpRequest, error: Any) -> HttpResponse:
        return problem(403, str(error))

    @api.exception_handler(InvalidSettings)
    def wrong_settings(request: HttpRequest, error: InvalidSettings) -> HttpResponse:
        errors = [
            {"pointer": "/" + name.replace(".", "/"), "detail": text}
            for name, text in error.errors.items()
        ]
        return problem(422, "Some settings are not allowed.", errors=errors)

    @api.exception_handler(ValidationError)
    def invalid(request: HttpRequest, error: Any) -> HttpResponse:
        errors = [
            {
                "pointer": "/" + "/".join(map(str, error_item["loc"][1:])),
                "detail": error_item["msg"],
            }
            for error_item in error.errors
        ]
        return problem(422, "Some values are not allowed.", errors=errors)

    @api.exception_handler(HttpError)
    def refused(request: HttpRequest, error: Any) -> HttpResponse:
        return problem(error.status_code, str(error))

    @api.exception_handler(Exception)
    def broken(request: HttpRequest, error: Any) -> HttpResponse:
        if is_outage(error):
            log.warning("the request %s failed: the database cannot be reached", request.path)
            return database_unreachable()
        log.error("the request %s failed", request.path, exc_info=error)
        return problem(500, "The workbench failed; its log has the reason.")
