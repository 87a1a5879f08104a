"""`inspect-data` prints the report of a data set, as text and as JSON."""

from __future__ import annotations

import json

from nasengine.__main__ import main
from nasengine.core.data_report import DataReport
from nasengine.data.common.named import named_dataset
from tests.fixtures.dataset_files import write_class_folders


def test_the_report_is_printed_as_text(tmp_path, capsys):
    write_class_folders(tmp_path, ("ant", "bee"), count=30)
    (tmp_path / "ant" / "1.gif").write_bytes(b"x")
    assert main(["inspect-data", "images", str(tmp_path), "--set", "size=8"]) == 0
    out = capsys.readouterr().out
    assert "files       60 read" in out
    assert "skipped     not an image format that is read (.gif): 1 (such as 1.gif)" in out
    assert "class       ant: 24 to search, 6 to test" in out


def test_the_json_is_the_report_of_the_engine(capsys):
    assert main(["inspect-data", "digits", "--json"]) == 0
    report = DataReport.from_json(json.loads(capsys.readouterr().out))
    assert report == named_dataset("digits", {}).report()


def test_data_that_cannot_be_trained_on_end_with_status_one(tmp_path, capsys):
    write_class_folders(tmp_path, ("ant", "bee"), count=30)
    (tmp_path / "ant" / "001.png").write_bytes(b"x")
    assert main(["inspect-data", "images", str(tmp_path)]) == 1
    assert "001.png cannot be decoded" in capsys.readouterr().out


def test_wrong_names_and_settings_are_one_line(tmp_path, capsys):
    for words in (["nothing"], ["images"], ["digits", "--set", "x"], ["digits", "--set", "x=1"]):
        assert main(["inspect-data", *words]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_a_text_that_is_too_short_has_a_problem_and_no_parts(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("five words in all here")
    assert main(["inspect-data", "text", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "problem     the train part has 6 words" in out
    assert "parts" not in out
