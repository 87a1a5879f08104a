"""The study form: the launch form with several methods, each with settings, and seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django import forms

from nasengine import catalog
from nasengine.core.errors import EngineError
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import setting
from nasengine.execution import assembly
from webapp.accounts.models import Team
from webapp.common.forms import SiteForm
from webapp.limits import MAX_NAME, MAX_STUDY_RUNS
from webapp.runs.forms import LaunchForm, raw_of
from webapp.runs.leased import Priority
from webapp.runs.setting_forms import SettingsForm, as_texts, text_of, texts_of

from .plan import RANDOM_SEARCH, Method, Plan
from .services.launching import check_plan, name_error

TICKED = (RANDOM_SEARCH, "nsga2", "dpp-net")
NOTES = {RANDOM_SEARCH: "the baseline that every method has to beat at the same cost"}


@dataclass(frozen=True)
class Seeds:
    """How often every method is run."""

    seeds: int = setting(
        5,
        "Runs of each method, with consecutive seeds from the first one. Five show large effects, "
        "twenty show small ones.",
        low=1,
        high=MAX_STUDY_RUNS,
    )
    stop_decided: bool = setting(
        False,
        "Stop runs that have not begun once the comparison of their method with random search is "
        "decided. False decisions stay below 5 % although the study looks after every seed.",
    )


@dataclass
class MethodPart:
    """One method of the form: whether it is chosen, its settings, its message."""

    name: str
    chosen: bool
    mismatch: str
    settings: SettingsForm
    error: str = ""

    @property
    def shown(self) -> list[Any]:
        """Its settings that have a message or differ from their default."""
        return self.settings.own if self.chosen else []

    @property
    def folded(self) -> list[Any]:
        """Its other settings."""
        return self.settings.rest if self.chosen else list(self.settings)

    @property
    def disabled(self) -> bool:
        """Whether it cannot be chosen; a chosen one stays enabled, so that it can be removed."""
        return bool(self.mismatch) and not self.chosen

    @property
    def note(self) -> str:
        return self.mismatch or NOTES.get(self.name, "")


class StudyForm(LaunchForm):
    """The form that describes a study. Everything typed is kept as text."""

    kinds: ClassVar[tuple[str, ...]] = ("space", "estimator", "dataset")

    name = forms.CharField(
        required=False,
        strip=False,
        help_text=f"Your team finds the study by it; at most {MAX_NAME} characters.",
    )
    question = forms.CharField(
        label="Question this study answers",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Optional; shown with the results.",
    )

    def __init__(self, raw: Mapping[str, Any], team: Team | None = None, bound: bool = True):
        super().__init__(raw, team, bound)
        self.seeds = SettingsForm(Seeds, raw, bound=bound)
        chosen = texts_of(raw, "methods") if "methods" in raw else list(TICKED)
        self.methods = [self._method(name, chosen) for name in catalog.names("strategies")]
        self.unknown = [name for name in chosen if name and name not in catalog.names("strategies")]

    @classmethod
    def from_plan(
        cls, plan: Plan, name: str, question: str, team: Team, priority: int = Priority.NORMAL
    ) -> StudyForm:
        """Return an unbound form filled with a study that was launched before."""
        spec = {**plan.spec.to_json(), "seed": min(plan.seeds, default=0)}
        more = {
            "question": question,
            "stop_decided": as_texts(plan.stop_decided),
            "priority": str(int(priority)),
            "seeds": str(len(plan.seeds)),
        }
        methods = {method.strategy: method.config for method in plan.methods}
        return cls({**raw_of(spec, name), **more, **raw_of_methods(methods)}, team, bound=False)

    @property
    def methods_error(self) -> str:
        """The message about the choice of methods; empty if it is allowed."""
        return str(getattr(self, "unplaced", {}).get("methods", ""))

    def plan(self) -> Plan | None:
        """Return the plan, or None with every message next to its field."""
        assert self.team is not None
        plan, typed = self._typed_plan()
        messages = {**check_plan(self.team, plan)[1], **typed}
        if fault := name_error(self.team, self.title):
            messages["name"] = fault
        if self.unknown:
            messages["methods"] = f"must be methods of the catalogue (got {self.unknown[0][:40]!r})"
        self.place(messages)
        return None if messages else plan

    def typed_plan(self) -> Plan | None:
        """Return the plan without the checks across parts; None if a value is not allowed."""
        plan, messages = self._typed_plan()
        return None if messages else plan

    def place(self, messages: Mapping[str, str]) -> None:
        """Put each message (dotted path -> text) next to its own field."""
        super().place(messages)
        for method in self.methods:
            method.error = self.unplaced.pop(f"methods.{method.name}", "")

    def forms(self) -> list[SettingsForm]:
        """Return every form of settings; those of methods that are not chosen too."""
        return [*super().forms(), self.seeds, *(method.settings for method in self.methods)]

    def groups(self) -> dict[str, tuple[str, SettingsForm | None]]:
        """Return the plugin and its settings under each path of settings."""
        methods = {
            f"methods.{method.name}": (method.name, method.settings) for method in self.methods
        }
        return {**super().groups(), **methods}

    def all_messages(self) -> dict[str, str]:
        """Return every message of a checked form by dotted path."""
        methods = {
            f"methods.{method.name}": method.error for method in self.methods if method.error
        }
        return {**super().all_messages(), **methods}

    def summary(self) -> list[dict[str, str]]:
        """Return every message with label and target: the list above the form."""
        return super().summary() + [
            {"label": method.name, "target": f"method-{method.name}", "text": method.error}
            for method in self.methods
            if method.error
        ]

    def label_of(self, form: SiteForm, name: str) -> str:
        """Return what the list of messages calls a field: with its method if it has one."""
        label = super().label_of(form, name)
        owner = next((method.name for method in self.methods if method.settings is form), "")
        return f"{owner}, {label[:1].lower()}{label[1:]}" if owner else label

    def _typed_plan(self) -> tuple[Plan, dict[str, str]]:
        """Read the form: the plan, with defaults for what cannot be read, and the messages."""
        spec, messages = self._typed()
        methods = []
        for method in self.methods:
            if method.chosen:
                methods.append(Method(method.name, method.settings.values() or {}))
                messages |= method.settings.messages()
        asked = self.seeds.values() or {"seeds": 1}
        count = asked["seeds"]
        messages |= self.seeds.messages()
        seeds = tuple(range(spec.seed, spec.seed + count))
        return Plan(spec, tuple(methods), seeds, bool(asked.get("stop_decided"))), messages

    def _method(self, name: str, chosen: list[str]) -> MethodPart:
        strategy = catalog.load("strategies", name)
        bound = self.is_bound and name in chosen
        settings = SettingsForm(strategy.Config, self.raw, f"methods.{name}", bound)
        return MethodPart(name, name in chosen, self._mismatch(name), settings)

    def _mismatch(self, strategy: str) -> str:
        """Return why a method does not fit the chosen space and estimator; empty if it does."""
        default = SearchSpec()
        space, estimator = (
            text_of(self.raw, name, getattr(default, name)) for name in ("space", "estimator")
        )
        spec = replace(default, strategy=strategy, space=space, estimator=estimator)
        try:
            return assembly.strategy_objection(spec)
        except EngineError:
            return ""


def raw_of_methods(methods: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return methods with their settings as the names and values that a form takes."""
    raw: dict[str, Any] = {"methods": list(methods)}
    for name, config in methods.items():
        raw |= {f"methods.{name}.{key}": as_texts(value) for key, value in config.items()}
    return raw
