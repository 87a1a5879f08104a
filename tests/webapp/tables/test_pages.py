"""The pages of tables: the list, one of them, the form, and the way into a search."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.fixtures.factories import OWN, make_table, table_text
from tests.fixtures.html_reader import errors_of, read
from tests.fixtures.tables import IMPORT_FORM
from webapp.runs.models import Run
from webapp.runs.services.launch import launch
from webapp.tables.models import BenchmarkTable, TableImport
from webapp.tables.services import import_jobs

from ...fixtures.table_specs import asked

pytestmark = pytest.mark.django_db
LIST = "/datasets/tables/"
NEW = "/datasets/tables/new"
ADMIN = "/admin/tables/benchmarktable/"


def uploaded(text: str, name: str = "table.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode(), "text/csv")


def work_off() -> None:
    """Import what waits, as the process of the coordinator does."""
    while job := import_jobs.claim():
        import_jobs.run(job, import_jobs.content_of(job))


def post_and_wait(client, data):
    """Send the form, let the import end, and return the page that it leads to."""
    answer = client.post(NEW, data)
    assert answer.status_code == 302, errors_of(read(answer))
    work_off()
    return client.get(answer["Location"], follow=True)


def typed_of(page) -> dict[str, str]:
    """Return the values of the form's fields."""
    found = {e.attributes["name"]: e.attributes["value"] for e in page.all("input", type="text")}
    found |= {e.attributes["name"]: e.text for e in page.all("textarea")}
    select = page.all("select", name="space")[0]
    return found | {"space": select.all("option", selected="")[0].attributes["value"]}


def test_an_empty_list_says_what_will_appear(viewer, researcher, sign_in):
    empty = read(sign_in(researcher).get(LIST)).one("tables-empty")
    assert "No tables yet" in empty.text and empty.all("a", href=NEW)
    assert not read(sign_in(viewer).get(LIST)).one("tables-empty").all("a")


def test_a_line_tells_what_a_table_is(team, viewer, researcher, sign_in):
    old = make_table(team, user=researcher)
    table = make_table(team, text=table_text(), user=researcher)
    launch(team, researcher, asked("table:made", "made"), "a run")
    page = read(sign_in(viewer).get(LIST))
    line = page.one(f"table-{table.pk}").text
    for words in ("made v2", "15,625 15,625 of the 15,625 architectures of nb201", "by rosa"):
        assert words in line, words
    assert "error, latency@board" in line and table.digest[:12] in line
    assert "replaced" in page.one(f"table-{old.pk}").text
    assert page.one(f"table-{table.pk}").all("a", href=f"{LIST}{table.pk}/#runs")[0].text == "1"
    assert page.one("rail-data").attributes["aria-current"] == "page"
    assert not page.all(data_testid="import-table")  # a viewer imports nothing


def test_a_table_tells_everything(team, viewer, researcher, sign_in):
    table = make_table(team, user=researcher)
    run = launch(team, researcher, asked("table:made", "made"), "night run")
    make_table(team, text=table_text())
    client = sign_in(viewer)
    page = read(client.get(f"{LIST}{table.pk}/"))
    assert page.one("table-digest").text == table.digest
    assert page.one("table-rows").text.startswith("2: 2 of the 15,625")
    assert page.one("table-runs").all("a", href=f"/runs/{run.pk}/")[0].text == "night run"
    rows = page.one("table-page").rows()
    assert ["error", "%", "lower", "acc", "2"] in rows
    assert ["latency@board", "ms", "lower", "ms", "2"] in rows
    assert "lacks 15,623 architectures" in page.one("table-warnings").text
    assert "v2" in page.one("table-page").text


def test_other_teams_tables_do_not_exist(team, stranger, sign_in):
    table = make_table(team)
    client = sign_in(stranger)
    assert read(client.get(LIST)).one("tables-empty")
    assert client.get(f"{LIST}{table.pk}/").status_code == 404
    assert client.get(f"{LIST}999999/").status_code == 404


def test_a_file_is_imported(team, researcher, sign_in):
    client = sign_in(researcher)
    answer = post_and_wait(client, {**IMPORT_FORM, "file": uploaded(table_text())})
    table = BenchmarkTable.objects.get()
    assert answer.redirect_chain == [(f"{LIST}{table.pk}/", 302)]
    assert "mine v1 is imported." in answer.content.decode()
    assert b"<b>Bob" not in answer.content
    assert (table.team, table.created_by, table.rows) == (team, researcher, 15625)
    assert (table.columns, table.datasets) == (list(OWN.columns), ["one", "two"])
    again = post_and_wait(client, {**IMPORT_FORM, "file": uploaded(table_text())})
    assert "was imported before" in again.content.decode()
    assert BenchmarkTable.objects.count() == 1


def test_messages_stand_beside_fields_and_nothing_typed_is_lost(researcher, sign_in):
    wrong = {
        "name": "My Table",
        "space": "moon",
        "columns": "error=acc:y\n😀",
        "report": "x",
        "architecture": "a,a",
        "datasets": "<script>",
        "note": "x" * 400,
    }
    client = sign_in(researcher)
    page = read(client.post(NEW, {**wrong, "file": uploaded(table_text())}))
    errors = errors_of(page)
    assert errors.keys() == {*wrong, "file"}
    assert errors["file"] == "Choose the file again: a browser does not keep it."
    assert errors["name"].startswith("'My Table' is not allowed")
    shown = {name: " ".join(text.split()) for name, text in wrong.items()}
    assert typed_of(page) == shown
    summary = page.one("error-summary")
    assert "choose the file again" in summary.text
    assert len(summary.all("li")) == len(errors)
    assert not BenchmarkTable.objects.exists()


def test_a_form_without_a_file_is_refused_beside_the_field(researcher, sign_in):
    page = read(sign_in(researcher).post(NEW, IMPORT_FORM))
    assert "Choose a file" in errors_of(page)["file"]
    assert typed_of(page)["name"] == "mine"


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (uploaded(""), "has no header row"),
        (uploaded("a,b\n"), "no rows"),
        (SimpleUploadedFile("table.csv.gz", b"\x1f\x8bnonsense"), "cannot be read"),
    ],
)
def test_files_that_are_none_are_refused_beside_the_field(researcher, sign_in, file, says):
    file.seek(0)
    page = read(post_and_wait(sign_in(researcher), {**IMPORT_FORM, "file": file}))
    assert says in errors_of(page)["file"]
    assert typed_of(page)["name"] == "mine"


def test_a_failed_import_is_corrected_without_another_upload(team, researcher, sign_in):
    client = sign_in(researcher)
    wrong = {**IMPORT_FORM, "columns": "error=accuracy:100-x:%"}
    page = read(post_and_wait(client, {**wrong, "file": uploaded(table_text(), "mine.csv")}))
    assert "no column accuracy" in errors_of(page)["columns"]
    assert typed_of(page)["columns"] == wrong["columns"]
    assert page.one("import-words").text == "Not imported; nothing was stored."
    job = TableImport.objects.get()
    assert "mine.csv" in read(client.get(LIST)).one(f"import-{job.pk}").text
    address = f"{LIST}imports/{job.pk}/"
    page = read(client.post(address, {**IMPORT_FORM, "name": "Not allowed"}))
    assert errors_of(page).keys() == {"name"}  # no message about the file, which is kept
    assert client.post(address, IMPORT_FORM)["Location"] == address
    work_off()
    table = BenchmarkTable.objects.get()
    assert client.get(address)["Location"] == f"{LIST}{table.pk}/"
    assert table.rows == 15625
    assert not read(client.get(LIST)).all(data_testid="imports")


def test_the_page_of_an_import_shows_its_progress_and_cancels_it(team, researcher, sign_in):
    client = sign_in(researcher)
    address = client.post(NEW, {**IMPORT_FORM, "file": uploaded(table_text())})["Location"]
    assert "Waiting for a coordinator" in read(client.get(address)).one("import-words").text
    job = import_jobs.claim()
    import_jobs.beat(job, 0.42)
    part = client.get(address, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert read(part).one("import-words").text == "Reading the file: 42%."
    import_jobs.beat(job, 1.0)
    assert "Checking every row" in read(client.get(address)).one("import-words").text
    client.post(f"{address}cancel")
    assert read(client.get(address)).one("import-words").text == "Cancelling."
    assert import_jobs.beat(job, 1.0) == "cancel"
    import_jobs.release(job, cancelled=True)
    ended = client.get(address, headers={"HX-Request": "true"})
    assert ended.headers["HX-Refresh"] == "true"
    assert read(client.get(address)).one("import-words").text == "Cancelled; nothing was stored."
    assert client.post(f"{address}discard")["Location"] == LIST
    assert client.get(address).status_code == 404


def test_a_viewer_watches_an_import_and_changes_nothing(team, researcher, viewer, sign_in):
    address = sign_in(researcher).post(NEW, {**IMPORT_FORM, "file": uploaded("a,b\n")})["Location"]
    client = sign_in(viewer)
    page = read(client.get(address))
    assert page.one("import-words") and not page.all(data_testid="cancel-import")
    for action in ("", "cancel", "discard"):
        assert client.post(f"{address}{action}").status_code == 403
    work_off()
    page = read(client.get(address))
    assert "no rows" in page.one("import-ended").text and not page.all(data_testid="import-form")
    assert sign_in(researcher).post(f"{address}unknown").status_code == 404


def test_a_viewer_is_told_which_role_it_takes(viewer, sign_in):
    for answer in (sign_in(viewer).get(NEW), sign_in(viewer).post(NEW, IMPORT_FORM)):
        assert answer.status_code == 403 and b"the researcher role" in answer.content


def test_one_click_fills_the_launch_form_and_one_more_launches(team, researcher, sign_in):
    table = make_table(team, text=table_text())
    client = sign_in(researcher)
    link = read(client.get(LIST)).one(f"search-{table.pk}-made").attributes["href"]
    page = read(client.get(link))
    values = {
        e.attributes["name"]: e.attributes.get("value", "")
        for e in page.one("launch-form").all("input")
        if "name" in e.attributes and e.attributes.get("type", "text") == "text"
    }
    assert values["estimator_config.path"] == "table:made"
    assert (values["candidates"], values["name"]) == ("500", "bayesian on made, made")
    chosen = {
        e.attributes["name"]: e.all("option", selected="")[0].attributes["value"]
        for e in page.one("launch-form").all("select")
        if e.attributes.get("name") in ("space", "estimator", "dataset", "strategy")
    }
    assert (chosen["space"], chosen["estimator"], chosen["dataset"]) == ("nb201", "table", "made")
    assert "thousands of candidates per minute" in page.one("expected-cost").text
    datasets = page.one("select-dataset").all("option")
    assert [one.attributes["value"] for one in datasets] == ["made"]
    ticked = [e.attributes["value"] for e in page.all("input", name="objectives", checked="")]
    assert ticked == ["error", "latency@board"]
    boxes = [e.attributes["value"] for e in page.all("input", type="checkbox", name="objectives")]
    assert boxes == ["error", "latency@board"]  # what the table holds, and nothing else
    answer = client.post("/runs/new", {**values, **chosen, "objectives": ticked})
    run = Run.objects.get()
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert run.benchmark_table == table
    assert client.get(f"/runs/{run.pk}/").status_code == 200


def test_the_path_offers_the_teams_tables_by_their_newest(team, other_team, researcher, sign_in):
    make_table(team)
    make_table(team, text=table_text())
    make_table(team, "second")
    make_table(other_team, "theirs")
    page = read(sign_in(researcher).get("/runs/new/part/estimator", {"estimator": "table"}))
    options = {e.attributes["value"]: e.text for e in page.all("datalist")[0].all("option")}
    assert options == {"table:made": "15,625 rows of nb201", "table:second": "2 rows of nb201"}
    field = page.all("input", name="estimator_config.path")[0]
    assert field.attributes["list"] == "field-estimator_config-path-list"


def test_the_form_says_beside_the_path_what_is_wrong_with_a_table(team, researcher, sign_in):
    make_table(team)
    form = {
        "name": "x",
        "space": "nb201",
        "strategy": "random",
        "estimator": "table",
        "dataset": "made",
        "objectives": ["error"],
        "estimator_config.path": "table:nothing",
    }
    page = read(sign_in(researcher).post("/runs/new", form))
    assert "it has: made. Choose one of them" in errors_of(page)["estimator_config.path"]
    field = page.all("input", name="estimator_config.path")[0]
    assert field.attributes["value"] == "table:nothing"


def test_queries_do_not_grow(team, viewer, researcher, sign_in, queries_of):
    client = sign_in(viewer)
    make_table(team, "first", user=researcher)
    one = queries_of(lambda: client.get(LIST))
    for name in ("second", "third"):
        table = make_table(team, name, user=researcher)
        launch(team, researcher, asked(f"table:{name}", name), "a run")
    assert queries_of(lambda: client.get(LIST)) == one
    few = queries_of(lambda: client.get(f"{LIST}{table.pk}/"))
    launch(team, researcher, asked("table:third", "third"), "another")
    assert queries_of(lambda: client.get(f"{LIST}{table.pk}/")) == few


def chosen(action: str, *tables) -> dict:
    return {"action": action, "_selected_action": [table.pk for table in tables]}


def test_a_curator_checks_again_and_clears_away_what_is_unused(
    team, other_team, curator, researcher, sign_in
):
    used, unused = make_table(team, "used"), make_table(team, "unused")
    theirs = make_table(other_team, "theirs")
    launch(team, researcher, asked("table:used", "used"), "a run")
    client = sign_in(curator)
    page = client.post(ADMIN, chosen("check_selected", used, theirs), follow=True).content
    assert b"used v1: 2 rows, unchanged since the import." in page and b"theirs" not in page
    every = chosen("delete_unused_selected", used, unused, theirs)
    page = client.post(ADMIN, every, follow=True).content
    assert b"Deleted: unused v1." in page and b"runs use them: used v1." in page
    assert set(BenchmarkTable.objects.all()) == {used, theirs}
    assert client.get(f"{ADMIN}{used.pk}/delete/").status_code == 403
    assert client.get(f"{ADMIN}add/").status_code == 403
    assert client.get(f"{ADMIN}import", follow=True).redirect_chain[-1][0] == NEW


def test_one_unused_table_is_deleted_by_its_teams_curator_alone(team, other_team, curator, sign_in):
    table, theirs = make_table(team), make_table(other_team)
    client = sign_in(curator)
    assert client.post(f"{ADMIN}{table.pk}/delete/", {"post": "yes"}).status_code == 302
    client.post(f"{ADMIN}{theirs.pk}/delete/", {"post": "yes"})
    assert list(BenchmarkTable.objects.all()) == [theirs]


def test_the_list_in_the_admin_does_not_grow(team, curator, sign_in, queries_of):
    client = sign_in(curator)
    make_table(team, "first")
    one = queries_of(lambda: client.get(ADMIN))
    make_table(team, "second")
    make_table(team, "third")
    assert queries_of(lambda: client.get(ADMIN)) == one
