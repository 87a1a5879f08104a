"""The launch form: what was typed, what the engine says about it, and the question it makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from django.http import QueryDict

from nasengine import catalog
from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import from_mapping, to_mapping
from nasengine.execution import assembly
from webapp.tables.models import BenchmarkTable
from webapp.tables.queries import objectives_of, tables_by_name
from webapp.tables.services.resolve import PATH, chosen_table, settle

from .form_fields import Field, Part, as_text, as_texts, fields_of
from .models import Device
from .presets import DEFAULT_OBJECTIVES
from .services.launch import MAX_NAME

PARTS = (
    ("space", "spaces", "Space", "What may be built."),
    ("strategy", "strategies", "Strategy", "How the next candidate is chosen."),
    ("estimator", "estimators", "Estimator", "How a candidate's error is found out."),
    ("dataset", "datasets", "Data", "What networks are trained and judged on."),
)
SPLITTER = re.compile(r"[,;\n]")


class LaunchForm:
    """Everything typed is kept as text; `check` turns it into a SearchSpec or into messages."""

    kinds: ClassVar[tuple[str, ...]] = tuple(kind for kind, *_ in PARTS)

    def __init__(self, raw: Mapping[str, Any], team: Any = None):
        """`raw` is a POST, or names and values from defaults, a preset or a clone.

        `team` is whose tables can be named.
        """
        self.raw = raw
        self.team = team
        self.errors: dict[str, str] = {}
        self.name = self._one("name", "")
        self.parts = [self.part(kind) for kind in self.kinds]
        self.budget = fields_of(assembly.Budget, "", raw)
        self.chosen = self._chosen_objectives()
        self.constraints = self._one("constraints", "")

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any], name: str = "", team: Any = None) -> LaunchForm:
        """A form filled with a stored or ready-made question."""
        raw: dict[str, Any] = {"name": name}
        for key, value in spec.items():
            if key.endswith("_config"):
                raw |= {f"{key}.{name_of}": as_texts(v) for name_of, v in value.items()}
            elif key == "constraints":
                raw[key] = ", ".join(value)
            else:
                raw[key] = as_texts(value)
        return cls(raw, team)

    def part(self, kind: str) -> Part:
        """One part with the fields of the plugin that is chosen in it."""
        plural, title, about = next(rest for name, *rest in PARTS if name == kind)
        chosen = self._one(kind, getattr(SearchSpec(), kind))
        part = Part(kind, plural, title, about, chosen, self._options(kind, plural))
        try:
            config = catalog.load(plural, chosen).Config
        except EngineError as error:
            # An estimator that trains nothing reads data sets of its own, such as a table's.
            part.error = "" if kind == "dataset" and not self._trains() else str(error)
        else:
            part.fields = fields_of(config, f"{kind}_config.", self.raw)
            self._suggest(part)
        return part

    def _options(self, kind: str, plural: str) -> list[str]:
        """What can be chosen: the catalogue's, or the data sets of an imported table."""
        table = self._table if kind == "dataset" else None
        return list(table.datasets) if table else catalog.names(plural)

    def _suggest(self, part: Part) -> None:
        """The team's tables, where one of them can be named."""
        if (part.kind, part.chosen) != ("estimator", "table") or self.team is None:
            return
        for field in part.fields:
            if field.path == PATH:
                field.suggestions = tables_by_name(self.team)

    def objectives(self) -> list[dict[str, Any]]:
        """The check boxes: what can steer a search of this form.

        Of an imported table that is what it holds. Else every objective, on every device that
        measures where it needs one; columns of a file are named by hand.
        """
        table = self._table
        names = _of_table(table, self._one("dataset", "")) if table else _of_engine()
        boxes = [{"name": n, "help": about, "on": n in self.chosen} for n, about in names.items()]
        return boxes + [{"name": n, "help": "", "on": True} for n in self.chosen if n not in names]

    @cached_property
    def _table(self) -> BenchmarkTable | None:
        """The team's table that the form names."""
        if self.team is None or self._one("estimator", "") != "table":
            return None
        return chosen_table(self.team, self._one(PATH, ""))

    def check(self) -> SearchSpec | None:
        """The question, or None with every message in `errors` and beside its field."""
        spec = self._spec()
        settled = settle(self.team, spec)
        faults = {**settled.errors, **self.errors}
        try:
            assembly.check(settled.spec)
        except InvalidSettings as error:
            faults = {**error.errors, **faults}
        if faults and not 0 < len(self.name.strip()) <= MAX_NAME:
            length = f"has {len(self.name):,} characters; at most {MAX_NAME}"
            faults["name"] = length if self.name.strip() else "is empty; write a short name"
        self.place(faults)
        return None if faults else spec

    def place(self, errors: Mapping[str, str]) -> None:
        """Puts each message beside its own field."""
        self.errors = dict(errors)
        for field in self.fields():
            field.error = self.errors.get(field.path, "")
        for part in self.parts:
            part.error = self.errors.get(part.kind, part.error)

    def fields(self) -> list[Field]:
        """Every field that stands for a setting."""
        return [*self.budget, *(field for part in self.parts for field in part.fields)]

    def summary(self) -> list[dict[str, str]]:
        """What is wrong, each with where: for the list on top of the form."""
        labels = {field.path: (field.label, field.id) for field in self.fields()}
        labels |= {part.kind: (part.title, f"field-{part.kind}") for part in self.parts}
        labels |= {
            "name": ("Name", "field-name"),
            "objectives": ("Objectives", "field-objectives"),
            "constraints": ("Constraints", "field-constraints"),
        }
        return [
            {"label": label, "target": target, "text": text}
            for path, text in self.errors.items()
            for label, target in [labels.get(path, (path, ""))]
        ]

    def typed_question(self) -> SearchSpec | None:
        """The question without the checks across parts; None where a field is wrong."""
        spec = self._spec()
        wrong, self.errors = self.errors, {}
        return None if wrong else spec

    def _spec(self) -> SearchSpec:
        """The question of what can be read; the rest keeps its default and is in `errors`."""
        values = self._mapping(assembly.Budget, self.budget, "") or {}
        for part in self.parts:
            if part.error:
                self.errors[part.kind] = part.error
                continue
            values[part.kind] = part.chosen
            if part.fields:
                config = catalog.load(part.plural, part.chosen).Config
                mapping = self._mapping(config, part.fields, f"{part.kind}_config.")
                values[f"{part.kind}_config"] = mapping or {}
        return SearchSpec(
            objectives=tuple(self.chosen),
            constraints=tuple(t.strip() for t in SPLITTER.split(self.constraints) if t.strip()),
            **values,
        )

    def _mapping(self, config: type, fields: list[Field], prefix: str) -> dict[str, Any] | None:
        try:
            typed = {field.about.name: field.value for field in fields}
            return to_mapping(from_mapping(config, typed, prefix))
        except InvalidSettings as error:
            self.errors |= error.errors
            return None

    def _trains(self) -> bool:
        try:
            return catalog.load("estimators", self._one("estimator", "train")).builds_network
        except EngineError:
            return True

    def _chosen_objectives(self) -> list[str]:
        if "objectives" not in self.raw:
            return list(DEFAULT_OBJECTIVES)
        raw = self.raw
        given = raw.getlist("objectives") if isinstance(raw, QueryDict) else raw["objectives"]
        names = [name.strip() for text in given for name in SPLITTER.split(text)]
        return list(dict.fromkeys(name for name in names if name))

    def _one(self, name: str, default: str) -> str:
        value = self.raw.get(name, default)
        return as_text(value[-1] if isinstance(value, list) and value else value)


def _of_engine() -> dict[str, str]:
    """Every objective of the catalogue -> what it is.

    Devices whose costs come out of tables alone are named by hand, like columns.
    """
    measuring = Device.objects.filter(profile__method="measured")
    devices = dict(measuring.values_list("name", "title")) or {"cpu": ""}
    names = {}
    for kind in catalog.names("objectives"):
        about = catalog.load("objectives", kind)
        if about.on_device:
            names |= {f"{kind}@{name}": title or about.help for name, title in devices.items()}
        else:
            names[kind] = about.help
    return names


def _of_table(table: BenchmarkTable, dataset: str) -> dict[str, str]:
    """Every objective of a table -> its unit and column."""
    return {
        one["name"]: f"{one['unit']}, column {one['column']}".removeprefix(", ")
        for one in objectives_of(table, dataset)
    }
