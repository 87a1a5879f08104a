"""Several runs laid over one another: numbers known by hand, and who sees what."""

from __future__ import annotations

import math

import pytest

from tests.fixtures.factories import end_run, make_run
from webapp.compare import preload
from webapp.compare.comparison import comparison
from webapp.compare.differences import MAX_CELLS, differences
from webapp.compare.groups import band_of
from webapp.compare.options import requested_runs
from webapp.runs.models import Run, Study

from ...fixtures.html_reader import embedded, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(team):
    """Two runs over error and params; the worst of both is (40, 400)."""
    one = end_run(make_run(team, candidates=2), [("done", 20.0, 400.0), ("done", 40.0, 100.0)])
    two = end_run(
        make_run(team, candidates=3, seed=8),
        [("failed", None, 300.0), ("done", 30.0, 200.0), ("done", 35.0, 300.0)],
    )
    return one, two


def test_hypervolume_of_both_is_taken_to_one_reference(pair):
    data = comparison(pair)
    assert data["reference"] == pytest.approx([44.0, 440.0])
    box = 44.0 * 440.0
    first = (44 - 20) * (440 - 400)
    both = first + (44 - 40) * (400 - 100)
    assert [p["told"] for p in data["runs"][0]["curve"]] == [1, 2]
    assert [p["hypervolume"] * box for p in data["runs"][0]["curve"]] == pytest.approx(
        [first, both]
    )
    assert data["runs"][1]["curve"] == [
        {
            "told": 2,
            "number": 1,
            "hypervolume": pytest.approx((44 - 30) * (440 - 200) / box),
            "spent": 2.0,
        }
    ]


def test_fronts_and_bests_count_only_what_is_measured(pair):
    one, two = comparison(pair)["runs"]
    assert [(p["number"], p["values"]) for p in one["front"]] == [
        (0, [20.0, 400.0]),
        (1, [40.0, 100.0]),
    ]
    assert [(p["number"], p["values"]) for p in two["front"]] == [(1, [30.0, 200.0])]
    assert (one["best"], two["best"]) == (20.0, 30.0)


def test_only_shared_objectives_are_compared(team, pair, viewer, sign_in):
    third = make_run(team, objectives=("params",), candidates=1)
    assert [g["name"] for g in comparison([pair[0], third])["goals"]] == ["params"]
    page = read(sign_in(viewer).get(f"/compare?runs={pair[0].pk},{third.pk}"))
    fronts = page.one("compare-fronts")
    assert "one objective in common, params; a front needs two" in fronts.text
    assert fronts.all("select") == []
    fourth = make_run(team, objectives=("macs",), candidates=1)
    data = comparison([third, fourth])
    assert (data["goals"], data["reference"]) == ([], None)
    assert [run["front"] for run in data["runs"]] == [[], []]


def test_a_worst_of_zero_still_leaves_a_box(team):
    run = end_run(make_run(team, candidates=1), [("done", 0.0, 100.0)])
    data = comparison([run])
    assert data["reference"] == pytest.approx([1.0, 110.0])
    assert math.isclose(data["runs"][0]["hypervolume"], 1.0 * 10.0 / 110.0)


def test_settings_that_differ_against_the_base():
    rows, same = differences(
        [
            {"space": "cell", "seed": 1, "config": {"a": 1, "b": True}},
            {"space": "cell", "seed": 2, "config": {"a": 1}},
        ]
    )
    assert [name for name, _ in same] == ["space", "config.a"]
    assert [(row["name"], [(c["text"], c["other"]) for c in row["cells"]]) for row in rows] == [
        ("seed", [("1", False), ("2", True)]),
        ("config.b", [("yes", False), ("–", True)]),
    ]


@pytest.mark.parametrize(
    ("texts", "numbers", "unread"),
    [
        (["1,2", "2", "3"], [1, 2, 3], []),
        ([" 4 ,,"], [4], []),
        (["1,x,-3,²," + "9" * 40], [1], ["x", "-3", "²", "9" * 20]),
        ([], [], []),
    ],
)
def test_the_address_is_read_leniently(texts, numbers, unread):
    assert requested_runs(texts) == (numbers, unread)


def test_the_page_shows_results_and_what_differs(viewer, pair, sign_in):
    one, two = pair
    page = read(sign_in(viewer).get(f"/compare?runs={one.pk},{two.pk}"))
    rows = page.one("compare-summary").rows()
    assert [row[:4] for row in rows] == [
        ["a run", "Finished", "20.00", "2"],
        ["a run", "Finished", "30.00", "1"],
    ]
    assert page.one("compare-settings").rows() == [["candidates", "2", "3"], ["seed", "7", "8"]]
    assert embedded(page, "comparison")["runs"][0]["id"] == one.pk


def test_runs_of_others_are_left_out_like_runs_that_do_not_exist(stranger, pair, sign_in):
    page = read(sign_in(stranger).get(f"/compare?runs={pair[0].pk},999999,abc"))
    assert page.one("left-out").text == (
        f"Left out: abc, {pair[0].pk}, 999999. You have no run with these numbers."
    )
    assert page.all(data_testid="compare-summary") == []


@pytest.fixture
def many(team):
    """A study of two methods at three seeds each."""
    study = Study.objects.create(team=team, name="a study")
    runs = []
    for strategy in ("random", "regularised-evolution"):
        for seed in (1, 2, 3):
            run = make_run(team, candidates=2, seed=seed, strategy=strategy)
            first = ("done", 10.0 * seed, 400.0)
            run = end_run(run, [first, ("done", 50.0, 100.0)])
            Run.objects.filter(pk=run.pk).update(study=study, name=f"{strategy} seed {seed}")
            runs.append(Run.objects.get(pk=run.pk))
    return runs


def test_fault_23_runs_are_grouped_by_study_and_method_with_short_labels(many, pair):
    groups = comparison([*many, pair[0]])["groups"]
    assert [(g["label"], g["names"]) for g in groups] == [
        ("a study: random", ["seed 1", "seed 2", "seed 3"]),
        ("a study: regularised-evolution", ["seed 1", "seed 2", "seed 3"]),
        ("a run", ["seed 7"]),
    ]
    assert [g["label"] for g in comparison(many)["groups"]] == ["random", "regularised-evolution"]
    twins = comparison(pair)["groups"]
    assert [g["label"] for g in twins] == [f"a run (#{run.pk})" for run in pair]


def test_the_band_has_mean_and_ends_of_the_runs_as_far_as_all_go(many):
    data = comparison(many[:3])
    (group,) = data["groups"]
    curves = [run["curve"] for run in data["runs"]]
    assert [p["spent"] for p in group["band"]] == [1, 2]
    for step, place in ((1, 0), (2, -1)):
        values = [curve[place]["hypervolume"] for curve in curves]
        point = next(p for p in group["band"] if p["spent"] == step)
        assert point["mean"] == pytest.approx(sum(values) / 3)
        assert (point["low"], point["high"]) == (min(values), max(values))
    shorter = [{**run, "spent": 1 if i == 0 else 2} for i, run in enumerate(data["runs"])]
    assert [p["spent"] for p in band_of(shorter)] == [1]


def test_the_page_summarises_a_group_and_names_its_runs_by_seed(viewer, many, sign_in):
    keys = ",".join(str(run.pk) for run in many)
    page = read(sign_in(viewer).get(f"/compare?runs={keys}"))
    rows = page.one("compare-summary").rows()
    assert [row[:3] for row in rows[:2]] == [
        ["random", "3 runs", "20.00 ± 10.00"],
        ["seed 1", "Finished", "10.00"],
    ]
    assert len(rows) == 8
    settings = page.one("compare-settings").rows()
    assert settings[0] == ["strategy", "random", "regularised-evolution"]
    assert not [row for row in settings if row[0] == "seed"]  # the same three values in both


def test_fault_23_the_choice_of_runs_is_a_search_over_all_runs(viewer, stranger, many, sign_in):
    found = read(sign_in(viewer).get("/compare/choices", {"text": "seed:2"}))
    offered = [e.attributes["value"] for e in found.all("input", name="runs")]
    assert offered == [str(many[4].pk), str(many[1].pk)]
    (study,) = [e for e in found.all("button") if "data-choose-runs" in e.attributes]
    assert study.attributes["data-choose-runs"] == f"{many[1].pk},{many[4].pk}"
    wrong = read(sign_in(viewer).get("/compare/choices", {"text": "sede:2"}))
    assert "There is no field 'sede'" in wrong.text
    foreign = read(sign_in(stranger).get("/compare/choices", {"text": "seed:2"}))
    assert foreign.all("input", name="runs") == []


def test_without_runs_the_page_offers_them(viewer, pair, sign_in):
    page = read(sign_in(viewer).get("/compare"))
    offered = [e.attributes["value"] for e in page.all("input", name="runs")]
    assert offered == [str(pair[1].pk), str(pair[0].pk)]


def test_a_person_without_runs_reads_what_will_be_here(viewer, sign_in):
    assert (
        "No runs to compare yet" in read(sign_in(viewer).get("/compare")).one("compare-page").text
    )


def test_many_runs_take_as_many_queries_as_two(team, viewer, pair, sign_in, queries_of):
    client = sign_in(viewer)
    at_two = queries_of(lambda: client.get(f"/compare?runs={pair[0].pk},{pair[1].pk}"))
    more = [make_run(team, advance=False).pk for _ in range(20)]
    many = ",".join(str(pk) for pk in [*more, pair[0].pk, pair[1].pk])
    assert queries_of(lambda: client.get(f"/compare?runs={many}")) == at_two


def test_groups_by_method_and_setting_with_sentences_and_base(viewer, many, team, sign_in):
    keys = ",".join(str(run.pk) for run in many)
    Run.objects.filter(pk__in=[r.pk for r in many]).update(state="finished")
    client = sign_in(viewer)
    page = read(client.get(f"/compare?runs={keys}&by=method&base=1"))
    assert page.one("compare-settings").rows()[0] == ["strategy", "random", "regularised-evolution"]
    pairs = page.one("compare-pairs").text
    assert "too few seeds (3 seeds each) to compare their hypervolume." in pairs
    bands = embedded(page, "comparison")["attainment"]
    assert (bands["x"], bands["y"]) == ("params", "error")
    # Half of the runs attain what two of three do: error 20 at 400 parameters, 50 at 100.
    assert bands["groups"][0]["median"] == [[100.0, 50.0], [400.0, 20.0]]
    by_seed = read(client.get(f"/compare?runs={keys}&by=candidates"))
    assert [g["label"] for g in embedded(by_seed, "comparison")["groups"]] == ["candidates 2"]
    study = many[0].study_id
    by_study = read(client.get(f"/compare?studies={study}&by=study"))
    assert len(embedded(by_study, "comparison")["runs"]) == 6
    found = read(client.get("/compare", {"q": "seed:2"}))
    assert {r["id"] for r in embedded(found, "comparison")["runs"]} == {many[1].pk, many[4].pk}


@pytest.mark.trap(10)
def test_operations_and_difference_are_loaded_on_demand(viewer, stranger, many, sign_in):
    keys = f"{many[0].pk},{many[1].pk}"
    client = sign_in(viewer)
    table = read(client.get(f"/compare/operations?runs={keys}&by=run")).one("compare-operations")
    shares = [float(cell.split()[0]) for row in table.rows() for cell in row[1:2]]
    assert sum(shares) == pytest.approx(100, abs=0.5)
    ends = f"first={many[0].pk}:0&second={many[1].pk}:0"
    shown = read(client.get(f"/compare/difference?runs={keys}&{ends}"))
    assert "edges differ" in shown.one("difference-sentence").text
    foreign = read(sign_in(stranger).get(f"/compare/difference?runs={keys}&{ends}"))
    assert "Choose two architectures" in foreign.one("compare-difference").text


def test_statistics_are_loaded_with_the_first_page_about_runs_and_not_before(monkeypatch):
    loaded = []
    preload.loading.cache_clear()
    monkeypatch.setattr(preload, "import_module", loaded.append)
    for path in ("/healthz", "/sign-in/", "/static/js/runs.js"):
        assert preload.load_statistics(None, scope={"path": path}) is None
    assert preload.load_statistics(None) is None
    assert loaded == []
    for path in ("/runs/", "/compare"):
        preload.load_statistics(None, scope={"path": path}).join()
    assert loaded == ["scipy.stats"]
    preload.loading.cache_clear()


@pytest.mark.trap(12)
def test_runs_with_hundreds_of_settings_do_not_swell_the_page(viewer, many, sign_in):
    """Imported runs may have a thousand settings with long values each."""
    for run in many:
        settings = {f"setting_{n}": f"{run.pk} " + "x" * 400 for n in range(1000)}
        Run.objects.filter(pk=run.pk).update(
            spec={**run.spec, "strategy_config": settings}, name="n" * 120
        )
    keys = ",".join(str(run.pk) for run in many)
    answer = sign_in(viewer).get(f"/compare?runs={keys}&by=run")
    shown = MAX_CELLS // len(many)
    assert f"The first {shown} settings are shown; " in " ".join(answer.content.decode().split())
    assert len(read(answer).one("compare-settings").rows()) <= shown + 1
    assert len(answer.content) < 700_000
    page = sign_in(viewer).get(f"/runs/{many[0].pk}/")
    assert page.status_code == 200 and len(page.content) < 1_000_000


@pytest.mark.trap(34)
def test_runs_without_a_setting_or_with_a_text_for_a_number_stay_in_the_comparison(
    viewer, many, sign_in
):
    for run, value in zip(many, (8, "8", "many", None), strict=False):
        config = {} if value is None else {"population": value}
        Run.objects.filter(pk=run.pk).update(spec={**run.spec, "strategy_config": config})
    keys = ",".join(str(run.pk) for run in many)
    answer = sign_in(viewer).get(f"/compare?runs={keys}&by=strategy_config.population")
    groups = embedded(read(answer), "comparison")["groups"]
    assert {group["label"] for group in groups} >= {
        "population 8",
        "population many",
        "population not set",
    }
    assert sorted(key for group in groups for key in group["runs"]) == [r.pk for r in many]
