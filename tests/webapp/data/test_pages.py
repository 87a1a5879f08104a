"""The pages of data sets: upload, report, the way into a search, archive and delete."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from nasengine.core.search_spec import SearchSpec
from tests.fixtures.api import Caller
from tests.fixtures.html_reader import errors_of, read
from tests.fixtures.uploaded_data import make_data, picture_files, read_uploads, zip_of
from webapp.accounts.models import AuditEntry
from webapp.api.models import Scope
from webapp.datasets.models import DataUpload, TeamData
from webapp.evaluations.services.launch import EvaluationSpec, launch_evaluation
from webapp.evaluations.subjects import network_subject
from webapp.runs.models import Run
from webapp.runs.services.launch import launch

pytestmark = pytest.mark.django_db


def file_of(files, name="My Pets.zip"):
    return SimpleUploadedFile(name, zip_of(files).read(), "application/zip")


def test_own_pictures_are_searched_in_four_steps(researcher, sign_in):
    client = sign_in(researcher)
    empty = read(client.get("/data/")).one("data-empty")
    assert empty.all("a", href="/data/new")
    answer = client.post("/data/new", {"file": file_of(picture_files())})  # 1 choose, 2 upload
    assert answer.status_code == 302, errors_of(read(answer))
    waiting = read(client.get(answer["Location"]))
    assert waiting.one("upload-words").text == "Waiting for a coordinator to start it."
    read_uploads()
    page = read(client.get(answer["Location"], follow=True))
    assert page.one("data-name").text.split() == ["my-pets", "v1"]
    assert "cats (12 + 3 test)" in page.one("data-report").text
    form = read(client.get(page.one("search-on-data").attributes["href"]))  # 3 search on it
    (path,), (name,) = (form.all("input", name=n) for n in ("dataset_config.path", "name"))
    assert path.attributes["value"] == "data:my-pets"
    assert name.attributes["value"] == "nsga2 on my-pets"
    query = page.one("search-on-data").attributes["href"].partition("?")[2]
    sent = dict(pair.split("=") for pair in query.replace("%3A", ":").replace("+", " ").split("&"))
    more = {"objectives": ["error", "params"], "candidates": "3", "in_flight": "1"}
    answer = client.post("/runs/new", {**sent, **more})  # 4 launch
    assert answer.status_code == 302, errors_of(read(answer))
    run = Run.objects.get()
    data = TeamData.objects.get()
    assert run.spec["dataset_config"]["path"] == data.fixed.path
    page = read(client.get(f"/data/{data.pk}/"))
    assert page.one("data-usage").text == "1 run"
    assert "nsga2 on my-pets" in page.one("data-runs").text
    assert "30 pictures of 2 classes" in read(client.get("/data/")).one(f"data-{data.pk}").text


def test_the_launch_form_offers_the_teams_data(team, researcher, sign_in):
    data = make_data(team, researcher)
    client = sign_in(researcher)
    button = read(client.get("/runs/new")).one("own-data-pets")
    part = read(client.get(button.attributes["hx-get"]))
    (path,) = part.all("input", name="dataset_config.path")
    assert path.attributes["value"] == "data:pets"
    checked = client.post("/runs/new/data", {"dataset": "images", **data.form_values})
    assert "cats (12 + 3 test)" in read(checked).one("data-check").text
    wrong = {"dataset": "images", "dataset_config.path": "data:nothing", "name": "x"}
    errors = errors_of(read(client.post("/runs/new", wrong)))
    assert "has no data set 'nothing'; it has: pets" in errors["dataset_config.path"]


def test_a_refused_file_is_explained_next_to_its_field(researcher, viewer, sign_in):
    client = sign_in(researcher)
    answer = client.post("/data/new", {"name": "No Good"})
    assert errors_of(read(answer)).keys() == {"file"}
    answer = client.post("/data/new", {"file": file_of({"a/1.png": b"no"}), "name": "n"})
    read_uploads()
    page = read(client.get(answer["Location"]))
    assert "cannot be decoded" in errors_of(page)["file"] or "one class" in errors_of(page)["file"]
    assert client.post(answer["Location"], {"name": "other"}).status_code == 302  # kept
    read_uploads()
    client.post(f"{answer['Location']}discard")
    assert not DataUpload.objects.exists()
    assert sign_in(viewer).post("/data/new").status_code == 403


def test_data_that_something_needs_is_archived_but_not_deleted(team, researcher, sign_in):
    data = make_data(team, researcher)
    config = {"path": "data:pets", **data.config}
    run = launch(team, researcher, SearchSpec(dataset="images", dataset_config=config), "on pets")
    client = sign_in(researcher)
    page = f"/data/{data.pk}/"
    assert client.post(f"{page}delete").status_code == 302
    client.post(f"{page}archive")
    assert f"data-{data.pk}" not in client.get("/data/").content.decode()
    assert read(client.get("/data/?archived=1")).one(f"data-{data.pk}")
    client.post(f"{page}delete")
    assert TeamData.objects.exists()
    run.delete()
    spec = EvaluationSpec(dataset="images", dataset_config={"path": data.fixed.path})
    evaluation = launch_evaluation(team, researcher, network_subject("DARTS_V2"), spec)
    assert read(client.get(page)).one("data-usage").text == "1 evaluation"
    evaluation.delete()
    client.post(f"{page}restore")
    client.post(f"{page}archive")
    client.post(f"{page}delete")
    assert not TeamData.objects.exists()
    texts = AuditEntry.objects.filter(kind="setting").values_list("text", flat=True)
    assert "deleted data set pets v1" in set(texts)


def test_a_program_uploads_and_lists(team, researcher):
    caller = Caller(researcher)
    address = "/api/data?name=pets&file_name=a.zip"
    content = zip_of(picture_files()).read()
    sent = caller.client.post(address, content, "application/octet-stream")
    assert (sent.status_code, sent.json()["state"]) == (202, "waiting")
    read_uploads()
    state = caller.get(f"/data/uploads/{sent.json()['id']}").json()
    found = caller.get(f"/data/{state['data']}").json()
    assert (found["name"], found["classes"], found["report"]["total"]) == (
        "pets",
        ["cats", "dogs"],
        30,
    )
    assert [row["id"] for row in caller.get("/data").json()["items"]] == [found["id"]]
    wrong = caller.client.post(
        "/api/data?name=A B&file_name=a.zip", b"x", "application/octet-stream"
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/name")
    reader = Caller(researcher, Scope.READ)
    assert reader.client.post(address, b"x", "application/octet-stream").status_code == 403
