"""Conditions and values of settings, looked up once for all runs with the same settings.

Most runs of a team have the settings of another one, apart from the seed: `Run.settings_key` is a
hash of them. A condition on the settings is checked for one run of each key, so that a list of
10,000 runs reads a few of their JSON columns.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Func, IntegerField, JSONField, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast

from .models import Run


def with_settings(condition: Q) -> Q:
    """Return the condition that a run has settings for which a condition on `spec` is true."""
    return Q(settings_key__in=_one_of_each().filter(condition).values("settings_key"))


def values_by_settings(expression: Any) -> dict[int, Any]:
    """Return the value of an expression of `spec` by settings key, smallest first: one query.

    Runs without a value are left out. The seed is not one of the shared settings, so the
    expression must not depend on it.
    """
    found = _one_of_each().annotate(value=expression).filter(value__isnull=False)
    return dict(found.order_by("value").values_list("settings_key", "value"))


def rank_by_settings(expression: Any) -> Func:
    """Return the rank of a run by an expression of `spec`, NULL without a value.

    Comparing 10,000 JSON values takes a quarter of a second, numbers take none.
    """
    ranks: dict[str, int] = {}
    rank, last = 0, None
    for key, value in values_by_settings(expression).items():
        rank += value != last or type(value) is not type(last)
        ranks[str(key)], last = rank, value
    rank_text = Func(
        Value(ranks, JSONField()),
        Cast("settings_key", TextField()),
        function="jsonb_extract_path_text",
        output_field=TextField(),
    )
    return Cast(rank_text, IntegerField())


def _one_of_each() -> QuerySet[Run]:
    """Return one run of each key, of whichever team."""
    first = Run.objects.order_by("settings_key", "pk").distinct("settings_key").values("pk")
    return Run.objects.filter(pk__in=first).order_by()
