"""Launching a study: check every method, then store all of its runs or none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db import IntegrityError, transaction

from nasengine.core.errors import InvalidSettings
from nasengine.core.text import shorten
from nasengine.execution import assembly
from webapp.accounts.models import Team, User
from webapp.accounts.services import audit
from webapp.limits import MAX_NAME, MAX_QUESTION, MAX_SEED, MAX_STUDY_RUNS
from webapp.runs.leased import Priority
from webapp.runs.models import Study
from webapp.runs.services.data_report import data_errors
from webapp.runs.services.launch import inputs_of, store_run, text_error
from webapp.studies.plan import RANDOM_SEARCH, Method, Plan
from webapp.tables.services.resolve import ResolvedSpec, resolve

METHOD_SETTINGS = ("strategy", "strategy_config")  # the settings that differ between methods


@dataclass(frozen=True)
class CheckedPlan:
    """A plan with the resolved search settings of each method, by strategy."""

    plan: Plan
    resolved: dict[str, ResolvedSpec]


def launch_study(
    team: Team,
    user: User | None,
    name: str,
    plan: Plan,
    question: str = "",
    *,
    priority: int = Priority.NORMAL,
) -> Study:
    """Store the study and all of its runs, queued; all of them or none.

    Args:
        team: the team that the study belongs to.
        user: who launches it; None for the command line.
        name: a name that no other study of the team has.
        plan: the search settings, the methods and the seeds.
        question: the question that the study answers, in words.
        priority: one of `Priority`, for all runs.

    Raises:
        InvalidSettings: names every wrong setting. Settings of one method are under
            `methods.NAME` or `methods.NAME.SETTING`, others under `name`, `question`, `priority`,
            `seeds`, `methods` or their own dotted path.
    """
    checked, errors = check_plan(team, plan)
    if error := name_error(team, name):
        errors["name"] = error
    if len(question) > MAX_QUESTION:
        errors["question"] = (
            f"must have at most {MAX_QUESTION:,} characters (got {len(question):,})"
        )
    if priority not in Priority.values:
        errors["priority"] = (
            f"must be one of {', '.join(map(str, Priority.values))} (got {priority})"
        )
    if errors:
        raise InvalidSettings(errors)
    try:
        with transaction.atomic():
            study = Study(team=team, name=name.strip(), question=question.strip(), created_by=user)
            return _stored(study, checked, priority)
    except IntegrityError:  # another study took the name meanwhile
        if error := name_error(team, name):
            raise InvalidSettings({"name": error}) from None
        raise


def name_error(team: Team, name: str) -> str | None:
    """Return what is wrong with a study's name, None if it is allowed."""
    if error := text_error(name, MAX_NAME):
        return error
    if Study.objects.filter(team=team, name=name.strip()).exists():
        return f"another study is named {shorten(name.strip())}: choose another name"
    return None


def check_plan(team: Team, plan: Plan) -> tuple[CheckedPlan, dict[str, str]]:
    """Resolve and check the settings of every method; return them with all errors."""
    errors = _plan_errors(plan)
    resolved: dict[str, ResolvedSpec] = {}
    for method in plan.methods:
        resolved[method.strategy], method_errors = _resolved(team, plan, method)
        for path, text in method_errors.items():
            errors.setdefault(path, text)
    if not plan.methods:  # the shared settings can still be checked
        errors = {**_resolved(team, plan, Method(RANDOM_SEARCH))[1], **errors}
    if not errors:
        errors = data_errors(next(iter(resolved.values())).spec)
    return CheckedPlan(plan, resolved), errors


def _resolved(team: Team, plan: Plan, method: Method) -> tuple[ResolvedSpec, dict[str, str]]:
    resolved = resolve(team, plan.spec_of(method))
    errors = dict(resolved.errors)
    try:
        resolved = replace(resolved, spec=assembly.check(resolved.spec))
    except InvalidSettings as refusal:
        errors = {**refusal.errors, **errors}
    return resolved, {_path_in_plan(path, method.strategy): text for path, text in errors.items()}


def _path_in_plan(path: str, strategy: str) -> str:
    """Where an error belongs: to the method or to the settings that all methods share."""
    head, _, rest = path.partition(".")
    if head not in METHOD_SETTINGS:
        return path
    return f"methods.{strategy}.{rest}" if rest else f"methods.{strategy}"


def _plan_errors(plan: Plan) -> dict[str, str]:
    errors = {}
    strategies = [method.strategy for method in plan.methods]
    if not strategies:
        errors["methods"] = "must name at least one method"
    elif len(set(strategies)) < len(strategies):
        errors["methods"] = "must name each method once"
    if not plan.seeds:
        errors["seeds"] = "must name at least one seed"
    elif len(set(plan.seeds)) < len(plan.seeds):
        errors["seeds"] = "must name each seed once"
    elif not 0 <= min(plan.seeds) <= max(plan.seeds) <= MAX_SEED:
        errors["seeds"] = f"must be between 0 and {MAX_SEED}"
    if plan.run_count > MAX_STUDY_RUNS:
        errors.setdefault(
            "seeds",
            f"{len(plan.seeds):,} seeds of {len(strategies)} methods are {plan.run_count:,} runs; "
            f"at most {MAX_STUDY_RUNS} are allowed: use fewer seeds or methods",
        )
    return errors


def _stored(study: Study, checked: CheckedPlan, priority: int) -> Study:
    """Store the study with its plan, and its runs."""
    team, user, name = study.team, study.created_by, study.name
    plan = _with_defaults(checked)
    study.plan = plan.to_json()
    study.save()
    inputs = {
        strategy: inputs_of(team, user, resolved.spec)
        for strategy, resolved in checked.resolved.items()
    }
    for method, seed in plan.runs():
        resolved = checked.resolved[method.strategy]
        seeded = replace(resolved, spec=replace(resolved.spec, seed=seed))
        ending = f": {method.strategy}, seed {seed}"
        run_name = name[: MAX_NAME - len(ending)] + ending
        store_run(
            team,
            user,
            seeded,
            inputs[method.strategy],
            run_name,
            study=study,
            priority=priority,
        )
    text = f"launched study {study.pk} {name} with {study.runs.count()} runs"
    who = "" if user is not None else "the command line"
    audit.record("launch", text, user=user, who=who, team=team, link=f"/studies/{study.pk}/")
    return study


def _with_defaults(checked: CheckedPlan) -> Plan:
    """The plan with every setting written out, as its runs store them."""
    specs = {strategy: resolved.spec for strategy, resolved in checked.resolved.items()}
    methods = tuple(Method(strategy, spec.strategy_config) for strategy, spec in specs.items())
    return replace(checked.plan, spec=next(iter(specs.values())), methods=methods)
