"""Addresses whose module is imported by the first request that needs it."""

from __future__ import annotations

from django.urls import URLResolver
from django.urls.resolvers import RoutePattern


class DeferredResolver(URLResolver):
    """Includes the addresses of a module under a namespace of its own.

    Django imports the module when it looks up an address below the prefix or a name of the
    namespace, and in `manage.py check`. Addresses outside the namespace do not depend on it.
    """

    def _populate(self) -> None:
        """Do nothing: Django calls this for every name, and looks names of a namespace up later."""


def deferred(route: str, module: str, namespace: str) -> DeferredResolver:
    """Include the addresses of a module under a prefix, as `path(route, include(module))` does."""
    pattern = RoutePattern(route, is_endpoint=False)
    return DeferredResolver(pattern, module, app_name=namespace, namespace=namespace)
