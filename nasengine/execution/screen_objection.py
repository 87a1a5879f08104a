"""Whether workers can compute proxies for the architectures of a search."""

from __future__ import annotations

from ..catalog import has, load
from ..core.search_spec import SearchSpec


def screen_objection(spec: SearchSpec) -> str:
    """Return why `proxy` does not fit the other settings; "" if it fits or is off."""
    parts = {"space": "spaces", "strategy": "strategies", "estimator": "estimators"}
    known = all(has(kind, getattr(spec, part)) for part, kind in parts.items())
    if spec.proxy == "off" or not known or not has("proxies", spec.proxy):
        return ""
    return "" if (why := proxy_objection(spec)) == "" else f"must be off with {why}"


def proxy_objection(spec: SearchSpec) -> str:
    """Return what of the other settings rules proxies out, and why; "" if nothing does."""
    if not load("estimators", spec.estimator).builds_network:
        return (
            f"the estimator {spec.estimator}, which builds no network: a table "
            "knows every result already"
        )
    if load("spaces", spec.space).data_kind != "images":
        return f"{spec.space}: proxies are defined for networks that read images"
    if "supernet" in load("strategies", spec.strategy).requires:
        return f"{spec.strategy}, which trains a supernet"
    return ""
