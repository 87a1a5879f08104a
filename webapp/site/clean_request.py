"""Text of requests, without characters that PostgreSQL cannot store."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse, QueryDict

from webapp.events.clean import clean_text

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # NUL and unpaired surrogates
Next = Callable[[HttpRequest], HttpResponse]


class CleanRequestMiddleware:
    """Replaces NUL and unpaired surrogates in query, form, cookies and headers.

    They become the replacement character, as browsers show them, so that forms come back with
    everything else that was typed, and no query of the database fails. An address with one of
    them does not exist.
    """

    def __init__(self, get_response: Next):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for name, value in request.META.items():
            if isinstance(value, str) and UNSTORABLE.search(value):
                request.META[name] = UNSTORABLE.sub("?", value)  # headers are Latin-1
        for name, value in request.COOKIES.items():
            request.COOKIES[name] = clean_text(value)
        request.GET = _clean(request.GET)  # type: ignore[assignment]  # as HttpRequest.__init__ does
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: tuple, kwargs: dict) -> None:
        """Clean the form as late as possible, since reading it reads the whole body."""
        if UNSTORABLE.search(request.path):
            raise Http404("no such page")
        if request.method == "POST":
            request.POST = _clean(request.POST)  # type: ignore[assignment]


def _clean(values: QueryDict) -> QueryDict:
    texts = (text for name, listed in values.lists() for text in (name, *listed))
    if not any(map(UNSTORABLE.search, texts)):
        return values
    cleaned = QueryDict(mutable=True)
    for name, listed in values.lists():
        cleaned.setlist(clean_text(name), [clean_text(text) for text in listed])
    return cleaned
