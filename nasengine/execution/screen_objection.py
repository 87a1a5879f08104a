"""Whether workers can compute proxies for the architectures of a search."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog import has, load
from ..core.errors import EngineError
from ..core.search_spec import SearchSpec
from ..core.settings import from_mapping


def screen_objection(spec: SearchSpec) -> str:
    """Return why `proxy` does not fit the other settings; "" if it fits or is off."""
    parts = {"space": "spaces", "strategy": "strategies", "estimator": "estimators"}
    known = all(has(kind, getattr(spec, part)) for part, kind in parts.items())
    if spec.proxy == "off" or not known or not has("proxies", spec.proxy):
        return ""
    return "" if (why := proxy_objection(spec, (spec.proxy,))) == "" else f"must be off with {why}"


def proxy_objection(spec: SearchSpec, proxies: Sequence[str]) -> str:
    """Return what of the other settings rules these proxies out, and why; "" if nothing does."""
    estimator = load("estimators", spec.estimator)
    if not estimator.builds_network:
        parts = [part for name in proxies for part in load("proxies", name).parts or (name,)]
        try:
            made = estimator(from_mapping(estimator.Config, spec.estimator_config))
            why = made.scores_objection(parts, spec.dataset)
        except EngineError as error:
            why = str(error)
        return f"the estimator {spec.estimator}, which builds no network: {why}" if why else ""
    if load("spaces", spec.space).data_kind != "images":
        return f"{spec.space}: proxies are defined for networks that read images"
    if "supernet" in load("strategies", spec.strategy).requires:
        return f"{spec.strategy}, which trains a supernet"
    return ""
