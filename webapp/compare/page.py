"""The context of a comparison: what its templates show of some runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from webapp.runs.models import Run
from webapp.runs.numbers import value_text

from .budget import UNITS
from .comparison import Comparison, compare_runs
from .differences import MISSING, differences, flattened, shown_rows
from .groups import GROUPINGS
from .options import Options
from .pairs import Pairs, pairs_of
from .units import amount_text, unit_of

MAX_SETTINGS = 60  # offered for grouping


def compare_context(runs: Sequence[Run], options: Options) -> dict[str, Any]:
    """Return the context of templates/compare/parts/results.html for runs with their study."""
    found = compare_runs(runs, options.by, options.unit, options.axes)
    data = found.data
    groups = _groups(found, runs)
    base = options.base if options.base < len(groups) else 0
    specs = [common_spec(group["members"]) for group in groups]
    rows, same = differences(specs, base) if specs else ([], [])
    budget = found.ranking.budget
    amount = budget.amount
    return {
        "runs": runs,
        "data": data,
        "reference_words": reference_words(data),
        "groups": groups,
        "ranked": _ranked(found, groups),
        "base": base,
        "rows": rows[: shown_rows(len(groups))],
        "hidden_rows": max(0, len(rows) - shown_rows(len(groups))),
        "same": same,
        "by": options.by,
        "groupings": _groupings(runs, options.by),
        "unit": unit_of(budget.unit),
        "units": [(name, unit_of(name).label, name in found.ranking.units) for name in UNITS],
        "equal": None if amount is None else amount_text(amount, budget.unit),
        "provisional": list(budget.notes),
        "pairs": _pairs(found, base),
    }


def _groups(comparison: Comparison, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The groups with their runs, and what each run is called in its group."""
    by_number = {run.pk: run for run in runs}
    by_key = {figures["id"]: figures for figures in comparison.data["runs"]}
    return [
        {
            **group,
            "place": place,
            "members": [
                {"run": by_number[pk], "name": name, "result": by_key[pk]}
                for pk, name in zip(group["runs"], group["names"], strict=True)
            ],
        }
        for place, group in enumerate(comparison.data["groups"])
    ]


def _ranked(comparison: Comparison, groups: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The groups in the order of the ranking, with their figures at the equal budget.

    A group without a value has no place.
    """
    by_label = {group["label"]: group for group in groups}
    measure = comparison.ranking.measure
    return [
        {"group": by_label[label], "place": place if figures[measure] else None, "at": figures}
        for place, (label, figures) in enumerate(comparison.ranking.groups.items(), start=1)
    ]


def _pairs(comparison: Comparison, base: int) -> Pairs | None:
    """The tests of the groups; None if every group has a single run, so that nothing is tested."""
    labels = [group.label for group in comparison.groups]
    several = any(len(group.rows) > 1 for group in comparison.groups)
    return (
        pairs_of(comparison.ranking, labels, labels[base]) if len(labels) > 1 and several else None
    )


def _groupings(runs: Sequence[Run], by: str) -> list[tuple[str, str]]:
    """The choices of grouping: value and label; every setting in which the runs differ."""
    specs = [dict(flattened(run.spec)) for run in runs]
    varied = [
        name
        for name in dict.fromkeys(name for spec in specs for name in spec)
        if name not in ("seed", "strategy") and len({spec.get(name) for spec in specs}) > 1
    ]
    if by and by not in GROUPINGS and by not in varied:
        varied.insert(0, by)
    return [*GROUPINGS.items(), *((name, f"setting {name}") for name in varied[:MAX_SETTINGS])]


def common_spec(members: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the settings of a group: its values where its runs differ are one text."""
    specs = [member["run"].spec for member in members]
    if len(specs) == 1:
        return specs[0]
    flat = [dict(flattened(spec)) for spec in specs]
    common: dict[str, Any] = {}
    for name in dict.fromkeys(name for settings in flat for name in settings):
        texts = list(dict.fromkeys(settings.get(name, MISSING) for settings in flat))
        common[name] = texts[0] if len(texts) == 1 else f"{len(texts)} values"
    return common


def reference_words(data: dict[str, Any]) -> list[str]:
    """Return the reference point as texts such as "error 9.90 %"."""
    pairs = zip(data["goals"], data["reference"] or [], strict=False)
    return [f"{g['name']} {value_text(g['name'], value, g['unit'])}" for g, value in pairs]
