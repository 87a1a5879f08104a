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

from tests.fixtures.addresses import PAGES, walk
from tests.fixtures.devices import make_device
from tests.fixtures.evaluations import finish_export, make_export
from tests.fixtures.factories import done, make_run, make_slot, make_table, take
from tests.fixtures.people import make_user
from tests.fixtures.predictors import make_predictor
from tests.fixtures.study_plans import small_plan
from tests.fixtures.table_specs import asked
from tests.fixtures.uploaded_data import make_data
from webapp.accounts.models import Invitation, Membership
from webapp.accounts.permissions import MIN_ROLE
from webapp.accounts.services.invitations import invite
from webapp.architectures.models import Alias, CatalogueEntry
from webapp.architectures.services.keeping import keep
from webapp.comments.services import add
from webapp.comments.targets import target_of
from webapp.datasets.models import DataUpload
from webapp.datasets.services.uploads import request_upload
from webapp.imports.jobs import request_import as request_runs
from webapp.imports.models import RunImport
from webapp.notices.services import webhooks
from webapp.runs.services import claims
from webapp.runs.services.advance import advance_run
from webapp.runs.services.launch import launch
from webapp.runs.services.team_presets import save_preset
from webapp.sharing.models import Report, ShareLink
from webapp.sharing.services import share
from webapp.studies.services.launching import launch_study
from webapp.tables.services.import_jobs import request_import

pytestmark = pytest.mark.django_db

# Address pattern -> guard. "open": without signing in; "person": any signed-in user; "team": shows
# only rows of the current team; "own": rows of the user; "self": changes the user; "read by
# owners": rows of the current team, for its owners; "token": with a token; "nothing": a 404;
# "named": the request names its objects, and the tests of the app try every role; an action: it
# must be allowed in the object's team.
GUARDS = {
    "": "team",
    "healthz": "open",
    "search": "team",
    "sign-in/": "open",
    "sign-in/passkey": "open",
    "sign-in/<str:provider_id>/": "open",
    "sign-in/<str:provider_id>/back/": "open",
    "sign-out/": "open",
    "team/switch": "person",
    "account/": "person",
    "account/person": "self",
    "account/passkeys/options": "person",
    "account/passkeys/add": "self",
    "account/passkeys/<int:pk>/remove": "own",
    "account/single-sign-on/connect": "self",
    "account/single-sign-on/disconnect": "self",
    "account/sign-out-everywhere": "self",
    "password/reset/": "open",
    "password/reset/<uidb64>/<token>/": "open",
    "join/<str:secret>/": "open",
    "team/": "team",
    "team/members/<int:pk>/role": "manage",
    "team/members/<int:pk>/remove": "manage",
    "team/invitations/<int:pk>/revoke": "manage",
    "notices/": "person",
    "notices/unread.json": "person",
    "notices/read": "self",
    "notices/settings": "person",
    "team/webhooks/": "read by owners",
    "team/webhooks/chats": "manage",
    "team/webhooks/<int:pk>/": "read by owners",
    "team/webhooks/<int:pk>/<str:action>": "manage",
    "team/webhooks/<int:pk>/deliveries/<int:delivery>/resend": "manage",
    "team/quotas/<int:pk>/": "read by owners",
    "team/audit/": "read by owners",
    "team/audit.csv": "read by owners",
    "runs/": "team",
    "runs/new": "launch",
    "runs/new/part/<str:kind>": "launch",
    "runs/new/choices": "launch",
    "runs/new/cost": "launch",
    "runs/new/yaml": "launch",
    "runs/new/presets": "launch",
    "runs/new/presets/<int:pk>/<str:action>": "control",
    "runs/new/data": "launch",
    "runs/import/": "import",
    "runs/import/<int:pk>/": "view",
    "runs/batch": "named",
    "runs/columns": "team",
    "runs/suggest": "team",
    "runs/runs.csv": "team",
    "runs/<int:pk>/edit": "control",
    "views/save": "named",
    "views/<str:key>/": "named",
    "views/<str:key>/delete": "named",
    "runs/<int:pk>/": "view",
    "runs/<int:pk>/snapshot.json": "view",
    "runs/<int:pk>/replay.json": "view",
    "runs/<int:pk>/timeline.json": "view",
    "runs/<int:pk>/estimates/": "view",
    "runs/<int:pk>/loads.json": "view",
    "runs/<int:pk>/predicted.json": "view",
    "runs/<int:pk>/curves.json": "view",
    "runs/<int:pk>/choices.json": "view",
    "runs/<int:pk>/log.json": "view",
    "runs/<int:pk>/reproducing/": "view",
    "runs/<int:pk>/candidates.csv": "view",
    "runs/<int:pk>/live/": "view",
    "runs/<int:pk>/epochs/": "view",
    "runs/<int:pk>/events/": "view",
    "runs/<int:pk>/candidates/<int:number>/": "view",
    "runs/<int:pk>/candidates/<int:number>/graph.json": "view",
    "runs/<int:pk>/candidates/<int:number>/row.json": "view",
    "runs/<int:pk>/candidates/<int:number>/keep": "keep",
    "runs/<int:pk>/candidates/<int:number>/retry": "control",
    "runs/<int:pk>/steer": "control",
    "runs/<int:pk>/<str:action>": "control",
    "studies/": "team",
    "studies/quick": "launch",
    "studies/new": "launch",
    "studies/new/yaml": "launch",
    "studies/new/presets": "launch",
    "studies/new/presets/<int:pk>/<str:action>": "control",
    "studies/new/methods": "launch",
    "studies/new/cost": "launch",
    "studies/<int:pk>/": "view",
    "studies/<int:pk>/results.csv": "view",
    "studies/<int:pk>/results.json": "view",
    "studies/<int:pk>/benchmark.zip": "view",
    "studies/<int:pk>/<str:action>": "control",
    "fleet/": "team",
    "fleet/workers/<str:action>": "control",
    "devices/": "team",
    "devices/new": "launch",
    "devices/agent.pyz": "open",
    "devices/<int:pk>/": "view",
    "devices/<int:pk>/measurements.csv": "view",
    "devices/<int:pk>/new-token": "launch",
    "devices/<int:pk>/predictors": "view",
    "devices/<int:pk>/predictors/measure": "control",
    "devices/predictors/<int:pk>/next": "view",
    "devices/predictors/<int:pk>.csv": "view",
    "devices/predictors/<int:pk>/<str:action>": "control",
    "devices/<int:pk>/<str:action>": "control",
    "api/agent/": "token",
    "api/agent/hello": "token",
    "api/agent/jobs/next": "token",
    "api/agent/jobs/<int:pk>/network": "token",
    "api/agent/jobs/<int:pk>/renew": "token",
    "api/agent/jobs/<int:pk>/release": "token",
    "api/agent/jobs/<int:pk>/result": "token",
    "api/agent/jobs/<int:pk>/failure": "token",
    "compare": "team",
    "compare/choices": "team",
    "compare/save": "keep",
    "c/<slug:key>/": "nothing",
    "fronts/": "team",
    "shared/<str:token>/": "open",
    "share/<str:kind>/<int:pk>": "keep",
    "share/links/<int:pk>/revoke": "keep",
    "reports/": "team",
    "reports/new": "launch",
    "reports/preview": "keep",
    "reports/<int:pk>/": "view",
    "reports/<int:pk>/edit": "keep",
    "reports/<int:pk>/report.html": "view",
    "compare/attainment": "team",
    "compare/operations": "team",
    "compare/difference": "team",
    "comments/<str:kind>/<int:pk>/": "view",
    "comments/<int:pk>/<str:action>": "own",
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
    "exports/<int:pk>/measured": "view",
    "exports/<int:pk>/measure": "control",
    "exports/<int:pk>/<str:action>": "control",
    "architectures/": "team",
    "architectures/<int:pk>/": "view",
    "architectures/<int:pk>/<str:action>": "keep",
    "architectures/alias/<slug:name>/": "team",
    "spaces/": "team",
    "spaces/new": "launch",
    "spaces/<int:pk>/": "view",
    "data/": "team",
    "data/new": "import",
    "data/uploads/<int:pk>/": "view",
    "data/uploads/<int:pk>/<str:action>": "control",
    "data/<int:pk>/": "view",
    "data/<int:pk>/<str:action>": "control",
    "datasets/tables/": "team",
    "datasets/tables/new": "import",
    "datasets/tables/imports/<int:pk>/": "view",
    "datasets/tables/imports/<int:pk>/<str:action>": "control",
    "datasets/tables/<int:pk>/": "view",
    "account/tokens/": "person",
    "account/tokens/paretoscope.pyz": "open",
    "account/tokens/<int:pk>/revoke": "own",
    "api/": "open",
    "api/openapi.json": "open",
    "api/me": "token",
    "api/usage": "token",
    "api/runs": "token",
    "api/runs/compare": "token",
    "api/runs/<int:pk>": "token",
    "api/runs/<int:pk>/budget": "token",
    "api/runs/<int:pk>/candidates": "token",
    "api/runs/<int:pk>/candidates/<int:number>": "token",
    "api/runs/<int:pk>/candidates/<int:number>/retry": "token",
    "api/runs/<int:pk>/steer": "token",
    "api/runs/<int:pk>/front": "token",
    "api/runs/<int:pk>/events": "token",
    "api/runs/<int:pk>/events/stream": "token",
    "api/runs/<int:pk>/<action>": "token",
    "api/studies": "token",
    "api/studies/<int:pk>": "token",
    "api/studies/<int:pk>/ranking": "token",
    "api/studies/<int:pk>/<action>": "token",
    "api/architectures": "token",
    "api/architectures/<int:pk>": "token",
    "api/architectures/<int:pk>/stage": "token",
    "api/evaluations": "token",
    "api/evaluations/<int:pk>": "token",
    "api/evaluations/<int:pk>/seeds/<int:seed>/network.zip": "token",
    "api/evaluations/<int:pk>/<action>": "token",
    "api/exports": "token",
    "api/exports/<int:pk>": "token",
    "api/exports/<int:pk>/archive.zip": "token",
    "api/exports/<int:pk>/measurements": "token",
    "api/exports/<int:pk>/<action>": "token",
    "api/comments": "token",
    "api/comments/<int:pk>": "token",
    "api/tables": "token",
    "api/tables/<int:pk>": "token",
    "api/data": "token",
    "api/data/<int:pk>": "token",
    "api/data/uploads/<int:pk>": "token",
    "api/devices": "token",
    "api/devices/<int:pk>": "token",
    "api/workers": "token",
    "api/^(?P<rest>.+)$": "nothing",
}
# The action that is tried, by the beginning of the pattern.
ACTIONS = {
    "datasets/tables/imports/": "cancel",
    "evaluations/": "cancel",
    "exports/": "cancel",
    "data/uploads/": "cancel",
    "data/": "archive",
    "team/webhooks": "enable",
    "devices/predictors/": "cancel",
    "devices/": "token",
    "fleet/": "drain",
    "architectures/": "describe",
    "runs/new/presets/": "rename",
    "studies/new/presets/": "rename",
    "comments/<int:pk>": "delete",
}
POSTS = ("keep", "control", "own", "manage", "self")
OBJECTS = [p for p, guard in GUARDS.items() if "<int:pk>" in p and guard != "token"]


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
        "data": make_data_and_upload(team, researcher),
        "devices": make_device(team).pk,
        "studies": study.pk,
        "spaces": run.space_version.space_id,
        "account": 1,
        "reports": Report.objects.create(team=team, title="a report").pk,
    }
    shared = make_link(run, researcher)
    Alias.objects.create(team=team, name="champion", entry=entry)
    CatalogueEntry.objects.filter(pk=entry.pk).update(stage="approved")
    parts = {
        "<int:number>": str(held.number),
        "<int:seed>": "0",
        "<slug:name>": "champion",
        "<slug:key>": "unknown",
        "<str:token>": "psh_nothing",
        "<action>": "pause",
        "<int:delivery>": "1",
        "<str:secret>": "nasi_nothing",
        "<str:provider_id>": "oidc",
        "<uidb64>": "MQ",
        "<token>": "nothing",
    }
    queries = {
        "evaluations/new": "?network=DARTS_V2",
        "evaluations/new/settings": "?network=DARTS_V2",
        "evaluations/new/cost": "?network=DARTS_V2",
        "exports/new": f"?training={export.training_id}",
        "exports/new/settings": f"?training={export.training_id}",
    }
    olga = make_user("olga-of-the-team", team, "owner")
    invite(team, olga, "viewer")
    hook, _ = webhooks.create(team, olga, name="hook", url="https://example.org/", kinds=[])
    job = request_import(team, researcher, io.BytesIO(b"a,b\n1,2\n"), "made.csv", {"name": "made"})
    special = {
        "team/members/": Membership.objects.get(user=olga).pk,
        "team/quotas/": Membership.objects.get(user=olga).pk,
        "team/invitations/": Invitation.objects.get().pk,
        "team/webhooks/": hook.pk,
        "datasets/tables/imports/": job.pk,
        "data/uploads/": DataUpload.objects.latest("pk").pk,
        "runs/import/<int:pk>/": RunImport.objects.latest("pk").pk,
        "share/links/": shared,
        "devices/predictors/": make_predictor(make_device(team)).pk,
        "runs/new/presets/": save_preset(team, researcher, "made", "name: made").pk,
        "studies/new/presets/": save_preset(team, researcher, "made", "name: made", "study").pk,
        "comments/<int:pk>": add(target_of("run", run.pk), researcher, "a comment").pk,
    }

    def address(pattern: str) -> str:
        pk = next((key for start, key in special.items() if pattern.startswith(start)), 0)
        pk = pk or keys.get(pattern.partition("/")[0], run.pk)
        actions = (act for start, act in ACTIONS.items() if pattern.startswith(start))
        parts["<str:action>"] = next(actions, "pause")
        parts["<str:kind>"] = "run" if pattern.startswith(("share/", "comments/")) else "space"
        text = pattern.replace("<int:pk>", str(pk))
        for part, value in parts.items():
            text = text.replace(part, value)
        return "/" + text + queries.get(pattern, "")

    return {pattern: address(pattern) for pattern in GUARDS}


def make_data_and_upload(team, user) -> int:
    data = make_data(team, user)
    request_upload(team, user, io.BytesIO(b"x"), "made.zip", {"name": "made"})
    request_runs(team, user, io.BytesIO(b"x"), "made.csv", {})
    return data.pk


def make_link(run, user) -> int:
    share(user, "run", run, 1)
    return ShareLink.objects.get().pk


def ask(client: Client, pattern: str, address: str):
    return client.post(address) if GUARDS[pattern] in POSTS else client.get(address)


def guarded(*guards: str) -> list[str]:
    return [pattern for pattern, guard in GUARDS.items() if guard in guards]


def test_every_address_is_listed():
    assert sorted(walk()) == sorted(GUARDS)


def test_every_page_is_in_the_list_of_pages(addresses, owner, sign_in):
    """The list that is looked at in a browser, in both themes and widths."""
    client = sign_in(owner)
    readable = [p for p, guard in GUARDS.items() if guard not in (*POSTS, "token")]
    answers = {p: client.get(addresses[p]) for p in readable}
    pages = {
        p
        for p, answer in answers.items()
        if answer.status_code == 200
        and b"</html>" in getattr(answer, "content", b"")
        and "Content-Disposition" not in answer
    }
    assert sorted(pages) == sorted(PAGES)


def test_the_signed_out_are_sent_to_sign_in(addresses):
    closed = [
        pattern for pattern, guard in GUARDS.items() if guard not in ("open", "token", "nothing")
    ]
    answers = {p: ask(Client(), p, addresses[p]) for p in closed}
    places = {p: (a.status_code, a.headers.get("Location", "")[:15]) for p, a in answers.items()}
    assert places == dict.fromkeys(closed, (302, "/sign-in/?next="))


def test_addresses_of_agents_take_only_tokens(addresses, owner, sign_in):
    root, *agents = [p for p in guarded("token") if p.startswith("api/agent/")]
    assert Client().get(addresses[root]).status_code == 404
    for client in (Client(), sign_in(owner), Client(headers={"Authorization": "Bearer wrong"})):
        seen = {p: client.post(addresses[p]) for p in agents if not p.endswith("/network")}
        seen |= {p: client.get(addresses[p]) for p in agents if p.endswith("/network")}
        assert {p: answer.status_code for p, answer in seen.items()} == dict.fromkeys(agents, 401)


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
    for pattern in guarded("launch", "import", "keep", "control", "manage"):
        assert client.post(addresses[pattern]).status_code in (403, 405), pattern
    for pattern in guarded("launch", "import", "read by owners"):
        assert client.get(addresses[pattern]).status_code in (403, 405), pattern


def test_viewers_see_the_objects_of_their_team(addresses, viewer, sign_in):
    client = sign_in(viewer)
    seen = {p: client.get(addresses[p]).status_code for p in guarded("view", "team")}
    assert seen == dict.fromkeys(seen, 200)


def test_every_role_gets_what_its_rights_say(addresses, team, sign_in):
    """Every address as every role, a stranger and a person without a team."""
    ranks = {"viewer": 0, "researcher": 1, "curator": 2, "owner": 3}
    needs = {action: ranks[MIN_ROLE[action]] for action in ("launch", "import")}
    needs |= {"read by owners": ranks["owner"]}  # every role may view
    for role, rank in ranks.items():
        client = sign_in(make_user(f"some-{role}", team, role))
        for pattern, guard in GUARDS.items():
            if guard not in needs:
                continue
            seen = client.get(addresses[pattern]).status_code
            if seen != 405:  # it takes only a POST, see test_viewers_change_nothing
                assert (seen == 403) == (rank < needs[guard]), (role, pattern, seen)
    nina = sign_in(make_user("nina"))
    closed = guarded("team", "launch", "import", "view", "read by owners")
    seen = {p: nina.get(addresses[p]).status_code for p in closed}
    assert seen == dict.fromkeys(closed, 403)


def test_no_address_accepts_other_methods(addresses, owner, sign_in):
    client = sign_in(owner)
    closed = [pattern for pattern, guard in GUARDS.items() if guard != "open"]
    for method in ("put", "delete", "patch"):
        seen = {p: getattr(client, method)(addresses[p]).status_code for p in closed}
        taken = {p for p, status in seen.items() if status not in (404, 405)}
        assert taken == ({"api/comments/<int:pk>"} if method != "put" else set()), method
        assert all(seen[p] == 401 for p in taken), method


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


def test_addresses_of_programs_take_only_tokens(addresses, owner, sign_in):
    programs = [pattern for pattern in guarded("token") if not pattern.startswith("api/agent/")]
    for client in (Client(), sign_in(owner), Client(headers={"Authorization": "Bearer wrong"})):
        for pattern in programs:
            ends = ("<action>", "/budget", "/measurements", "/stage", "/retry", "/steer")
            acts = pattern.endswith(ends)
            method = client.post if acts else client.get
            method = client.delete if pattern == "api/comments/<int:pk>" else method
            assert method(addresses[pattern]).status_code == 401, pattern
