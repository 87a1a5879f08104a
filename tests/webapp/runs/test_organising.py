"""Tags, stars, archive, deletion, CSV and saved views of the list of runs: roles and strangers."""

from __future__ import annotations

import csv
import io

import pytest
from django.http import QueryDict

from tests.fixtures.factories import end_run, make_run
from tests.fixtures.people import make_user
from webapp.common.markdown import to_html
from webapp.queries.models import ChosenColumns, SavedView
from webapp.runs.list_export import runs_csv
from webapp.runs.models import Run, RunState, Star, Study
from webapp.runs.run_table import chosen_columns, read_filter
from webapp.runs.suggestions import suggestions

from ...fixtures.html_reader import read

pytestmark = pytest.mark.django_db
LIST, BATCH = "/runs/", "/runs/batch"


@pytest.fixture
def ended(team, researcher):
    run = end_run(make_run(team, candidates=1), [("done", 5.0, 10.0)])
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED, created_by=researcher)
    return Run.objects.get(pk=run.pk)


def act(client, action: str, *runs, **more) -> list[str]:
    """Do a batch action; return the messages of the next page."""
    keys = [str(run.pk) for run in runs]
    answer = client.post(BATCH, {"action": action, "runs": keys, **more}, follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def listed(client, q: str = "", **more) -> list[int]:
    rows = read(client.get(LIST, {"q": q, **more})).all("tr")
    return [int(row.attributes["data-run"]) for row in rows if "data-run" in row.attributes]


def test_archive_restore_and_delete_only_from_the_archive(ended, researcher, sign_in):
    client = sign_in(researcher)
    assert "archive it first" in act(client, "delete", ended)[0]
    assert act(client, "archive", ended) == ["1 run archived."]
    assert (listed(client), listed(client, "archived")) == ([], [ended.pk])
    assert act(client, "restore", ended) == ["1 run restored."]
    assert listed(client) == [ended.pk]
    act(client, "archive", ended)
    Run.objects.filter(pk=ended.pk).update(state=RunState.RUNNING)
    assert "cannot be deleted: stop it first" in act(client, "delete", ended)[0]
    Run.objects.filter(pk=ended.pk).update(state=RunState.FINISHED)
    assert act(client, "delete", ended) == ["1 run deleted."]
    assert not Run.objects.exists()


def test_running_work_is_not_archived_and_others_runs_are_deleted_by_curators(
    team, ended, researcher, curator, sign_in
):
    busy = make_run(team)
    client = sign_in(make_user("adam", team))
    messages = act(client, "archive", ended, busy)
    assert messages[0] == "1 run archived."
    assert "stop it first" in messages[1]
    assert "only who launched it or a curator" in act(client, "delete", ended)[0]
    assert act(sign_in(curator), "delete", ended) == ["1 run deleted."]


def test_tags_stars_and_stop_of_several_runs(team, ended, researcher, viewer, sign_in):
    busy, client = make_run(team), sign_in(researcher)
    assert act(client, "tag", ended, busy, text=" paper 2 ") == ["2 runs tagged."]
    assert listed(client, 'tag:"paper 2"') == [busy.pk, ended.pk]
    assert "must not be empty" in act(client, "tag", ended, text=" ")[0]
    act(client, "untag", busy, text="paper 2")
    assert listed(client, 'tag:"paper 2"') == [ended.pk]
    assert "1 run stopping." in act(client, "stop", busy, ended)
    act(client, "star", ended)
    assert listed(client, "starred") == [ended.pk]
    assert listed(sign_in(viewer), "starred") == []
    act(client, "unstar", ended)
    assert Star.objects.count() == 0


def test_strangers_get_404_and_viewers_only_star(ended, stranger, viewer, sign_in):
    for action in ("tag", "star", "archive", "delete", "stop"):
        body = {"action": action, "runs": [ended.pk]}
        assert sign_in(stranger).post(BATCH, body).status_code == 404
        expected = 302 if action == "star" else 403
        assert sign_in(viewer).post(BATCH, body).status_code == expected
    assert sign_in(viewer).post(BATCH, {"action": "x", "runs": [ended.pk]}).status_code == 404
    assert sign_in(viewer).post(BATCH, {"action": "star"}).status_code == 404
    assert sign_in(stranger).post(f"/runs/{ended.pk}/edit").status_code == 404


def test_name_tags_and_notes_are_edited_and_shown(ended, researcher, viewer, sign_in):
    body = {"name": "better name", "tags": "a, b, a", "note": "**bold** <script>alert(1)</script>"}
    assert sign_in(researcher).post(f"/runs/{ended.pk}/edit", body).status_code == 302
    page = sign_in(viewer).get(f"/runs/{ended.pk}/").content.decode()
    assert "<strong>bold</strong>" in page
    assert "<script>alert(1)" not in page
    ended.refresh_from_db()
    assert (ended.name, ended.tags) == ("better name", ["a", "b"])
    assert "edit-dialog" in sign_in(researcher).get(f"/runs/{ended.pk}/").content.decode()
    assert "edit-dialog" not in page
    refused = {"name": "", "tags": "x" * 41, "note": "n" * 10_001}
    answer = sign_in(researcher).post(f"/runs/{ended.pk}/edit", refused)
    kept = answer.content.decode()
    assert answer.status_code == 422 and "n" * 10_001 in kept
    assert all(f'data-error="{field}"' in kept for field in refused)
    ended.refresh_from_db()
    assert ended.name == "better name"


def version_in(page):
    (field,) = page.all("input", name="version")
    return field.attributes["value"]


def test_a_second_tab_does_not_replace_texts_that_it_did_not_show(ended, researcher, sign_in):
    client, address = sign_in(researcher), f"/runs/{ended.pk}/edit"
    version = version_in(read(client.get(f"/runs/{ended.pk}/")))
    first = {"name": ended.name, "tags": "", "note": "of tab 1", "version": version}
    assert client.post(address, first).status_code == 302
    second = {**first, "note": "of tab 2"}
    answer = client.post(address, second)
    page = read(answer)
    assert answer.status_code == 422 and "of tab 1" in page.one("stored").text
    assert [field.text for field in page.all("textarea", name="note")] == ["of tab 2"]
    ended.refresh_from_db()
    assert ended.note == "of tab 1"
    again = {**second, "version": version_in(page)}
    assert client.post(address, again).status_code == 302
    ended.refresh_from_db()
    assert ended.note == "of tab 2"


@pytest.mark.parametrize(
    "text",
    ["<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "![x](https://a.b/c.png)",
     '<a href="data:text/html,x">x</a>', "[x](data:text/html;base64,eA==)"],
)  # fmt: skip
def test_notes_load_and_run_nothing(text):
    html = to_html(text)
    assert "<img" not in html and "<script" not in html
    assert '<a href="javascript' not in html and '<a href="data' not in html


def test_a_study_is_selected_as_a_whole_and_shows_its_leader(team, ended, researcher, sign_in):
    study = Study.objects.create(team=team, name="s")
    other = end_run(
        make_run(team, candidates=1, strategy="regularised-evolution"), [("done", 3.0, 1.0)]
    )
    Run.objects.update(study=study)
    client = sign_in(researcher)
    page = read(client.get(LIST))
    row = page.one(f"study-row-{study.pk}")
    assert "3.00 % regularised-evolution" in row.text
    act(client, "tag", text="both", runs=f"{ended.pk},{other.pk}")
    assert sorted(Run.objects.filter(tags=["both"]).values_list("pk", flat=True)) == sorted(
        [ended.pk, other.pk]
    )


def test_columns_of_objectives_settings_and_costs_sort_on_the_server(team, researcher, sign_in):
    small = end_run(make_run(team, candidates=1), [("done", 5.0, 10.0)])
    large = end_run(make_run(team, candidates=1, seed=9), [("done", 4.0, 20.0)])
    bare, client = make_run(team, advance=False), sign_in(researcher)
    keys = "params,seed,setting.cells,epochs,author,tags,latency@x,nonsense"
    head = [th.text for th in read(client.get(LIST, {"columns": keys})).all("th", scope="col")]
    assert head[1:] == [
        "Name",
        "params",
        "Seed",
        "cells",
        "Epochs",
        "Author",
        "Tags",
        "latency on x",
    ]
    for key in [
        *keys.split(",")[:-1],
        "best",
        "front",
        "state",
        "name",
        "progress",
        "hours",
        "note",
    ]:
        assert len(listed(client, sort=key)) == len(listed(client, sort=f"-{key}")) == 3
    assert listed(client, sort="params") == [small.pk, large.pk, bare.pk]
    assert listed(client, sort="-params") == [large.pk, small.pk, bare.pk]
    row = read(client.get(LIST, {"columns": keys, "sort": "params"})).one("run-table").rows()[0]
    assert row[2:6] == ["10", "7", "5", "1"]


def test_chosen_columns_are_kept_for_the_person_and_in_the_address(
    ended, researcher, viewer, sign_in
):
    client = sign_in(researcher)
    body = {"column": ["seed", "state"], "query": "q=seed%3A7&columns=age"}
    answer = client.post("/runs/columns", body)
    assert answer["Location"] == "/runs/?q=seed%3A7&columns=name%2Cseed%2Cstate"
    head = [th.text for th in read(client.get(LIST)).all("th", scope="col")]
    assert head[1:] == ["Name", "Seed", "State"]
    assert len(read(sign_in(viewer).get(LIST)).all("th", scope="col")) == 9
    assert "setting.cells" in client.get("/runs/columns").content.decode()
    client.post("/runs/columns", {"reset": "1"})
    assert ChosenColumns.objects.get().columns[:2] == ["name", "state"]


def csv_of(team, user, **query) -> list[dict[str, str]]:
    """The rows of the export; the view sends them in threads, which this test's rows cannot."""
    address = QueryDict(mutable=True)
    address.update(query)
    pieces = runs_csv(team, user, read_filter(address, user), chosen_columns(address, None))
    return list(csv.DictReader(io.StringIO(b"".join(pieces).decode())))


def test_trap_37_the_csv_has_the_filter_and_no_formulas(team, ended, researcher, stranger, sign_in):
    busy = make_run(team, seed=2**60)
    Run.objects.filter(pk=busy.pk).update(name="=HYPERLINK(1)", tags=["ü"])
    client = sign_in(researcher)
    rows = csv_of(team, researcher, columns="name,epochs,setting.cells")
    assert [row["id"] for row in rows] == [str(busy.pk), str(ended.pk)]
    assert (rows[0]["name"], rows[0]["tags"]) == ("'=HYPERLINK(1)", "ü")
    assert (rows[0]["seed"], rows[0]["best error"]) == (str(2**60), "")
    assert (rows[1]["best error"], rows[1]["epochs"], rows[1]["setting.cells"]) == (
        "5.0",
        "1.0",
        "5",
    )
    assert [row["id"] for row in csv_of(team, researcher, q="seed:7")] == [str(ended.pk)]
    assert client.get("/runs/runs.csv", {"q": "sead:7"}).status_code == 400
    assert csv_of(stranger.teams.get(), stranger) == []
    assert client.get("/runs/runs.csv").status_code == 200


def test_an_error_of_the_filter_is_marked_and_lists_nothing(ended, viewer, sign_in):
    page = read(sign_in(viewer).get(LIST, {"q": "state:runing seed:1"}))
    (marked,) = page.all("mark")
    assert marked.text == "runing"
    assert "must be one of" in page.one("filter-error").text
    assert listed(sign_in(viewer), "state:runing") == []


def test_chips_remove_one_condition(ended, viewer, sign_in):
    page = read(sign_in(viewer).get(LIST, {"q": "seed:7 (a or b)", "sort": "name"}))
    links = page.all("a", title="Remove")
    assert [a.attributes["href"] for a in links] == [
        "?sort=name&q=%28a+or+b%29",
        "?sort=name&q=seed%3A7",
    ]


def test_saved_views_have_a_short_link_for_the_team(
    team, ended, researcher, viewer, owner, stranger, sign_in
):
    client = sign_in(researcher)
    client.post("/views/save", {"name": "mine", "query": "q=seed%3A7&page=3&columns=name,seed"})
    client.post("/views/save", {"name": "ours", "query": "q=mine", "shared": "true"})
    mine, ours = SavedView.objects.order_by("name")
    answer = client.get(f"/views/{mine.key}/")
    assert answer["Location"] == f"/runs/?q=seed%3A7&columns=name%2Cseed&view={mine.key}"
    seen = sign_in(viewer).get(LIST).content.decode()
    assert ours.key in seen and mine.key not in seen
    assert sign_in(viewer).get(f"/views/{mine.key}/").status_code == 302
    assert sign_in(stranger).get(f"/views/{ours.key}/").status_code == 404
    assert sign_in(stranger).post(f"/views/{ours.key}/delete").status_code == 404
    assert sign_in(viewer).post(f"/views/{ours.key}/delete").status_code == 404
    client.post("/views/save", {"name": "mine", "query": "q=starred"})
    assert SavedView.objects.get(name="mine").query == "q=starred"
    sign_in(owner).post(f"/views/{ours.key}/delete")
    client.post(f"/views/{mine.key}/delete")
    client.post("/views/save", {"name": " ", "query": ""})
    assert SavedView.objects.count() == 0


@pytest.mark.parametrize(
    ("text", "start", "first"),
    [
        ("sta", 0, "state:"),
        ("seed:1 -state:run", 14, "running"),
        ("state:failed,run", 13, "running"),
        ("author:", 7, "me"),
        ('tag:"pap', 4, '"paper 2"'),
        ("(strategy:regu", 10, "regularised-evolution"),
        ("par", 0, "params"),
        ("setting.cel", 0, "setting.cells"),
        ("data:", 5, "digits"),
        ("fin", 0, "finished:"),
        ("ended:last-w", 6, "last-week"),
    ],
)
def test_suggestions_are_fields_and_values_of_the_team(team, ended, researcher, text, start, first):
    Run.objects.update(tags=["paper 2"])
    found = suggestions(team, researcher, text)
    assert (found["start"], found["items"][0]["insert"]) == (start, first)
