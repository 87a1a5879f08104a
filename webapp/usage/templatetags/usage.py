"""Template tags for the cost of work."""

from __future__ import annotations

from typing import Any

from django import template

from webapp.usage.services.costs import Cost, carbon_source

register = template.Library()


@register.filter
def amount(value: float) -> str:
    """Return a number with three significant digits, and a small one without an exponent."""
    if value == 0:
        return "0"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}" if value >= 0.001 else "< 0.001"


@register.filter
def limit(value: float | None) -> str:
    """Return a limit; a dash if there is none."""
    return "–" if value is None or value == "" else f"{value:g}"


@register.inclusion_tag("usage/run.html")
def run_cost(cost: Cost) -> dict[str, Cost | str]:
    """Render what a run has cost so far."""
    return {"cost": cost, "carbon": carbon_source()}


@register.inclusion_tag("usage/hypervolume.html")
def hypervolume_rates(hypervolume: float | None, evaluated: int, cost: Cost) -> dict[str, Any]:
    """Render the hypervolume per candidate and per hour on GPUs, or on processors without any."""
    if not hypervolume or not evaluated:
        return {"rates": []}
    hours, unit = (cost.gpu_hours, "GPU h") if cost.gpu_hours else (cost.cpu_hours, "CPU h")
    rates = [(hypervolume / evaluated, "candidate")]
    return {"rates": rates + ([(hypervolume / hours, unit)] if hours else [])}
