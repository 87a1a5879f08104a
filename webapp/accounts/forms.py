"""The forms of sign-in, accounts, passwords and invitations."""

from __future__ import annotations

import threading
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.contrib.auth.forms import (
    AuthenticationForm,
    BaseUserCreationForm,
    PasswordChangeForm,
    PasswordResetForm,
)
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from webapp.common.forms import KeepingSelect, SiteForm

from .models import Role, User

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


class PersonForm(forms.ModelForm):
    """Name and mail address of the user."""

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email")

    def clean_email(self) -> str:
        """Refuse the mail address of another account: it can reset the password of that."""
        email: str = self.cleaned_data["email"]
        return checked_email(email, self.instance.pk)


class JoinForm(BaseUserCreationForm):
    """Creates the account of a person who was invited."""

    email = forms.EmailField(required=False)

    class Meta(BaseUserCreationForm.Meta):
        model = User
        fields = ("username", "email", "first_name", "last_name")

    def clean_username(self) -> str:
        """Refuse a name that differs from another one in case only."""
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            raise ValidationError(f"The username {name} is taken; choose another one.")
        return name

    def clean_email(self) -> str:
        return checked_email(self.cleaned_data["email"], None)


def checked_email(email: str, own: int | None) -> str:
    """Return the mail address.

    Raises:
        ValidationError: another account has it.
    """
    same = User.objects.filter(email__iexact=email).values_list("pk", flat=True)
    if email and any(pk != own for pk in same):
        raise ValidationError("Another account has this mail address.")
    return email


class InvitationForm(SiteForm):
    """Role, lifetime and purpose of an invitation."""

    role = forms.ChoiceField(
        choices=Role.choices,
        initial=Role.RESEARCHER,
        widget=KeepingSelect(),
        help_text="Who accepts gets this role.",
    )
    note = forms.CharField(
        max_length=80, required=False, label="For", help_text="A name, so that you recognize it."
    )
    days = forms.ChoiceField(
        choices=[("1", "1 day"), ("7", "7 days"), ("30", "30 days")],
        initial="7",
        widget=KeepingSelect(),
        label="Valid for",
        help_text="One person can use the link, until then.",
    )


class ResetForm(PasswordResetForm):
    """Mails a link that resets the password.

    The mail is sent by a thread, so that the answer takes the same time for every address.
    """

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        threading.Thread(target=super().send_mail, args=args, kwargs=kwargs, daemon=True).start()
