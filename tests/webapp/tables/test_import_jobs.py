"""Imports as jobs: stored once whatever happens, limited, and never lost."""

from __future__ import annotations

import gzip
import io
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from nasengine.core.errors import InvalidSettings
from tests.fixtures.factories import make_member, make_table, make_team, table_text
from tests.fixtures.tables import IMPORT_FORM
from webapp.limits import MAX_KEPT_UPLOADS, MAX_OPEN_IMPORTS
from webapp.tables.models import BenchmarkTable, ImportState, TableImport
from webapp.tables.services import import_jobs
from webapp.tables.services.import_jobs import claim, content_of, request_import
from webapp.uploads.jobs import MAX_CLAIMS

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return make_team()


def request(team, text: str | bytes = "", **typed: str) -> TableImport:
    raw = text.encode() if isinstance(text, str) else text
    file = io.BytesIO(raw or table_text().encode())
    return request_import(team, make_member(team), file, "mine.csv", {**IMPORT_FORM, **typed})


def finish(job: TableImport) -> TableImport:
    """Import a claimed file; return the import as it is stored then."""
    import_jobs.run(job, content_of(job))
    return TableImport.objects.get(pk=job.pk)


def lose(job: TableImport) -> None:
    """As after the death of the process."""
    TableImport.objects.filter(pk=job.pk).update(heartbeat_at=Now() - timedelta(hours=1))


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_becomes_a_table(team, packed):
    raw = table_text().encode()
    job = request(team, gzip.compress(raw) if packed else raw)
    assert gzip.decompress(content_of(job).getvalue()) == raw
    job = finish(claim())
    table = BenchmarkTable.objects.get()
    assert (job.state, job.table, job.is_new, job.errors) == (ImportState.DONE, table, True, {})
    assert (table.name, table.rows, table.note) == ("mine", 15625, "from <b>Bob</b>")
    assert table.created_by == job.created_by
    assert TableImport.objects.get().content is None  # the table has the rows
    assert claim() is None


def test_settings_are_checked_before_anything_is_stored(team):
    with pytest.raises(InvalidSettings) as error:
        request(team, name="A B", space="moon", columns="x")
    assert error.value.errors.keys() == {"name", "space", "columns"}
    assert not TableImport.objects.exists()


def test_a_refused_file_is_kept_with_the_reasons(team):
    request(team, columns="error=accuracy")
    job = finish(claim())
    assert job.state == ImportState.FAILED
    assert "no column accuracy" in job.errors["columns"]
    assert not BenchmarkTable.objects.exists()
    import_jobs.request_again(job, IMPORT_FORM)
    assert finish(claim()).state == ImportState.DONE


def test_an_import_that_runs_twice_stores_one_table(team):
    request(team)
    first = claim()
    assert claim() is None  # it is claimed
    lose(first)
    second = claim()
    assert (second.pk, second.fence) == (first.pk, first.fence + 1)
    finish(first)  # slow, but not dead: it has lost its claim
    assert not BenchmarkTable.objects.exists()
    assert import_jobs.beat(first, 0.5) == "lost"
    assert import_jobs.beat(second, 0.5) == "go"
    assert finish(second).state == ImportState.DONE
    finish(first)
    finish(second)
    assert BenchmarkTable.objects.count() == 1


def test_a_claim_of_an_earlier_request_is_no_claim_of_the_next(team):
    request(team)
    stale = claim()
    import_jobs.cancel(stale)
    import_jobs.release(stale, cancelled=True)
    import_jobs.request_again(stale, {**IMPORT_FORM, "name": "other"})
    newer = claim()
    finish(stale)
    assert not BenchmarkTable.objects.exists()
    finish(newer)
    assert BenchmarkTable.objects.get().name == "other"


def test_an_import_that_kills_its_process_is_given_up(team):
    request(team)
    for _ in range(MAX_CLAIMS):
        lose(claim())
    assert claim() is None
    job = TableImport.objects.get()
    assert job.state == ImportState.FAILED
    assert "ended the importing process 3 times" in job.errors["file"]


def test_a_process_that_is_stopped_returns_the_import(team):
    request(team)
    for _ in range(2 * MAX_CLAIMS):  # it does not count as a crash
        import_jobs.release(claim())
    assert finish(claim()).state == ImportState.DONE


def test_cancelling_ends_an_import_at_once_or_at_the_next_heartbeat(team):
    waiting = request(team)
    import_jobs.cancel(waiting)
    assert claim() is None
    request(team)
    running = claim()
    import_jobs.cancel(running)
    assert import_jobs.beat(running, 0.1) == "cancel"
    lose(running)  # its process died before the heartbeat
    assert claim() is None
    states = set(TableImport.objects.values_list("state", flat=True))
    assert states == {ImportState.CANCELLED}
    assert not BenchmarkTable.objects.exists()
    done = request(team)
    finish(claim())
    import_jobs.cancel(done)
    done.refresh_from_db()
    assert done.state == ImportState.DONE


def test_a_team_has_few_imports_at_a_time(team):
    for _ in range(MAX_OPEN_IMPORTS):
        request(team)
    with pytest.raises(InvalidSettings) as error:
        request(team)
    assert "are not finished: wait for them" in error.value.errors["file"]
    request(make_team())  # others are not affected


def test_a_team_keeps_few_files_that_were_not_imported(team):
    for _ in range(MAX_KEPT_UPLOADS + 3):
        request(team, "a,b\n")
        finish(claim())
    kept = TableImport.objects.exclude(content=None)
    assert kept.count() <= MAX_KEPT_UPLOADS + 1
    oldest = TableImport.objects.order_by("pk").first()
    with pytest.raises(InvalidSettings, match="no longer stored"):
        import_jobs.request_again(oldest, IMPORT_FORM)


def test_old_imports_are_deleted(team):
    request(team, "a,b\n")
    old = finish(claim())
    waiting = request(team)
    TableImport.objects.update(ended_at=Now() - timedelta(days=8))
    TableImport.objects.filter(pk=waiting.pk).update(ended_at=None)
    import_jobs.sweep_imports()
    assert [job.pk for job in TableImport.objects.all()] == [waiting.pk]
    assert old.pk != waiting.pk


def test_the_quota_counts_all_tables_of_the_team(team, settings):
    settings.TABLE_QUOTA_MEGABYTES = 2
    make_table(team, "first", table_text())  # 1.2 MB
    request(team, table_text(seed=1))
    job = finish(claim())
    assert "of 2 MB of tables: delete unused tables" in job.errors["file"]
    make_table(make_team(), "theirs", table_text())
    BenchmarkTable.objects.filter(team=team).delete()
    import_jobs.request_again(job, IMPORT_FORM)
    assert finish(claim()).state == ImportState.DONE


def test_an_unexpected_error_ends_the_import_with_its_reason(team, monkeypatch):
    def broken(*_: object, **__: object):
        raise RuntimeError("a \0 bug")

    monkeypatch.setattr(import_jobs, "prepare", broken)
    request(team)
    job = finish(claim())
    assert job.errors["file"] == "could not be imported (RuntimeError: a \ufffd bug)"
