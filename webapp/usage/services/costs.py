"""Cost of work: GPU hours, CPU hours, energy and CO2 of the claims of workers.

Time is measured. Energy is from the card's counter where one was read. Otherwise it is modelled:
time multiplied by the power of the device's profile at full load, so it is an upper estimate.
CO2 is energy multiplied by the factor of the country.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from nasengine.predictors.operators.device_profile import profile
from webapp.common.queue_names import CUDA_QUEUE
from webapp.usage.models import Usage

# Part of a card's name -> the device profile with its power.
CARD_PROFILES = {
    "h100": "h100",
    "4090": "rtx_4090",
    "titan x": "titan_x",
    "orin nano": "jetson_orin_nano",
}
OTHER_CARD_WATTS = 300.0  # a card without a profile
PROCESSOR, CORES = "xeon_server", 12
CARBON = Path(__file__).resolve().parents[1] / "carbon.json"
SECONDS_PER_HOUR = 3600.0
MODELLED, COUNTED, BOTH = "modelled", "counter", "counter and modelled"
JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True)
class Cost:
    """Cost of work; `counted_kwh` is the part of the energy that a counter has measured."""

    gpu_hours: float = 0.0
    cpu_hours: float = 0.0
    kwh: float = 0.0
    counted_kwh: float = 0.0

    @property
    def energy_tier(self) -> str:
        """Where the energy is from, in a word."""
        if not self.counted_kwh:
            return MODELLED
        return BOTH if self.counted_kwh < self.kwh else COUNTED

    @property
    def co2_grams(self) -> float:
        return self.kwh * grams_per_kwh()

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.gpu_hours + other.gpu_hours,
            self.cpu_hours + other.cpu_hours,
            self.kwh + other.kwh,
            self.counted_kwh + other.counted_kwh,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the cost as the API sends it, with where each number is from."""
        return {
            "gpu_hours": self.gpu_hours,
            "cpu_hours": self.cpu_hours,
            "kwh": self.kwh,
            "co2_grams": self.co2_grams,
            "tiers": {"hours": "measured", "kwh": self.energy_tier, "co2_grams": MODELLED},
            "carbon": carbon_source(),
        }


def watts(device: str, is_gpu: bool, threads: int) -> float:
    """Return the power of a device at full load."""
    if not is_gpu:
        return _busy_watts(PROCESSOR) / CORES * max(1, threads)
    name = device.lower()
    found = next((known for part, known in CARD_PROFILES.items() if part in name), None)
    return OTHER_CARD_WATTS if found is None else _busy_watts(found)


@cache
def _busy_watts(name: str) -> float:
    return profile(name).busy_watts or OTHER_CARD_WATTS


@cache
def _factors() -> dict[str, Any]:
    return json.loads(CARBON.read_text())


def grams_per_kwh() -> float:
    """Return the grams of CO2 of a kWh in the country of the settings, or the world's average."""
    factors = _factors()
    return float(factors["countries"].get(settings.PARETOSCOPE_COUNTRY, factors["world_average"]))


def carbon_source() -> str:
    """Return which factor CO2 is computed with, in words."""
    known = settings.PARETOSCOPE_COUNTRY in _factors()["countries"]
    where = settings.PARETOSCOPE_COUNTRY if known else "world average"
    return f"{where}, {grams_per_kwh():.0f} g/kWh"


def cost_of_claim(queue: str, seconds: float, facts: Mapping[str, Any] | None) -> Cost:
    """Return the cost of a claim that has not ended, by its queue and the facts of its worker."""
    facts = facts or {}
    is_gpu = queue == CUDA_QUEUE
    cards = facts.get("cards") or [{}]
    device = str(cards[0].get("name") or "GPU") if is_gpu else "cpu"
    threads = facts.get("threads")
    row = {
        "total": max(0.0, seconds),
        "counted": None,
        "uncounted": max(0.0, seconds),
        "device": device,
        "is_gpu": is_gpu,
        "threads": threads if isinstance(threads, int) else 1,
    }
    return _cost(row)


def _cost(row: Mapping[str, Any]) -> Cost:
    hours = row["total"] / SECONDS_PER_HOUR
    power = watts(row["device"], row["is_gpu"], row["threads"])
    counted = (row["counted"] or 0.0) / JOULES_PER_KWH
    kwh = counted + (row["uncounted"] or 0.0) / SECONDS_PER_HOUR * power / 1000
    gpu, cpu = (hours, 0.0) if row["is_gpu"] else (0.0, hours)
    return Cost(gpu, cpu, kwh, counted)


# What `_cost` reads of each group of claims.
SUMS = {
    "total": Sum("seconds"),
    "counted": Sum("joules"),
    "uncounted": Sum("seconds", filter=Q(joules=None)),
}


def cost_of(rows: QuerySet[Usage]) -> Cost:
    """Return the cost of these claims, in one query."""
    grouped = rows.values("device", "is_gpu", "threads").annotate(**SUMS)
    return sum(map(_cost, grouped.order_by()), Cost())


def cost_of_run(run_id: int) -> Cost:
    """Return the cost of a run's candidates, those that failed or were lost too."""
    return cost_of(Usage.objects.filter(run=run_id))


def monthly(team_id: int) -> list[dict[str, Any]]:
    """Return the cost of a team for each month and person, newest month first."""
    rows = Usage.objects.filter(team=team_id).annotate(month=TruncMonth("started_at"))
    grouped = rows.values("month", "user__username", "device", "is_gpu", "threads")
    summed: dict[tuple[Any, str], Cost] = {}
    for row in grouped.annotate(**SUMS).order_by():
        key = (row["month"], row["user__username"] or "")
        summed[key] = summed.get(key, Cost()) + _cost(row)
    ordered = sorted(summed.items(), key=lambda item: item[0][1])
    ordered.sort(key=lambda item: item[0][0], reverse=True)
    return [{"month": month, "person": who, "cost": cost} for (month, who), cost in ordered]
