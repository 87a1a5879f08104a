"""The forms of sign-in and of changing one's password."""

from __future__ import annotations

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from .models import User

MAX_PASSWORD_LENGTH = 4096  # hashing a longer text would only cost time


class SignInForm(AuthenticationForm):
    """Refuses a name that no account can have like a wrong one, without reading the database."""

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("username", "")
        longest = User._meta.get_field("username").max_length or 0
        if len(name) > longest or len(self.cleaned_data.get("password", "")) > MAX_PASSWORD_LENGTH:
            raise self.get_invalid_login_error()
        return super().clean()


class OwnPasswordForm(PasswordChangeForm):
    """Changes the user's password; a wrong old password counts as a failed sign-in."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        credentials = {"username": self.user.get_username()}
        try:
            password = super().clean_old_password()
        except ValidationError:
            user_login_failed.send(sender=__name__, credentials=credentials, request=self.request)
            raise
        AxesProxyHandler.reset_attempts(
            username=credentials["username"],
            ip_address=self.request.axes_ip_address,  # type: ignore[attr-defined]
        )
        return password
