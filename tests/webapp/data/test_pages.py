"""The pages of data sets: upload, report, the way into a search, archive and delete."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from nasengine.core.search_spec import SearchSpec
from tests.fixtures.api import Caller
from tests.fixtures.factories import make_run, work_off
from tests.fixtures.html_reader import errors_of, read
from tests.fixtures.uploaded_data import make_data, picture_files, read_uploads, zip_of
from webapp.accounts.models import AuditEntry
from webapp.api.models import Scope
from webapp.datasets.models import DataUpload, TeamData
from webapp.evaluations.models import Evaluation
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
    for form in ("/runs/new", "/studies/new", "/evaluations/new?network=DARTS_V2"):
        page = read(client.get(form))
        assert page.all("optgroup", label="Data of your team"), form
        (option,) = page.all("option", value="data:pets")
        assert option.text == "pets v1: 30 pictures of 2 classes"
    part = read(client.get("/runs/new/part/dataset?dataset=data:pets"))
    assert part.one("settings-dataset").attributes["data-chosen"] == "data:pets"
    (path,) = part.all("input", name="dataset_config.path")
    assert path.attributes["value"] == "data:pets"
    checked = client.post("/runs/new/data", {"dataset": "images", **data.form_values})
    assert "cats (12 + 3 test)" in read(checked).one("data-check").text
    wrong = {"dataset": "images", "dataset_config.path": "data:nothing", "name": "x"}
    errors = errors_of(read(client.post("/runs/new", wrong)))
    assert "has no data set 'nothing'; it has: pets" in errors["dataset_config.path"]


def test_a_chosen_data_set_of_the_list_is_launched(team, researcher, sign_in):
    data = make_data(team, researcher)
    typed = {"dataset": "data:pets", "dataset_config.path": "/else", "name": "x"}
    more = {"objectives": ["error"], "candidates": "1", "in_flight": "1"}
    answer = sign_in(researcher).post("/runs/new", {**typed, **more})
    assert answer.status_code == 302, errors_of(read(answer))
    run = Run.objects.get()
    assert (run.spec["dataset"], run.spec["dataset_config"]["path"]) == (
        "images",
        data.fixed.path,
    )
    for page in (answer["Location"], "/runs/"):
        assert "pets v1" in read(sign_in(researcher).get(page)).text, page


def test_presets_keep_the_data_set_of_the_address(team, researcher, sign_in):
    data = make_data(team, researcher)
    client = sign_in(researcher)
    page = read(client.get(f"/runs/new?{urlencode(data.form_values)}"))
    assert page.one("kept-data").text.strip() == "Search on pets v1 (30 pictures of 2 classes)."
    assert "open" not in page.one("presets").attributes
    kept = read(client.get("/runs/new" + page.one("preset-nsga2").attributes["href"]))
    assert kept.one("kept-data").text.strip() == "Data stay: pets v1 (30 pictures of 2 classes)."
    (path,), (name,) = (kept.all("input", name=n) for n in ("dataset_config.path", "name"))
    assert path.attributes["value"] == "data:pets"
    assert name.attributes["value"].endswith(" on pets")
    text = kept.one("preset-darts-recurrent-as-published").attributes["href"]
    other = read(client.get("/runs/new" + text))
    assert "does not fit pets v1" in other.one("kept-data").text
    study = read(client.get(f"/studies/new?preset=first-look&{urlencode(data.form_values)}"))
    (path,) = study.all("input", name="dataset_config.path")
    assert path.attributes["value"] == "data:pets"


def test_a_refused_file_is_explained_next_to_its_field(researcher, viewer, sign_in):
    client = sign_in(researcher)
    answer = client.post("/data/new", {"name": "No Good"})
    assert errors_of(read(answer)).keys() == {"file"}
    answer = client.post(
        "/data/new",
        {"file": file_of({f"a/{number}.png": b"no" for number in range(1, 7)}), "name": "n"},
    )
    read_uploads()
    page = read(client.get(answer["Location"]))
    text = errors_of(page)["file"]
    assert "a/1.png cannot be decoded" in text and "; a/2.png cannot be decoded" in text
    assert text.count("replace or remove it") == 1 and "1 more picture cannot be decoded" in text
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


@pytest.fixture
def candidate_on_pets(team, researcher):
    """A candidate of a run on an uploaded data set with a setting of its own."""
    data = make_data(team, researcher)
    config = {"path": "data:pets", **data.config, "valid_share": 0.4}
    run = make_run(team, candidates=1, dataset="images", dataset_config=config)
    work_off(run)
    return run.candidates.get()


def test_a_full_training_uses_the_data_of_the_search(candidate_on_pets, researcher, sign_in):
    data = TeamData.objects.get()
    client = sign_in(researcher)
    new = f"/evaluations/new?run={candidate_on_pets.run_id}&candidate=0"
    form = read(client.get(new))
    assert not form.all(data_testid="data-change")
    typed = {"protocol": "quick", "seeds": "0", "queue": "cpu", "priority": "1"}
    answer = client.post(new, {**typed, "cells": "1", "settings.epochs": "40"})
    evaluation = Evaluation.objects.get()
    assert (evaluation.dataset, evaluation.dataset_config["path"]) == ("images", data.fixed.path)
    assert evaluation.dataset_config["valid_share"] == 0.4
    page = read(client.get(answer["Location"]))
    assert "trained on pets v1 (valid share 0.4)" in page.one("evaluation-title").text
    links = page.all("a", href=f"/data/{data.pk}/")
    assert [link.text for link in links] == ["pets v1 (valid share 0.4)"] * 2
    assert data.digest in links[0].attributes["title"] and data.digest not in page.text
    assert not page.all(data_testid="data-change")
    drawer = read(client.get(f"/runs/{candidate_on_pets.run_id}/candidates/0/"))
    listed = drawer.one("full-trainings")
    assert listed.all("a", href=answer["Location"])
    assert "on pets v1 (valid share 0.4)" in listed.text and "0 of 1 seed done" in listed.text

    again = read(client.get(page.one("evaluation-again").attributes["href"]))
    repeated = {
        name: again.one(f"field-{name}").attributes["value"]
        for name in ("settings-epochs", "seeds", "cells", "dataset_config-valid_share")
    }
    assert list(repeated.values()) == ["40", "0", "1", "0.4"]
    chosen = {
        one.attributes["value"] for one in again.all("option") if "selected" in one.attributes
    }
    assert {"1", "cpu", "quick"} <= chosen, "priority, queue and protocol are kept"


def test_a_full_training_on_other_data_has_a_warning(candidate_on_pets, researcher, sign_in):
    client = sign_in(researcher)
    query = f"run={candidate_on_pets.run_id}&candidate=0"
    typed = {"protocol": "quick", "dataset": "digits", "seeds": "0", "queue": "cpu"}
    warned = read(client.post(f"/evaluations/new/cost?{query}", typed)).one("data-change").text
    assert "The search used pets v1 (valid share 0.4), this training uses digits" in warned
    answer = client.post(f"/evaluations/new?{query}", typed)
    page = read(client.get(answer["Location"]))
    assert page.one("data-change").text.strip() == warned.strip()
    assert "trained on digits" in page.one("evaluation-title").text


def test_a_packaged_table_fills_in_the_settings_of_its_space(team, researcher, sign_in):
    client = sign_in(researcher)
    part = read(client.get("/runs/new/part/estimator?estimator=table"))
    (link,) = (one for one in part.all("a") if one.text == "digits-nb201")
    for form in ("/runs/new", "/studies/new"):
        page = read(client.get(f"{form}{link.attributes['href']}"))
        (cells,) = page.all("input", name="space_config.cells")
        assert cells.attributes["value"] == "1", form
    asked = dict(parse_qsl(link.attributes["href"].removeprefix("?")))
    typed = {**asked, "space_config.operations": operations_of(link), "name": "looked up"}
    more = {"objectives": ["error"], "candidates": "3", "in_flight": "1"}
    answer = client.post("/runs/new", {**typed, **more})
    assert answer.status_code == 302, errors_of(read(answer))


def operations_of(link) -> list[str]:
    """Return the operations in the address of a link."""
    pairs = parse_qsl(link.attributes["href"].removeprefix("?"))
    return [value for name, value in pairs if name == "space_config.operations"]
