"""From a search to files for devices, in a real browser over real processes.

A researcher searches on `digits` and trains three candidates fully with three seeds each; a second
person approves the best one; its network is exported to four targets, and each archive proves
itself in an environment of numpy, its runtime and what pip installs with them, nothing else.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.devices import make_device
from tests.fixtures.empty_environment import only, run_with
from tests.fixtures.site_visits import sign_in, sign_out
from webapp.architectures.models import CatalogueEntry
from webapp.devices.services import tokens
from webapp.evaluations.models import Evaluation
from webapp.exports.models import Export
from webapp.runs.models import Run
from webapp.start.built_in import store_built_in

PATIENCE_MS = 180_000
CANDIDATES = 3
# Target -> the runtime that its archive's verify.py runs here, beside numpy.
RUNTIMES = {
    "onnx": "onnxruntime",
    "tensorrt": "onnxruntime",
    "deepstream": "onnxruntime",
    "openvino": "openvino",
}


@pytest.fixture
def site(workshop: Any) -> Any:
    """Web server, coordinator and two workers."""
    store_built_in()
    workshop.start_coordinator()
    for name in ("first", "second"):
        workshop.start_worker(name)
    return workshop


def search(page: Page, url: str) -> Run:
    """A random search of three small, quick networks."""
    page.goto(f"{url}/runs/new")
    page.get_by_test_id("select-space").select_option("nb201")
    expect(page.get_by_test_id("settings-space")).to_have_attribute("data-chosen", "nb201")
    page.get_by_test_id("select-strategy").select_option("random")
    expect(page.get_by_test_id("settings-strategy")).to_have_attribute("data-chosen", "random")
    for part in ("space", "estimator", "dataset"):
        page.get_by_test_id(f"settings-{part}").locator("summary").click()
    page.locator("#field-space_config-cells").fill("1")
    page.locator("#field-space_config-channels").fill("4")
    page.locator("#field-estimator_config-epochs").fill("1")
    page.locator("#field-dataset_config-limit").fill("300")
    page.locator("#field-candidates").fill(str(CANDIDATES))
    page.get_by_test_id("launch").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    expect(page.get_by_test_id("run-state")).to_contain_text("Finished", timeout=PATIENCE_MS)
    return Run.objects.get()


def train_fully(page: Page, url: str, run: Run, number: int) -> int:
    """Launch three trainings of one epoch of a candidate; return the key of the evaluation."""
    page.goto(f"{url}/runs/{run.pk}/candidates/{number}/")
    page.get_by_test_id("train-fully").click()
    page.locator("#field-seeds").fill("0, 1, 2")
    page.locator("summary", has_text="Settings of the data set").click()
    page.locator("#field-dataset_config-limit").fill("300")
    page.get_by_test_id("protocol-settings").locator("summary").click()
    page.locator("#field-settings-epochs").fill("1")
    page.get_by_test_id("launch-evaluation").click()
    page.wait_for_url(re.compile(r"/evaluations/\d+/$"))
    return int(page.url.rstrip("/").rsplit("/", 1)[1])


def wait_trained(page: Page, url: str, key: int) -> Evaluation:
    """Mean, spread and protocol are on the page; the test part was read once by each seed."""
    page.goto(f"{url}/evaluations/{key}/")
    for seed in (0, 1, 2):
        row = page.get_by_test_id(f"seed-{seed}")
        expect(row).to_have_attribute("data-state", "done", timeout=PATIENCE_MS)
    evaluation = Evaluation.objects.get(pk=key)
    errors = [
        measured["value"]
        for training in evaluation.trainings.all()
        for measured in training.measurements
        if measured["objective"] == "test_error"
    ]
    assert len(errors) == 3
    assert evaluation.mean == pytest.approx(np.mean(errors))
    assert evaluation.spread == pytest.approx(np.std(errors, ddof=1))
    assert all(t.test_read_at for t in evaluation.trainings.all())
    expect(page.get_by_test_id("figures")).to_contain_text("quick (epochs 1)")
    return evaluation


def propose(page: Page, url: str, run: Run, number: int) -> CatalogueEntry:
    page.goto(f"{url}/runs/{run.pk}/candidates/{number}/")
    page.get_by_test_id("keep").click()
    expect(page.get_by_test_id("kept")).to_be_visible()
    return CatalogueEntry.objects.get()


def approve(page: Page, url: str, entry: CatalogueEntry) -> None:
    page.goto(f"{url}/architectures/{entry.pk}/")
    expect(page.locator("main")).to_contain_text("quick (epochs 1)")
    page.get_by_test_id("move-reason").fill("lowest test error of the three")
    page.get_by_test_id("move-promote").click()
    expect(page.get_by_test_id("entry-stage")).to_contain_text("Approved")
    entry.refresh_from_db()
    assert (entry.stage, entry.decided_by.username) == ("approved", "carl")


def export(page: Page, url: str, evaluation: Evaluation, target: str) -> Export:
    """Export the network of one seed; the report on the page is that of the archive."""
    page.goto(f"{url}/evaluations/{evaluation.pk}/")
    page.get_by_test_id("export-1").click()
    expect(page.get_by_test_id("not-approved")).to_have_count(0)
    page.locator("#field-target").select_option(target)
    expect(page.locator("#export-settings")).to_have_attribute("data-target", target)
    page.get_by_test_id("start-export").click()
    page.wait_for_url(re.compile(r"/exports/\d+/$"))
    now = page.get_by_test_id("export-now")
    expect(now).to_have_attribute("data-state", "done", timeout=PATIENCE_MS)
    return Export.objects.get(target=target)


def measure_on_device(page: Page, site: Any, team: Any) -> None:
    """The agent of a device measures the model of the open page; the page shows the result."""
    device = make_device(team, "pi4")
    options = ["--name", "pi4", "--server", site.url, "--token", tokens.issue(device, None)]
    folder = ["--folder", str(site.folder / "agent"), "--threads", "1", "--jobs", "1"]
    site.start("agent", "-m", "nasengine.agent", *options, *folder)
    page.reload()
    page.get_by_test_id("measure-device").select_option("pi4")
    page.get_by_test_id("measure").click()
    row = page.get_by_test_id("measurement-row")
    expect(row).to_have_attribute("data-state", "done", timeout=PATIENCE_MS)  # without a reload
    measured = device.measurements.get()
    assert (measured.method, measured.unit, measured.repetitions >= 30) == ("measured", "ms", True)
    cells = [" ".join(text.split()) for text in row.locator("th, td").all_inner_texts()]
    assert cells[:3] == ["pi4", "latency", "model.onnx"]
    assert re.fullmatch(r"[\d.]+ ms \(± [\d.]+\).*", cells[4])
    assert cells[5:7] == ["measured", str(measured.repetitions)]
    assert cells[7].startswith("onnxruntime ")


def check_report(made: Export) -> None:
    """In float32 outputs agree to 1e-4, and every class on the test part is the same."""
    floats = [m for m in made.report["models"] if m.get("precision", "float32") == "float32"]
    assert floats
    for model in floats:
        assert model["check"]["largest_difference"] < 1e-4
        assert model["test"]["same_class"] == model["test"]["inputs"] > 0


def download(page: Page, folder: Path) -> Path:
    """Download and unpack the archive of the page; return the folder with verify.py."""
    with page.expect_download() as caught:
        page.get_by_test_id("download-archive").click()
    with zipfile.ZipFile(caught.value.path()) as archive:
        archive.extractall(folder)
    (script,) = folder.rglob("verify.py")
    return script.parent


@pytest.mark.timeout(900)
def test_from_a_search_to_verified_archives(
    site, team, researcher, curator, browser_page, tmp_path
):
    page = browser_page
    sign_in(page, site.url, "rosa")
    run = search(page, site.url)
    keys = [train_fully(page, site.url, run, number) for number in range(CANDIDATES)]
    evaluations = [wait_trained(page, site.url, key) for key in keys]
    best = min(evaluations, key=lambda e: e.mean)
    entry = propose(page, site.url, run, keys.index(best.pk))
    sign_out(page)
    sign_in(page, site.url, "carl")
    approve(page, site.url, entry)
    for target, runtime in RUNTIMES.items():
        check_report(export(page, site.url, best, target))
        archive = download(page, tmp_path / target)
        if target == "onnx":
            measure_on_device(page, site, team)
        environment = tmp_path / f"only-{runtime}"
        if not environment.exists():
            only(environment, "numpy", runtime)
        verified = run_with(environment, archive / "verify.py")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert "largest difference" in verified.stdout
    page.goto(f"{site.url}/architectures/{entry.pk}/")
    expect(page.locator("main")).to_contain_text("OpenVINO")
