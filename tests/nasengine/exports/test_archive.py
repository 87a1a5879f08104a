"""Archives: complete, equal for equal input, checked by verify.py, without paths of a machine."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

from nasengine.core.errors import EngineError
from nasengine.exports.archive.facts import HIDDEN_PATH, without_paths
from nasengine.exports.archive.writer import npz, safe_name, write_archive
from tests.architecture.sources import ROOT

COMMON = {
    "LICENSE",
    "README.md",
    "SHA256SUMS",
    "costs.json",
    "genotype.json",
    "labels.txt",
    "model.json",
    "network.json",
    "preprocessing.json",
    "report.json",
    "requirements.txt",
    "sample.npz",
    "verify.py",
}


@pytest.fixture
def unpacked(exported_onnx, tmp_path) -> Path:
    with zipfile.ZipFile(exported_onnx.archive) as archive:
        archive.extractall(tmp_path)
    return tmp_path


def verify(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run verify.py of an unpacked archive from another folder."""
    return subprocess.run(
        [sys.executable, "-B", str(folder / "verify.py")],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder.parent,
    )


def renew_sums(folder: Path) -> None:
    """Write SHA256SUMS again, as a person would who changed files on purpose."""
    names = [line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()]
    sums = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (folder / "SHA256SUMS").write_text("".join(sums))


def test_every_file_is_there_and_has_its_checksum(unpacked):
    names = {path.name for path in unpacked.iterdir()}
    assert names == COMMON | {"model.onnx", "onnx_runtime.py"}
    lines = (unpacked / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == sorted(names - {"SHA256SUMS"})
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((unpacked / name).read_bytes()).hexdigest() == digest


def test_verify_passes_on_what_was_exported(unpacked):
    done = verify(unpacked)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "model.onnx on onnxruntime" in done.stdout


def test_verify_finds_other_outputs(unpacked):
    with np.load(unpacked / "sample.npz") as sample:
        arrays = {name: sample[name] for name in sample.files}
    arrays["output.logits"] = arrays["output.logits"] + np.float32(0.01)
    (unpacked / "sample.npz").write_bytes(npz(arrays))
    renew_sums(unpacked)
    done = verify(unpacked)
    assert done.returncode == 1
    assert "FAILED  model.onnx" in done.stdout and "allowed 0.0001" in done.stdout


def test_verify_finds_changed_and_missing_files(unpacked):
    content = bytearray((unpacked / "model.onnx").read_bytes())
    content[-1] ^= 1
    (unpacked / "model.onnx").write_bytes(content)
    (unpacked / "labels.txt").unlink()
    done = verify(unpacked)
    assert done.returncode == 1
    assert "model.onnx differs from its SHA-256" in done.stdout
    assert "labels.txt is missing" in done.stdout


def test_verify_imports_only_numpy_and_the_runtime(unpacked):
    modules = ("verify.py", "onnx_runtime.py")
    text = "\n".join((unpacked / name).read_text() for name in modules)
    lines = {line.strip() for line in text.splitlines() if line.startswith(("import ", "from "))}
    roots = {line.split()[1].partition(".")[0] for line in lines} - sys.stdlib_module_names
    assert roots == {"numpy", "onnxruntime"}
    assert (unpacked / "requirements.txt").read_text() == "numpy\nonnxruntime\n"


def test_the_card_has_a_head_and_the_figures(unpacked, exported_onnx):
    _, head, body = (unpacked / "README.md").read_text().split("---\n", 2)
    facts = yaml.safe_load(head)
    assert facts["license"] == "other" and facts["datasets"] == ["digits"]
    (result,) = facts["model-index"][0]["results"]
    assert result["metrics"] == [{"type": "test_error", "name": "test_error", "value": 12.5}]
    parameters = exported_onnx.report["parameters"]["trained"]
    assert f"{parameters:,} trained parameters" in " ".join(body.split())
    for text in ("12.5 %", "1.7 %", "`quick`", "the same class for 40 of 40", "## Limits"):
        assert text in body, text


def test_the_card_begins_with_what_it_is_what_was_measured_and_what_to_run(unpacked):
    body = (unpacked / "README.md").read_text().split("---\n", 2)[2].strip()
    lines = body.splitlines()
    architecture = json.loads((unpacked / "network.json").read_text())["architecture_id"]
    assert lines[0] == f"# Image classifier for ONNX: `digits`, network {architecture[:12]}"
    assert "scores the 10 classes of the data set `digits`." in lines[3]
    first = "\n".join(lines[:18])
    assert "| measured | test error 12.5 % (± 1.7 %) |" in first
    assert re.search(
        r"\| cost \| [\d,]+ trained parameters, .* `model.onnx` of [\d,]+ bytes", first
    )
    assert "## Start here" in first
    assert "    pip install -r requirements.txt && python verify.py" in first


def test_the_card_lists_every_file_with_its_purpose(unpacked):
    card = (unpacked / "README.md").read_text()
    rows = dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", card.partition("## Files")[2], re.M))
    names = {path.name for path in unpacked.iterdir()}
    assert names <= set(rows)
    assert "part of the export" not in rows.values()
    assert rows["model.onnx"] == "the network, float32"


def test_the_program_of_the_card_names_a_class(unpacked):
    card = (unpacked / "README.md").read_text()
    code = card.partition("put your own picture in its place:")[2].partition("\n## ")[0]
    program = "\n".join(line.removeprefix("    ") for line in code.splitlines())
    done = subprocess.run(
        [sys.executable, "-B", "-c", program],
        capture_output=True, text=True, check=True, cwd=unpacked,
    )  # fmt: skip
    assert done.stdout.strip() in {str(number) for number in range(10)}


def test_labels_genotype_and_preprocessing_are_those_of_the_network(unpacked):
    assert (unpacked / "labels.txt").read_text().split() == list("0123456789")
    assert json.loads((unpacked / "genotype.json").read_text())["space"] == "cell"
    inside = json.loads((unpacked / "preprocessing.json").read_text())["inside_the_model"]
    assert 0 < inside["mean"][0] < 1


def test_the_documented_count_of_the_parameters_is_right(
    unpacked, exported_onnx, monkeypatch, capsys
):
    page = (ROOT / "docs/export.md").read_text()
    (code,) = [
        one for one in re.findall(r"```python\n(.*?)```", page, re.S) if "import onnx" in one
    ]
    monkeypatch.chdir(unpacked)
    exec(compile(code, "docs/export.md", "exec"), {})
    trained = str(exported_onnx.report["network"]["parameters"])
    assert capsys.readouterr().out.split() == [trained, trained]


def test_every_file_and_key_of_the_report_is_documented(unpacked, exported_onnx):
    page = (ROOT / "docs/export.md").read_text()
    assert [path.name for path in unpacked.iterdir() if f"`{path.name}`" not in page] == []
    keys = {*exported_onnx.report, *exported_onnx.report["models"][0]}
    inner = {"version", "code_version", "file", "reference", "bytes", "notes", "opset"}
    assert [key for key in keys - inner if f"`{key}`" not in page] == []


def test_equal_files_give_equal_archives(tmp_path):
    (tmp_path / "b").write_bytes(b"2")
    files = {"x/b": tmp_path / "b", "a": b"1"}
    write_archive(tmp_path / "one.zip", files)
    write_archive(tmp_path / "two.zip", dict(reversed(files.items())))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../b", "a\\b", "", ".hidden", "a//b"])
def test_a_file_outside_of_the_archive_is_refused(name, tmp_path):
    with pytest.raises(EngineError, match="cannot be in an archive"):
        write_archive(tmp_path / "one.zip", {name: b"1"})
    assert list(tmp_path.iterdir()) == []


def test_paths_of_the_machine_are_hidden():
    facts = {"path": "/data/photos", "more": ["C:\\photos", "~/x", "../x", "images", 0.5]}
    hidden = {"path": HIDDEN_PATH, "more": [HIDDEN_PATH] * 3 + ["images", 0.5]}
    assert without_paths(facts) == hidden


@pytest.mark.parametrize(
    ("text", "name"), [("../a b/ü", "a-b"), ("", "network"), ("x" * 200, "x" * 80)]
)
def test_names_of_archives_are_safe(text, name):
    assert safe_name(text) == name


def test_the_archive_appears_only_once_it_is_complete(tmp_path):
    with pytest.raises(EngineError, match="cannot be written"):
        write_archive(tmp_path / "one.zip", {"a": tmp_path / "missing"})
    assert list(tmp_path.iterdir()) == []
