"""The columns that the list of runs can show: what each shows and how it sorts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import F, FloatField, Func, JSONField, Sum, TextField, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Lower

from nasengine import catalog
from webapp.datasets.labels import data_name
from webapp.queries.fields import json_key
from webapp.queries.models import MAX_COLUMN, MAX_COLUMNS

from .models import Candidate, Run
from .numbers import MISSING, value_text
from .objectives import goals_of_run
from .run_fields import SETTING, cost_of_run, front_size

COSTS = {
    "epochs": ("epochs", 1.0),
    "hours": ("seconds", 3600.0),
    "gpu_hours": ("gpu_seconds", 3600.0),
}
NO_COST = "not measured"


@dataclass(frozen=True)
class Column:
    """One column. `order` sorts the smallest value first; None: it does not sort.

    `of_settings`: `order` is an expression of `spec`, whose value runs of the same settings share.
    `is_down` reverses that, so that the first click on the time of launch shows the newest run.
    """

    key: str
    label: str
    order: Any = None
    is_number: bool = False
    is_down: bool = False
    of_settings: bool = False

    @property
    def css(self) -> str:
        """Return the classes of its cells."""
        own = f"ps-col-{self.key}" if self.key in FIXED else "ps-col-more"
        return f"num {own}" if self.is_number else own

    @property
    def sort(self) -> str:
        """Return the key that sorts by it, "" if it does not sort."""
        return self.key if self.order is not None else ""


def _progress() -> Any:
    return (F("told") - F("pruned") - F("retried")) * 1.0 / F("candidate_budget")


FIXED = {
    column.key: column
    for column in (
        Column("name", "Name", Lower("name")),
        Column("state", "State", F("state")),
        Column("method", "Method", F("strategy")),
        Column("search", "Search"),
        Column("progress", "Progress", _progress()),
        Column("best", "Best", F("best_value"), True),
        Column("front", "Front", front_size(), True),
        Column("tags", "Tags", Func(F("tags"), Value(", "), function="array_to_string",
                                    output_field=TextField())),
        Column("author", "Author", F("created_by__username")),
        Column("study", "Study", F("study__name")),
        Column("seed", "Seed", F("seed"), True),
        Column("space", "Space", KeyTransform("space", "spec"), of_settings=True),
        Column("data", "Data", KeyTransform("dataset", "spec"), of_settings=True),
        Column("estimator", "Estimator", KeyTransform("estimator", "spec"), of_settings=True),
        Column("budget", "Budget", F("candidate_budget"), True),
        Column("epochs", "Epochs", cost_of_run("epochs"), True),
        Column("hours", "Hours", cost_of_run("seconds"), True),
        Column("gpu_hours", "GPU hours", cost_of_run("gpu_seconds"), True),
        Column("note", "Notes", F("note")),
        Column("ended", "Ended", F("ended_at"), is_down=True),
        Column("age", "Launched", F("created_at"), is_down=True),
    )
}  # fmt: skip
DEFAULT = ("name", "state", "method", "search", "progress", "best", "front", "age")


def column_of(key: str) -> Column | None:
    """Return the column of this key, also of an objective or a setting; None if there is none."""
    if key in FIXED:
        return FIXED[key]
    if len(key) > MAX_COLUMN:
        return None
    if key == f"{SETTING}seed":
        return replace(FIXED["seed"], key=key, label="seed")
    if key.startswith(SETTING) and key != SETTING:
        return Column(key, key.removeprefix(SETTING), setting_value(key), of_settings=True)
    if catalog.has("objectives", key.partition("@")[0]):
        value = Cast(KeyTextTransform(key, "best_values"), FloatField())
        return Column(key, key.replace("@", " on "), value, True)
    return None


def setting_value(key: str) -> Func:
    """Return the JSON value of a setting such as setting.population."""
    path = f"$.**{{0 to 1}}.{json_key(key.removeprefix(SETTING))}"
    return Func(
        F("spec"),
        Func(Value(path), template="(%(expressions)s)::jsonpath"),
        function="jsonb_path_query_first",
        output_field=JSONField(),
    )


def columns_of(keys: Iterable[str]) -> list[Column]:
    """Return the columns of these keys, each once; the name is always the first."""
    unique = dict.fromkeys(["name", *keys])
    found = [column for key in unique if (column := column_of(key)) is not None]
    return found[:MAX_COLUMNS]


def costs_of_runs(runs: Iterable[Run]) -> dict[int, dict[str, float | None]]:
    """Return the summed costs of runs by key: one query."""
    sums: dict[str, Any] = {key: Sum(column) for key, (column, _) in COSTS.items()}
    own = Candidate.objects.filter(run__in=[run.pk for run in runs]).order_by()
    keys = ["run", *(f"sum_{key}" for key in COSTS)]
    rows = own.values("run").annotate(**{f"sum_{k}": v for k, v in sums.items()}).values_list(*keys)
    return {row[0]: dict(zip(COSTS, row[1:], strict=True)) for row in rows}


def cell_text(column: Column, run: Run, costs: dict[str, float | None]) -> tuple[str, str]:
    """Return text and title of a column that has no template of its own."""
    key = column.key
    if key in COSTS:
        value = costs.get(key)
        if value is None:
            return MISSING, NO_COST
        value /= COSTS[key][1]
        return f"{value:g}" if key == "epochs" else value_text(key, value), repr(value)
    if key.startswith(SETTING):
        value = setting_of(run.spec, key.removeprefix(SETTING))
        text = (
            MISSING
            if value is None
            else str(value).lower()
            if value in (True, False)
            else str(value)
        )
        return text, "this run has no such setting" if value is None else f"{key}: {text}"
    if key in FIXED:
        text = _plain(key, run)
        return text or MISSING, text or "none"
    value = run.best_values.get(key)
    if value is None:
        return MISSING, "the run has no feasible best candidate with this objective"
    units = {goal["name"]: goal["unit"] for goal in goals_of_run(run)}
    unit = units.get(key, "")
    return value_text(key, value, unit), f"{value!r} {unit} of candidate {run.best}"


def setting_of(spec: dict[str, Any], name: str) -> Any:
    """Return a setting of the search or of one of its parts, None if there is none."""
    if name in spec:
        return spec[name]
    parts = (part for part in spec.values() if isinstance(part, dict))
    return next((part[name] for part in parts if name in part), None)


def _plain(key: str, run: Run) -> str:
    values = {
        "tags": ", ".join(run.tags),
        "author": run.created_by.get_username() if run.created_by else "",
        "study": run.study.name if run.study else "",
        "seed": str(run.seed),
        "space": str(run.spec["space"]),
        "data": data_name(run.spec["dataset"], run.spec.get("dataset_config", {})),
        "estimator": str(run.spec["estimator"]),
        "budget": str(run.candidate_budget),
        "note": " ".join(run.note.split())[:200],
    }
    return values[key]
