"""Exports: the form, the job, the page with its report, downloads, roles, files."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from nasengine import catalog
from nasengine.core.errors import InvalidSettings
from nasengine.core.storage import storage_at
from tests.fixtures.api import Caller
from tests.fixtures.devices import make_device, result
from tests.fixtures.evaluations import (
    finish_export,
    finish_trainings,
    make_evaluation,
    make_export,
)
from tests.fixtures.factories import make_slot, make_team
from tests.fixtures.html_reader import errors_of, read
from webapp.architectures.models import CatalogueEntry
from webapp.devices.models import Measurement
from webapp.devices.services import measuring
from webapp.evaluations.services.launch import EvaluationSpec, launch_evaluation
from webapp.evaluations.subjects import entry_subject
from webapp.exports.models import Export
from webapp.exports.queries import exports_of
from webapp.exports.services import export_jobs
from webapp.exports.services.archives import export_folder, sweep_exports
from webapp.exports.services.launch import request_export
from webapp.jobs import services as jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def training(team):
    return finish_trainings(make_evaluation(team, seeds=(0,)), [5.0]).trainings.get()


@pytest.fixture
def new(training) -> str:
    return f"/exports/new?training={training.pk}"


def test_the_form_requests_an_export(new, training, researcher, sign_in):
    typed = {"training": str(training.pk), "target": "onnx", "queue": "cpu", "config.opset": "18"}
    answer = sign_in(researcher).post(new, typed)
    export = Export.objects.get()
    assert answer["Location"] == f"/exports/{export.pk}/"
    assert (export.target, export.state, export.requested_by) == ("onnx", "queued", researcher)
    assert export.settings["opset"] == "18"


def test_every_target_of_the_kind_of_data_is_offered(new, researcher, sign_in):
    page = read(sign_in(researcher).get(new))
    offered = {o.attributes["value"] for o in page.all("select", name="target")[0].all("option")}
    names = catalog.names("targets")
    able = {n for n in names if "images" in catalog.load("targets", n).data_kinds}
    assert offered == able >= {"onnx", "openvino"}


@pytest.mark.parametrize(
    ("changed", "path", "text"),
    [
        ({"target": "paper"}, "target", "'paper' is not among the targets"),
        ({"config.opset": "7"}, "config.opset", "must be one of"),
        ({"queue": "a b"}, "queue", "is no name of a queue"),
        ({"training": "999999"}, "training", "is no trained seed of this evaluation"),
    ],
)
def test_a_wrong_setting_has_its_message_next_to_its_field(
    changed, path, text, new, training, researcher, sign_in
):
    typed = {"training": str(training.pk), "target": "onnx", "queue": "cpu", **changed}
    answer = sign_in(researcher).post(new, typed)
    assert answer.status_code == 200
    assert text in errors_of(read(answer))[path]
    assert not Export.objects.exists()


def test_only_trained_networks_are_exported(team):
    waiting = make_evaluation(team, seeds=(0,)).trainings.get()
    with pytest.raises(InvalidSettings, match="seed 0 is queued: only trained networks"):
        request_export(waiting, None, "onnx", {})


def test_an_entry_has_the_button_once_it_is_trained(team, researcher, make_entry, sign_in):
    entry = make_entry(team, researcher)
    client, page = sign_in(researcher), f"/architectures/{entry.pk}/"
    address = f"/exports/new?entry={entry.pk}"
    assert read(client.get(page)).all(data_testid="export") == []
    assert client.get(address).status_code == 404
    launched = launch_evaluation(
        team, researcher, entry_subject(team, entry.pk), EvaluationSpec(seeds=(0,))
    )
    training = finish_trainings(launched, [5.0]).trainings.get()
    assert read(client.get(page)).one("export").attributes["href"] == address
    form = read(client.get(address))
    assert form.one("export-form").attributes["action"] == f"/exports/new?training={training.pk}"


def test_the_training_of_another_team_is_not_found(new, stranger, sign_in):
    assert sign_in(stranger).get(new).status_code == 404
    assert sign_in(stranger).post(new, {"target": "onnx"}).status_code == 404


def claim_of(export):
    slot = make_slot()
    turn = next(t for t in export_jobs.turns(slot.queues) if t.pk == export.pk)
    return export_jobs.claim_turn(slot, turn)


def test_the_model_card_gets_the_figures_over_all_seeds(team):
    evaluation = finish_trainings(make_evaluation(team, seeds=(0, 1)), [5.0, 7.0])
    claim = claim_of(request_export(evaluation.trainings.get(seed=1), None, "onnx", {}))
    assert claim.evaluation["test_error"] == {
        "mean": 6.0,
        "spread": pytest.approx(2**0.5),
        "seeds": 2,
        "unit": "%",
    }


def test_steps_are_progress_and_a_lost_worker_gives_the_export_back(team):
    export = make_export(team)
    lost = claim_of(export)
    assert lost.network is not None
    for step in ("load the network", "convert to ONNX"):
        assert export_jobs.report(lost, {"step": step})
    export.refresh_from_db()
    assert (export.activity, round(export.progress, 3)) == ("convert to ONNX", 0.234)
    Export.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert jobs.reap(Export) == 1
    again = claim_of(export)
    assert again.folder != lost.folder
    facts = {"archive": "made.zip", "bytes": 2, "sha256": "b" * 64, "report": {}}
    assert not export_jobs.finish(lost, "done", "", facts)
    assert not export_jobs.report(lost, {"step": "late"})
    assert export_jobs.finish(again, "done", "", facts)
    export.refresh_from_db()
    assert (export.state, export.attempts, export.progress) == ("done", 2, 1.0)


def test_the_page_shows_the_deployment_report(team, viewer, sign_in):
    export = finish_export(make_export(team))
    page = read(sign_in(viewer).get(f"/exports/{export.pk}/"))
    first, second = page.all(data_testid="report-row")
    for text in ("model.onnx", "float32", "0.250 (± 0.010)", "a processor", "3.10e-6"):
        assert text in first.text, text
    assert "359 of 360" in first.text and "350 of 360" in first.text
    missing = {e.attributes.get("title") for e in second.all("span")}
    assert "needs an NVIDIA card" in missing
    assert "layer 3 runs in float32" in page.one("deployment-report").text
    assert page.one("archive-sha256").text == "b" * 64
    assert page.one("export-now").attributes.get("hx-get") is None


def test_an_architecture_that_is_not_approved_is_exported_with_a_warning(
    team, researcher, make_entry, sign_in
):
    export = make_export(team, researcher)
    client = sign_in(researcher)
    address = f"/exports/{export.pk}/"
    assert "not in the catalogue" in read(client.get(address)).one("not-approved").text
    entry = make_entry(team, researcher)
    same = {"canonical_id": export.training.evaluation.canonical_id}
    CatalogueEntry.objects.filter(pk=entry.pk).update(**same)
    assert "is proposed, not approved" in read(client.get(address)).one("not-approved").text
    CatalogueEntry.objects.filter(pk=entry.pk).update(stage="approved")
    assert read(client.get(address)).all(data_testid="not-approved") == []
    new = read(client.get(f"/exports/new?training={export.training_id}"))
    assert new.all(data_testid="not-approved") == []


def test_the_warning_stays_while_proposer_and_approver_are_one_person(
    team, researcher, owner, make_entry, sign_in
):
    export = make_export(team, researcher)
    entry = make_entry(team, researcher)
    entry.canonical_id = export.training.evaluation.canonical_id
    entry.stage, entry.decided_by, entry.decided_at = "approved", researcher, timezone.now()
    entry.save()
    client = sign_in(researcher)
    for address in (f"/exports/{export.pk}/", f"/exports/new?training={export.training_id}"):
        page = read(client.get(address))
        assert "no second person has approved it" in page.one("not-approved").text
        assert page.one("approval").text.endswith(f"approved by {researcher.get_username()}")
    entry.decided_by, entry.decided_at = owner, timezone.now()
    entry.save()
    page = read(client.get(f"/exports/{export.pk}/"))
    assert page.one("approval").text.endswith(f"approved by {owner.get_username()}")
    assert page.all(data_testid="not-approved") == []


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous")
def test_the_archive_is_downloaded_by_members_only(team, viewer, stranger, sign_in):
    export = make_export(team)
    address = f"/exports/{export.pk}/archive.zip"
    waiting = sign_in(viewer).get(address, follow=True)
    assert "There is no archive yet" in waiting.content.decode()
    finish_export(export, b"PK and more")
    answer = sign_in(viewer).get(address)
    assert b"".join(list(answer)) == b"PK and more"
    assert answer["Content-Disposition"] == 'attachment; filename="made.zip"'
    assert sign_in(stranger).get(address).status_code == 404
    assert Client().get(address)["Location"].startswith("/sign-in/")


def test_an_export_is_cancelled_repeated_and_deleted(
    team, researcher, viewer, sign_in, django_capture_on_commit_callbacks
):
    export = make_export(team, researcher)
    client, page = sign_in(researcher), f"/exports/{export.pk}/"
    assert sign_in(viewer).post(f"{page}cancel").status_code == 403
    assert "cancel it first" in client.post(f"{page}delete", follow=True).content.decode()
    client.post(f"{page}cancel")
    export.refresh_from_db()
    assert (export.state, export.reason) == ("cancelled", "cancelled by rosa")
    client.post(f"{page}retry")
    finish_export(export)
    folder = export_folder(export)
    assert folder.is_dir()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{page}delete")
    assert not folder.exists() and not Export.objects.exists()


def test_files_of_abandoned_claims_are_swept(team):
    export = make_export(team)
    lost = claim_of(export)
    lost.folder.mkdir(parents=True)
    (lost.folder / "half.zip").write_bytes(b"PK")
    Export.objects.update(lease_until=Now() - timedelta(seconds=1))
    jobs.reap(Export)
    assert sweep_exports() == 0, "the export may be running"
    finish_export(export)
    assert sweep_exports() == 1
    assert [path.name for path in export_folder(export).iterdir()] == [export.folder]


def test_exports_of_an_architecture_in_one_query(team, other_team, django_assert_num_queries):
    export = make_export(team)
    key = export.training.evaluation.canonical_id
    with django_assert_num_queries(1):
        found = exports_of(team, [key, "unknown"])
    assert found == {key: [export], "unknown": []}
    assert exports_of(other_team, [key]) == {key: []}


def test_the_number_of_queries_does_not_depend_on_the_number_of_exports(
    team, researcher, sign_in, queries_of
):
    client = sign_in(researcher)
    export = finish_export(make_export(team, researcher))
    address = f"/evaluations/{export.training.evaluation_id}/"
    client.get(address)
    before = queries_of(lambda: client.get(address))
    for _ in range(2):
        request_export(export.training, researcher, "onnx", {})
    assert queries_of(lambda: client.get(address)) == before


def archive_of(**files: bytes) -> bytes:
    content = io.BytesIO()
    facts = json.dumps({"input_shape": [1, 8, 8], "classes": 10})
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("made/network.json", facts)
        for name, text in files.items():
            archive.writestr(f"made/{name}.onnx", text)
    return content.getvalue()


def test_a_device_measures_an_export_and_its_page_shows_the_value(
    team, researcher, viewer, stranger, sign_in
):
    export, device = make_export(team, researcher), make_device(team, "pi4")
    page, client = f"/exports/{export.pk}/", sign_in(researcher)
    typed = {"device": "pi4", "objective": "latency"}
    assert "has no ONNX file" in client.post(f"{page}measure", typed, follow=True).content.decode()
    finish_export(export, archive_of(model=b"a network"))
    assert sign_in(viewer).post(f"{page}measure", typed).status_code == 403
    assert sign_in(stranger).post(f"{page}measure", typed).status_code == 404
    make_device(make_team(), "theirs")
    for wrong, text in (
        ({"device": "theirs"}, "your team has no device &#x27;theirs&#x27;"),
        ({"objective": "beauty"}, "must be one of latency, throughput"),
        ({"file": "model.engine"}, "it has: model.onnx"),
    ):
        shown = client.post(f"{page}measure", {**typed, **wrong}, follow=True).content.decode()
        assert text in shown
    assert not Measurement.objects.exists()
    for _ in range(2):  # the second one finds it open
        client.post(f"{page}measure", typed)
    waiting = read(client.get(page))
    assert waiting.one("export-measured").attributes["data-open"] == "1"
    claimed = measuring.claim(device)
    place = storage_at(settings.PARETOSCOPE_DEVICE_NETWORKS).within(claimed.network)
    assert place.get("model.onnx") == b"a network"
    assert claimed.onnx_sha256 == hashlib.sha256(b"a network").hexdigest()
    assert measuring.finish(claimed, claimed.fence, result(2.0)) == "accepted"
    row = read(client.get(page)).one("measurement-row").text
    for part in (
        "pi4",
        "latency",
        "model.onnx",
        "2.00 ms (± 0.05)",
        "measured",
        "3",
        "onnxruntime",
    ):
        assert part in row, row
    evaluation = read(client.get(f"/evaluations/{export.training.evaluation_id}/"))
    listed = evaluation.one(f"export-row-{export.pk}").text
    assert " ".join(listed.split()).count("latency 2.00 ms (± 0.05) on pi4") == 1
    part = read(client.get(f"{page}measured"))
    assert part.one("export-measured").attributes["data-open"] == "0"
    api = Caller(researcher)
    again = api.post(f"/exports/{export.pk}/measurements", {"device": "pi4"}).json()
    assert [measurement["state"] for measurement in again["measurements"]] == ["queued", "done"]
    assert again["measurements"][1]["value"] == 2.0
    refused = api.post(f"/exports/{export.pk}/measurements", {"device": "theirs"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/device")
    client.post(f"{page}stop-measuring")
    nothing = client.post(f"{page}stop-measuring", follow=True).content.decode()
    assert "every measurement has ended" in nothing
    client.post(f"{page}measure", typed)
    client.post(f"{page}delete")
    states = Measurement.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["done", "cancelled", "cancelled"]


def test_an_archive_that_cannot_be_read_is_a_message(team, researcher, sign_in):
    export = finish_export(make_export(team, researcher), b"no archive")
    make_device(team, "pi4")
    typed = {"device": "pi4", "objective": "latency"}
    answer = sign_in(researcher).post(f"/exports/{export.pk}/measure", typed, follow=True)
    assert "the archive cannot be read" in answer.content.decode()
    shutil.rmtree(export_folder(export))
    answer = sign_in(researcher).post(f"/exports/{export.pk}/measure", typed, follow=True)
    assert "the archive is not on the web server" in answer.content.decode()
