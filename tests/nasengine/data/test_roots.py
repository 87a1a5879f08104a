import pytest

from nasengine.core.errors import DataMissing, EngineError
from nasengine.data.common.named import named_dataset
from nasengine.data.common.roots import allowed_path, named_path
from tests.fixtures.dataset_files import write_class_folders, write_fashion


@pytest.fixture
def folders(tmp_path, monkeypatch):
    for name in ("one", "two", "secret"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    monkeypatch.setenv("PARETOSCOPE_DATA_ROOTS", f"{tmp_path / 'one'}:{tmp_path / 'two'}")
    return tmp_path


def test_paths_inside_of_a_root_are_allowed(folders):
    assert allowed_path(folders / "one") == folders / "one"
    assert allowed_path(f"{folders}/two/../one/file") == folders / "one" / "file"


@pytest.mark.parametrize("path", ["secret/file", "one/../secret/file", "onefile", "one/link", ""])
def test_paths_outside_of_the_roots_are_refused(folders, path):
    (folders / "one" / "link").symlink_to(folders / "secret" / "file")
    with pytest.raises(EngineError, match="outside of the folders data may come from: use a path"):
        allowed_path(f"{folders}/{path}")


def test_the_message_does_not_reveal_whether_the_file_exists(folders):
    texts = []
    for name in ("file", "none"):
        with pytest.raises(EngineError) as refusal:
            named_path(str(folders / "secret" / name), "images", "a folder")
        texts.append(str(refusal.value).replace(name, "?", 1))
    assert texts[0] == texts[1]


HIDDEN = ["file", "none", "loop", "back", "dir/x", "x" * 300, "x" * 5000, "\ud800", "\udcff"]


def test_every_refusal_has_the_same_text(folders):
    """Links, loops and long names outside of the folders, and users, cannot be found out."""
    (folders / "secret" / "loop").symlink_to(folders / "secret" / "loop")
    (folders / "secret" / "back").symlink_to(folders / "one" / "file")
    tried = [str(folders / "secret" / name) for name in HIDDEN]
    tried += ["~root/file", "~no-such-user/file", f"{folders}/one/../secret/file"]
    (folders / "one" / "out").symlink_to(folders / "secret")
    tried += [f"{folders}/one/out/file", f"{folders}/one/out/none"]
    texts = set()
    for path in tried:
        with pytest.raises(EngineError) as refusal:
            named_path(path, "images", "a folder")
        texts.add(str(refusal.value).partition(" is outside")[2])
    assert len(texts) == 1


def test_odd_names_inside_of_a_root_do_not_exist(folders):
    for name in ("none", "x" * 300, "x" * 5000):
        with pytest.raises(DataMissing, match="does not exist"):
            named_path(f"{folders}/one/{name}", "images", "a folder")


def test_without_roots_every_path_is_allowed(tmp_path, monkeypatch):
    for value in ("", None):
        monkeypatch.delenv("PARETOSCOPE_DATA_ROOTS", raising=False)
        if value is not None:
            monkeypatch.setenv("PARETOSCOPE_DATA_ROOTS", value)
        assert allowed_path(tmp_path) == tmp_path


def test_messages_about_missing_paths_name_the_expected_contents(tmp_path):
    with pytest.raises(DataMissing, match="path is empty: cifar10 needs data_batch_1 to _5"):
        named_dataset("cifar10", {}).facts()
    with pytest.raises(
        DataMissing, match="nowhere' does not exist: images needs a folder with one"
    ):
        named_dataset("images", {"path": f"{tmp_path}/nowhere"}).facts()
    with pytest.raises(EngineError, match="holds a NUL character"):
        named_dataset("images", {"path": "a\0b"}).facts()


def test_links_to_files_outside_of_the_roots_are_refused(folders):
    write_fashion(folders / "secret")
    (folders / "one" / "data").mkdir()
    for path in (folders / "secret").glob("*ubyte"):
        (folders / "one" / "data" / path.name).symlink_to(path)
    with pytest.raises(EngineError, match="outside of the folders"):
        named_dataset("fashion-mnist", {"path": str(folders / "one" / "data")}).facts()
    write_class_folders(folders / "secret" / "animals")
    (folders / "two" / "animals").symlink_to(folders / "secret" / "animals")
    with pytest.raises(EngineError, match="outside of the folders"):
        named_dataset("images", {"path": str(folders / "two" / "animals")}).facts()
    (folders / "two" / "zoo").mkdir()
    (folders / "two" / "zoo" / "cat").symlink_to(folders / "secret" / "animals" / "cat")
    with pytest.raises(EngineError, match="outside of the folders"):
        named_dataset("images", {"path": str(folders / "two" / "zoo")}).facts()
