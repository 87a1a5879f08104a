"""Imports through real processes: the coordinator starts one for them, and it may be killed."""

from __future__ import annotations

import io

import psutil

from tests.fixtures.factories import make_member, make_team, table_text
from webapp.tables.models import BenchmarkTable, ImportState, TableImport
from webapp.tables.services import import_jobs

TYPED = {
    "name": "mine",
    "space": "nb201",
    "columns": "error=acc:100-x:%\nlatency@board=ms::ms",
    "architecture": "net",
}
LARGE = "net,acc,ms\n" + "x,1,2\n" * 2_500_000  # some seconds


def request(team, text: str) -> TableImport:
    file = io.BytesIO(text.encode())
    return import_jobs.request_import(team, make_member(team), file, "t.csv", dict(TYPED))


def state(job: TableImport) -> str:
    return TableImport.objects.values_list("state", flat=True).get(pk=job.pk)


def importers(fleet) -> list[psutil.Process]:
    children = psutil.Process(fleet.processes["coordinator"].pid).children()
    alive = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in alive if "imports" in child.cmdline()]


def test_a_killed_import_runs_again_and_a_cancelled_one_ends(fleet):
    team = make_team()
    fleet.expect_losses()
    fleet.start_coordinator()
    small = request(team, table_text())
    fleet.until(lambda: state(small) == ImportState.DONE)
    assert BenchmarkTable.objects.get().rows == 15625

    large = request(team, LARGE)
    fleet.until(lambda: TableImport.objects.get(pk=large.pk).progress > 0)
    (child,) = importers(fleet)
    child.kill()
    fleet.until(lambda: TableImport.objects.get(pk=large.pk).fence == 2)
    import_jobs.cancel(large)
    fleet.until(lambda: state(large) == ImportState.CANCELLED)
    fleet.until(lambda: not importers(fleet))
    assert BenchmarkTable.objects.count() == 1

    again = request(team, LARGE)
    fleet.until(lambda: TableImport.objects.get(pk=again.pk).progress > 0)
    fleet.end("coordinator")  # in an orderly way: the import returns to the queue
    assert state(again) == ImportState.WAITING
