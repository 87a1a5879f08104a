"""Answers of the pages that follow a job which reads an uploaded file."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers

from webapp.accounts.requests import TeamRequest

from .models import UploadJob


def progress(
    request: TeamRequest, job: UploadJob, context: dict[str, Any], part: str, page: str
) -> HttpResponse:
    """Render the page of a job, or for htmx the part that changes while it is open.

    Args:
        request: the request.
        job: an open job, or one that ended without a result.
        context: what the templates need besides `job`.
        part: template of the part.
        page: template of the page.
    """
    is_part = request.htmx and job.is_open
    response = render(request, part if is_part else page, {"job": job, **context})
    if request.htmx and not is_part:  # it ended: load the whole page
        response = HttpResponse(headers={"HX-Refresh": "true"})
    patch_vary_headers(response, ["HX-Request"])
    return response


def to_result(request: TeamRequest, words: str, result: str) -> HttpResponse:
    """Redirect to the address of the result of a job; htmx loads the job's page for that."""
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": request.path})
    messages.success(request, words)
    return redirect(result)
