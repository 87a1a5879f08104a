"""The form that adds a device."""

from __future__ import annotations

from typing import Any

from django import forms

from nasengine.objectives.common.device_files import devices
from nasengine.predictors.operators.device_profile import profiles
from webapp.accounts.models import Team
from webapp.common.forms import KeepingSelect, SiteForm

from .models import DEVICE_NAME, Device, DeviceKind, WhenAway

MAX_NAME = 32  # so that its queue, device:NAME, has at most 40 characters
MAX_DESCRIPTION = 500


def _check_name(value: str) -> None:
    """Refuse a name that is no word, and repeat it."""
    try:
        DEVICE_NAME(value)
    except forms.ValidationError as error:
        raise forms.ValidationError(
            f"{error.message} (got {value[:40]!r}): choose a name such as pi4"
        ) from None


class DeviceForm(SiteForm):
    """Name, description and kind of a device, and what runs do while it is away."""

    name = forms.CharField(
        max_length=MAX_NAME,
        validators=[_check_name],
        help_text="The NAME of latency@NAME, such as pi4.",
    )
    description = forms.CharField(
        required=False, max_length=MAX_DESCRIPTION, help_text="Where it is and who looks after it."
    )
    kind = forms.ChoiceField(
        choices=DeviceKind.choices, widget=KeepingSelect(), help_text="For lists."
    )
    when_away = forms.ChoiceField(
        label="While it is away",
        choices=WhenAway.choices,
        widget=KeepingSelect(),
        help_text="Trained candidates wait for the agent, or take a value that is "
        "marked as predicted (from ten measurements) or modelled.",
    )
    profile = forms.ChoiceField(
        required=False,
        widget=KeepingSelect(),
        help_text="Device profile of the modelled values; energy is modelled where the device "
        "has no counter.",
    )

    def __init__(self, data: Any = None, team: Team | None = None):
        initial = {"kind": DeviceKind.BOARD, "when_away": WhenAway.WAIT}
        super().__init__(data=data, initial=initial)
        self.team = team
        choice = self.fields["profile"]
        assert isinstance(choice, forms.ChoiceField)
        named = [(name, f"{name}: {profile.summary}") for name, profile in profiles().items()]
        choice.choices = [("", "none"), *named]

    def clean_name(self) -> str:
        """Refuse a name that the engine or the team uses already."""
        name: str = self.cleaned_data["name"]
        if name in devices():
            raise forms.ValidationError(
                f"{name} is a device of the engine: choose another name, such as my-{name}"
            )
        if Device.objects.filter(team=self.team, name=name).exists():
            raise forms.ValidationError(f"{self.team} has a device {name}: choose another name")
        return name

    def clean(self) -> dict[str, Any]:
        """Refuse modelled values without a profile."""
        values: dict[str, Any] = super().clean() or {}
        if values.get("when_away") == WhenAway.MODEL and not values.get("profile"):
            self.add_error("profile", "is needed for modelled values: choose one")
        return values
