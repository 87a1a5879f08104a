"""Launching a study: every method checked, then all its runs at once or none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction

from nasengine.core.errors import InvalidSettings
from nasengine.execution import assembly
from webapp.runs.models import Study
from webapp.runs.services.launch import MAX_NAME, store, text_error
from webapp.studies.plan import RANDOM_SEARCH, Method, Plan
from webapp.tables.services.resolve import ResolvedSpec, resolve

MAX_RUNS = 400
MAX_WORDS = 2000
MAX_SEED = 2**63 - 1
OWN = ("strategy", "strategy_config")  # what of a question belongs to the method


@dataclass(frozen=True)
class Checked:
    """A plan that may be launched: of each method its settings, written out, and its table."""

    plan: Plan
    resolved: dict[str, ResolvedSpec]


def launch_study(team: Any, user: Any, name: str, plan: Plan, words: str = "") -> Study:
    """Stores the study and every run of it, queued; all of them or none.

    `words` say what it is to find out.

    Raises:
        InvalidSettings: names every wrong setting; what is wrong of one method alone stands
            under `methods.NAME` or `methods.NAME.SETTING`, the rest under `name`,
            `question`, `seeds`, `methods` or the question's own dotted paths.
    """
    checked, errors = check_plan(team, plan)
    if fault := name_error(team, name):
        errors["name"] = fault
    if len(words) > MAX_WORDS:
        errors["question"] = f"has {len(words):,} characters; at most {MAX_WORDS:,}"
    if errors:
        raise InvalidSettings(errors)
    try:
        with transaction.atomic():
            return _stored(team, user, name.strip(), checked, words.strip())
    except IntegrityError:  # somebody was quicker
        if fault := name_error(team, name):
            raise InvalidSettings({"name": fault}) from None
        raise


def name_error(team: Any, name: str) -> str | None:
    """What is wrong with a study's name, None where nothing is."""
    if fault := text_error(name, MAX_NAME):
        return fault
    if Study.objects.filter(team=team, name=name.strip()).exists():
        return f"{name.strip()[:60]} is the name of another study; choose one of its own"
    return None


def check_plan(team: Any, plan: Plan) -> tuple[Checked, dict[str, str]]:
    """Every method's question, settled and written out, and what is wrong of any."""
    errors = _count_faults(plan)
    resolved: dict[str, ResolvedSpec] = {}
    for method in plan.methods:
        found, faults = _settled(team, plan, method)
        resolved[method.strategy] = found
        for path, text in faults.items():
            errors.setdefault(path, text)
    if not plan.methods:  # the rest can still be looked at
        faults = _settled(team, plan, Method(RANDOM_SEARCH))[1]
        errors = {**faults, **errors}
    return Checked(plan, resolved), errors


def _settled(team: Any, plan: Plan, method: Method) -> tuple[ResolvedSpec, dict[str, str]]:
    found = resolve(team, plan.of(method))
    errors = dict(found.errors)
    try:
        found = replace(found, spec=assembly.check(found.spec))
    except InvalidSettings as error:
        errors = {**error.errors, **errors}
    return found, {_placed(path, method.strategy): text for path, text in errors.items()}


def _placed(path: str, strategy: str) -> str:
    """Where a setting's message belongs: with the method, or with the shared question."""
    head, _, rest = path.partition(".")
    if head not in OWN:
        return path
    return f"methods.{strategy}.{rest}" if rest else f"methods.{strategy}"


def _count_faults(plan: Plan) -> dict[str, str]:
    errors = {}
    strategies = [method.strategy for method in plan.methods]
    if not strategies:
        errors["methods"] = "names no method; choose one at least"
    elif len(set(strategies)) < len(strategies):
        errors["methods"] = "names a method twice; name each once"
    if not plan.seeds:
        errors["seeds"] = "names no seed; give one at least"
    elif len(set(plan.seeds)) < len(plan.seeds):
        errors["seeds"] = "names a seed twice; name each once"
    elif not 0 <= min(plan.seeds) <= max(plan.seeds) <= MAX_SEED:
        errors["seeds"] = f"must lie between 0 and {MAX_SEED}"
    if plan.runs > MAX_RUNS:
        errors.setdefault(
            "seeds",
            f"make {plan.runs:,} runs with {len(strategies)} methods; at most {MAX_RUNS}: "
            "take fewer seeds or methods",
        )
    return errors


def _stored(team: Any, user: Any, name: str, checked: Checked, words: str) -> Study:
    plan = _written_out(checked)
    study = Study.objects.create(
        team=team, name=name, question=words, plan=plan.to_json(), created_by=user
    )
    for method, seed in plan.each():
        found = checked.resolved[method.strategy]
        one = replace(found, spec=replace(found.spec, seed=seed))
        end = f": {method.strategy}, seed {seed}"
        store(team, user, one, name[: MAX_NAME - len(end)] + end, study=study)
    return study


def _written_out(checked: Checked) -> Plan:
    """The plan with every setting as the runs keep it."""
    specs = {name: found.spec for name, found in checked.resolved.items()}
    methods = tuple(Method(name, one.strategy_config) for name, one in specs.items())
    return Plan(next(iter(specs.values())), methods, checked.plan.seeds)
