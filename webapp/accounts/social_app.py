"""Sign-in at other services by django-allauth."""

from __future__ import annotations

from allauth.socialaccount import apps


class SocialAccountConfig(apps.SocialAccountConfig):
    """allauth's app without its providers: they are loaded at their first use."""

    def ready(self) -> None:
        from allauth.socialaccount import checks  # noqa: F401  registers them
