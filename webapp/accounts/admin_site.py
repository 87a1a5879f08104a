"""The admin site: who may open it, and its sign-in."""

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
        """Redirect to the site's own sign-in page, which has the lock-out.

        Raises:
            PermissionDenied: the user is signed in but has no role for the admin.
        """
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied(
                "You need the curator or owner role in a team to open the admin; "
                "ask an owner of your team for it."
            )
        return redirect_to_login(request.GET.get("next", reverse("admin:index")))
