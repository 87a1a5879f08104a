"""The address of the client, which counts wrong passwords."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Next = Callable[[HttpRequest], HttpResponse]


class ClientAddressMiddleware:
    """Sets REMOTE_ADDR to the address of the client behind PROXY_COUNT proxies.

    Each proxy appends the address that it saw to X-Forwarded-For, so the client's address is the
    one that the outermost trusted proxy appended: number PROXY_COUNT from the right. Entries
    further left are what the client itself sent. Without a proxy the header is ignored.
    """

    def __init__(self, get_response: Next):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        direct = address(request.META.get("REMOTE_ADDR", ""))
        request.META["REMOTE_ADDR"] = _forwarded(request) or direct or None
        return self.get_response(request)


def _forwarded(request: HttpRequest) -> str:
    """The address that the outermost trusted proxy saw; empty if there is none."""
    entries = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if not 0 < settings.PROXY_COUNT <= len(entries):
        return ""
    return address(entries[-settings.PROXY_COUNT])


def address(text: str) -> str:
    """Return an IP address in its usual spelling, without port and zone; empty if it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)
