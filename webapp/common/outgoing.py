"""Requests to addresses that people typed: they reach no internal network (SSRF).

The check is made at the moment of the connection, for the address that is really connected to, so
neither a redirect nor a name that resolves differently the second time gets around it.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

_state = threading.local()
_installed = threading.Lock()
_is_installed = False


class InternalAddress(OSError):
    """A connection to an address that is not public, and that the settings do not permit."""


def is_permitted(address: str) -> bool:
    """Return whether a request may go to this IP address."""
    found: Any = ipaddress.ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    permitted = (ipaddress.ip_network(text) for text in settings.PARETOSCOPE_INTERNAL_TARGETS)
    return found.is_global or any(
        found in network for network in permitted if network.version == found.version
    )


@contextmanager
def only_permitted_addresses() -> Iterator[None]:
    """Refuse connections of this thread to addresses that are not permitted.

    Raises:
        InternalAddress: when the code inside connects to one.
    """
    _install()
    before = getattr(_state, "guarded", False)
    _state.guarded = True
    try:
        yield
    finally:
        _state.guarded = before


def checked_url(url: str) -> str:
    """Return the URL of an HTTP server that requests may go to.

    Raises:
        ValueError: what is wrong with it, for its field.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise ValueError("This is not a web address: it starts with https://.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("The address must start with https:// or http:// and name a server.")
    if parts.username or parts.password:
        raise ValueError("The address must not hold a user name or password.")
    check_host(parts.hostname, port)
    return url


def check_host(host: str, port: int) -> None:
    """Check that a name has addresses, and that all of them are permitted.

    Raises:
        ValueError: it has none, or one is internal.
    """
    try:
        found = {row[4][0] for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise ValueError(f"There is no server {host[:80]!r}.") from None
    for address in found:
        if not is_permitted(str(address)):
            raise ValueError(
                f"{host[:80]} is {address}, an internal address; an administrator may permit its "
                "network with PARETOSCOPE_INTERNAL_TARGETS."
            )


def _install() -> None:
    """Install the check once for this process; it looks only at threads that ask for it."""
    global _is_installed  # noqa: PLW0603  once per process
    with _installed:
        if not _is_installed:
            sys.addaudithook(_hook)
            _is_installed = True


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect" or not getattr(_state, "guarded", False):
        return
    address = arguments[1]
    if not isinstance(address, tuple) or not is_permitted(str(address[0])):
        raise InternalAddress(f"{address!r} is an internal address, to which no request may go")
