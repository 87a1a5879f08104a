"""Benchmark tables, devices and workers for programs."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from ninja import Query, Router

from webapp.devices.models import OPEN_MEASUREMENTS, Device, MeasurementState, PredictorFit
from webapp.devices.queries import online
from webapp.fleet.workers import WorkerRow, worker_rows
from webapp.tables.models import BenchmarkTable

from ..auth import object_or_404, team_named, teams_named
from ..cursors import page_of
from ..schemas import ListQuery, Page, TeamQuery

router = Router()


@router.get("/tables", response=Page, url_name="tables", tags=["tables"])
def list_tables(request: Any, query: Query[ListQuery]) -> Any:
    """List every version of the benchmark tables of the person's teams, newest first."""
    own = BenchmarkTable.objects.filter(team__in=teams_named(request, query.team))
    rows = own.select_related("team", "created_by").annotate(run_count=Count("runs"))
    return page_of(
        rows, "-pk", query.cursor, query.limit, lambda page: [_table(table) for table in page]
    )


@router.get("/tables/{int:pk}", response=dict, url_name="table", tags=["tables"])
def show_table(request: Any, pk: int) -> Any:
    """Return one version of a table with its objectives and what the import found."""
    object_or_404(request, BenchmarkTable, pk)
    rows = BenchmarkTable.objects.select_related("team", "created_by")
    table: Any = rows.annotate(run_count=Count("runs")).get(pk=pk)
    return {**_table(table), "space_config": table.space_config, "findings": table.findings}


@router.get("/devices", response=Page, url_name="devices", tags=["devices"])
def list_devices(request: Any, query: Query[ListQuery]) -> Any:
    """List the devices of the person's teams that measure by an agent, newest first."""
    own = Device.objects.filter(team__in=teams_named(request, query.team)).select_related("team")
    return page_of(_counted(own), "-pk", query.cursor, query.limit, _devices)


@router.get("/devices/{int:pk}", response=dict, url_name="device", tags=["devices"])
def show_device(request: Any, pk: int) -> Any:
    """Return one device with what its agent reported, and the current fits of its predictors."""
    object_or_404(request, Device, pk)
    device = _counted(Device.objects.select_related("team")).get(pk=pk)
    more = {"facts": device.facts, "description": device.description}
    return {**_devices([device])[0], **more, "predictors": _predictors(device)}


@router.get("/workers", response=Page, url_name="workers", tags=["workers"])
def list_workers(request: Any, query: Query[TeamQuery]) -> Any:
    """List the live and the lost workers; work of other teams has no name."""
    team = team_named(request, query.team, "view")
    return {"items": [_worker(row) for row in worker_rows(team)], "next": None}


def _table(table: Any) -> dict[str, Any]:
    return {
        "id": table.pk,
        "name": table.name,
        "version": table.version,
        "path": table.fixed.path,
        "team": table.team.name,
        "author": table.created_by.get_username() if table.created_by else None,
        "created_at": table.created_at.isoformat(),
        "space": table.space,
        "datasets": table.datasets,
        "objectives": table.objectives,
        "rows": table.rows,
        "digest": table.digest,
        "note": table.note,
        "run_count": table.run_count,
        "address": reverse("table-detail", args=[table.pk]),
    }


def _counted(devices: Any) -> Any:
    measured = "measurements"
    return devices.annotate(
        open=Count(measured, filter=Q(measurements__state__in=OPEN_MEASUREMENTS)),
        done=Count(measured, filter=Q(measurements__state=MeasurementState.DONE)),
    )


def _devices(devices: list[Any]) -> list[dict[str, Any]]:
    keys = [device.pk for device in devices]
    here = set(Device.objects.filter(online(), pk__in=keys).values_list("pk", flat=True))
    return [
        {
            "id": device.pk,
            "name": device.name,
            "team": device.team.name,
            "kind": str(device.kind),
            "profile": device.profile,
            "online": device.pk in here,
            "last_seen": device.last_seen.isoformat() if device.last_seen else None,
            "waiting": device.open,
            "measured": device.done,
            "address": reverse("device-detail", args=[device.pk]),
        }
        for device in devices
    ]


def _predictors(device: Device) -> list[dict[str, Any]]:
    """Return what is predicted for a device: unit, networks, validation and versions of each."""
    fits = PredictorFit.objects.filter(predictor__device=device, is_current=True)
    rows = fits.select_related("predictor").defer("fitted").order_by("predictor", "cost")
    return [
        {
            "space": fit.predictor.space,
            "dataset": fit.predictor.dataset,
            "objective": f"{fit.cost}@{device.name}",
            "unit": fit.unit,
            "networks": fit.networks,
            "measured": len(fit.measured),
            "validation": fit.validation,
            "versions": fit.versions,
            "fitted_at": fit.fitted_at.isoformat(),
            "values": reverse("predictor-csv", args=[fit.predictor_id]),
        }
        for fit in rows
    ]


def _worker(row: WorkerRow) -> dict[str, Any]:
    return {
        "name": row.slot.name,
        "host": row.slot.host,
        "role": row.slot.role,
        "state": row.state,
        "queues": row.slot.queues,
        "last_seen": row.slot.last_seen.isoformat(),
        "works": [
            {"text": work.text, "detail": work.detail, "share": work.share} for work in row.works
        ],
        "per_hour": row.per_hour,
        "drained": row.drain is not None,
    }
