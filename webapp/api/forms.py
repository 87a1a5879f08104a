"""The form that issues a token."""

from __future__ import annotations

from typing import Any

from django import forms

from .models import ApiToken, Scope

DAYS = [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "never")]
MAX_TOKENS = 50


class TokenForm(forms.Form):
    """Name, scope and lifetime of a new token."""

    name = forms.CharField(
        max_length=80, help_text="The purpose of the token, for example: nightly searches."
    )
    scope = forms.ChoiceField(
        choices=Scope.choices,
        initial=Scope.READ,
        label="Allows",
        help_text="At most what your role in a team allows. Launching needs more than reading.",
    )
    days = forms.ChoiceField(choices=DAYS, initial="90", required=False, label="Expires after")

    def __init__(self, user: Any, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        """Bound the number of valid tokens."""
        cleaned = super().clean() or {}
        if ApiToken.objects.filter(user=self.user, revoked_at=None).count() >= MAX_TOKENS:
            raise forms.ValidationError(
                f"You have {MAX_TOKENS} tokens, the most that a person may have; revoke one."
            )
        return cleaned

    def clean_name(self) -> str:
        """Accept one line of printable characters."""
        name: str = self.cleaned_data["name"].strip()
        if not name.isprintable():
            raise forms.ValidationError("The name must be one line of printable characters.")
        return name
