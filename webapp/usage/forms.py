"""The form of a person's quota."""

from __future__ import annotations

from django import forms

from webapp.common.forms import SiteForm

MAX_HOURS = 1_000_000
MAX_RUNS = 10_000


class QuotaForm(SiteForm):
    """Limits of one person in a team; an empty field is no limit."""

    gpu_hours = forms.FloatField(
        label="GPU hours a month",
        required=False,
        min_value=0,
        max_value=MAX_HOURS,
        help_text="Hours on GPUs in a calendar month (UTC). Empty: no limit.",
    )
    active_runs = forms.IntegerField(
        label="Active runs",
        required=False,
        min_value=0,
        max_value=MAX_RUNS,
        help_text="Runs that are active at once. Empty: no limit.",
    )
