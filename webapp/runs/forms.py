"""The launch form: what was typed, the messages of the engine, and the search it describes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.forms import Field
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from nasengine import catalog
from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from nasengine.execution.choices import objections_to_choices
from nasengine.objectives.common.device_checks import COSTS
from nasengine.objectives.common.device_files import profiles
from webapp.accounts.models import Team
from webapp.common.forms import KeepingSelect, SiteForm
from webapp.datasets.queries import data_by_name
from webapp.devices.models import Device as TeamDevice
from webapp.limits import MAX_NAME
from webapp.tables.models import BenchmarkTable
from webapp.tables.queries import objectives_of, settings_of_tables, tables_by_name
from webapp.tables.services.resolve import PATH, chosen_table, resolve

from .leased import Priority
from .models import Device
from .own_data import data_choices, data_of, selected_data, with_own_data
from .presets import DEFAULT_OBJECTIVES
from .services.data_report import data_errors
from .setting_forms import SettingsForm, as_texts, text_of, texts_of

PARTS = {
    "space": ("spaces", "Space", "The architectures that the search may choose from."),
    "strategy": ("strategies", "Strategy", "How the next candidate is chosen."),
    "estimator": ("estimators", "Estimator", "How candidates are scored."),
    "dataset": ("datasets", "Data", "The data on which networks are trained and validated."),
}
EXPLAINED = ("strategy", "estimator")  # a sentence says what the chosen plugin does
SEPARATORS = re.compile(r"[,;\n]")
PRIORITIES = {str(value) for value in Priority.values}


@dataclass
class Part:
    """One part of the form: the choice of a plugin, and the settings of the chosen one."""

    kind: str
    title: str
    help: str
    chosen: str
    options: list[str]
    settings: SettingsForm | None = None
    error: str = ""
    about: str = ""
    tables: list[dict[str, str]] = field(default_factory=list)  # that fill in their settings
    selected: str = ""  # of the list: an uploaded data set by its name, else `chosen`


class LaunchForm(SiteForm):
    """The form that describes one search. Everything typed is kept as text.

    Args:
        raw: a POST, or names and values from the address, a preset or a clone.
        team: the team whose tables can be named.
        bound: whether values are checked; an unbound form only shows them.
    """

    kinds: ClassVar[tuple[str, ...]] = tuple(PARTS)

    name = forms.CharField(
        required=False,
        strip=False,
        help_text=f"Your team finds the run by it; at most {MAX_NAME} characters.",
    )
    constraints = forms.CharField(
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Bounds that a candidate must meet, separated by commas: "
        "params<2e6, latency@cpu<8. Candidates that break one are on no front.",
    )

    priority = forms.CharField(
        required=False,
        help_text="Work of a higher priority starts first.",
        widget=KeepingSelect(choices=[(str(value), label) for value, label in Priority.choices]),
    )

    def __init__(self, raw: Mapping[str, Any], team: Team | None = None, bound: bool = True):
        raw = with_own_data(team, raw)
        self.raw = raw
        self.team = team
        typed = {name: text_of(raw, name) for name in self.base_fields}
        if "priority" in typed:
            typed["priority"] = typed["priority"] or str(int(Priority.NORMAL))
        data = MultiValueDict({name: [text] for name, text in typed.items()}) if bound else None
        super().__init__(data=data, initial=typed)
        self.bound = bound
        self.reasons = self._reasons()
        self.parts = [self.part(kind) for kind in self.kinds]
        for part in self.parts:
            self.fields[part.kind] = self._choice(part)
        self.budget = SettingsForm(assembly.Budget, raw, bound=bound)
        self.chosen = _objectives_in(raw)

    @classmethod
    def from_spec(
        cls, spec: Mapping[str, Any], name: str = "", team: Team | None = None
    ) -> LaunchForm:
        """Return an unbound form filled with stored or preset search settings."""
        return cls(raw_of(spec, name), team, bound=False)

    @property
    def title(self) -> str:
        """The name as it was typed."""
        return text_of(self.raw, "name")

    @property
    def chosen_priority(self) -> int:
        """The priority that was chosen; `check` reports one that does not exist."""
        text = text_of(self.raw, "priority") or str(int(Priority.NORMAL))
        return int(text) if text in PRIORITIES else Priority.NORMAL

    def suggest_name(self, follows: str) -> None:
        """Let the script change a name that is not edited when strategy or data set change.

        Names that were not typed are those that an unbound form starts with, and those that the
        script has made.

        Args:
            follows: "strategy", or the word that stands for the methods of a study.
        """
        strategy = text_of(self.raw, "strategy", SearchSpec().strategy)
        dataset = data_of(self.raw)
        made = suggested_name(strategy if follows == "strategy" else follows, dataset)
        suggested = made if self.is_bound else self.title
        self.fields["name"].widget.attrs |= {"data-suggested": suggested, "data-follows": follows}

    def part(self, kind: str) -> Part:
        """Return one part with the settings of the plugin that is chosen in it."""
        plural, title, about = PARTS[kind]
        chosen = text_of(self.raw, kind, getattr(SearchSpec(), kind))
        part = Part(kind, title, about, chosen, self._options(kind, plural))
        part.selected = chosen
        if kind == "dataset" and self._trains():
            part.selected = selected_data(self.team, self.raw, chosen)
        try:
            config = catalog.load(plural, chosen).Config
        except EngineError as error:
            # An estimator that trains nothing has data sets of its own, such as a table's.
            part.error = "" if kind == "dataset" and not self._trains() else str(error)
        else:
            part.about = about_plugin(plural, chosen) if kind in EXPLAINED else ""
            part.settings = SettingsForm(config, self.raw, f"{kind}_config", self.is_bound)
            self._suggest(part)
        return part

    def clean_priority(self) -> str:
        """Check that the priority exists."""
        text = self.cleaned_data["priority"] or str(int(Priority.NORMAL))
        if text not in PRIORITIES:
            raise forms.ValidationError(
                f"must be one of {', '.join(sorted(PRIORITIES))} (got {text[:40]!r})"
            )
        return text

    def check(self) -> SearchSpec | None:
        """Return the search settings, or None with every message next to its field."""
        spec, messages = self._typed()
        resolved = resolve(self.team, spec)
        found = {**resolved.errors, **messages}
        try:
            assembly.check(resolved.spec)
        except InvalidSettings as error:
            found = {**error.errors, **found}
        found = found or data_errors(resolved.spec)
        if found and not 0 < len(self.title.strip()) <= MAX_NAME:
            found["name"] = _name_message(self.title)
        self.place(found)
        return None if found else spec

    def typed_spec(self) -> SearchSpec | None:
        """Return the settings without the checks across parts; None if a value is not allowed."""
        spec, messages = self._typed()
        return None if messages else spec

    def typed_data(self) -> SearchSpec | None:
        """Return the settings if those of the data set are allowed, whatever the others are."""
        spec, messages = self._typed()
        wrong = any(name.partition(".")[0] in ("dataset", "dataset_config") for name in messages)
        return None if wrong else spec

    def place(self, messages: Mapping[str, str]) -> None:
        """Put each message (dotted path -> text) next to its own field."""
        for part in self.parts:
            part.error = messages.get(part.kind, part.error)
        self.unplaced: dict[str, str] = {}
        for path, text in messages.items():
            form, name = self._owner(path)
            if form is None:
                self.unplaced[path] = text
            elif form.add_prefix(name) not in form.messages():
                form.add_error(name, text)

    def forms(self) -> list[SettingsForm]:
        """Return every form of settings on the page."""
        return [self.budget, *(part.settings for part in self.parts if part.settings)]

    def groups(self) -> dict[str, tuple[str, SettingsForm | None]]:
        """Return the plugin and its settings under each path of settings."""
        return {f"{part.kind}_config": (part.chosen, part.settings) for part in self.parts}

    def all_messages(self) -> dict[str, str]:
        """Return every message of a checked form by dotted path."""
        messages = dict(self.messages())
        for form in self.forms():
            messages |= form.messages()
        messages |= {part.kind: part.error for part in self.parts if part.error}
        return messages | getattr(self, "unplaced", {})

    def summary(self) -> list[dict[str, str]]:
        """Return every message with label and target: the list above the form."""
        rows = [
            {"label": self.label_of(form, name), "target": form[name].auto_id, "text": text}
            for form in (self, *self.forms())
            for name, text in ((n, " ".join(map(str, texts))) for n, texts in form.errors.items())
            if name in form.fields
        ]
        return rows + [
            {"label": path.capitalize(), "target": f"field-{path}", "text": text}
            for path, text in getattr(self, "unplaced", {}).items()
        ]

    def label_of(self, form: SiteForm, name: str) -> str:
        """Return what the list of messages calls a field."""
        return str(form[name].label)

    @property
    def objectives_error(self) -> str:
        """The message about the objectives; empty if they are allowed."""
        return str(getattr(self, "unplaced", {}).get("objectives", ""))

    def objectives(self) -> list[dict[str, Any]]:
        """Return the check boxes: what can be an objective of this search.

        A search on an imported table offers what the table holds. Any other offers every
        objective, on every device that measures if it needs one; columns of a file are named
        by hand.
        """
        table = self._table
        names = _of_table(table, text_of(self.raw, "dataset")) if table else _of_engine(self.team)
        boxes = [{"name": n, "help": about, "on": n in self.chosen} for n, about in names.items()]
        offered = {*names, *(box["name"] for box in self.estimates())}
        return boxes + [
            {"name": n, "help": "", "on": True} for n in self.chosen if n not in offered
        ]

    def estimates(self) -> list[dict[str, Any]]:
        """Return the check boxes of proxies, which are objectives if networks are built."""
        if not self._trains():
            return []
        names = {name: catalog.load("proxies", name) for name in catalog.names("proxies")}
        return [
            {"name": name, "help": proxy.help, "on": name in self.chosen}
            for name, proxy in names.items()
            if not proxy.parts and name not in catalog.names("objectives")
        ]

    def targets(self) -> list[dict[str, Any]]:
        """Return the devices that a bound can be set for: name, title, memory of its profile.

        Those of the team, those that workers measure and those that are modelled. A search on an
        imported table has the devices of the table.
        """
        if self._table:
            costed = (box["name"].partition("@") for box in self.objectives())
            names = dict.fromkeys(device for kind, _, device in costed if kind == "latency")
            return [{"name": name, "title": "", "megabytes": None} for name in names if name]
        titles = {name: title for name, (title, _) in _measuring_devices(self.team).items()}
        modelled = profiles()
        memories = {
            name: (profile.memory_bytes or 0) // 10**6 for name, profile in modelled.items()
        }
        titles |= {
            name: profile.summary for name, profile in modelled.items() if name not in titles
        }
        return [
            {
                "name": name,
                "title": title,
                "megabytes": memories.get(name),
            }
            for name, title in titles.items()
        ]

    @cached_property
    def _table(self) -> BenchmarkTable | None:
        """The team's table that the form names."""
        if self.team is None or text_of(self.raw, "estimator") != "table":
            return None
        return chosen_table(self.team, text_of(self.raw, PATH))

    def _choice(self, part: Part) -> Field:
        """The list in which the plugin of a part is chosen; the page then loads its settings."""
        attrs = {
            "data-part": part.kind,
            "data-testid": f"select-{part.kind}",
            "hx-get": reverse("run-new-part", args=[part.kind]),
            "hx-target": f"#settings-{part.kind}",
            "hx-swap": "outerHTML",
            "hx-trigger": "change",
        }
        choices: list[Any] = [(option, option) for option in part.options]
        if part.kind == "dataset" and self._trains():
            choices = data_choices(self.team, part.options, part.selected)
        widget = KeepingSelect(attrs, choices=choices)
        widget.reasons = self.reasons.get(part.kind, {})
        field = forms.CharField(label=part.title, required=False, strip=False, widget=widget)
        self.initial[part.kind] = part.selected
        if self.is_bound:
            assert isinstance(self.data, MultiValueDict)
            self.data.setlist(part.kind, [part.selected])
        return field

    def _reasons(self) -> dict[str, dict[str, str]]:
        """Return which plugins do not fit the chosen ones, by part, with the reason."""
        default = SearchSpec()
        chosen: dict[str, Any] = {
            kind: text_of(self.raw, kind, getattr(default, kind)) for kind in PARTS
        }
        return objections_to_choices(replace(default, **chosen))

    def _options(self, kind: str, plural: str) -> list[str]:
        """The names to choose from: the catalogue's, or the data sets of an imported table."""
        table = self._table if kind == "dataset" else None
        return list(table.datasets) if table else catalog.names(plural)

    def _suggest(self, part: Part) -> None:
        """Offer the team's tables if the chosen estimator reads one, and its uploaded data."""
        if self.team is None or part.settings is None:
            return
        if (part.kind, part.chosen) == ("estimator", "table"):
            part.settings.suggest("path", tables_by_name(self.team))
            part.tables = settings_of_tables(self.team)
        elif part.kind == "dataset" and "path" in part.settings.fields:
            part.settings.suggest("path", data_by_name(self.team, part.chosen))

    def _owner(self, path: str) -> tuple[SiteForm | None, str]:
        """The form and the field that a dotted path names; None if no field has that path."""
        for form in (self, *self.forms()):
            for name in form.fields:
                if form.add_prefix(name) == path:
                    return form, name
        return None, path

    def _typed(self) -> tuple[SearchSpec, dict[str, str]]:
        """Read the form: the settings, with defaults for what cannot be read, and the messages."""
        messages = {} if self.is_valid() else self.messages()
        values: dict[str, Any] = self.budget.values() or {}
        messages |= self.budget.messages()
        for part in self.parts:
            if part.error:
                messages[part.kind] = part.error
                continue
            values[part.kind] = part.chosen
            if part.settings:
                values[f"{part.kind}_config"] = part.settings.values() or {}
                messages |= part.settings.messages()
        constraints = SEPARATORS.split(text_of(self.raw, "constraints"))
        spec = SearchSpec(
            objectives=tuple(self.chosen),
            constraints=tuple(text.strip() for text in constraints if text.strip()),
            **values,
        )
        return spec, messages

    def _trains(self) -> bool:
        """Whether the chosen estimator builds networks, and so needs one of our data sets."""
        try:
            estimator = catalog.load("estimators", text_of(self.raw, "estimator", "train"))
        except EngineError:
            return True
        return bool(estimator.builds_network)


def about_plugin(plural: str, name: str) -> str:
    """Return the sentence that says what a plugin does: the first line of its description."""
    lines = (inspect.getdoc(catalog.load(plural, name)) or "").splitlines()
    return lines[0].replace("`", "") if lines else ""


def suggested_name(subject: str, dataset: str) -> str:
    """Return the name of a run, by its strategy, or of a study; the script makes the same."""
    return f"{subject} on {dataset}"


def raw_of(spec: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    """Return search settings as the names and values that a form takes."""
    raw: dict[str, Any] = {"name": name}
    for key, value in spec.items():
        if key.endswith("_config"):
            raw |= {f"{key}.{setting}": as_texts(v) for setting, v in value.items()}
        elif key == "constraints":
            raw[key] = ", ".join(value)
        else:
            raw[key] = as_texts(value)
    return raw


def _objectives_in(raw: Mapping[str, Any]) -> list[str]:
    if "objectives" not in raw:
        return list(DEFAULT_OBJECTIVES)
    names = [
        name.strip() for text in texts_of(raw, "objectives") for name in SEPARATORS.split(text)
    ]
    return list(dict.fromkeys(name for name in names if name))


def _name_message(name: str) -> str:
    if not name.strip():
        return "is empty: write a short name"
    return f"must have at most {MAX_NAME} characters (got {len(name):,})"


def _of_engine(team: Team | None) -> dict[str, str]:
    """Return every objective of the catalogue with what it is.

    On devices: those that workers measure and those of the team. Devices that are only modelled,
    or whose costs only come from tables, are named by hand, like columns.
    """
    devices = _measuring_devices(team)
    names: dict[str, str] = {}
    for kind in catalog.names("objectives"):
        objective = catalog.load("objectives", kind)
        if not objective.on_device:
            names[kind] = objective.help
            continue
        able = {name: title for name, (title, costs) in devices.items() if kind in costs}
        names |= {f"{kind}@{name}": title or objective.help for name, title in able.items()}
    return names


def _measuring_devices(team: Team | None) -> dict[str, tuple[str, list[str]]]:
    """Return the title and the costs of every device that measures, by name."""
    rows = Device.objects.filter(profile__method="measured")
    found = {
        row.name: (row.title, row.profile.get("costs", ["latency"]))
        for row in rows.only("name", "title", "profile")
    } or {"cpu": ("", ["latency"])}
    own = TeamDevice.objects.filter(team=team).values_list("name", "description")
    return found | {name: (text or "device of your team", list(COSTS)) for name, text in own}


def _of_table(table: BenchmarkTable, dataset: str) -> dict[str, str]:
    """Return every objective of a table with its unit and column."""
    return {
        row["name"]: f"{row['unit']}, column {row['column']}".removeprefix(", ")
        for row in objectives_of(table, dataset)
    }
