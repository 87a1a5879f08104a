"""The study form: the launch form with methods to tick, each with settings, and seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.http import QueryDict

from nasengine import catalog
from nasengine.core.errors import EngineError
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import setting
from webapp.runs.form_fields import Field, as_text, as_texts, fields_of
from webapp.runs.forms import LaunchForm

from .plan import CHANCE, Method, Plan
from .services.launching import MAX_RUNS, check_plan, name_fault

TICKED = (CHANCE, "nsga2", "dpp-net")
WORDS = {CHANCE: "what any method has to beat, at the same cost"}


@dataclass(frozen=True)
class Seeds:
    """How often every method is run."""

    seeds: int = setting(
        5,
        "Runs of each method, with seeds counting up from the first; five tell a little, twenty "
        "a lot.",
        low=1,
        high=MAX_RUNS,
    )


@dataclass
class MethodPart:
    """One method of the form: ticked or not, its fields, what is wrong of it."""

    name: str
    ticked: bool
    misfit: str
    fields: list[Field] = field(default_factory=list)
    error: str = ""

    @property
    def open(self) -> bool:
        """Settings unfold where something is wrong or differs from the defaults."""
        return self.ticked and any(f.error or f.changed for f in self.fields)

    @property
    def words(self) -> str:
        return self.misfit or WORDS.get(self.name, "")


class StudyForm(LaunchForm):
    """Everything typed is kept as text; `plan` turns it into a Plan or into messages."""

    kinds: ClassVar[tuple[str, ...]] = ("space", "estimator", "dataset")

    def __init__(self, raw: Mapping[str, Any], team: Any = None):
        super().__init__(raw, team)
        self.words = self._one("question", "")
        self.seeds = fields_of(Seeds, "", raw)
        ticked = _texts(raw, "methods") if "methods" in raw else list(TICKED)
        self.methods = [self._method(name, ticked) for name in catalog.names("strategies")]
        self.unknown = [name for name in ticked if name and name not in catalog.names("strategies")]

    @classmethod
    def from_plan(cls, plan: Plan, name: str, words: str, team: Any) -> StudyForm:
        """A form filled with what was launched before."""
        spec = {**plan.spec.to_json(), "seed": min(plan.seeds, default=0)}
        form = LaunchForm.from_spec(spec, name)
        raw: dict[str, Any] = {
            **form.raw,
            "question": words,
            "seeds": str(len(plan.seeds)),
            "methods": [method.strategy for method in plan.methods],
        }
        for method in plan.methods:
            raw |= {
                f"methods.{method.strategy}.{key}": as_texts(value)
                for key, value in method.config.items()
            }
        return cls(raw, team)

    @property
    def ticked(self) -> list[MethodPart]:
        return [method for method in self.methods if method.ticked]

    def plan(self) -> Plan | None:
        """The plan, or None with every message in `errors` and beside its field."""
        plan, faults = self._typed_plan()
        found = check_plan(self.team, plan)[1]
        faults = {**found, **faults}
        if fault := name_fault(self.team, self.name):
            faults["name"] = fault
        if self.unknown:
            faults["methods"] = f"holds {self.unknown[0][:40]!r}, which is no method"
        self.place(faults)
        return None if faults else plan

    def typed_plan(self) -> Plan | None:
        """The plan without the checks across parts; None where a field is wrong."""
        plan, faults = self._typed_plan()
        return None if faults else plan

    def place(self, errors: Mapping[str, str]) -> None:
        """Puts each message beside its own field."""
        super().place(errors)
        for method in self.methods:
            method.error = self.errors.get(f"methods.{method.name}", "")

    def fields(self) -> list[Field]:
        """Every field that stands for a setting; those of methods that are not ticked too."""
        return [*super().fields(), *self.seeds, *(f for m in self.methods for f in m.fields)]

    def summary(self) -> list[dict[str, str]]:
        """What is wrong, each with where: for the list on top of the form."""
        faults = super().summary()
        names = {f"methods.{m.name}": m.name for m in self.methods}
        for fault in faults:
            if fault["label"] in names:
                name = names[fault["label"]]
                fault |= {"label": name, "target": f"method-{name}"}
            elif fault["label"] == "methods":
                fault |= {"label": "Methods", "target": "field-methods"}
            elif fault["target"].startswith("field-methods-"):
                name = next(m.name for m in self.methods if _owns(m, fault["target"]))
                fault["label"] = f"{name}, {fault['label'].lower()}"
        return faults

    def _typed_plan(self) -> tuple[Plan, dict[str, str]]:
        """What can be read, and what is wrong with the rest."""
        spec = self._spec()
        faults, self.errors = self.errors, {}
        methods = []
        for method in self.ticked:
            config = catalog.load("strategies", method.name).Config
            prefix = f"methods.{method.name}."
            values = self._mapping(config, method.fields, prefix)
            methods.append(Method(method.name, values or {}))
        count = (self._mapping(Seeds, self.seeds, "") or {"seeds": 1})["seeds"]
        faults |= self.errors
        self.errors = {}
        first = spec.seed
        return Plan(spec, tuple(methods), tuple(range(first, first + count))), faults

    def _method(self, name: str, ticked: list[str]) -> MethodPart:
        strategy = catalog.load("strategies", name)
        part = MethodPart(name, name in ticked, self._misfit(strategy))
        part.fields = fields_of(strategy.Config, f"methods.{name}.", self.raw)
        return part

    def _misfit(self, strategy: Any) -> str:
        """Why a method cannot search the space that is chosen; empty where it can."""
        chosen = self._one("space", SearchSpec().space)
        try:
            space = catalog.load("spaces", chosen)
        except EngineError:
            return ""
        missing = sorted(strategy.requires - space.capabilities)
        return f"needs {', '.join(missing)}, which {chosen} does not offer" if missing else ""


def _owns(method: MethodPart, target: str) -> bool:
    return any(one.id == target for one in method.fields)


def _texts(raw: Mapping[str, Any], name: str) -> list[str]:
    given = raw.getlist(name) if isinstance(raw, QueryDict) else raw[name]
    return [as_text(text) for text in given]
