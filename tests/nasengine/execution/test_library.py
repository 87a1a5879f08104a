"""The public API: parts by name and as objects, results, files, extending."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest

import nasengine
from nasengine import catalog
from nasengine.core.objective import Constraint
from nasengine.core.weight_store import MemoryWeightStore
from nasengine.execution.figures import rows
from nasengine.execution.loop import run
from nasengine.pareto import non_dominated
from nasengine.strategies.regularised_evolution import RegularisedEvolution
from tests.fixtures.toy import ToyEstimator, ToyEstimatorConfig, ToySpace, Weight, install

ROOT = Path(__file__).parents[3]
PARTS = {
    "space": "toy",
    "strategy": "regularised-evolution",
    "strategy_config": {"population": 6, "sample": 2},
    "estimator": "toy",
    "objectives": ["error", "weight"],
    "seed": 3,
    "progress": False,
}


@pytest.fixture
def toys(monkeypatch):
    install(monkeypatch)


@pytest.fixture
def registry(monkeypatch):
    """Registrations of a test end with it."""
    monkeypatch.setattr(catalog, "_registered", {kind: {} for kind in catalog.KINDS})


def digits_at_seven(architecture):
    return 100.0 - 10 * architecture.genome.count(7)


def sum_and_count(architecture, seed):
    return {"total": sum(architecture.genome), "luck": seed % 7}


def test_every_public_name_can_be_imported_and_is_documented():
    assert nasengine.__all__ == sorted(nasengine.__all__)
    assert set(nasengine.__all__) == set(nasengine._PUBLIC)
    for name in nasengine.__all__:
        assert (getattr(nasengine, name).__doc__ or "").strip(), name
    assert set(nasengine.__all__) <= set(dir(nasengine))
    with pytest.raises(AttributeError, match="no attribute 'serch'"):
        _ = nasengine.serch


def test_type_checkers_see_the_same_names_as_the_interpreter():
    """The imports under TYPE_CHECKING name the same objects as the lazy lookup."""
    source = (ROOT / "nasengine/__init__.py").read_text()
    block = source.partition("if TYPE_CHECKING:\n")[2].partition("\n\n")[0]
    typed = {}
    package = {"__package__": "nasengine", "__name__": "nasengine"}
    exec("\n".join(line.strip() for line in block.splitlines()), package, typed)
    assert typed == {name: getattr(nasengine, name) for name in nasengine.__all__}
    assert (ROOT / "nasengine/py.typed").exists()
    assert get_type_hints(nasengine.search)["return"] is nasengine.Result


def test_importing_loads_neither_torch_nor_django_nor_numpy():
    code = (
        "import sys, nasengine\n"
        "print([m for m in ('torch', 'django', 'numpy', 'scipy', 'sklearn', 'plotly') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_parts_by_name_and_as_objects_give_the_same_search(toys):
    named = nasengine.search(**PARTS, candidates=20)
    objects = {
        "space": ToySpace(ToySpace.Config()),
        "strategy": RegularisedEvolution,
        "strategy_config": RegularisedEvolution.Config(population=6, sample=2),
        "estimator": ToyEstimator(ToyEstimatorConfig()),
        "objectives": ["error", Weight],
    }
    assert nasengine.search(**{**PARTS, **objects}, candidates=20) == named
    assert len(named.candidates) == 20
    assert named.spec.strategy_config["population"] == 6
    started = nasengine.load_plugin("strategies", "regularised-evolution")(
        RegularisedEvolution.Config(population=6, sample=2),
        nasengine.Task(ToySpace(ToySpace.Config()), named.goals),
    )
    again = {**PARTS, "strategy": started, "strategy_config": None}
    assert nasengine.search(**again, candidates=20) == named


def test_classes_that_the_catalogue_lacks_are_registered(registry):
    objects = {"space": ToySpace, "estimator": ToyEstimator, "objectives": ["error", Weight]}
    result = nasengine.search(**{**PARTS, **objects}, candidates=5)
    assert result.spec.space == "toy"
    assert {name for _, _, name in catalog.registered()} == {"toy", "weight"}
    assert "toy" in catalog.names("spaces")


def test_a_function_evaluates_candidates(toys, registry):
    parts = {**PARTS, "estimator": digits_at_seven, "objectives": ["error"]}
    result = nasengine.search(**parts, candidates=60)
    assert result.spec.estimator == "function:digits_at_seven"
    for candidate in result.candidates:
        assert candidate.values == {"error": digits_at_seven(candidate.architecture)}
    assert result.best.values["error"] == min(c.values["error"] for c in result.candidates)


def test_a_function_may_name_its_objectives_and_their_direction(toys, registry):
    goals = [nasengine.Goal("total", "total", None, "higher", "g"), "luck", "params"]
    parts = {**PARTS, "estimator": sum_and_count, "objectives": goals}
    result = nasengine.search(**parts, candidates=15)
    totals = [sum(candidate.architecture.genome) for candidate in result.candidates]
    assert result.best.values["total"] == max(totals)
    assert result.best.measurements[0].unit == "g"
    assert all(c.values["params"] == 1 + c.values["total"] for c in result.candidates)
    assert result.front_points[:, 0].max() == max(totals), "in its own direction and unit"


def test_a_constraint_on_params_spares_the_call_of_a_function(toys, registry):
    called = []

    def score(architecture):
        called.append(architecture)
        return 1.0

    parts = {**PARTS, "estimator": score, "objectives": ["error", "params"]}
    result = nasengine.search(**parts, constraints=["params<25"], candidates=20)
    states = [candidate.state for candidate in result.candidates]
    assert 0 < states.count("pruned") < 20
    assert len(called) == states.count("done")


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        ("high", "the function returned 'high' for 'error'"),
        (None, "the function returned None for 'error'"),
        ({"taste": 1}, "no value for error"),
        (float("nan"), "error is nan"),
    ],
)
def test_what_a_function_returns_is_checked(toys, registry, returned, reason):
    parts = {**PARTS, "estimator": lambda architecture: returned, "objectives": ["error"]}
    result = nasengine.search(**parts, candidates=2)
    assert all(reason in candidate.reason for candidate in result.candidates)
    assert result.best is None
    assert reason in repr(result)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"space": 7}, "space must be a catalogue name, a subclass of Space or an object of one"),
        ({"space": ToySpace(ToySpace.Config()), "space_config": {}}, "space_config: the space is"),
        ({"strategy_config": [1]}, "strategy_config must be a mapping of setting names"),
        ({"objectives": [7]}, "objectives must be names such as error"),
        ({"objectives": ["error", "taste"]}, "'taste' is not among the objectives"),
        ({"strategy": "luck"}, "'luck' is not among the strategies"),
        ({"candidates": 0}, "candidates: must be at least 1"),
        ({"workers": 0}, "workers must be a whole number from 1 to 64"),
        ({"workers": True}, "workers must be a whole number from 1 to 64"),
        ({"table": "x.csv"}, "leave estimator out"),
        ({"strategy": "darts", "space": "cell", "strategy_config": None,
          "estimator": digits_at_seven, "objectives": ["error"]}, "strategy: darts retrains"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_anything_runs(toys, registry, changed, message):
    with pytest.raises(nasengine.EngineError, match=message):
        nasengine.search(**{**PARTS, **changed})


def test_a_result_knows_best_front_and_hypervolume(toys):
    result = nasengine.search(**PARTS, candidates=40)
    points = np.array([[c.values["error"], c.values["weight"]] for c in result.candidates])
    assert [c.number for c in result.front] == np.flatnonzero(non_dominated(points)).tolist()
    assert (result.front_points == points[[c.number for c in result.front]]).all()
    assert result.best in result.front
    assert 0 < result.hypervolume < 1
    assert result.finished
    assert result.candidate(7) is result.candidates[7]
    with pytest.raises(nasengine.EngineError, match="candidate 40 does not exist"):
        result.candidate(40)
    assert repr(result).startswith("<Result regularised-evolution on toy: 40 done; front of ")
    assert len(repr(result)) < 200


def test_constraints_are_those_of_the_settings(toys):
    result = nasengine.search(**PARTS, constraints=["weight<=20"], candidates=40)
    assert result.constraints == (Constraint("weight", "<=", 20),)
    assert result.best.values["weight"] <= 20


def test_a_candidate_builds_its_network_and_describes_itself():
    result = nasengine.search(
        space="nb201",
        space_config={"cells": 1, "channels": 4},
        strategy="random",
        estimator=lambda architecture: len(architecture.genome),
        candidates=3,
        progress=False,
    )
    import torch

    candidate = result.best
    network = candidate.build(seed=5)
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
    params = sum(p.numel() for p in network.parameters())
    assert candidate.values["params"] == params
    again = dict(candidate.build(seed=5).named_parameters())
    assert all((again[name] == value).all() for name, value in network.named_parameters())
    wide = candidate.build((3, 16, 16), 7)
    assert wide(torch.zeros(2, 3, 16, 16)).shape == (2, 7)
    described = candidate.describe()
    assert described.params == params
    assert f"params    {params}" in str(described)
    assert described.to_json()["architecture"] == candidate.architecture.to_json()
    assert candidate.text == candidate.architecture.genome


def test_without_its_data_set_a_candidate_asks_for_the_shape():
    spec = nasengine.SearchSpec(space="nb201", dataset="cifar10", dataset_config={"path": "/no"})
    rng = np.random.default_rng(0)
    space_class = nasengine.load_plugin("spaces", "nb201")
    proposal = nasengine.Proposal(0, space_class(space_class.Config()).sample(rng))
    candidate = nasengine.Candidate(proposal, nasengine.Outcome(0, "done"), spec)
    with pytest.raises(nasengine.EngineError, match="or give input shape and number of classes"):
        candidate.build()
    assert candidate.build((3, 32, 32), 10) is not None
    table = replace(candidate, spec=replace(spec, estimator="table", dataset="imagenet16-120"))
    assert table.describe().shape == (3, 16, 16)


def test_saved_loaded_and_extended_it_is_one_long_search(toys, tmp_path):
    path = tmp_path / "run.jsonl"
    whole = nasengine.search(**PARTS, candidates=40, in_flight=3)
    half = nasengine.search(**PARTS, candidates=18, in_flight=3)
    half.save(path)
    loaded = nasengine.load_run(path)
    assert loaded == half == nasengine.Result.load(path)
    assert loaded.extend(40, progress=False) == whole == half.extend(40, progress=False)
    with pytest.raises(nasengine.EngineError, match="candidates must be at least 18"):
        half.extend(17)
    with pytest.raises(nasengine.EngineError, match="exists already"):
        whole.save(path)
    whole.save(path, overwrite=True)
    assert nasengine.load_run(path) == whole


def test_a_loaded_search_of_a_function_is_extended_with_the_function(toys, registry, tmp_path):
    goals = [nasengine.Goal("total", "total", None, "higher", "g"), "luck", "params"]
    parts = {**PARTS, "estimator": sum_and_count, "objectives": goals}
    nasengine.search(**parts, candidates=8).save(tmp_path / "run.jsonl")
    catalog._registered["estimators"].clear()
    loaded = nasengine.load_run(tmp_path / "run.jsonl")
    assert loaded.best.values["total"] > 0, "reading needs no estimator"
    with pytest.raises(nasengine.EngineError, match="'function:sum_and_count' is not among"):
        loaded.extend(12, progress=False)
    extended = loaded.extend(12, progress=False, estimator=sum_and_count)
    assert extended == nasengine.search(**parts, candidates=12)
    assert {candidate.state for candidate in extended.candidates} == {"done"}


def test_weights_that_children_inherit_are_saved_too(tmp_path):
    parts = {
        "space": "nb201",
        "space_config": {"cells": 1, "channels": 4},
        "strategy": "regularised-evolution",
        "strategy_config": {"population": 2, "sample": 2},
        "estimator": "inherit",
        "estimator_config": {"epochs": 1, "inherited_epochs": 1, "threads": 1, "device": "cpu"},
        "dataset_config": {"limit": 100},
        "progress": False,
    }
    whole = nasengine.search(**parts, candidates=5)
    half = nasengine.search(**parts, candidates=3)
    assert isinstance(half.weights, MemoryWeightStore)
    half.save(tmp_path / "run.jsonl")
    names = sorted(path.name for path in (tmp_path / "run.jsonl.weights").iterdir())
    assert names == ["0.npz", "1.npz", "2.npz"]
    assert nasengine.load_run(tmp_path / "run.jsonl").extend(5, progress=False) == whole


def test_ctrl_c_returns_what_was_evaluated(toys):
    seen = []

    def interrupt(event):
        seen.append(event.kind)
        if seen.count("outcome") == 7:
            raise KeyboardInterrupt

    whole = nasengine.search(**PARTS, candidates=20)
    partial = nasengine.search(**PARTS, candidates=20, on_event=interrupt)
    assert len(partial.candidates) == 7
    assert not partial.finished
    assert "7 done of 20" in repr(partial)
    assert partial.extend(20, progress=False) == whole


def test_rows_hold_every_candidate_and_value(toys):
    result = nasengine.search(**PARTS, candidates=12)
    table = rows(result)
    assert [row["number"] for row in table] == list(range(12))
    assert [row["weight"] for row in table] == [c.values["weight"] for c in result.candidates]
    assert {row["number"] for row in table if row["on_front"]} == {c.number for c in result.front}
    assert json.dumps(table)


def test_a_frame_is_made_of_the_rows(toys, monkeypatch):
    result = nasengine.search(**PARTS, candidates=3)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"to_frame needs pandas, .*: pip install pandas"):
        result.to_frame()

    class Frames:
        DataFrame = staticmethod(lambda table: ("frame", table))

    monkeypatch.setitem(sys.modules, "pandas", Frames)
    assert result.to_frame() == ("frame", rows(result))


def test_the_front_is_drawn_over_two_objectives(toys):
    result = nasengine.search(**PARTS, candidates=25)
    figure = result.plot_front()
    everything, front = figure.data
    assert len(everything.x) == 25
    assert sorted(front.x) == list(front.x)
    assert sorted(zip(front.y, front.x, strict=True)) == sorted(map(tuple, result.front_points))
    assert figure.layout.xaxis.title.text == "weight (g)"
    assert figure.layout.yaxis.title.text == "error (%)"
    swapped = result.plot_front(x="error", y="weight")
    assert swapped.layout.xaxis.title.text == "error (%)"
    with pytest.raises(nasengine.EngineError, match="'taste' is not an objective of this result"):
        result.plot_front(x="taste")


def test_one_objective_is_drawn_over_the_candidates(toys):
    result = nasengine.search(**{**PARTS, "objectives": ["error"]}, candidates=9)
    figure = result.plot_front()
    assert list(figure.data[0].x) == list(range(9))
    assert figure.layout.xaxis.title.text == "candidate"


def test_the_hypervolume_is_drawn_as_a_staircase(toys):
    result = nasengine.search(**PARTS, candidates=25)
    (line,) = result.plot_hypervolume().data
    assert list(line.y) == sorted(line.y)
    assert (line.x[-1], line.y[-1]) == (25, result.hypervolume)
    assert line.line.shape == "hv"


@pytest.mark.parametrize("method", ["plot_front", "plot_hypervolume"])
def test_figures_without_plotly_say_what_to_install(toys, monkeypatch, method):
    result = nasengine.search(**PARTS, candidates=2)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(ImportError, match=f"{method} needs plotly, .*: pip install plotly"):
        getattr(result, method)()


def test_the_result_of_the_loop_is_the_same_class(toys):
    spec = nasengine.search(**PARTS, candidates=4).spec
    assert run(spec) == nasengine.search(**PARTS, candidates=4)
