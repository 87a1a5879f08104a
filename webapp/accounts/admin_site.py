"""The admin: who may enter, and how one signs in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from unfold.sites import UnfoldAdminSite

from .permissions import may_enter_admin


class Site(UnfoldAdminSite):
    """Open to curators and owners of a team and to administrators of the site.

    `webapp.accounts.admin_access` decides which rows each of them sees.
    """

    def has_permission(self, request: HttpRequest) -> bool:
        return may_enter_admin(request.user)

    @method_decorator(login_not_required)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The site's own sign-in page, with its lock-out; the wrong role is told plainly.

        Raises:
            PermissionDenied: the person is signed in and may not enter.
        """
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied(
                "The admin is for curators and owners of a team; "
                "ask an owner of yours for the role."
            )
        return redirect_to_login(request.GET.get("next", reverse("admin:index")))
