"""Reset of a forgotten password by a mailed link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator

from ..forms import ResetForm
from ..middleware import team_not_required
from ..models import AuditEntry, User
from ..services import audit

ASKED = "asked for a link to reset the password"
MAX_MAILS = 3  # to one account within MAIL_PERIOD
MAIL_PERIOD = timedelta(hours=1)
METHODS = ("get", "head", "post", "options")


@method_decorator([login_not_required, team_not_required], name="dispatch")
class ResetPassword(auth.PasswordResetView):
    """Asks for a mail address; the answer is the same whether there is such an account.

    Without a mail server the page says how an administrator sets a new password.
    """

    http_method_names = METHODS
    template_name = "accounts/reset.html"
    email_template_name = "accounts/reset_mail.txt"
    subject_template_name = "accounts/reset_subject.txt"
    form_class = ResetForm
    success_url = reverse_lazy("password-reset")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "has_mail": bool(settings.EMAIL_HOST)}

    def form_valid(self, form: ResetForm) -> HttpResponse:  # type: ignore[override]
        """Mail the link, except to accounts that were sent several already."""
        email = form.cleaned_data["email"]
        users = User.objects.filter(email__iexact=email, is_active=True)
        if settings.EMAIL_HOST and not any(_has_enough(user) for user in users):
            super().form_valid(form)
            for user in users:
                audit.record("account", ASKED, user=user)
        messages.success(
            self.request, "If an account has this mail address, a link is on its way to it."
        )
        return redirect("sign-in")


def _has_enough(user: User) -> bool:
    """Return whether the user was mailed as many links as are sent within the period."""
    since = timezone.now() - MAIL_PERIOD
    asked = AuditEntry.objects.filter(user=user, text=ASKED, at__gt=since)
    return asked.values("at").distinct().count() >= MAX_MAILS


@method_decorator([login_not_required, team_not_required], name="dispatch")
class NewPassword(auth.PasswordResetConfirmView):
    """Sets the new password, from a link that is valid once and for an hour."""

    http_method_names = METHODS
    template_name = "accounts/new_password.html"
    success_url = reverse_lazy("sign-in")

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        audit.record("account", "reset the password by mail", user=form.user)
        messages.success(self.request, "Your password is changed. Sign in with it.")
        return answer
