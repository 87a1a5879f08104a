"""docs/deploy-networks.md: a section per target, its snippets run, its files exist."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from nasengine import catalog
from tests.docs.pages import ROOT, text_of

PAGE = text_of("deploy-networks.md")
SECTIONS = {
    head: body for head, body in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
}
ROWS = re.findall(r"^\| \[[^]]+\]\(#([\w-]+)\) \| (.+?) \| (.+?) \|$", PAGE, re.M)
SCRIPTS = re.findall(r"^ {4}(?:\S+=\S+ )*(?:env/bin/)?(?:sh|python3?) ([\w.]+)", PAGE, re.M)


def anchor(head):
    return re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-")


def test_every_target_has_its_section_and_every_runtime_says_what_was_tried():
    named = {name for _, targets, _ in ROWS for name in re.findall(r"`([\w-]+)`", targets)}
    assert named == set(catalog.names("targets"))
    sections = {anchor(head): body for head, body in SECTIONS.items()}
    assert len(ROWS) == 11
    for place, targets, tried in ROWS:
        body = sections[place].strip()
        assert re.match(r"(Tried|Not tried)\b", body), place
        assert ("Not tried" in body or "not tried" in body) or tried == "yes", place
        assert any(f"--target {name}" in PAGE for name in re.findall(r"`([\w-]+)`", targets))


def snippets(head):
    return re.findall(r"^```python\n(.*?)^```$", SECTIONS[head], re.M | re.S)


@pytest.mark.parametrize(
    ("head", "export", "printed"),
    [("ONNX Runtime", "onnx", r"\d\n"), ("OpenVINO", "openvino-int8", r"\[.*'CPU'.*\] \d\n")],
)
def test_the_snippets_run_in_the_folder_of_the_archive(exported, head, export, printed):
    (code,) = snippets(head)
    _, folder = exported[export]
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(printed, done.stdout)


def test_every_file_that_the_page_runs_is_in_an_archive(exported):
    there = {path.name for _, folder in exported.values() for path in folder.iterdir()}
    assert len(SCRIPTS) > 10
    assert set(SCRIPTS) - there == set()


def test_versions_that_were_tried_are_those_of_the_lock_file():
    lock = (ROOT / "requirements.lock").read_text()
    for package in ("onnxruntime", "openvino", "nncf", "numpy"):
        (version,) = re.findall(rf"^{package}==([\w.]+)", lock, re.M)
        assert f"{package} {version}" in PAGE
