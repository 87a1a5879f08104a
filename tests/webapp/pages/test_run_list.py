"""The list of runs: who sees it, what it shows, filter, sort, pages, queries."""

from __future__ import annotations

import pytest

from tests.fixtures.copies import copy_row
from tests.fixtures.factories import end_run, make_run
from webapp.runs.models import Run, RunState, Study

from ...fixtures.html_reader import read

pytestmark = pytest.mark.django_db
LIST = "/runs/"


def names(response) -> list[str]:
    return [cell.all("a")[-1].text for cell in read(response).all("td", data_cell="name")]


def bulk(team, count: int) -> None:
    """Make runs `run 0` to `run COUNT - 1`."""
    first = make_run(team, advance=False)
    first.name = "run 0"
    first.save()
    copy_row(first, count - 1, name="'run ' || n")


def test_a_line_shows_state_method_question_progress_error_front(team, viewer, finished, sign_in):
    page = read(sign_in(viewer).get(LIST))
    (row,) = page.one("run-table").rows()
    assert row[1:8] == [
        "a run",
        "Finished",
        "random",
        "nb201 on digits error, params",
        "4 4 of 4",
        "10.00 % error",
        "2",
    ]


def test_a_run_without_numbers_shows_dashes_with_their_reason(team, viewer, sign_in):
    make_run(team)
    page = read(sign_in(viewer).get(LIST))
    assert page.one("run-table").rows()[0][6:8] == ["–", "–"]
    assert [e.attributes["title"] for e in page.all("span", class_="ps-missing")] == [
        "no candidate is measured yet",
        "no candidate is on the front yet",
    ]


def test_hypervolumes_with_different_references_are_not_in_one_column(
    team, viewer, finished, sign_in
):
    client = sign_in(viewer)
    heads = read(client.get(LIST)).one("run-table").all("th", scope="col")
    assert "Hypervolume" not in [head.text for head in heads]
    assert "Hypervolume" not in read(client.get("/")).text
    assert client.get(f"{LIST}?sort=hypervolume").status_code == 200, "a saved address"


def test_each_run_shows_its_own_first_objective(team, viewer, sign_in):
    end_run(make_run(team, candidates=1, objectives=("params", "error")), [("done", 5.0, 3.2e6)])
    make_run(team, candidates=1, objectives=("error", "params"), constraints=("params<10",))
    end_run(Run.objects.latest("pk"), [("done", 5.0, 3.2e6)])
    rows = read(sign_in(viewer).get(LIST)).one("run-table").rows()
    assert [row[6] for row in rows] == ["–", "3.20 M params"]
    page = read(sign_in(viewer).get(LIST))
    (missing,) = page.one("run-table").all("span", title="no candidate meets the constraints")
    assert missing.text == "–"


def test_runs_of_one_objective_stay_together_when_sorted_by_their_best(team, viewer, sign_in):
    makes = [("error", 7.0), ("params", 3.0), ("error", 5.0), ("params", 9.0)]
    for first, value in makes:
        other = {"error": "params", "params": "error"}[first]
        run = make_run(team, candidates=1, objectives=(first, other))
        values = {first: value, other: 1.0}
        end_run(run, [("done", values["error"], values["params"])])
    rows = read(sign_in(viewer).get(LIST, {"sort": "best"})).one("run-table").rows()
    assert [row[6] for row in rows] == ["5.00 % error", "7.00 % error", "3 params", "9 params"]


def test_other_teams_runs_are_not_listed(team, stranger, finished, sign_in):
    page = read(sign_in(stranger).get(LIST))
    assert page.one("runs-empty").text.startswith("No runs yet")


def test_only_those_who_may_launch_get_the_button(viewer, researcher, sign_in):
    assert read(sign_in(viewer).get(LIST)).all(data_testid="new-run") == []
    assert read(sign_in(researcher).get(LIST)).one("new-run").attributes["href"] == "/runs/new"


def test_filter_by_state_method_and_text(team, viewer, sign_in):
    client = sign_in(viewer)
    one, two = make_run(team, advance=False), make_run(team, strategy="regularised-evolution")
    Run.objects.filter(pk=one.pk).update(name="Straße 5", state=RunState.FAILED)
    Run.objects.filter(pk=two.pk).update(name="small cells", tags=["night"])
    assert names(client.get(LIST, {"state": "failed"})) == ["Straße 5"]
    assert names(client.get(LIST, {"method": "regularised-evolution"})) == ["small cells"]
    assert names(client.get(LIST, {"text": "straße"})) == ["Straße 5"]
    assert names(client.get(LIST, {"text": "night cells"})) == ["small cells"]
    assert names(client.get(LIST, {"text": "cells absent"})) == []
    assert names(client.get(LIST, {"state": "", "method": "", "text": ""})) == [
        "small cells",
        "Straße 5",
    ]


@pytest.mark.parametrize(
    "query", ["state=nonsense", "method=%00", "text=%00", "sort=; drop", "size=7", "page=999999"]
)
def test_nonsense_in_the_address_is_no_server_error(team, viewer, finished, sign_in, query):
    assert sign_in(viewer).get(f"{LIST}?{query}").status_code == 200


@pytest.mark.trap(34)
def test_sorting_by_error_puts_runs_without_one_last(team, viewer, sign_in):
    good = end_run(make_run(team, candidates=1), [("done", 5.0, 10.0)])
    bad = end_run(make_run(team, candidates=1), [("done", 50.0, 10.0)])
    none = make_run(team, advance=False)
    client = sign_in(viewer)

    def order(sort):
        rows = read(client.get(LIST, {"sort": sort})).all("tr")
        return [int(row.attributes["data-run"]) for row in rows if "data-run" in row.attributes]

    assert order("error") == [good.pk, bad.pk, none.pk]
    assert order("-error") == [bad.pk, good.pk, none.pk]
    assert order("age") == [none.pk, bad.pk, good.pk]
    assert order("-age") == [good.pk, bad.pk, none.pk]


def test_pages_keep_filter_and_sort_in_their_links(team, viewer, sign_in):
    bulk(team, 60)
    page = read(sign_in(viewer).get(LIST, {"sort": "name", "state": "queued", "page": "2"}))
    (links,) = page.all("nav", aria_label="Pages")
    assert [a.attributes["href"] for a in links.all("a")] == [
        "?sort=name&state=queued&page=1",
        "?sort=name&state=queued&page=3",
    ]
    assert "26 to 50 of 60" in links.text


def test_htmx_gets_the_table_alone(team, viewer, finished, sign_in):
    response = sign_in(viewer).get(LIST, headers={"HX-Request": "true"})
    assert read(response).all("html") == []
    assert len(read(response).one("run-table").rows()) == 1
    assert "HX-Request" in response["Vary"]


def test_queries_do_not_grow_with_the_rows(team, viewer, sign_in, queries_of):
    client = sign_in(viewer)
    make_run(team, candidates=1)
    at_one = queries_of(lambda: client.get(LIST))
    make_run(team, candidates=1)
    make_run(team, candidates=1)
    assert queries_of(lambda: client.get(LIST)) == at_one <= 10


def test_ten_thousand_runs_are_listed_in_a_blink(team, viewer, sign_in):
    bulk(team, 10_000)
    response = sign_in(viewer).get(LIST, {"sort": "progress", "size": "100"})
    assert len(read(response).one("run-table").rows()) == 100
    assert len(response.content) < 400_000


@pytest.fixture
def studied(team):
    """Two studies of three and two runs, and a run without a study."""
    bulk(team, 6)
    runs = list(Run.objects.order_by("pk"))
    for name, members in (("first", runs[:3]), ("second", runs[3:5])):
        study = Study.objects.create(team=team, name=name)
        for seed, run in enumerate(members, start=3):
            Run.objects.filter(pk=run.pk).update(study=study, seed=seed, strategy="dpp-net")
    return runs


def test_fault_22_the_runs_of_a_study_are_one_line_that_unfolds(viewer, studied, sign_in):
    client = sign_in(viewer)
    page = read(client.get(LIST))
    lines = page.one("run-table").rows()
    assert [line[1:4] for line in lines] == [
        ["run 5", "Queued", "random"],
        ["second", "2 of 2 active", "1 method, 2 seeds"],
        ["first", "3 of 3 active", "1 method, 3 seeds"],
    ]
    assert "6 runs" in page.one("run-table").text
    study = studied[0].study_id or Run.objects.get(pk=studied[0].pk).study_id
    assert names(client.get(LIST, {"study": study})) == ["run 2", "run 1", "run 0"]


def test_a_filter_counts_only_the_matching_runs_of_a_study(viewer, studied, sign_in):
    lines = read(sign_in(viewer).get(LIST, {"text": "seed 3"})).one("run-table").rows()
    assert [line[1:4] for line in lines] == [
        ["second", "1 of 1 active", "1 method, 1 seed"],
        ["first", "1 of 1 active", "1 method, 1 seed"],
    ]


def test_fault_22_author_objective_number_and_seed_are_found(team, viewer, researcher, sign_in):
    one = make_run(team, advance=False, seed=3)
    two = make_run(team, advance=False, seed=33, objectives=("error", "macs"))
    Run.objects.filter(pk=one.pk).update(name="one", created_by=researcher)
    Run.objects.filter(pk=two.pk).update(name="two 3")
    client = sign_in(viewer)
    assert names(client.get(LIST, {"text": "seed 3"})) == ["one"]
    assert names(client.get(LIST, {"text": "Seed=33 two"})) == ["two 3"]
    assert names(client.get(LIST, {"text": "rosa"})) == ["one"]
    assert names(client.get(LIST, {"text": "macs"})) == ["two 3"]
    assert names(client.get(LIST, {"text": f"#{two.pk}"})) == ["two 3"]
    assert "one" in names(client.get(LIST, {"text": str(one.pk)}))
    assert names(client.get(LIST, {"text": "#" + "9" * 30})) == []


def test_a_study_of_another_team_unfolds_nothing(viewer, stranger, studied, sign_in):
    study = Run.objects.get(pk=studied[0].pk).study_id
    assert names(sign_in(stranger).get(LIST, {"study": study})) == []


def test_runs_are_sorted_by_the_size_of_their_front(team, researcher, sign_in):
    for size in (2, 7, 4):
        numbers = {"numbers": list(range(size))}
        run = make_run(team, candidates=1)
        Run.objects.filter(pk=run.pk).update(front=numbers, name=f"front of {size}")
    client = sign_in(researcher)
    smallest_first = ["front of 2", "front of 4", "front of 7"]
    assert names(client.get(LIST, {"sort": "front"})) == smallest_first
    assert names(client.get(LIST, {"sort": "-front"})) == smallest_first[::-1]
