"""The form of a target: a number for every objective, empty if it does not count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from webapp.common.forms import SiteForm

MAX_LENGTH = 40


class SteerForm(SiteForm):
    """Values of the objectives that a run is steered to."""

    def __init__(
        self,
        goals: Sequence[Mapping[str, str]],
        target: Mapping[str, float] | None,
        data: Mapping[str, Any] | None = None,
    ):
        super().__init__(data, prefix="target")
        for goal in goals:
            value = (target or {}).get(goal["name"])
            self.fields[goal["name"]] = forms.FloatField(
                label=goal["name"],
                help_text=goal["unit"],
                required=False,
                initial=None if value is None else f"{value:.12g}",
                widget=forms.TextInput(
                    attrs={"inputmode": "decimal", "maxlength": MAX_LENGTH, "autocomplete": "off"}
                ),
            )

    def target(self) -> dict[str, float]:
        """Return the values that were typed."""
        return {name: value for name, value in self.cleaned_data.items() if value is not None}
