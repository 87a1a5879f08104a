"""Storages: a folder and an object store (fsspec's in memory) behave alike."""

from __future__ import annotations

import uuid

import pytest

from nasengine.core import object_storage
from nasengine.core.errors import EngineError
from nasengine.core.object_storage import ObjectStorage
from nasengine.core.storage import FolderStorage, storage_at


@pytest.fixture(params=["folder", "file url", "objects"])
def storage(request, tmp_path):
    addresses = {
        "folder": str(tmp_path / "deep er" / "place"),
        "file url": f"file://{tmp_path}/deep%20er/place",
        "objects": f"memory://bucket-{uuid.uuid4().hex}/deep/place",
    }
    return storage_at(addresses[request.param])


def test_files_are_put_found_and_removed(storage):
    assert (storage.get("a"), storage.names(), storage.places()) == (None, [], [])
    assert storage.changed_at() is None
    storage.remove("a")
    storage.put("b.bin", b"1")
    storage.put("a.bin", b"\0" * 100_000)
    storage.put("b.bin", b"2")
    assert storage.names() == ["a.bin", "b.bin"]
    assert storage.get("b.bin") == b"2" and len(storage.get("a.bin")) == 100_000
    assert storage.changed_at() > 1e9
    storage.remove("a.bin")
    assert storage.names() == ["b.bin"]


def test_places_within_are_separate_and_cleared_together(storage):
    one, other = storage.within("one"), storage.within("other")
    one.put("x", b"1")
    other.within("deep").put("y", b"2")
    storage.put("z", b"3")
    assert (storage.names(), storage.places()) == (["z"], ["one", "other"])
    again = storage_at(one.address)
    assert again.get("x") == b"1"
    one.clear()
    assert (one.names(), storage.places()) == ([], ["other"])
    storage.clear()
    storage.clear()
    assert (storage.names(), storage.places()) == ([], [])


def test_a_path_and_a_url_make_the_storage_that_they_name(tmp_path):
    assert isinstance(storage_at(tmp_path), FolderStorage)
    assert storage_at(f"file://{tmp_path}/a%20b").address == f"{tmp_path}/a b"
    assert isinstance(storage_at("memory://bucket/prefix/"), ObjectStorage)
    with pytest.raises(EngineError, match=r"no place for files .*use the path of a folder, or s3:"):
        storage_at("nothing://bucket/prefix")


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    def missing(address):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(
        EngineError, match=r"Install s3fs to access S3\): pip install .nasengine\[s3"
    ):
        object_storage.ObjectStorage("s3://bucket/prefix")


def test_errors_of_foreign_libraries_are_errors_of_the_storage(monkeypatch):
    storage = storage_at(f"memory://{uuid.uuid4().hex}/place")

    class NoCredentialsError(Exception):
        pass

    def refused(path):
        raise NoCredentialsError("Unable to locate credentials")

    monkeypatch.setattr(storage._files, "cat_file", refused, raising=False)
    with pytest.raises(OSError, match="NoCredentialsError: Unable to locate credentials"):
        storage.get("x")
