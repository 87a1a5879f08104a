"""Saved comparisons, share links, reports, and the front of a question."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from tests.fixtures.factories import end_run, make_run
from webapp.accounts.models import AuditEntry
from webapp.runs.models import Run
from webapp.sharing.markdown import parts_of
from webapp.sharing.models import Report, SavedComparison, ShareLink
from webapp.sharing.services import share
from webapp.sharing.union import question_front, questions

from ...fixtures.html_reader import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(team):
    return end_run(make_run(team, candidates=2), [("done", 20.0, 400.0), ("done", 40.0, 100.0)])


@pytest.mark.trap(35)
def test_a_saved_comparison_has_a_short_link_for_its_team(run, researcher, stranger, sign_in):
    query = f"?runs={run.pk}&by=method&text=x"
    client = sign_in(researcher)
    answer = client.post("/compare/save", {"name": "mine", "query": query})
    saved = SavedComparison.objects.get()
    assert answer["Location"] == f"/c/{saved.key}/"
    assert client.get(f"/c/{saved.key}/")["Location"] == f"/compare?runs={run.pk}&by=method"
    assert sign_in(stranger).get(f"/c/{saved.key}/").status_code == 404
    assert client.post("/compare/save", {"name": "", "query": query}).status_code == 302
    assert SavedComparison.objects.count() == 1


def test_a_link_shows_one_run_to_anyone_until_it_expires_or_is_revoked(run, researcher, sign_in):
    client = sign_in(researcher)
    page = read(client.post(f"/share/run/{run.pk}", {"days": "7"}))
    path = re.sub(r"^https?://[^/]+", "", page.one("share-link").text)
    link = ShareLink.objects.get()
    assert path.split("/")[2] not in link.digest and link.last_used is None
    visitor = Client()
    answer = visitor.get(path)
    assert (answer.status_code, answer["X-Robots-Tag"]) == (200, "noindex, nofollow")
    assert "no-store" in answer["Cache-Control"] and answer["Referrer-Policy"] == "no-referrer"
    html = answer.content.decode()
    assert "20.00" in html and 'name="robots" content="noindex' in html
    assert re.findall(r'href="/(runs|studies|compare|architectures)', html) == []
    assert visitor.get(f"/runs/{run.pk}/").status_code == 302  # nothing else is reachable
    link.refresh_from_db()
    assert link.last_used is not None
    ShareLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert visitor.get(path).status_code == 404
    ShareLink.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert client.post(f"/share/links/{link.pk}/revoke").status_code == 302
    assert visitor.get(path).status_code == 404
    assert visitor.get("/shared/psh_wrong/").status_code == 404
    assert list(AuditEntry.objects.filter(kind="share").values_list("user", flat=True)) == [
        researcher.pk,
        researcher.pk,
    ]
    assert "…" + link.hint in read(client.get("/reports/")).one("share-links").text


def test_who_may_not_share(run, viewer, stranger, sign_in):
    assert sign_in(viewer).post(f"/share/run/{run.pk}", {"days": "7"}).status_code == 403
    assert sign_in(stranger).post(f"/share/run/{run.pk}", {"days": "7"}).status_code == 404
    assert ShareLink.objects.count() == 0


def test_a_shared_comparison_shows_runs_of_its_team_only(run, other_team, researcher):
    foreign = end_run(make_run(other_team, candidates=1, seed=987), [("done", 3.0, 7.0)])
    saved = SavedComparison.objects.create(
        team=run.team, name="both", query=f"runs={run.pk},{foreign.pk}"
    )
    token = share(researcher, "comparison", saved, 1)
    html = Client().get(f"/shared/{token}/").content.decode()
    assert f'"id": {run.pk}' in html and f'"id": {foreign.pk}' not in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](http://a.example/x.png)",
        '<img src=x onerror="alert(1)">',
    ],
)
def test_no_text_of_a_report_can_run_a_script_or_load_a_picture(team, text):
    (part,) = parts_of(team, text)
    html = part.html
    assert "<script" not in html and "<img" not in html and 'href="javascript' not in html


def test_headings_of_a_report_follow_its_title(team, run):
    """Readers of headings skip no level: the title of the page is the first."""
    parts = parts_of(team, f"# Week 48\n\n## Runs\n\n[[run {run.pk}]]\n\n### Next")
    assert "<h2>Week 48</h2>" in parts[0].html and "<h3>Runs</h3>" in parts[0].html
    assert parts[2].html.strip() == "<h4>Next</h4>"


def test_a_report_keeps_versions_and_exports_as_one_file(run, researcher, stranger, sign_in):
    client = sign_in(researcher)
    client.post("/reports/new", {"title": "Week 48", "text": "# Found\n\n| a |\n|---|\n| 1 |"})
    report = Report.objects.get()
    text = f"**better**\n\n[[run {run.pk}]]\n\n[[run 999999]]"
    (shown,) = read(client.get(f"/reports/{report.pk}/edit")).all("input", name="version")
    version = shown.attributes["value"]
    edited = {"title": "Week 48", "text": text, "version": version}
    assert client.post(f"/reports/{report.pk}/edit", edited).status_code == 302
    late = client.post(f"/reports/{report.pk}/edit", {**edited, "text": "of another tab"})
    assert (
        'data-error="stored"' in late.content.decode() and "of another tab" in late.content.decode()
    )
    page = read(client.get(f"/reports/{report.pk}/"))
    assert "a run" in page.one("report-body").text
    assert "The team has no run 999999." in page.one("report-body").text
    first = report.history.last().history_id
    older = read(client.get(f"/reports/{report.pk}/?version={first}"))
    assert "Found" in older.one("report-body").text
    answer = client.get(f"/reports/{report.pk}/report.html")
    html = answer.content.decode()
    assert "attachment" in answer["Content-Disposition"] and len(html) < 100_000
    assert html.count("<svg") >= 2 and "<strong>better</strong>" in html
    assert re.findall(r'(?:src|href)="[^"]*"|url\(h|https?:|@import', html) == []
    script = re.search("<script>(.*?)</script>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert "default-src 'none'" in unescape(policy)
    assert f"script-src 'sha256-{digest}'" in unescape(policy)
    data = [
        json.loads(d) for d in re.findall('<script type="application/json">(.*?)</script>', html)
    ]
    assert [d["y"]["title"] for d in data] == ["error (%)", "hypervolume"]
    assert sorted(p[:2] for p in data[0]["groups"][0]["fronts"][0]) == [[100, 40], [400, 20]]
    refused = client.post("/reports/new", {"title": "", "text": "x"})
    assert "must have 1 to 120 characters" in refused.content.decode()
    assert sign_in(stranger).get(f"/reports/{report.pk}/").status_code == 404


def test_names_in_the_data_of_a_report_cannot_end_their_script(run, researcher, sign_in):
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    Run.objects.filter(pk=run.pk).update(name=evil)
    report = Report.objects.create(team=run.team, title=evil, text=f"[[run {run.pk}]]\n\n{evil}")
    client = sign_in(researcher)
    for address, scripts in (
        (f"/reports/{report.pk}/", 0),
        (f"/reports/{report.pk}/report.html", 1),
    ):
        html = client.get(address).content.decode()
        assert "<img" not in html and "<script>alert" not in html
        assert html.count("<script>") == scripts  # the file's own, which its policy names


def test_blocks_of_other_teams_are_not_shown(run, other_team):
    (part,) = parts_of(other_team, f"[[run {run.pk}]]")
    assert part.block is None and "has no run" in part.fault


def test_the_union_front_says_what_each_run_contributed(team, run):
    second = end_run(make_run(team, candidates=1, seed=9), [("done", 10.0, 500.0)])
    make_run(team, objectives=("params",), candidates=1)
    (question,) = questions(team)
    assert sorted(question.runs) == [run.pk, second.pk]
    front = question_front(team, question)
    assert [p["values"] for p in front.points] == [[10.0, 500.0], [20.0, 400.0], [40.0, 100.0]]
    # Reference (44, 550): the union has the steps 4 x 450, 20 x 150 and 10 x 50.
    whole = 4 * 450 + 20 * 150 + 10 * 50
    shares = {share.run.pk: share for share in front.shares}
    assert shares[run.pk].points == 2 and shares[second.pk].points == 1
    assert shares[second.pk].only == pytest.approx(10 * 50 / whole)
    assert shares[run.pk].only == pytest.approx(1 - (44 - 10) * 50 / whole)


def test_a_point_of_two_runs_names_both_and_questions_of_one_space_differ_in_name(
    run, researcher, sign_in
):
    team, values = run.team, [("done", 20.0, 400.0), ("done", 20.0, 400.0)]
    second = end_run(make_run(team, candidates=2, seed=9), values)
    other = make_run(team, candidates=1, space_config={"cells": 3})
    end_run(other, [("done", 10.0, 500.0)])
    wide, narrow = questions(team)
    assert wide.label.endswith("; cells 3") and narrow.label.count(";") == 1
    front = question_front(team, narrow)
    assert [[r.pk for r in p["runs"]] for p in front.points] == [[run.pk, second.pk], [run.pk]]
    assert {share.run.pk: share.points for share in front.shares} == {run.pk: 2, second.pk: 1}
    page = read(sign_in(researcher).get(f"/fronts/?question={narrow.key}"))
    text = page.text[page.text.index("Common front") :]
    assert "error (%) params" in text and f"{run.name}; {second.name}" in text


def test_the_hypervolume_of_one_run_in_a_report_is_that_of_its_page(team, researcher, sign_in):
    # The reference of a run is fixed at its tenth candidate: worse ones do not move it.
    ended = [("done", 40.0 - n, 400.0 + n) for n in range(10)] + [("done", 90.0, 9000.0)]
    run = end_run(make_run(team, candidates=len(ended)), ended)
    report = Report.objects.create(team=team, title="R", text=f"[[run {run.pk}]]")
    own = f"{run.front['curve'][-1]['hypervolume']:.4f}"
    page = read(sign_in(researcher).get(f"/reports/{report.pk}/"))
    assert "with the reference error 44.00 %, params 450: that of the run's page" in page.text
    assert f"1 of 1 ended {own} " in page.text
    compared = read(sign_in(researcher).get(f"/compare?runs={run.pk}"))
    assert "With the reference of the run's page (error 44.00 %, params 450)." in compared.text
