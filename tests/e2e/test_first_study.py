"""From the first start to a finished study of five methods, in two clicks."""

from __future__ import annotations

import io
import json
import re

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from tests.fixtures.people import PASSWORD
from webapp.accounts.models import User
from webapp.runs.models import Candidate, Study
from webapp.studies.services.quick import METHODS

pytestmark = pytest.mark.django_db(transaction=True)
RUNS = 25
WAIT_MS = 600_000  # it takes a quarter of a minute on an idle machine


def first_start() -> str:
    """What `make run` does to a new database; returns the name of the first administrator."""
    said = io.StringIO()
    call_command("first_steps", stdout=said)
    name = json.loads(said.getvalue())["user"]
    user = User.objects.get(username=name)
    user.set_password(PASSWORD)  # the test signs in as everybody else does
    user.save()
    return name


def test_two_clicks_lead_from_the_first_start_to_a_finished_study(workshop, browser_page):
    name = first_start()
    workshop.start_coordinator()
    page = browser_page
    page.goto(workshop.url)
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_test_id("sign-in").click()

    page.get_by_test_id("rail-studies").click()
    page.get_by_test_id("quick-study").click()

    page.wait_for_url(re.compile(r"/studies/\d+/$"))
    progress = page.get_by_test_id("study-progress")
    expect(progress).to_contain_text(f"{RUNS} of {RUNS} runs finished", timeout=WAIT_MS)
    study = Study.objects.get()
    assert set(study.runs.values_list("state", flat=True)) == {"finished"}
    candidates = Candidate.objects.filter(run__study=study)
    assert set(candidates.values_list("state", flat=True)) == {"done"}

    curves = page.get_by_test_id("study-curves")
    expect(curves).to_have_attribute("data-methods", str(len(METHODS)))
    expect(curves.locator(".scatterlayer .js-fill")).to_have_count(len(METHODS))
    for method in METHODS:
        expect(page.get_by_test_id(f"rank-{method}")).to_contain_text("5 of 5")
    tested = page.get_by_test_id("rank-nsga2").locator('[data-label="Compared with random search"]')
    expect(tested).to_contain_text("p =")
