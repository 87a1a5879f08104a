"""The forms of notices, of the chats that a team permits, and of webhooks."""

from __future__ import annotations

from typing import Any

from django import forms

from webapp.accounts.models import User
from webapp.common.forms import SiteForm, TickBox, TickBoxes
from webapp.common.outgoing import checked_url

from .models import DEFAULT_MINUTES, MAX_ADDRESS, MAX_MINUTES, TEAM_KINDS, Kind
from .services.chat import SCHEMES, address_error, permitted_schemes
from .services.choices import PLACES, Choice

MINUTES_HELP = "A running run in which no candidate reports for so long makes no progress."


class Group(forms.MultipleChoiceField):
    """Several check boxes under one heading."""

    is_group = True


class SettingsForm(SiteForm):
    """Whose runs a person follows, when a run counts as stalled, and the chat."""

    every_run = forms.BooleanField(
        required=False,
        widget=TickBox(),
        label="All runs of my teams",
        help_text="Otherwise only the runs that you launched.",
    )
    minutes = forms.IntegerField(
        min_value=1,
        max_value=MAX_MINUTES,
        initial=DEFAULT_MINUTES,
        label="Minutes without progress",
        help_text=MINUTES_HELP,
    )
    chat_address = forms.CharField(
        required=False,
        max_length=MAX_ADDRESS,
        label="Chat address",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="An address of apprise, such as slack://TOKEN/CHANNEL or tgram://BOT/CHAT.",
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_chat_address(self) -> str:
        """Accept what apprise understands and a team of the user permits."""
        address: str = self.cleaned_data["chat_address"].strip()
        if address and (error := address_error(address, permitted_schemes(self.user))):
            raise forms.ValidationError(error)
        return address

    def chosen(self) -> dict[Kind, Choice]:
        """Return the ticked places of every kind, fields such as run-failed.mail."""
        return {
            kind: Choice(*(f"{kind}.{place}" in self.data for place in PLACES)) for kind in Kind
        }


class ChatRuleForm(SiteForm):
    """The schemes of chat addresses that a team permits."""

    schemes = Group(
        choices=[(name, f"{label} ({name}://)") for name, label in SCHEMES.items()],
        required=False,
        widget=TickBoxes(),
        label="Permitted chats",
        help_text="Members may send their notices only to these. Messages never reach internal "
        "networks, unless an administrator permits them.",
    )


class WebhookForm(SiteForm):
    """Name, address and events of a webhook."""

    name = forms.CharField(max_length=80, help_text="For example: nightly report.")
    url = forms.CharField(
        max_length=MAX_ADDRESS,
        label="Address",
        help_text="Receives a signed POST request for each event.",
    )
    kinds = Group(
        choices=TEAM_KINDS,
        widget=TickBoxes(),
        label="Events",
        error_messages={"required": "choose at least one event"},
    )
    minutes = forms.IntegerField(
        min_value=1,
        max_value=MAX_MINUTES,
        initial=DEFAULT_MINUTES,
        label="Minutes without progress",
        help_text=MINUTES_HELP,
    )

    def clean_url(self) -> str:
        """Accept the address of a server that is not internal."""
        try:
            return checked_url(self.cleaned_data["url"].strip())
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
