"""Reading exports: those of an architecture, and the deployment report as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import F, QuerySet

from webapp.accounts.models import Team
from webapp.devices.models import Measurement

from .models import Export

MAX_MEASUREMENTS = 50
REFERENCES = {"torch": "the trained network", "itself": "the outputs at the export"}


def exports_of_team(team: Team) -> QuerySet[Export]:
    """Return the team's exports with their networks, newest first."""
    rows = Export.objects.filter(team=team)
    return rows.select_related("training__evaluation", "requested_by", "slot")


def exports_of(team: Team, canonical_ids: Iterable[str]) -> dict[str, list[Export]]:
    """Return the exports of architectures of a team, newest first: one query.

    Args:
        team: the team; exports of other teams are not read.
        canonical_ids: ids of `nasengine.canonical_id`.
    """
    found: dict[str, list[Export]] = {identity: [] for identity in canonical_ids}
    rows = exports_of_team(team).filter(training__evaluation__canonical_id__in=list(found))
    for export in rows.defer("training__curve", "training__evaluation__job"):
        found[export.training.evaluation.canonical_id].append(export)
    return found


def report_rows(export: Export) -> list[dict[str, Any]]:
    """Return the rows of the deployment report: one for each model of the archive.

    Each has `file`, `precision`, `bytes`, `runtime`, `latency`, `difference`, `compared`,
    `classes`, `right` and `note`; a value that was not measured is None, with the reason in `note`.
    """
    return [_report_row(model) for model in export.report.get("models", [])]


def measurements_of(export: Export) -> list[Measurement]:
    """Return the measurements of an export by device agents, newest first."""
    rows = export.measurements.select_related("device").defer("architecture", "samples")
    return list(rows.order_by("-queued_at", "-pk")[:MAX_MEASUREMENTS])


def measured_values(exports: Sequence[Export]) -> dict[int, list[Measurement]]:
    """Return the newest value of each device, cost and file of exports by their keys: one query."""
    keys = [export.pk for export in exports]
    found: dict[int, dict[tuple[int, str, str], Measurement]] = {key: {} for key in keys}
    if not keys:
        return {}
    rows = Measurement.objects.filter(exports__in=keys, value__isnull=False)
    rows = rows.select_related("device").defer("architecture", "samples", "layers", "conditions")
    for row in rows.annotate(export_key=F("exports")).order_by("device__name", "objective", "-pk"):
        found[row.export_key].setdefault((row.device_id, row.objective, row.onnx), row)
    return {key: list(values.values()) for key, values in found.items()}


def _report_row(model: dict[str, Any]) -> dict[str, Any]:
    check, test = model.get("check") or {}, model.get("test") or {}
    latency = model.get("latency") or {}
    note = model.get("unavailable") or latency.get("unavailable") or ""
    return {
        "file": model.get("file", ""),
        "precision": model.get("precision", ""),
        "bytes": model.get("bytes"),
        "runtime": model.get("runtime") or "",
        "latency": latency if "median_ms" in latency else None,
        "difference": check.get("largest_difference"),
        "compared": check.get("inputs"),
        "compared_with": REFERENCES.get(model.get("reference", "torch"), "itself"),
        "classes": _share(test or check, "same_class"),
        "right": _share(test, "right"),
        "right_of_network": _share(test, "right_of_trained_network"),
        "note": note,
    }


def _share(compared: dict[str, Any], name: str) -> str | None:
    """Return how many of the compared inputs agree, as "359 of 360"."""
    count, inputs = compared.get(name), compared.get("inputs")
    return None if count is None or not inputs else f"{count} of {inputs}"
