"""The admin site: who may open it, and its sign-in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from unfold.sites import UnfoldAdminSite

from .permissions import may_enter_admin

View = Callable[..., Any]


class Site(UnfoldAdminSite):
    """Open to curators and owners of a team and to administrators of the site.

    `webapp.accounts.admin_access` decides which rows each of them sees.
    """

    def has_permission(self, request: HttpRequest) -> bool:
        return may_enter_admin(request.user)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Answer 404 where a view looks up a key that no object can have, such as a malformed UUID.

        Django's own views catch this only for some types of keys.
        """

        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except ValidationError as error:
                raise Http404(str(error)) from None

        return super().admin_view(guarded, cacheable)

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

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the account page, whose form counts wrong old passwords."""
        return redirect("account")
