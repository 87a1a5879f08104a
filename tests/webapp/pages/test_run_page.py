"""The run page: first paint, snapshot, table, controls; owner, teammate, stranger."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from django.templatetags.static import static

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from tests.fixtures.factories import end_run, make_run, make_slot
from webapp.runs.models import Run, RunState
from webapp.runs.presets import DEFAULT_OBJECTIVES, PRESETS
from webapp.runs.snapshot import snapshot

from ...fixtures.html_reader import embedded, read

pytestmark = pytest.mark.django_db


def texts(page, css: str) -> list[str]:
    return [e.text for e in page.all("button", class_=css)]


def test_first_paint_holds_the_numbers(viewer, finished, sign_in):
    page = read(sign_in(viewer).get(f"/runs/{finished.pk}/"))
    facts = {
        d.attributes["data-fact"]: d.text for d in page.all("dd") if "data-fact" in d.attributes
    }
    assert page.one("run-name").text == "a run"
    assert page.one("run-state").text == "Finished"
    assert (facts["running"], facts["best"], facts["front"], facts["failed"]) == (
        "0",
        "10.00",
        "2",
        "1",
    )
    assert page.one("front-list").rows() == [["#3", "10.00", "4.00 k"], ["#0", "20.00", "1.00 k"]]


def test_first_paint_preloads_the_snapshot_and_has_the_best_drawing(viewer, finished, sign_in):
    page = read(sign_in(viewer).get(f"/runs/{finished.pk}/"))
    preloads = [e.attributes["href"] for e in page.all("link", rel="preload")]
    assert f"/runs/{finished.pk}/snapshot.json" in preloads
    modules = [e.attributes["href"] for e in page.all("link", rel="modulepreload")]
    assert static("js/plots/look.js") in modules  # imported by an import
    assert embedded(page, "best-graph")["cells"][0]["name"] == "cell"


def test_the_csv_has_every_candidate_with_its_values(viewer, finished, sign_in):
    finished.candidates.filter(number=2).update(reason="=1+1")
    answer = sign_in(viewer).get(f"/runs/{finished.pk}/candidates.csv")
    header, *lines = b"".join(answer.streaming_content).decode().splitlines()
    assert header == (
        "number,state,reason,on_front,broken_constraints,origin,parents,error (%),params,"
        "architecture_id,error tier,error device,error repetitions,error spread,"
        "params tier,params device,params repetitions,params spread"
    )
    ids = list(finished.candidates.order_by("number").values_list("architecture_id", flat=True))
    assert lines == [
        f"0,done,,1,,random,,20,1000,{ids[0]},measured,,1,,counted,,1,",
        f"1,done,,0,,random,,30,2000,{ids[1]},measured,,1,,counted,,1,",
        f"2,diverged,'=1+1,0,,random,,,3000,{ids[2]},,,,,counted,,1,",
        f"3,done,,1,,random,,10,4000,{ids[3]},measured,,1,,counted,,1,",
    ]


def test_the_data_are_compressed_and_the_page_with_its_secrets_is_not(viewer, finished, sign_in):
    client = sign_in(viewer)
    accepts = {"Accept-Encoding": "gzip"}
    data = client.get(f"/runs/{finished.pk}/snapshot.json", headers=accepts)
    assert data["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in client.get(f"/runs/{finished.pk}/", headers=accepts)


def test_the_snapshot_is_served_as_json(viewer, finished, sign_in):
    answer = sign_in(viewer).get(f"/runs/{finished.pk}/snapshot.json")
    assert answer.json() == json.loads(json.dumps(snapshot(finished)))


def test_candidates_are_newest_first_and_say_why(viewer, finished, sign_in):
    page = read(sign_in(viewer).get(f"/runs/{finished.pk}/"))
    rows = page.one("candidate-table").rows()
    assert [row[0] for row in rows] == ["#3", "#2", "#1", "#0"]
    assert rows[1][1:4] == ["Diverged loss became NaN in epoch 1, step 3", "–", "3.00 k"]
    assert rows[0][1:5] == ["Done", "10.00", "4.00 k", "1 of 1"]


@pytest.fixture
def table_of(viewer, finished, sign_in):
    """Return a function that reads the candidate table with an address."""
    client = sign_in(viewer)
    headers = {"HX-Request": "true", "HX-Target": "candidate-table"}

    def table(query: str):
        return read(client.get(f"/runs/{finished.pk}/?{query}", headers=headers))

    return table


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("value=error<25", ["#3", "#0"]),
        ("value=error<25, params>=4000", ["#3"]),
        ("value=error<25&state=diverged", []),
        ("parent=1", ["#3"]),
        ("parent=%231", ["#3"]),
        ("operation=made_up_op", ["#2"]),
        ("operation=up_op", []),
        ("value=nonsense", ["#3", "#2", "#1", "#0"]),
        ("parent=x&operation=%00", []),
    ],
)
def test_fault_20_candidates_are_filtered_by_value_state_operation_and_parent(
    finished, table_of, query, shown
):
    finished.candidates.filter(number=3).update(parents=[1, 2])
    odd = finished.candidates.get(number=2)
    odd.proposal["architecture"]["genome"] = {"ops": ["made_up_op", 3]}
    odd.save()
    assert [row[0] for row in table_of(query).one("candidate-table").rows()] == shown


def test_a_filter_that_cannot_be_read_is_said(table_of):
    assert "is not a filter" in table_of("value=nonsense").text
    assert "No candidate 99 in this list." in table_of("at=99").text


def test_fault_20_the_table_jumps_to_a_page_and_to_a_candidate(finished, table_of, monkeypatch):
    monkeypatch.setattr("webapp.runs.candidate_table.PAGE_SIZE", 1)
    page = table_of("at=1&sort=error")
    (row,) = page.one("candidate-table").rows()
    assert row[0] == "#1"
    assert page.one("candidate-1").attributes["aria-current"] == "true"
    assert page.one("page-jump").attributes["value"] == "3"
    hidden = [e.attributes["name"] for e in page.all("input", type="hidden")]
    assert hidden == ["lasso", "only", "sort"]
    assert [row[0] for row in table_of("page=2").one("candidate-table").rows()] == ["#2"]


def test_the_table_sorts_by_an_objective_and_leaves_what_has_no_value_for_the_end(
    viewer, finished, sign_in
):
    def order(query):
        answer = sign_in(viewer).get(
            f"/runs/{finished.pk}/?{query}",
            headers={"HX-Request": "true", "HX-Target": "candidate-table"},
        )
        return [row[0] for row in read(answer).one("candidate-table").rows()]

    assert order("sort=error") == ["#3", "#0", "#1", "#2"]
    assert order("sort=params") == ["#0", "#1", "#2", "#3"]
    assert order("sort=number") == ["#0", "#1", "#2", "#3"]
    assert order("sort=nonsense") == ["#3", "#2", "#1", "#0"]
    assert order("state=diverged") == ["#2"]
    assert order("page=99") == ["#3", "#2", "#1", "#0"]


def shown_texts(element) -> str:
    """The texts of the spans below that are not hidden."""
    return " ".join(s.text for s in element.all("span") if "hidden" not in s.attributes)


def test_a_run_without_measurements_explains_what_will_appear(team, viewer, sign_in):
    run = make_run(team)
    page = read(sign_in(viewer).get(f"/runs/{run.pk}/"))
    empty = page.one("pareto").all("div", class_="ps-plot-empty ps-plot-empty-high")
    assert shown_texts(empty[0]) == "The front appears when the first candidate is measured."
    assert page.one("best-value").text == "–"
    assert page.all(id="tab-method")[0].attributes["hidden"] == ""


@pytest.mark.trap(32)
def test_no_feasible_candidate_shows_the_least_violating_and_says_so(team, viewer, sign_in):
    run = make_run(team, candidates=2, constraints=("params<10",))
    end_run(run, [("done", 20.0, 1000.0), ("done", 10.0, 2000.0)])
    run.front["numbers"] = [0]
    run.save()
    page = read(sign_in(viewer).get(f"/runs/{run.pk}/"))
    assert page.one("infeasible-front").text == (
        "No candidate meets every constraint yet; these violate them least."
    )


@pytest.mark.parametrize(
    "path",
    ["", "live/", "snapshot.json", "events/", "candidates/0/", "candidates/0/graph.json"],
)
def test_a_stranger_finds_nothing(stranger, finished, sign_in, path):
    assert sign_in(stranger).get(f"/runs/{finished.pk}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["", "live/", "snapshot.json", "events/", "candidates/0/"])
def test_signed_out_people_are_sent_to_sign_in(client, finished, path):
    answer = client.get(f"/runs/{finished.pk}/{path}")
    assert (answer.status_code, answer["Location"].split("?")[1]) == (
        302,
        f"next=/runs/{finished.pk}/{path}",
    )


def test_a_viewer_gets_no_controls(team, viewer, sign_in):
    run = make_run(team)
    page = read(sign_in(viewer).get(f"/runs/{run.pk}/"))
    assert [
        b for b in page.all("button") if b.attributes.get("data-testid", "").startswith("run-")
    ] == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RunState.RUNNING, ["Pause", "Stop", "Cancel", "Raise budget", "Priority"]),
        (RunState.PAUSED, ["Resume", "Stop", "Cancel", "Raise budget", "Priority"]),
        (RunState.STOPPING, ["Cancel"]),
        (RunState.FINISHED, ["Raise budget"]),
        (RunState.FAILED, []),
    ],
)
def test_controls_follow_the_state(team, researcher, sign_in, state, words):
    run = make_run(team)
    Run.objects.filter(pk=run.pk).update(state=state)
    page = read(sign_in(researcher).get(f"/runs/{run.pk}/"))
    buttons = [b for b in page.all("button") if "data-dialog-open" in b.attributes]
    controls = [b for b in buttons if b.attributes["data-dialog-open"] != "edit-dialog"]
    assert [b.text for b in controls] == words


@pytest.mark.parametrize(("action", "state"), [("pause", "paused"), ("stop", "stopping")])
def test_a_researcher_steers_the_run(team, researcher, sign_in, action, state):
    run = make_run(team)
    answer = sign_in(researcher).post(f"/runs/{run.pk}/{action}")
    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{run.pk}/")
    run.refresh_from_db()
    assert run.state in (state, "stopped")


def test_a_refused_action_says_why_and_changes_nothing(finished, researcher, sign_in):
    client = sign_in(researcher)
    page = read(client.post(f"/runs/{finished.pk}/pause", follow=True))
    assert page.one("toast").text == "Cannot pause a finished run: reload the page."
    finished.refresh_from_db()
    assert finished.state == "finished"


@pytest.mark.parametrize("typed", ["", "abc", "4", "1e9", "99999999999999999999"])
def test_a_budget_that_is_no_larger_number_is_refused(finished, researcher, sign_in, typed):
    address = f"/runs/{finished.pk}/raise_budget"
    page = read(sign_in(researcher).post(address, {"candidates": typed}, follow=True))
    text = page.one("toast").text
    assert text.startswith("The budget must be ") and text.endswith(").")
    finished.refresh_from_db()
    assert (finished.candidate_budget, finished.state) == (4, "finished")


def test_a_smaller_limit_is_refused_with_the_label_of_its_field(finished, researcher, sign_in):
    finished.spec = {**finished.spec, "max_hours": 2.0}
    finished.save(update_fields=["spec"])
    address = f"/runs/{finished.pk}/raise_budget"
    typed = {"candidates": "9", "max_hours": "1"}
    page = read(sign_in(researcher).post(address, typed, follow=True))
    expected = "Time in hours must be at least 2, or 0 for no limit (got 1)."
    assert page.one("toast").text == expected


def test_a_larger_budget_takes_the_run_on(finished, researcher, sign_in):
    sign_in(researcher).post(f"/runs/{finished.pk}/raise_budget", {"candidates": "9"})
    finished.refresh_from_db()
    assert (finished.candidate_budget, finished.state) == (9, "running")


def test_the_priority_of_a_run_is_changed_on_its_page(team, researcher, sign_in):
    run, client = make_run(team), sign_in(researcher)
    answer = client.post(f"/runs/{run.pk}/set_priority", {"priority": "1"}, follow=True)
    assert read(answer).one("toast").text == "Priority changed."
    assert b"high: before all other work" in answer.content
    for typed in ("7", "x", ""):
        client.post(f"/runs/{run.pk}/set_priority", {"priority": typed})
    run.refresh_from_db()
    assert run.priority == 1


def test_a_run_that_waits_without_a_worker_shows_the_command(team, viewer, sign_in):
    run, client = make_run(team), sign_in(viewer)
    for address in (f"/runs/{run.pk}/", f"/runs/{run.pk}/live/"):
        alert = read(client.get(address)).one("run-unserved").text
        assert "queue cpu, which no worker serves" in alert
        assert "celery -A workers worker -Q cpu --concurrency 1" in alert
    make_slot()
    assert b'data-testid="run-unserved"' not in client.get(f"/runs/{run.pk}/").content


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("stranger", 404)])
def test_others_cannot_steer(team, who, status, request, sign_in):
    run = make_run(team)
    client = sign_in(request.getfixturevalue(who))
    assert client.post(f"/runs/{run.pk}/cancel").status_code == status
    run.refresh_from_db()
    assert run.state not in ("stopping", "stopped")


def test_an_unknown_action_or_a_get_is_no_control(team, researcher, sign_in):
    run = make_run(team)
    assert sign_in(researcher).post(f"/runs/{run.pk}/explode").status_code == 404
    assert sign_in(researcher).get(f"/runs/{run.pk}/cancel").status_code == 405


def test_events_are_told_in_words(viewer, finished, sign_in):
    rows = read(sign_in(viewer).get(f"/runs/{finished.pk}/events/")).rows()
    words = [row[3] for row in rows]
    assert "#2 diverged: loss became NaN in epoch 1, step 3" in words
    assert "info: launched by the command line" in words
    numbers = [int(row[0]) for row in rows]
    assert numbers == sorted(numbers, reverse=True)


def live_parts(client, run, query=""):
    """Return the parts that an open page fetches after a change, by name."""
    page = read(client.get(f"/runs/{run.pk}/live/{query}"))
    assert page.all("html") == []
    parts = {}
    for tag in ("span", "dd", "div", "h2", "tbody", "td", "dl"):
        for element in page.all(tag):
            if name := element.attributes.get("data-live"):
                parts[name] = element.text
    return parts


def test_an_open_page_fetches_every_part_as_the_first_paint_has_it(viewer, finished, sign_in):
    client = sign_in(viewer)
    parts = live_parts(client, finished, "?rows=2,3")
    page = read(client.get(f"/runs/{finished.pk}/"))
    assert {"run-state", "run-actions", "fact-best", "best-title", "front-rows"} <= set(parts)
    assert parts["candidate-2-state"] == "Diverged loss became NaN in epoch 1, step 3"
    assert "candidate-1-state" not in parts
    for name, text in parts.items():
        (element,) = page.all(data_live=name)
        assert element.text == text, name


def test_the_parts_are_at_least_as_new_as_the_number_they_bear(viewer, finished, sign_in):
    page = read(sign_in(viewer).get(f"/runs/{finished.pk}/live/"))
    (numbered,) = [e for e in page.all("div") if "data-live-seq" in e.attributes]
    assert numbered.attributes["data-live-seq"] == str(finished.seq)


def test_a_selected_candidate_takes_the_place_of_the_best(viewer, finished, sign_in):
    client = sign_in(viewer)
    assert live_parts(client, finished)["best-title"] == "Best architecture: #3"
    parts = live_parts(client, finished, "?selected=0")
    assert parts["best-title"] == "Selected architecture: #0"
    assert parts["best-follow"] == "Show the best"
    assert parts["best-values"] == "error 20.00 % params 1.00 k"
    assert live_parts(client, finished, "?selected=99")["best-title"] == "Best architecture: #3"


@pytest.mark.parametrize(
    "query", ["?rows=x,,-1,9999999999999", "?selected=²", "?rows=" + "1," * 999]
)
def test_parts_of_a_strange_address_are_those_of_the_run(viewer, finished, sign_in, query):
    assert live_parts(sign_in(viewer), finished, query)["fact-failed"] == "1"


def test_a_long_front_shows_its_first_rows_and_their_number(team, viewer, sign_in):
    run = make_run(team, candidates=60)
    end_run(run, [("done", 60.0 - n, 100.0 + n) for n in range(60)])
    page = read(sign_in(viewer).get(f"/runs/{run.pk}/"))
    rows = page.one("front-list").rows()
    assert [row[0] for row in rows] == [f"#{n}" for n in range(59, 9, -1)]  # best error first
    assert "first 50 of 60" in page.one("front-list").text
    assert page.one("front-size").text == "60"


def test_queries_do_not_grow_with_the_candidates(team, viewer, sign_in, queries_of):
    client = sign_in(viewer)
    one = end_run(make_run(team, candidates=1), [("done", 20.0, 1000.0)])
    three = end_run(make_run(team, candidates=3), [("done", 20.0 - i, 1000.0) for i in range(3)])
    at_one = queries_of(lambda: client.get(f"/runs/{one.pk}/"))
    assert queries_of(lambda: client.get(f"/runs/{three.pk}/")) == at_one <= 30
    parts = queries_of(lambda: client.get(f"/runs/{one.pk}/live/?rows=0"))
    assert queries_of(lambda: client.get(f"/runs/{three.pk}/live/?rows=0,1,2")) == parts <= 25


def test_fault_20_equal_candidates_on_the_front_share_a_row(viewer, team, sign_in):
    endings = [("done", 5.0, 70.0)] * 3 + [("done", 4.0, 90.0)] + [("done", 5.0, 70.0)] * 2
    run = end_run(make_run(team, candidates=len(endings)), endings)
    numbers = list(range(len(endings)))
    run.front = {**run.front, "numbers": numbers}
    run.save()
    page = read(sign_in(viewer).get(f"/runs/{run.pk}/"))
    front = page.one("front-list")
    assert front.rows() == [["#3", "4.00", "90"], ["#0 and 4 equal", "5.00", "70"]]
    assert "6 candidates, 2 different" in front.text


SQUARE = "params|error|nn|500,15;2500,15;2500,35;500,35"


@pytest.mark.parametrize(
    ("lasso", "shown"),
    [
        (SQUARE, ["#1", "#0"]),
        (SQUARE.replace("nn", "ll"), ["#1", "#0"]),
        (SQUARE.replace("params", "nothing"), []),
        ("params|error|nn|1,2;3,4", ["#3", "#2", "#1", "#0"]),
        ("params|error|nn|nan,2;3,4;5,6", ["#3", "#2", "#1", "#0"]),
    ],
)
def test_a_lasso_lists_the_candidates_in_it(table_of, lasso, shown):
    page = table_of(urlencode({"lasso": lasso}))
    assert [row[0] for row in page.one("candidate-table").rows()] == shown
    assert ("lasso of this address cannot be read" in page.text) == (len(shown) == 4)


def test_the_replay_has_the_order_and_every_stay_on_the_front(viewer, finished, sign_in):
    answer = sign_in(viewer).get(f"/runs/{finished.pk}/replay.json").json()
    assert answer["order"] == [0, 1, 2, 3]
    assert answer["front"] == [[0, 1, None], [3, 4, None]]


def test_an_ended_run_without_a_measured_candidate_promises_no_front(team, viewer, sign_in):
    run, address = make_run(team, candidates=1), "/runs/{}/"
    promise, ended = "appears when the first candidate is measured", "No candidate of this run was"
    page = shown_texts(read(sign_in(viewer).get(address.format(run.pk))))
    assert promise in page and ended not in page
    assert end_run(run, [("failed", None, 100.0)]).ended_at
    page = shown_texts(read(sign_in(viewer).get(address.format(run.pk))))
    assert promise not in page and page.count(ended) == 3


@pytest.mark.parametrize("name", ["darts", "enas", "random-sharing", "recurrent"])
def test_one_shot_presets_ask_for_the_candidates_that_their_search_has(name):
    spec = dict(PRESETS[name].spec)
    needed = spec.pop("candidates")
    fields = {"objectives": list(DEFAULT_OBJECTIVES), **spec}
    assembly.make_strategy(SearchSpec.from_json({**fields, "candidates": needed}))
    with pytest.raises(InvalidSettings, match=f"must be at least {needed} "):
        assembly.make_strategy(SearchSpec.from_json({**fields, "candidates": needed - 1}))
