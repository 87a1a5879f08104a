"""Permissions of every address of the site; an address that is not listed here fails.

Users outside a team get 404 for every object of the team, as if it did not exist.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver

from tests.fixtures.evaluations import finish_export, make_export
from tests.fixtures.factories import done, make_run, make_slot, make_table, take
from tests.fixtures.study_plans import small_plan
from tests.fixtures.table_specs import asked
from webapp.architectures.models import Alias, CatalogueEntry
from webapp.architectures.services.keeping import keep
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run
from webapp.runs.services.launch import launch
from webapp.studies.services.launching import launch_study
from webapp.tables.services.import_jobs import request_import

pytestmark = pytest.mark.django_db

# Address pattern -> guard. "open": without signing in; "person": any signed-in user; "team": shows
# only rows of the current team; an action: it must be allowed in the object's team.
GUARDS = {
    "": "team",
    "healthz": "open",
    "sign-in/": "open",
    "sign-out/": "open",
    "team/switch": "person",
    "account/": "person",
    "runs/": "team",
    "runs/new": "launch",
    "runs/new/part/<str:kind>": "launch",
    "runs/new/cost": "launch",
    "runs/new/data": "launch",
    "runs/<int:pk>/": "view",
    "runs/<int:pk>/snapshot.json": "view",
    "runs/<int:pk>/candidates.csv": "view",
    "runs/<int:pk>/live/": "view",
    "runs/<int:pk>/events/": "view",
    "runs/<int:pk>/candidates/<int:number>/": "view",
    "runs/<int:pk>/candidates/<int:number>/graph.json": "view",
    "runs/<int:pk>/candidates/<int:number>/row.json": "view",
    "runs/<int:pk>/candidates/<int:number>/keep": "keep",
    "runs/<int:pk>/<str:action>": "control",
    "studies/": "team",
    "studies/quick": "launch",
    "studies/new": "launch",
    "studies/new/methods": "launch",
    "studies/new/cost": "launch",
    "studies/<int:pk>/": "view",
    "studies/<int:pk>/results.csv": "view",
    "studies/<int:pk>/results.json": "view",
    "studies/<int:pk>/<str:action>": "control",
    "fleet/": "team",
    "fleet/workers/<str:action>": "control",
    "compare": "team",
    "compare/choices": "team",
    "evaluations/": "team",
    "evaluations/results.json": "team",
    "evaluations/results.csv": "team",
    "evaluations/new": "launch",
    "evaluations/new/settings": "launch",
    "evaluations/new/cost": "launch",
    "evaluations/<int:pk>/": "view",
    "evaluations/<int:pk>/seeds/<int:seed>/network.zip": "view",
    "evaluations/<int:pk>/seeds/<int:seed>/<str:action>": "control",
    "evaluations/<int:pk>/<str:action>": "control",
    "exports/new": "launch",
    "exports/new/settings": "launch",
    "exports/<int:pk>/": "view",
    "exports/<int:pk>/archive.zip": "view",
    "exports/<int:pk>/<str:action>": "control",
    "architectures/": "team",
    "architectures/<int:pk>/": "view",
    "architectures/<int:pk>/<str:action>": "keep",
    "architectures/alias/<slug:name>/": "team",
    "datasets/tables/": "team",
    "datasets/tables/new": "import",
    "datasets/tables/imports/<int:pk>/": "view",
    "datasets/tables/imports/<int:pk>/<str:action>": "control",
    "datasets/tables/<int:pk>/": "view",
}
POSTS = ("keep", "control")
OBJECTS = [p for p, guard in GUARDS.items() if "<int:pk>" in p]


def walk(patterns=None, before: str = "") -> list[str]:
    """Every pattern except those of the admin, which has its own tests."""
    found = []
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found.append(here)
        elif not here.startswith("admin/"):
            found += walk(pattern.url_patterns, here)
    return found


@pytest.fixture
def addresses(team, researcher):
    """An existing address for each pattern."""
    run = make_run(team, candidates=2)
    slot = make_slot()
    held = take(slot)
    claims.finish(held, done(held.number))
    entry = keep(run.candidates.get(number=held.number), researcher)
    study = launch_study(team, researcher, "a study", small_plan())
    export = finish_export(make_export(team, researcher))
    keys = {
        "architectures": entry.pk,
        "evaluations": export.training.evaluation_id,
        "exports": export.pk,
        "datasets": make_table(team).pk,
        "studies": study.pk,
    }
    Alias.objects.create(team=team, name="champion", entry=entry)
    CatalogueEntry.objects.filter(pk=entry.pk).update(stage="approved")
    parts = {
        "<int:number>": str(held.number),
        "<str:kind>": "space",
        "<int:seed>": "0",
        "<slug:name>": "champion",
    }
    queries = {
        "evaluations/new": "?network=DARTS_V2",
        "evaluations/new/settings": "?network=DARTS_V2",
        "evaluations/new/cost": "?network=DARTS_V2",
        "exports/new": f"?training={export.training_id}",
        "exports/new/settings": f"?training={export.training_id}",
    }
    job = request_import(team, researcher, io.BytesIO(b"a,b\n1,2\n"), "made.csv", {"name": "made"})

    def address(pattern: str) -> str:
        is_import = pattern.startswith("datasets/tables/imports/")
        pk = job.pk if is_import else keys.get(pattern.partition("/")[0], run.pk)
        action = "pause"
        if is_import or pattern.startswith(("evaluations/", "exports/")):
            action = "cancel"
        elif pattern.startswith("fleet/"):
            action = "drain"
        elif pattern.startswith("architectures/"):
            action = "describe"
        parts["<str:action>"] = action
        text = pattern.replace("<int:pk>", str(pk))
        for part, value in parts.items():
            text = text.replace(part, value)
        return "/" + text + queries.get(pattern, "")

    return {pattern: address(pattern) for pattern in GUARDS}


def ask(client: Client, pattern: str, address: str):
    return client.post(address) if GUARDS[pattern] in POSTS else client.get(address)


def guarded(*guards: str) -> list[str]:
    return [pattern for pattern, guard in GUARDS.items() if guard in guards]


def test_every_address_is_listed():
    assert sorted(walk()) == sorted(GUARDS)


def test_the_signed_out_are_sent_to_sign_in(addresses):
    closed = [pattern for pattern, guard in GUARDS.items() if guard != "open"]
    answers = {p: ask(Client(), p, addresses[p]) for p in closed}
    places = {p: (a.status_code, a.headers.get("Location", "")[:15]) for p, a in answers.items()}
    assert places == dict.fromkeys(closed, (302, "/sign-in/?next="))


def test_users_outside_the_team_get_a_404_without_any_detail(addresses, stranger, sign_in):
    client = sign_in(stranger)
    assert {p: ask(client, p, addresses[p]).status_code for p in OBJECTS} == dict.fromkeys(
        OBJECTS, 404
    )
    for pattern in OBJECTS:
        address = addresses[pattern]
        nowhere = re.sub(r"/\d+(?=/)", "/987654321", address, count=1)
        pages = [ask(client, pattern, a).content.decode() for a in (address, nowhere)]
        assert "a run" not in pages[0] and "a study" not in pages[0] and "made" not in pages[0]
        assert len(pages[0]) == len(pages[1]), pattern  # equal except for the form's token


def test_viewers_change_nothing(addresses, viewer, sign_in):
    client = sign_in(viewer)
    for pattern in guarded("launch", "import", "keep", "control"):
        assert client.post(addresses[pattern]).status_code in (403, 405), pattern
    for pattern in guarded("launch", "import"):
        assert client.get(addresses[pattern]).status_code in (403, 405), pattern


def test_viewers_see_the_objects_of_their_team(addresses, viewer, sign_in):
    client = sign_in(viewer)
    seen = {p: client.get(addresses[p]).status_code for p in guarded("view", "team")}
    assert seen == dict.fromkeys(seen, 200)


def test_no_address_accepts_other_methods(addresses, owner, sign_in):
    client = sign_in(owner)
    closed = [pattern for pattern, guard in GUARDS.items() if guard != "open"]
    for method in ("put", "delete", "patch"):
        seen = {p: getattr(client, method)(addresses[p]).status_code for p in closed}
        assert set(seen.values()) <= {404, 405}, (method, seen)


def files_under(*folders: Path) -> set[Path]:
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def test_reading_writes_no_row_and_no_file(addresses, team, owner, sign_in, tmp_path, monkeypatch):
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(tmp_path / "tables"))
    make_table(team, "searched")
    spec = asked("table:searched", "searched", objectives=("error",), candidates=2)
    run = launch(team, owner, spec, "on a table")
    advance_run(run.pk)
    for path in files_under(tmp_path):
        path.unlink()  # as on a web server without a copy of the table
    table_pages = ["", "snapshot.json", "events/", "candidates/0/"]
    pages = [addresses[p] for p, guard in GUARDS.items() if guard not in POSTS]
    pages += [f"/runs/{run.pk}/{page}" for page in table_pages]
    pages += [f"/runs/new?clone={run.pk}", f"/studies/new?run={run.pk}", f"/compare?runs={run.pk}"]
    client, folders = sign_in(owner), (settings.VAR_DIR, tmp_path)
    before = files_under(*folders)
    for page in pages:
        with CaptureQueriesContext(connection) as captured:
            client.get(page)
        writes = [q["sql"] for q in captured if re.match("INSERT|UPDATE|DELETE", q["sql"])]
        assert [sql for sql in writes if "django_session" not in sql] == [], page
        assert files_under(*folders) == before, page
