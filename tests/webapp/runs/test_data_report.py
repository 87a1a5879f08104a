"""The report of the data: in the form, at the launch and on the run page."""

from __future__ import annotations

import numpy as np
import pytest
from django.urls import reverse

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from tests.fixtures.dataset_files import labelled, write_class_folders
from webapp.runs.models import Run
from webapp.runs.services.data_report import data_check
from webapp.runs.services.launch import launch

pytestmark = pytest.mark.django_db


def spec(path, **config):
    return SearchSpec(
        space="nb201",
        strategy="random",
        dataset="images",
        objectives=("error",),
        candidates=2,
        estimator_config={"epochs": 1},
        dataset_config={"path": str(path), **config},
    )


@pytest.fixture(autouse=True)
def roots(tmp_path, monkeypatch):
    monkeypatch.setenv("PARETOSCOPE_DATA_ROOTS", str(tmp_path))


def typed(path, **more):
    return {"dataset": "images", "dataset_config.path": str(path), **more}


def shown(client, **raw):
    response = client.post(reverse("run-new-data"), raw)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_form_shows_the_report_of_the_named_data(researcher, sign_in, tmp_path):
    client = sign_in(researcher)
    write_class_folders(tmp_path / "photos", ("ant", "bee"), count=30)
    (tmp_path / "photos" / "ant" / "._1.png").write_bytes(b"\0\5\x16\7")
    page = shown(client, **typed(tmp_path / "photos"))
    assert "60 read" in page
    assert "File of an operating system: 1, such as ._1.png" in page
    digits = shown(client, dataset="digits")
    assert "8x8 (1,797)" in digits


def test_the_form_says_that_small_images_are_enlarged(researcher, sign_in, tmp_path):
    client = sign_in(researcher)
    pixels, labels = labelled(60, (8, 8, 3), 3)
    np.savez(tmp_path / "small.npz", images=pixels, labels=labels)
    page = shown(client, **typed(tmp_path / "small.npz"))
    assert "Pictures of at most 8x8 pixels are enlarged to 32x32" in page
    page = shown(client, **typed(tmp_path / "small.npz", **{"dataset_config.size": "8"}))
    assert "enlarged" not in page


def test_a_path_outside_of_the_roots_reveals_nothing(researcher, sign_in, tmp_path):
    client = sign_in(researcher)
    pages = {
        shown(client, **typed(path)).replace(path, "PATH")
        for path in ("/etc/passwd", "/etc/no-such-file", "/root")
    }
    assert len(pages) == 1
    assert "is outside of the folders data may come from" in pages.pop()


def test_viewers_get_no_report(viewer, sign_in, tmp_path):
    client = sign_in(viewer)
    assert client.post(reverse("run-new-data"), typed(tmp_path)).status_code == 403


def test_a_search_without_a_data_set_has_no_report():
    lookup = SearchSpec(estimator="table", dataset="cifar10")
    assert data_check(lookup) is None
    assert data_check(SearchSpec(dataset="no such data set")) is None


def test_a_launch_stores_the_report_and_the_run_page_shows_it(team, researcher, sign_in, tmp_path):
    client = sign_in(researcher)
    write_class_folders(tmp_path / "photos", ("ant", "bee"), count=30)
    run = launch(team, researcher, spec(tmp_path / "photos"), "photos")
    run = Run.objects.get(pk=run.pk)
    assert (run.data_report["read"], run.data_report["total"]) == (60, 60)
    page = " ".join(client.get(reverse("run-detail", args=[run.pk])).content.decode().split())
    assert "60 read" in page


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.zeros((0, 8, 8, 3), np.uint8), "labels": np.zeros(0, int)}, "no pixel"),
        ({"images": np.full((30, 8, 8), -0.5), "labels": np.arange(30) % 3}, "store them as uint8"),
        ({"images": np.zeros((30, 8, 8), np.uint8), "labels": np.full(30, 2**40)}, "range from"),
        ({"images": np.zeros((30, 8, 8), np.uint8), "labels": np.zeros(30, int)}, "one class"),
    ],
)
def test_data_that_cannot_be_trained_on_are_refused_at_the_launch(
    team, researcher, tmp_path, arrays, message
):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(InvalidSettings, match=message) as refusal:
        launch(team, researcher, spec(tmp_path / "bad.npz"), "bad")
    assert list(refusal.value.errors) == ["dataset_config.path"]


def test_data_of_another_machine_can_be_launched_and_have_no_report(team, researcher, tmp_path):
    run = launch(team, researcher, spec(tmp_path / "elsewhere"), "elsewhere")
    assert run.data_report == {}


def test_changed_files_are_reported_again(tmp_path):
    write_class_folders(tmp_path / "photos", ("ant", "bee"), count=30)
    assert data_check(spec(tmp_path / "photos")).report.read == 60
    write_class_folders(tmp_path / "photos", ("cat",), count=30)
    assert data_check(spec(tmp_path / "photos")).report.read == 90
