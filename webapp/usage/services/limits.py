"""Limits of a run besides its candidates: hours, GPU hours and energy, and how much is used.

Work that has ended counts by its recorded usage, work that runs counts until now. Pages, the API
and the step that ends a run read the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from webapp.usage.services.costs import Cost, cost_of_claim, cost_of_run

SECONDS_PER_HOUR = 3600.0
UNITS = {
    "max_hours": ("hours", "h", "Time"),
    "max_gpu_hours": ("GPU hours", "GPU h", "GPU time"),
    "max_kwh": ("kWh", "kWh", "Energy"),
}


@dataclass(frozen=True)
class Limit:
    """One limit of a run with what is used of it.

    Attributes:
        name: the setting, such as max_gpu_hours.
        title: what is limited.
        unit: short unit.
        words: the unit in a sentence.
        tier: where the used amount is from: measured, counter or modelled.
    """

    name: str
    title: str
    unit: str
    words: str
    used: float
    limit: float
    tier: str

    @property
    def is_reached(self) -> bool:
        return self.used >= self.limit

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "used": self.used,
            "limit": self.limit,
            "tier": self.tier,
        }


def limits_of(run: Any, worked_seconds: float | None) -> list[Limit]:
    """Return the limits that the run was launched with; no query if it has none.

    Args:
        run: a row of `webapp.runs`.
        worked_seconds: how long it has worked without its pauses; None before its start.
    """
    limits = {name: float(run.spec[name]) for name in UNITS if run.spec.get(name)}
    if not limits:
        return []
    needs_cost = limits.keys() - {"max_hours"}
    cost = cost_of_run(run.pk) + cost_of_running(run) if needs_cost else Cost()
    used = {
        "max_hours": (worked_seconds or 0.0) / SECONDS_PER_HOUR,
        "max_gpu_hours": cost.gpu_hours,
        "max_kwh": cost.kwh,
    }
    tiers = {"max_kwh": cost.energy_tier}
    found = []
    for name, limit in limits.items():
        words, unit, title = UNITS[name]
        tier = tiers.get(name, "measured")
        found.append(Limit(name, title, unit, words, used[name], limit, tier))
    return found


def cost_of_running(run: Any) -> Cost:
    """Return the cost of the run's candidates in training, from their start until now."""
    since = ExpressionWrapper(Now() - F("started_at"), output_field=DurationField())
    running = run.candidates.filter(
        state="running", slot__isnull=False, started_at__isnull=False
    ).annotate(so_far=since)
    rows = running.values_list("queue", "so_far", "slot__facts")
    return sum(
        (cost_of_claim(queue, so_far.total_seconds(), facts) for queue, so_far, facts in rows),
        Cost(),
    )


def reason_to_end(limits: list[Limit], evaluated: int, budget: int) -> str:
    """Return why a run ends by its limits; "" while none is reached."""
    reached = next((limit for limit in limits if limit.is_reached), None)
    if reached is None:
        return ""
    return (
        f"the limit of {reached.limit:g} {reached.words} is used up ({reached.used:.3g} used, "
        f"{reached.tier}) after {evaluated} of {budget} candidates"
    )
