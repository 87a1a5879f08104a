"""The pages of studies: their texts, permissions by role, nothing typed is lost."""

from __future__ import annotations

import csv
import io
import json

import pytest

from nasengine import catalog
from tests.fixtures.factories import make_run, make_table, make_team, table_text
from tests.fixtures.html_reader import embedded, errors_of, read, value_of
from webapp.runs.models import Run, Study
from webapp.studies.services.launching import launch_study

from ...fixtures.study_plans import look_up_all, small_plan, table_plan

pytestmark = pytest.mark.django_db
NEW = "/studies/new"
TYPED = {
    "name": "which is better",
    "question": "does learning pay?",
    "methods": ["", "random", "regularised-evolution"],
    "methods.regularised-evolution.population": "6",
    "methods.regularised-evolution.sample": "2",
    "space": "nb201",
    "estimator": "train",
    "dataset": "digits",
    "objectives": ["", "error", "params"],
    "constraints": "params<2e6",
    "candidates": "7",
    "seed": "5",
    "seeds": "3",
    "in_flight": "2",
    "deterministic": ["false", "true"],
}


def test_the_form_launches_every_run(team, researcher, sign_in):
    client = sign_in(researcher)
    answer = client.post(NEW, {**TYPED, "priority": "1"})
    study = Study.objects.get()
    assert set(study.runs.values_list("priority", flat=True)) == {1}
    assert answer["Location"] == f"/studies/{study.pk}/"
    runs = study.runs.order_by("pk")
    assert [(r.strategy, r.seed) for r in runs] == [
        (name, seed) for seed in (5, 6, 7) for name in ("random", "regularised-evolution")
    ]
    evolution = runs[1].spec
    assert evolution["strategy_config"]["population"] == 6
    assert evolution["constraints"] == ["params<2e6"]
    page = read(client.get(answer["Location"]))
    assert page.one("study-name").text == "which is better"
    assert page.one("study-question").text == "does learning pay?"
    assert "0 of 6 runs finished" in page.one("study-progress").text


def test_random_search_is_ticked_unless_somebody_unticks_it(researcher, sign_in):
    page = read(sign_in(researcher).get(NEW))
    boxes = page.all("input", type="checkbox", name="methods")
    assert [b.attributes["value"] for b in boxes] == catalog.names("strategies")
    assert "random" in [b.attributes["value"] for b in boxes if "checked" in b.attributes]
    answer = sign_in(researcher).post(NEW, {**TYPED, "methods": ["", "regularised-evolution"]})
    assert answer.status_code == 302
    assert set(Run.objects.values_list("strategy", flat=True)) == {"regularised-evolution"}


def test_every_fault_has_its_place_and_nothing_typed_is_lost(researcher, sign_in):
    wrong = {
        **TYPED,
        "name": "",
        "methods": ["", "random", "regularised-evolution", "monas", "<b>no</b>"],
        "space": "topology",
        "methods.regularised-evolution.population": "-3",
        "methods.nsga2.population": "not ticked, still here",
        "seeds": "many",
        "candidates": "0",
        "priority": "7",
    }
    page = read(sign_in(researcher).post(NEW, wrong))
    assert not Study.objects.exists()
    errors = errors_of(page)
    assert {"name", "seeds", "candidates", "methods", "methods.monas"} <= set(errors)
    assert "got '7'" in errors["priority"]
    assert "-3" in errors["methods.regularised-evolution.population"]
    assert value_of(page, "methods.regularised-evolution.population") == "-3"
    assert value_of(page, "methods.nsga2.population") == "not ticked, still here"
    assert value_of(page, "seeds") == "many"
    assert value_of(page, "question") == "does learning pay?"
    summary = page.one("error-summary").text
    assert "regularised-evolution, population" in summary


def test_no_method_is_no_study(researcher, sign_in):
    page = read(sign_in(researcher).post(NEW, {**TYPED, "methods": [""]}))
    assert errors_of(page)["methods"] == "must name at least one method"


def test_methods_say_what_space_they_do_not_fit(researcher, sign_in):
    client = sign_in(researcher)
    page = read(client.post(f"{NEW}/methods", {**TYPED, "space": "topology"}))
    assert "does not have" in page.one("method-monas").text
    assert "does not have" not in page.one("method-topology-evolution").text
    assert value_of(page, "methods.regularised-evolution.population") == "6"


def test_the_cost_counts_all_runs(researcher, sign_in):
    client = sign_in(researcher)
    text = read(client.post(f"{NEW}/cost", TYPED)).one("expected-cost").text
    assert "6 runs with 42 candidates in total" in text
    wrong = read(client.post(f"{NEW}/cost", {**TYPED, "seeds": "x"})).one("expected-cost").text
    assert "when all settings are valid" in wrong


def test_a_run_is_repeated_as_a_study(team, researcher, sign_in):
    run = make_run(team, strategy="nsga2", strategy_config={"population": 12}, seed=9)
    client = sign_in(researcher)
    page = read(client.get(f"/runs/{run.pk}/"))
    assert page.one("run-study").attributes["href"] == f"{NEW}?run={run.pk}"
    form = read(client.get(f"{NEW}?run={run.pk}"))
    ticked = [
        b.attributes["value"]
        for b in form.all("input", type="checkbox", name="methods")
        if "checked" in b.attributes
    ]
    assert sorted(ticked) == ["nsga2", "random"]
    assert value_of(form, "methods.nsga2.population") == "12"
    assert (value_of(form, "seed"), value_of(form, "candidates")) == ("9", "4")


def test_a_study_is_repeated_with_its_settings(team, researcher, sign_in):
    study = launch_study(team, researcher, "first", small_plan(), "why not", priority=-1)
    form = read(sign_in(researcher).get(f"{NEW}?again={study.pk}"))
    assert value_of(form, "name") == "first again"
    assert value_of(form, "methods.regularised-evolution.population") == "5"
    assert (value_of(form, "seeds"), value_of(form, "seed")) == ("2", "7")
    (low,) = (o for o in form.all("option", value="-1") if "selected" in o.attributes)
    assert low.text.startswith("Low")


@pytest.mark.parametrize("what", ["run", "again"])
def test_what_belongs_to_others_cannot_be_repeated(what, researcher, sign_in):
    other = make_team()
    key = make_run(other).pk if what == "run" else launch_study(other, None, "x", small_plan()).pk
    for text in (str(key), "999999", "x", "9" * 30, "-1", "²"):
        assert sign_in(researcher).get(NEW, {what: text}).status_code == 404


@pytest.fixture
def ended(team, researcher):
    make_table(team, text=table_text())
    study = launch_study(team, researcher, "<b>methods</b>", table_plan())
    look_up_all(study)
    return study


def test_the_ranking_says_everything_of_a_method(ended, viewer, sign_in):
    page = read(sign_in(viewer).get(f"/studies/{ended.pk}/"))
    rows = page.one("study-ranking").rows()
    assert [row[0][:3] for row in rows] == ["1. ", "2. ", "3. "]
    names = ["local-search", "random", "regularised-evolution"]
    assert sorted(row[0][3:] for row in rows) == names
    assert "9 of 9 runs finished" in page.one("study-progress").text
    assert "±" in rows[0][1] and "p " in rows[0][6] + rows[1][6]
    matrix = page.one("study-runs").rows()
    assert len(matrix) == 3 and len(matrix[0]) == 4
    assert "with one reference 10 % beyond" in page.one("study-ranking").text
    data = embedded(page, "study-data")
    assert len(data["methods"][0]["curves"]["best"]) > 3
    assert not page.all("button", data_testid="study-stop")
    ended.runs.exclude(pk=ended.runs.earliest("pk").pk).delete()
    alone = read(sign_in(viewer).get(f"/studies/{ended.pk}/")).one("study-ranking").text
    assert "has the reference of the run's page" in alone and "one reference" not in alone


def test_numbers_leave_as_files(ended, viewer, sign_in):
    client = sign_in(viewer)
    answer = client.get(f"/studies/{ended.pk}/results.csv")
    assert 'filename="bmethodsb.csv"' in answer["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(lines) == 9 and {line["strategy"] for line in lines} == {
        "random",
        "regularised-evolution",
        "local-search",
    }
    assert all(float(line["test_error"]) > 0 for line in lines)
    answer = client.get(f"/studies/{ended.pk}/results.json")
    assert answer["Content-Disposition"].endswith('.json"')
    document = json.loads(answer.content)
    assert document["plan"] == ended.plan
    assert document["results"]["methods"][0]["wins"] >= 0


def test_buttons_do_what_the_role_allows(team, researcher, viewer, sign_in):
    study = launch_study(team, researcher, "a study", small_plan())
    client = sign_in(researcher)
    page = read(client.get(f"/studies/{study.pk}/"))
    assert page.one("study-pause").text == "Pause all"
    assert client.post(f"/studies/{study.pk}/pause")["Location"] == f"/studies/{study.pk}/"
    assert set(study.runs.values_list("state", flat=True)) == {"paused"}
    assert client.post(f"/studies/{study.pk}/erase").status_code == 404
    page = read(client.post(f"/studies/{study.pk}/pause", follow=True))
    assert "allows pause now" in page.text
    assert sign_in(viewer).post(f"/studies/{study.pk}/resume").status_code == 403


def test_an_open_page_asks_for_its_results_while_runs_move(team, researcher, sign_in):
    study = launch_study(team, researcher, "a study", small_plan())
    client = sign_in(researcher)
    page = read(client.get(f"/studies/{study.pk}/", headers={"HX-Request": "true"}))
    assert page.one("study-results").attributes["hx-trigger"] == "every 4s"
    assert not page.all("h1")
    study.runs.update(state="finished")
    page = read(client.get(f"/studies/{study.pk}/", headers={"HX-Request": "true"}))
    assert "hx-get" not in page.one("study-results").attributes


def test_the_list_names_what_a_team_asked(team, ended, viewer, stranger, sign_in, queries_of):
    client = sign_in(viewer)
    page = read(client.get("/studies/"))
    line = page.one(f"study-{ended.pk}").text
    for words in ("<b>methods</b>", "9 of 9", "270 of 270", "nb201", "by rosa"):
        assert words in line, words
    few = queries_of(lambda: client.get("/studies/"))
    for number in range(5):
        launch_study(team, None, f"study {number}", small_plan())
    assert queries_of(lambda: client.get("/studies/")) == few
    empty = read(sign_in(stranger).get("/studies/"))
    assert "No studies yet" in empty.one("studies-empty").text


def test_a_study_takes_few_queries_however_many_runs_it_has(team, viewer, sign_in, queries_of):
    client = sign_in(viewer)
    counts = []
    for seeds in (2, 12):
        plan = small_plan(seeds=tuple(range(seeds)))
        study = launch_study(team, None, f"{seeds} seeds", plan)
        counts.append(queries_of(lambda pk=study.pk: client.get(f"/studies/{pk}/")))
    assert counts[0] == counts[1] <= 22


def test_a_method_that_space_or_estimator_refuse_cannot_be_chosen(researcher, sign_in):
    client = sign_in(researcher)
    typed = {**TYPED, "estimator": "table", "methods": ["", "random", "enas"]}
    page = read(client.post(f"{NEW}/methods", typed))
    reason = "retrains candidates of its supernet from scratch, which the estimator table does not"
    for name, disabled in (("darts", True), ("enas", False), ("nsga2", False)):
        (box,) = page.one(f"method-{name}").all("input", id=f"method-{name}")
        assert ("disabled" in box.attributes) == disabled, name
        assert (reason in page.one(f"method-{name}").text) == (name != "nsga2")
    trigger = page.one("methods").attributes["hx-trigger"]
    assert "from:#field-estimator" in trigger and "from:#field-space" in trigger


def test_a_study_is_not_named_after_one_of_its_methods(team, researcher, sign_in):
    client = sign_in(researcher)
    table = make_table(team, text=table_text())
    link = read(client.get(f"/datasets/tables/{table.pk}/")).one("study-methods").attributes["href"]
    assert value_of(read(client.get(link)), "name") == "Methods on made, made"
    run = make_run(team)
    Run.objects.filter(pk=run.pk).update(name="random on digits")
    assert value_of(read(client.get(f"{NEW}?run={run.pk}")), "name") == "Methods on digits"
    Run.objects.filter(pk=run.pk).update(name="mine")
    assert value_of(read(client.get(f"{NEW}?run={run.pk}")), "name") == "mine, repeated"
