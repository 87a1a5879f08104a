"""A candidate's drawer and page, and keeping it."""

from __future__ import annotations

import pytest

from nasengine.core.outcome import Outcome
from webapp.architectures.models import CatalogueEntry
from webapp.runs.models import Candidate
from webapp.runs.services import claims

from ...fixtures.factories import make_run, make_slot, take
from ...fixtures.html_reader import embedded, read

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def test_the_page_shows_architecture_measurements_and_curve(viewer, finished, sign_in):
    page = read(sign_in(viewer).get(f"/runs/{finished.pk}/candidates/3/"))
    detail = page.one("candidate-detail")
    assert detail.all("h2")[0].text == "Candidate #3"
    assert detail.one("on-front").text == "On the front"
    assert detail.one("measurements").rows() == [
        ["error", "10.00 %", "Measured detail images 360"],
        ["params", "4.00 k", "Counted"],
    ]
    stored = Candidate.objects.get(run=finished, number=3).proposal["architecture"]
    assert detail.one("architecture-text").text.startswith("|")
    assert embedded(page, "candidate-graph")["cells"][0]["nodes"][0]["role"] == "input"
    assert stored["space"] == "nb201"


def test_the_drawer_is_the_same_without_the_frame(viewer, finished, sign_in):
    client = sign_in(viewer)
    drawer = read(client.get(f"/runs/{finished.pk}/candidates/3/", headers=HTMX))
    page = read(client.get(f"/runs/{finished.pk}/candidates/3/"))
    assert drawer.all("html") == []
    assert drawer.one("candidate-detail").text == page.one("candidate-detail").text


def test_a_diverged_candidate_says_why_and_cannot_be_kept(researcher, finished, sign_in):
    page = read(sign_in(researcher).get(f"/runs/{finished.pk}/candidates/2/"))
    assert page.one("candidate-reason").text == "loss became NaN in epoch 1, step 3"
    assert page.one("measurements").rows() == [["params", "3.00 k", "Counted"]]
    assert page.all(data_testid="keep") == []
    assert "Not measured: error." in page.one("candidate-detail").text


def test_there_is_no_candidate_of_another_number(viewer, finished, sign_in):
    client = sign_in(viewer)
    assert client.get(f"/runs/{finished.pk}/candidates/99/").status_code == 404
    assert client.get(f"/runs/{finished.pk}/candidates/99/graph.json").status_code == 404


def test_the_drawing_is_served_as_json(viewer, finished, sign_in):
    answer = sign_in(viewer).get(f"/runs/{finished.pk}/candidates/0/graph.json")
    assert [cell["name"] for cell in answer.json()["graph"]["cells"]] == ["cell"]


def test_keeping_makes_an_entry_and_the_drawer_says_so(researcher, finished, sign_in):
    client = sign_in(researcher)
    answer = client.post(
        f"/runs/{finished.pk}/candidates/3/keep", {"name": "Straße & Co"}, headers=HTMX
    )
    entry = CatalogueEntry.objects.get()
    assert (entry.name, entry.team, entry.kept_by, entry.stage) == (
        "Straße & Co",
        finished.team,
        researcher,
        "proposed",
    )
    assert "In the catalogue as Straße & Co" in read(answer).one("kept").text
    assert "Straße" in answer["HX-Trigger"].encode().decode("unicode_escape")


def test_without_scripts_keeping_leads_back_to_the_page(researcher, finished, sign_in):
    answer = sign_in(researcher).post(f"/runs/{finished.pk}/candidates/3/keep", follow=True)
    page = read(answer)
    assert page.one("toast").text == "Kept in the catalogue as a run #3."
    assert page.one("kept").text.startswith("In the catalogue as a run #3")


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("stranger", 404)])
def test_others_cannot_keep(who, status, finished, request, sign_in):
    client = sign_in(request.getfixturevalue(who))
    assert client.post(f"/runs/{finished.pk}/candidates/3/keep").status_code == status
    assert CatalogueEntry.objects.count() == 0


def test_a_viewer_sees_who_could_keep_it(viewer, finished, sign_in):
    page = read(sign_in(viewer).get(f"/runs/{finished.pk}/candidates/3/"))
    assert page.all(data_testid="keep") == []
    assert "You need the researcher role to keep a candidate" in page.one("candidate-detail").text


def test_a_supernet_step_shows_what_would_be_derived_from_it(team, viewer, sign_in):
    run = make_run(
        team,
        strategy="darts",
        candidates=10,
        strategy_config={"epochs": 3, "compared": 0},
        objectives=("error",),
    )
    claim = take(make_slot())
    alphas = {"cell": [[0.0, 0.0, 0.0, 1.0, 0.0]] * 6}
    claims.finish(claim, Outcome(0, "trained", findings={"alphas": alphas, "train_loss": 1.5}))
    page = read(sign_in(viewer).get(f"/runs/{run.pk}/candidates/0/"))
    assert "Epoch 1 of 3 of the supernet" in page.one("supernet-step").text
    assert page.one("architecture-text").text.count("nor_conv_3x3") == 6
    assert "Architecture derived after this epoch" in page.text
    assert "Only a measured candidate can be kept" in page.text
    edges = embedded(page, "candidate-graph")["cells"][0]["edges"]
    assert [edge["op"] for edge in edges] == ["nor_conv_3x3"] * 6


def test_a_step_that_found_nothing_yet_draws_nothing(team, viewer, sign_in):
    run = make_run(team, strategy="random-sharing", candidates=10, strategy_config={"epochs": 3})
    page = read(sign_in(viewer).get(f"/runs/{run.pk}/candidates/0/"))
    assert "Epoch 1 of 3" in page.one("supernet-step").text
    assert page.all(data_testid="architecture-text") == []
