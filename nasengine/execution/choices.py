"""Which parts cannot be combined with the others of a search, before they are chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nasengine.catalog import load, names
from nasengine.core.errors import EngineError
from nasengine.core.search_spec import SearchSpec

from .assembly import network_objection, strategy_objection

REMEDY = ": choose "  # what follows in an objection


def objections_to_choices(spec: SearchSpec) -> dict[str, dict[str, str]]:
    """Return, for strategy, estimator and data set, the names that do not fit, with the reason.

    The space is the part to begin with: no space is refused. Settings of parts are not checked.
    A part that is not known is ignored.
    """
    checks: dict[str, tuple[str, Callable[[SearchSpec], str]]] = {
        "strategy": ("strategies", strategy_objection),
        "estimator": ("estimators", _estimator_objection),
        "dataset": ("datasets", _data_objection),
    }
    return {
        part: {
            name: reason
            for name in names(plural)
            if (reason := _reason(check, _with(spec, part, name)))
        }
        for part, (plural, check) in checks.items()
    }


def _with(spec: SearchSpec, part: str, name: str) -> SearchSpec:
    changed: dict[str, Any] = {part: name}
    return replace(spec, **changed)


def _reason(check: Callable[[SearchSpec], str], spec: SearchSpec) -> str:
    try:
        return check(spec).partition(REMEDY)[0]
    except EngineError:  # of a part that is not known
        return ""


def _estimator_objection(spec: SearchSpec) -> str:
    """Return why the estimator cannot evaluate architectures of the space."""
    if objection := network_objection(spec):
        return objection
    estimator, space = load("estimators", spec.estimator), load("spaces", spec.space)
    objections = estimator(estimator.Config()).objections(space(space.Config()), spec.dataset)
    return str(objections.get("estimator", ""))


def _data_objection(spec: SearchSpec) -> str:
    """Return why the space cannot read the data set."""
    if not load("estimators", spec.estimator).builds_network:
        return ""
    reads, holds = load("spaces", spec.space).data_kind, load("datasets", spec.dataset).kind
    if reads == holds:
        return ""
    return f"{spec.dataset} holds {holds}, but the space {spec.space} reads {reads}"
