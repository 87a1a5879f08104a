"""The form of a target: a number for every objective, empty if it does not count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from webapp.common.forms import SiteForm
from webapp.runs.services.steering import MAX_TARGET


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
                min_value=-MAX_TARGET,
                max_value=MAX_TARGET,
                initial=None if value is None else f"{value:.12g}",
            )

    def texts(self) -> list[str]:
        """Return the message of every wrong value after the name of its objective."""
        return [f"{name}: {' '.join(map(str, texts))}" for name, texts in self.errors.items()]

    def target(self) -> dict[str, float]:
        """Return the values that were typed."""
        return {name: value for name, value in self.cleaned_data.items() if value is not None}
