"""The demonstration team: the same seed makes the same rows, real work is not touched."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.fixtures.factories import make_run
from webapp.accounts.models import Team
from webapp.compare.comparison import comparison
from webapp.runs.models import Candidate, Run, Study

from ...fixtures.html_reader import read

pytestmark = pytest.mark.django_db
SMALL = {"runs": 90, "candidates": 60}
FILTERS = [
    "",
    "error<10 params<1M",
    "strategy:nsga2 author:demo-ada -tag:baseline",
    "gpu_hours>1 or epochs>14",
    "setting.channels:16 front>=2 text:digits",
    'name~"random 1.$" or study:"Study 1" age>1d',
]


def made() -> list:
    rows = Run.objects.order_by("-created_at").values_list("name", "best_values", "tags", "state")
    return [list(rows), list(Candidate.objects.order_by("pk").values_list("architecture_id"))]


def test_the_same_seed_makes_the_same_rows():
    call_command("seed_demo", **SMALL, verbosity=0)
    first = made()
    largest = Run.objects.get(name="60 candidates")
    compared = comparison([largest])["runs"][0]
    assert largest.front["curve"][-1]["hypervolume"] == compared["hypervolume"]
    assert (Run.objects.count(), Study.objects.count(), Candidate.objects.count()) == (91, 2, 510)
    Team.objects.all().delete()
    call_command("seed_demo", **SMALL, verbosity=0)
    assert made() == first


def test_real_work_and_an_earlier_demonstration_are_refused(team):
    make_run(team, advance=False)
    with pytest.raises(CommandError, match="--beside-real-work"):
        call_command("seed_demo", **SMALL)
    with pytest.raises(CommandError, match="no person"):
        call_command("seed_demo", runs=1, candidates=1, user="missing", beside_real_work=True)
    call_command("seed_demo", runs=1, candidates=1, beside_real_work=True)
    with pytest.raises(CommandError, match="exists already"):
        call_command("seed_demo", runs=1, candidates=1, beside_real_work=True)


def test_trap_8_every_filter_needs_the_same_queries_and_little_data(
    researcher, sign_in, queries_of
):
    call_command("seed_demo", **SMALL, user=researcher.username)
    client = sign_in(researcher)
    team = Team.objects.get(slug="demonstration")
    client.post("/team/switch", {"team": team.pk})
    for q in FILTERS:
        query = {"q": q, "columns": "name,state,params,setting.cells,gpu_hours,best,age"}
        assert queries_of(lambda query=query: client.get("/runs/", query)) <= 16
    page = client.get("/runs/", {"size": "100"})
    assert len(page.content) < 500_000
    assert (
        len(read(page).one("run-table").rows()) == 43
    )  # 40 without a study, 2 studies, the long one


def test_the_search_finds_runs_studies_people_and_pages_of_the_team(researcher, stranger, sign_in):
    call_command("seed_demo", **SMALL, user=researcher.username)
    client = sign_in(researcher)
    client.post("/team/switch", {"team": Team.objects.get(slug="demonstration").pk})

    def found(text: str, own=client) -> list[str]:
        return [a.text for a in read(own.get("/search", {"text": text})).all("a")]

    assert any("60 candidates" in hit for hit in found("60 cand"))
    assert any("Study 1: cells" in hit for hit in found("study 1"))
    assert found("demo-gr") == ["demo-grace runs of this person"]
    assert "Compare" in found("compa")
    assert found(f"#{Run.objects.first().pk}") != []
    assert found("60 cand", sign_in(stranger)) == []
    assert "New run" in found("", sign_in(stranger))
