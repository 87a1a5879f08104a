"""A candidate is trained fully and exported, in a real browser over real processes."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import nasengine
from tests.fixtures.factories import make_run, work_off
from tests.fixtures.site_visits import sign_in
from webapp.evaluations.models import Evaluation
from webapp.exports.models import Export
from webapp.runs.models import Run

SMALL = {"space": "nb201", "space_config": {"cells": 1, "channels": 4}}
PATIENCE_MS = 120_000


@pytest.fixture
def run(team: Any, transactional_db: None) -> Run:
    """An ended run with one small candidate."""
    run = make_run(team, candidates=1, **SMALL)
    work_off(run)
    return run


def launch(page: Page, url: str, run: Run) -> Evaluation:
    """From the drawer of the run page to the form; a wrong value keeps what was typed."""
    page.goto(f"{url}/runs/{run.pk}/candidates/0/")
    page.get_by_test_id("train-fully").click()
    expect(page.get_by_test_id("evaluation-cost")).to_contain_text("3 trainings of 10 epochs")
    page.locator("#field-seeds").fill("0, x")
    page.locator("summary", has_text="Settings of the data set").click()
    page.locator("#field-dataset_config-limit").fill("300")
    page.get_by_test_id("protocol-settings").locator("summary").click()
    page.locator("#field-settings-epochs").fill("2")
    page.get_by_test_id("launch-evaluation").click()
    expect(page.locator('[data-error="seeds"]')).to_contain_text("x")
    expect(page.locator("#field-settings-epochs")).to_have_value("2")
    page.locator("#field-seeds").fill("0, 1")
    page.locator("#field-seeds").press("Tab")
    expect(page.get_by_test_id("evaluation-cost")).to_contain_text("2 trainings of 2 epochs")
    page.get_by_test_id("launch-evaluation").click()
    page.wait_for_url(re.compile(r"/evaluations/\d+/$"))
    return Evaluation.objects.get()


def watch(page: Page, evaluation: Evaluation) -> None:
    """Both seeds become done on one and the same page; the figures are those of the database."""
    page.evaluate("document.body.dataset.sameEver = 'yes'")
    for seed in (0, 1):
        row = page.get_by_test_id(f"seed-{seed}")
        expect(row).to_have_attribute("data-state", "done", timeout=PATIENCE_MS)
    evaluation.refresh_from_db()
    assert evaluation.mean is not None and evaluation.spread is not None
    figure = page.locator('[data-figure="test_error"] [title]').first
    expect(figure).to_have_attribute("title", re.compile(re.escape(repr(evaluation.mean))))
    expect(page.get_by_test_id("figures")).to_contain_text("Figure under quick (epochs 2)")
    expect(page.locator("#curves-card")).to_have_attribute("data-curves", "2")
    assert page.locator("body").get_attribute("data-same-ever") == "yes"


def download(page: Page, testid: str) -> bytes:
    with page.expect_download() as caught:
        page.get_by_test_id(testid).click()
    return Path(caught.value.path()).read_bytes()


def export(page: Page, url: str, evaluation: Evaluation) -> Export:
    """The ONNX export of one seed with its report."""
    page.goto(f"{url}/evaluations/{evaluation.pk}/")
    page.get_by_test_id("export-1").click()
    expect(page.get_by_test_id("not-approved")).to_contain_text("not in the catalogue")
    page.locator("#field-target").select_option("openvino")
    expect(page.locator("#export-settings")).to_have_attribute("data-target", "openvino")
    page.locator("#field-target").select_option("onnx")
    expect(page.locator("#export-settings")).to_have_attribute("data-target", "onnx")
    page.get_by_test_id("start-export").click()
    page.wait_for_url(re.compile(r"/exports/\d+/$"))
    now = page.get_by_test_id("export-now")
    expect(now).to_have_attribute("data-state", "done", timeout=PATIENCE_MS)
    made = Export.objects.get()
    model = made.report["models"][0]
    assert model["check"]["largest_difference"] < 1e-4
    agreed = f"{model['test']['same_class']} of {model['test']['inputs']}"
    expect(page.get_by_test_id("report-row").first).to_contain_text(agreed)
    assert model["test"]["same_class"] == model["test"]["inputs"]
    return made


def test_a_candidate_is_trained_fully_and_exported(
    workshop, run, researcher, browser_page, tmp_path
):
    page = browser_page
    workshop.start_coordinator()
    workshop.start_worker()
    sign_in(page, workshop.url, "rosa")
    evaluation = launch(page, workshop.url, run)
    watch(page, evaluation)

    with zipfile.ZipFile(io.BytesIO(download(page, "download-1"))) as weights:
        weights.extractall(tmp_path)
    network = nasengine.load_network(tmp_path / f"network-{evaluation.pk}-seed-1")
    stored = evaluation.trainings.get(seed=1).network["parameters"]
    assert sum(p.numel() for p in network.parameters()) == stored

    made = export(page, workshop.url, evaluation)
    archive = download(page, "download-archive")
    assert hashlib.sha256(archive).hexdigest() == made.archive_sha256
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        assert {"verify.py", "model.onnx"} <= {Path(name).name for name in files.namelist()}
    page.goto(f"{workshop.url}/evaluations/")
    row = page.get_by_test_id(f"evaluation-{evaluation.pk}")
    expect(row).to_contain_text("2 of 2")
