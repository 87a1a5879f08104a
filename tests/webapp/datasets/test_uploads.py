"""Uploaded files become data sets of the team, or are refused with a reason."""

from __future__ import annotations

import io
import pickle
import stat
import zipfile
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from django.db.models.functions import Now

from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.data.common.named import named_dataset
from nasengine.data.common.registered import RegisteredData, registered_folder
from nasengine.data.common.roots import allowed_path
from tests.fixtures.factories import make_member, make_team
from tests.fixtures.uploaded_data import (
    make_data,
    picture,
    picture_files,
    read_uploads,
    upload,
    zip_of,
)
from webapp.datasets.models import DataUpload, TeamData
from webapp.datasets.services import materialise, uploads
from webapp.datasets.services.resolving import pinned
from webapp.datasets.services.storing import data_storage, upload_place
from webapp.runs.services.launch import launch
from webapp.uploads import jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return make_team()


@pytest.fixture
def user(team):
    return make_member(team)


def link() -> io.BytesIO:
    out = zip_of(picture_files())
    with zipfile.ZipFile(out, "a") as archive:
        info = zipfile.ZipInfo("cats/passwords.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    out.seek(0)
    return out


def arrays(**values) -> io.BytesIO:
    out = io.BytesIO()
    np.savez(out, **values)
    out.seek(0)
    return out


def test_a_zip_of_folders_becomes_a_data_set_with_a_report(team, user):
    extra = {"readme.txt": b"hello", "__MACOSX/cats/._1.png": b"x"}
    files = {f"my pets/{name}": content for name, content in (picture_files() | extra).items()}
    done = upload(team, user, zip_of(files))
    data = done.data
    assert (data.name, data.version, data.source, data.files) == ("pets", 1, "images", 30)
    assert data.config == {"colour": False, "size": 10}  # they are grey and small
    report = data.shown_report
    assert [(one.name, one.search, one.test) for one in report.classes] == [
        ("cats", 12, 3),
        ("dogs", 12, 3),
    ]
    assert dict(report.sizes) == {"10x10": 30} and report.other_sizes == 0
    assert replace(report, sizes={"10x10": 26}).other_sizes == 4
    assert {group.reason: group.examples for group in report.skipped} == {
        "file of an operating system": ("._1.png",),
        "not an image format that is read (.txt)": ("readme.txt",),
    }
    assert upload_place(done).names() == []  # the content is stored under its digest
    images = named_dataset("images", {"path": data.fixed.path, **data.config})
    assert images.labels() == ("cats", "dogs")
    assert images.facts().shape == (1, 10, 10)


def test_the_same_pictures_packed_again_are_no_new_version(team, user):
    first = make_data(team, user)
    again = upload(team, user, zip_of(dict(reversed(picture_files().items()))))
    assert (again.data, again.is_new) == (first, False)
    second = make_data(team, user, each=16)
    assert (second.version, second.digest == first.digest) == (2, False)


def test_folders_train_and_test_keep_the_own_test_part(team, user):
    files = picture_files("all/train/") | picture_files("all/test/", each=4)
    report = upload(team, user, zip_of(files)).data.shown_report
    assert report.parts["test"] == 8
    assert "too low" in " ".join(report.notes)  # they are also in the search part


def test_a_table_of_labels_names_the_classes(team, user):
    rows = ["filename,label"] + [f"{n}.png,{'cat' if n % 2 else 'dog'}" for n in range(30)]
    files = {f"images/{n}.png": picture(n) for n in range(30)}
    files |= {"labels.csv": "\n".join(rows).encode(), "images/unlabelled.png": picture(99)}
    data = upload(team, user, zip_of(files)).data
    assert [(one.name, one.search + one.test) for one in data.shown_report.classes] == [
        ("cat", 15),
        ("dog", 15),
    ]
    missing = files | {"labels.csv": "\n".join([*rows, "77.png,cat"]).encode()}
    text = upload(team, user, zip_of(missing)).errors["file"]
    assert text.startswith("'77.png' is in labels.csv but not in the file (1 of 31")


def test_arrays_pixels_and_text(team, user):
    images = np.random.default_rng(0).integers(0, 255, (40, 8, 8, 3), np.uint8)
    labels = np.arange(40) % 4
    done = upload(team, user, arrays(images=images, labels=labels), "a.npz", name="arrays")
    assert done.errors == {}
    data = done.data
    assert len(data.shown_report.classes) == 4

    lines = ["label," + ",".join(f"pixel{n}" for n in range(64))]
    lines += [f"{n % 2}," + ",".join(str((n * 7 + k) % 256) for k in range(64)) for n in range(40)]
    data = upload(team, user, io.BytesIO("\n".join(lines).encode()), "m.csv", name="rows").data
    assert dict(data.shown_report.sizes) == {"8x8": 40}

    words = io.BytesIO(b"the quick brown fox jumps over the lazy dog\n" * 200)
    data = upload(team, user, words, "words.txt", name="words").data
    assert (data.source, data.shown_report.vocabulary > 5) == ("text", True)


@pytest.mark.parametrize(
    ("file", "name", "text"),
    [
        (zip_of({"../../evil.png": picture(1)}), "a.zip", "leads out of the folder"),
        (zip_of({"/etc/evil.png": picture(1)}), "a.zip", "leads out of the folder"),
        (zip_of({"cats\\..\\evil.png": picture(1)}), "a.zip", "leads out of the folder"),
        (link(), "a.zip", "is a link or a device"),
        (zip_of({"cats/1.png": b"\0" * 3_000_000}), "a.zip", "at most 2 MB are read"),
        (zip_of({f"cats/{n}.png": b"" for n in range(60)}), "a.zip", "at most 50 are read"),
        (zip_of({"readme.txt": b"hello"}), "a.zip", "has no picture"),
        (zip_of({"cats/1.png": b"no picture", "dogs/1.png": picture(1)}), "a.zip", "1.png"),
        (zip_of(picture_files(classes=("cats",))), "a.zip", "one class"),
        (io.BytesIO(pickle.dumps([1, 2])), "a.pkl", "none of the files that are read"),
        (io.BytesIO(zip_of(picture_files()).getvalue()[:-30]), "a.zip", "no complete zip"),
        (arrays(images=np.array([{}], object), labels=np.zeros(1, int)), "a.npz", "numbers"),
        (io.BytesIO(b"1,2,3\n"), "a.csv", "has 3 columns"),
        (io.BytesIO(b"0,1,2,3,4\n1,1,2,3,999\n"), "a.csv", "line 2 holds '999'"),
        (io.BytesIO(b"\xff\xfe\x00a"), "a.csv", "save it as UTF-8"),
    ],
)  # fmt: skip
def test_a_hostile_or_unreadable_file_is_refused_with_the_reason(
    team, user, file, name, text, settings, monkeypatch
):
    settings.DATA_UNPACKED_MEGABYTES = 2
    monkeypatch.setattr("webapp.datasets.services.unpacking.MAX_DATA_FILES", 50)
    file.seek(0)
    ended = upload(team, user, file, name)
    assert (ended.state, ended.errors.keys()) == ("failed", {"file"}), ended.errors
    assert text in ended.errors["file"]
    assert str(registered_folder()) not in ended.errors["file"]
    assert not TeamData.objects.exists()
    assert data_storage().places() in ([], ["uploads"])
    assert not list(registered_folder().glob(".part-*"))


def test_an_upload_is_bounded_and_named(team, user, settings):
    settings.DATA_MEGABYTES = 1
    with pytest.raises(InvalidSettings, match="more than 1 MB"):
        upload(team, user, io.BytesIO(b"\0" * 1_000_001))
    with pytest.raises(InvalidSettings, match="is empty"):
        upload(team, user, io.BytesIO())
    with pytest.raises(InvalidSettings, match="not allowed"):
        upload(team, user, io.BytesIO(b"x"), name="Two Words")
    assert not DataUpload.objects.exists()
    settings.DATA_QUOTA_MEGABYTES = 0
    assert "of 0 MB of data" in upload(team, user, zip_of(picture_files())).errors["file"]


def test_a_process_that_dies_leaves_the_upload_to_the_next(team, user):
    uploads.request_upload(team, user, zip_of(picture_files()), "a.zip", {"name": "pets"})
    first = jobs.claim(DataUpload)
    DataUpload.objects.update(heartbeat_at=Now() - timedelta(hours=1))
    second = jobs.claim(DataUpload)
    assert second.fence == first.fence + 1
    uploads.run(first)  # slow, not dead: its claim is lost
    assert not TeamData.objects.exists()
    uploads.run(second)
    assert TeamData.objects.count() == 1


def test_another_machine_fetches_the_content_and_a_run_keeps_its_version(team, user, monkeypatch):
    data = make_data(team, user)
    config = {"path": "data:pets", **data.config}
    run = launch(team, user, SearchSpec(dataset="images", dataset_config=config), "on pets")
    assert run.spec["dataset_config"]["path"] == f"data:pets@{data.digest}"
    assert (run.data_set.uploaded, run.data_set.name) == (data, "pets v1")
    assert run.data_report["total"] == 30
    make_data(team, user, each=16)
    with monkeypatch.context() as other:
        other.setenv("PARETOSCOPE_DATASETS", str(registered_folder().parent / "other machine"))
        images = named_dataset("images", run.spec["dataset_config"])
        with pytest.raises(EngineError, match="not on this machine"):
            images.facts()
        again = launch(team, user, SearchSpec(dataset="images", dataset_config=config), "again")
        assert again.data_report["total"] == 32  # the report that was stored
        materialise.materialise_data(run.spec["dataset_config"])
        assert images.facts().train == 22
        stored = data_storage().within(data.digest)
        stored.put("00000", stored.get("00000").replace(b"IHDR", b"ABCD", 1))
        (registered_folder() / data.digest).rename(registered_folder() / "gone")
        with pytest.raises(EngineError, match="damaged"):
            materialise.materialise_data(run.spec["dataset_config"])


def test_other_teams_and_other_paths_see_nothing(team, user, monkeypatch):
    data = make_data(team, user)
    stranger = make_team()
    for path in ("data:pets", data.fixed.path):
        _, errors = pinned(stranger, "images", {"path": path})
        assert "has no data set" in errors["dataset_config.path"]
    assert pinned(team, "text", {"path": "data:pets"})[1].keys() == {"dataset"}
    assert "lower-case" in pinned(team, "images", {"path": "data:A B"})[1]["dataset_config.path"]
    monkeypatch.setenv("PARETOSCOPE_DATA_ROOTS", "/usr/share/datasets")
    with pytest.raises(EngineError, match="outside of the folders"):
        allowed_path(registered_folder() / data.digest)  # typed by a person
    with pytest.raises(InvalidSettings, match="outside of the folders"):
        folder = str(registered_folder() / data.digest / "content")
        launch(team, user, SearchSpec(dataset="images", dataset_config={"path": folder}), "x")
    images = named_dataset("images", {"path": RegisteredData("pets", data.digest).path})
    assert images.report().total == 30


def test_files_of_ended_uploads_are_kept_for_another_try(team, user):
    ended = upload(team, user, zip_of(picture_files(classes=("cats",))))
    uploads.request_again(ended, {"name": "cats"})
    read_uploads()
    ended.refresh_from_db()
    assert (ended.state, ended.has_file) == ("failed", True)
    uploads.discard(ended)
    assert data_storage().within("uploads").places() == []
    with pytest.raises(InvalidSettings, match="no longer stored"):
        uploads.request_again(ended, {"name": "cats"})
