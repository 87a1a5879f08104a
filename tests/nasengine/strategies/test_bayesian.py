"""Strategy `bayesian`: its features, its process, and what it chooses first and next."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from nasengine.catalog import names
from nasengine.pareto.volume import gain, hypervolume
from nasengine.strategies.bayesian import proxy_scores
from nasengine.strategies.bayesian.acquisition import by_hypervolume, expected_improvement
from nasengine.strategies.bayesian.features import Encoder, size_of, used_edges
from nasengine.strategies.bayesian.gaussian_process import (
    JITTER,
    GaussianProcess,
    Parameters,
    Posterior,
    kernels,
    most_probable,
)
from nasengine.strategies.bayesian.inputs import inputs_of
from nasengine.strategies.bayesian.paths import path_features
from nasengine.strategies.bayesian.proxy_scores import ProxyModel
from nasengine.strategies.bayesian.surrogate import predicted
from tests.fixtures.search_steps import ONE, TWO, make_space, make_strategy, point, search

SPACE = make_space("nb201")
CONV3, CONV1, SKIP, POOL, NONE = (
    "nor_conv_3x3", "nor_conv_1x1", "skip_connect", "avg_pool_3x3", "none"
)  # fmt: skip


def cell(*operations):
    return SPACE.architecture(operations)


def cost(architecture):
    return architecture.genome.count("conv_3x3~") * 9 + architecture.genome.count("conv_1x1~")


def test_the_size_orders_cells_as_their_multiplications_do():
    assert size_of(SPACE.graph(cell(CONV3, CONV1, SKIP, POOL, NONE, CONV3))) == 9 + 1 + 9


@pytest.mark.parametrize("name", names("spaces"))
def test_every_space_has_features(name):
    space = make_space(name)
    rng = np.random.default_rng(1)
    features = Encoder(space).features([space.sample(rng) for _ in range(4)])
    assert np.allclose((features.operations**2).sum(axis=1), 1, atol=1e-5)
    assert (features.sizes >= 0).all()


def test_edges_that_no_value_passes_are_left_out():
    drawn = SPACE.graph(cell(NONE, CONV3, CONV1, SKIP, POOL, NONE))["cells"][0]
    assert [edge["op"] for edge in used_edges(drawn)] == [SKIP]


def test_the_graph_does_not_see_the_numbers_of_the_nodes():
    # Edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3: without 1-2 the two inner nodes can be exchanged.
    first = cell(CONV3, CONV1, NONE, SKIP, POOL, CONV3)
    second = cell(CONV1, CONV3, NONE, SKIP, CONV3, POOL)
    features = Encoder(SPACE).features([first, second])
    _, graph = kernels(features, features)
    assert np.allclose(graph, 1.0, atol=1e-6)
    assert np.allclose(features.paths[0], features.paths[1])


def test_paths_are_counted_as_by_listing_them():
    # Paths 0-3: skip; 0-1-3: 3x3, 3x3; 0-2-3: 1x1, pool; 0-1-2-3: 3x3, none leads nowhere.
    features = Encoder(SPACE).features([cell(CONV3, CONV1, NONE, SKIP, CONV3, POOL)])
    found = dict(zip(features.names, features.paths[0].tolist(), strict=True))
    named = {name.removeprefix("cell/"): value for name, value in found.items()}
    expected = {
        "paths": np.log1p(3), "shallow paths": np.log1p(1),
        "depth least": 0, "depth most": 2, "depth mean": 1,
        "conv 3 used": 2, "conv 3 least": 0, "conv 3 most": 2, "conv 3 mean": 2 / 3,
        "conv 1 used": 1, "conv 1 least": 0, "conv 1 most": 1, "conv 1 mean": 1 / 3,
        "pool 3 used": 1, "pool 3 least": 0, "pool 3 most": 1, "pool 3 mean": 1 / 3,
        "skip used": 1,
    }  # fmt: skip
    assert named == pytest.approx(expected)


def test_paths_of_two_inputs_and_of_long_chains_are_counted():
    nodes = [
        {"id": "a", "role": "input"},
        {"id": "b", "role": "input"},
        *({"id": f"n{index}", "role": "inner"} for index in range(400)),
        {"id": "z", "role": "output"},
    ]
    names = ["a", *(f"n{index}" for index in range(400)), "z"]
    conv = {"family": "conv", "kernel": 3, "label": "3x3"}
    edges = [{"source": "b", "target": "z", "family": "concat", "kernel": None, "label": "concat"}]
    for source, target in itertools.pairwise(names):
        edges += [{"source": source, "target": target, **conv}] * 2
    found = path_features({"name": "cell", "nodes": nodes}, edges)
    assert found["paths"] == pytest.approx(np.log(1e100)) and found["conv 3 most"] == 401
    assert found["conv 3 least"] == 0 and found["depth mean"] == pytest.approx(401)
    assert found["shallow paths"] == pytest.approx(np.log(2))
    assert path_features({"name": "cell", "nodes": nodes}, edges[1:5]) == {}


def _problem(count, seed):
    """Kernels, inputs and targets of random cells."""
    rng = np.random.default_rng(seed)
    features = Encoder(SPACE).features([SPACE.sample(rng) for _ in range(count)])
    return kernels(features, features), inputs_of(features, features), rng.normal(size=count)


def test_inputs_are_standardised_and_vary():
    features = Encoder(SPACE).features(
        [cell(*one, CONV3, SKIP, CONV1) for one in ((CONV3, POOL, SKIP), (SKIP, SKIP, CONV1))]
    )
    inputs = inputs_of(features, features, np.array([0.5, -0.5]))
    assert 2 < inputs.shape[1] <= len(features.names) + 2
    assert np.allclose(inputs[:, :-1].mean(axis=0), 0) and np.allclose(inputs[:, :-1].std(0), 1)
    assert inputs[:, -1].tolist() == [0.5, -0.5]


def test_the_process_agrees_with_the_closed_form():
    given, inputs, targets = _problem(9, 0)
    targets = targets[:6]
    scales = np.linspace(0.5, 3.0, inputs.shape[1])
    parameters = Parameters(np.array([1.0, 0.3, 0.7]), scales, 0.01)
    process = GaussianProcess(given[:, :6, :6], inputs[:6], targets, parameters)
    mean, deviation = process.predict(given[:, 6:, :6], inputs[6:])
    distances = (((inputs[:, None] - inputs[None]) / scales) ** 2).sum(axis=2)
    total = given[0] + 0.3 * given[1] + 0.7 * np.exp(-0.5 * distances)
    inverse = np.linalg.inv(total[:6, :6] + (0.01 + JITTER) * np.eye(6))
    scaled = (targets - targets.mean()) / targets.std()
    across = total[6:, :6]
    assert np.allclose(mean, targets.mean() + targets.std() * across @ inverse @ scaled)
    variance = 2.0 - np.diag(across @ inverse @ across.T)
    assert np.allclose(deviation, targets.std() * np.sqrt(variance))


def test_the_gradient_of_the_posterior_is_that_of_differences():
    posterior = Posterior(*_problem(12, 2))
    at = posterior.start + np.random.default_rng(3).normal(0, 0.3, len(posterior.start))
    _, gradient = posterior(at)
    for index in range(len(at)):
        step = np.zeros_like(at)
        step[index] = 1e-5
        differences = (posterior(at + step)[0] - posterior(at - step)[0]) / 2e-5
        assert gradient[index] == pytest.approx(differences, rel=1e-4, abs=1e-6)


def test_the_parameters_are_more_probable_than_those_of_the_priors():
    given, inputs, _ = _problem(40, 4)
    targets = np.sin(inputs[:, 0]) + 0.1 * np.random.default_rng(1).normal(size=40)
    targets = (targets - targets.mean()) / targets.std()
    posterior = Posterior(given, inputs, targets)
    found = most_probable(given, inputs, targets)
    logarithms = np.log([*found.weights, *found.scales, found.noise])
    assert posterior(logarithms)[0] < posterior(posterior.start)[0] - 5
    assert found.scales[0] < np.median(found.scales)  # the one that matters is short
    low, high = posterior.bounds.T
    assert (logarithms >= low - 1e-9).all() and (logarithms <= high + 1e-9).all()


def test_equal_targets_and_two_examples_are_fitted():
    for count in (2, 5):
        given, inputs, _ = _problem(count, 1)
        process = GaussianProcess(given, inputs, np.full(count, 3.0))
        mean, deviation = process.predict(given, inputs)
        assert np.allclose(mean, 3.0) and np.isfinite(deviation).all()


def test_it_predicts_the_order_of_unseen_cells():
    rng = np.random.default_rng(3)
    cells = [SPACE.sample(rng) for _ in range(80)]
    errors = np.array([100.0 - cost(one) for one in cells])
    prediction = predicted(
        Encoder(SPACE), cells[:40], errors[:40, None], [cells[40]], cells[41:], clip=None
    )
    assert np.corrcoef(prediction.means[:, 0], errors[41:])[0, 1] > 0.95


def test_the_expected_improvement_is_that_of_draws():
    rng = np.random.default_rng(0)
    draws = rng.normal(2.0, 0.7, 200_000)
    expected = np.maximum(1.5 - draws, 0).mean()
    improvement = expected_improvement(np.array([2.0]), np.array([0.7]), 1.5)
    assert improvement[0] == pytest.approx(expected, rel=0.02)


def test_points_are_chosen_one_by_one_by_their_gain():
    rng = np.random.default_rng(5)
    measured, offered = rng.uniform(0.3, 1.0, (12, 3)), rng.uniform(0.1, 0.9, (30, 3))
    chosen = by_hypervolume(offered, measured, np.ones(30), 4)
    low, span = measured.min(axis=0), np.ptp(measured, axis=0)
    rows, reference = (measured - low) / span, np.full(3, 1.1)
    for index in chosen:
        volumes = [hypervolume(np.vstack([rows, (p - low) / span]), reference) for p in offered]
        assert volumes[index] == pytest.approx(max(volumes))
        one = (offered[index] - low) / span
        assert gain(one, rows, reference) == pytest.approx(
            volumes[index] - hypervolume(rows, reference)
        )
        rows = np.vstack([rows, one])


def test_the_first_candidates_are_large_with_one_objective_and_of_all_sizes_with_two():
    largest = search(make_strategy("bayesian", warm_up=6), lambda p: {"error": 5.0}, 6)
    sizes = [cost(one.architecture) for one in largest]
    drawn = [cost(SPACE.sample(np.random.default_rng(seed))) for seed in range(200)]
    assert min(sizes) >= np.quantile(drawn, 0.75)
    both = search(make_strategy("bayesian", TWO, warm_up=6), lambda p: point(TWO, (5, 1)), 6)
    spread = [cost(one.architecture) for one in both]
    assert max(spread) > np.quantile(drawn, 0.9)
    assert min(spread) < np.quantile(drawn, 0.1)
    assert {one.origin for one in [*largest, *both]} == {"size"}


def test_it_finds_the_best_cell_of_a_smooth_landscape():
    best = cell(CONV3, SKIP, CONV1, POOL, CONV3, CONV1)

    def error(proposal):
        pairs = zip(SPACE.choices(proposal.architecture), SPACE.choices(best), strict=True)
        return {"error": 5.0 + sum(one != other for one, other in pairs)}

    strategy = make_strategy("bayesian", ONE, pool=30, parents=4, memory=40)
    found = [proposal.architecture for proposal in search(strategy, error, 45)]
    assert best in found


def test_candidates_in_flight_are_not_proposed_again():
    strategy = make_strategy("bayesian", pool=50)
    search(strategy, lambda p: {"error": 100.0 - cost(p.architecture)}, 12)
    flying = [strategy.ask().architecture for _ in range(6)]
    assert len(set(flying)) == 6


def test_scores_of_a_proxy_are_ranks_and_are_predicted_for_other_cells():
    rng, encoder = np.random.default_rng(5), Encoder(SPACE)
    cells = list(dict.fromkeys(SPACE.sample(rng) for _ in range(90)))
    ordered = sorted(((one, cost(one) ** 3) for one in cells[:50]), key=lambda pair: -pair[1])
    model = ProxyModel(SPACE, encoder)
    model.learn(ordered)
    assert model.scored == [one for one, _ in ordered]
    known = model.of(model.scored)
    assert (np.diff(known) <= 0).all() and abs(known.mean()) < 0.05 and 0.8 < known.std() < 1.1
    predictions = model.of(cells[50:])
    assert np.corrcoef(predictions, [cost(one) for one in cells[50:]])[0, 1] > 0.8
    restored = ProxyModel(SPACE, Encoder(SPACE))
    restored.load_state_dict(json.loads(json.dumps(model.state_dict())))
    assert (restored.of(cells) == model.of(cells)).all()


def test_of_many_scored_architectures_the_best_and_a_sample_of_the_rest_are_kept(monkeypatch):
    monkeypatch.setattr(proxy_scores, "MAX_LEARNED", 20)
    rng = np.random.default_rng(8)
    cells = list(dict.fromkeys(SPACE.sample(rng) for _ in range(60)))
    model = ProxyModel(SPACE, Encoder(SPACE))
    model.learn([(one, float(-index)) for index, one in enumerate(cells)])
    assert model.scored[:10] == cells[:10] and model.scored[-1] == cells[-1]
    assert len(model.scored) == 20
    assert model.of([cells[0]]) == pytest.approx(2.4, abs=0.1)  # its rank among all of them


def test_sequences_of_other_lengths_can_be_predicted():
    space = make_space("dense-cell")
    rng = np.random.default_rng(6)
    cells = sorted((space.sample(rng) for _ in range(12)), key=lambda one: len(space.tokens(one)))
    assert len(space.tokens(cells[0])) < len(space.tokens(cells[-1]))
    for part, others in ((cells[:6], cells[6:]), (cells[6:], cells[:6])):
        model = ProxyModel(space, Encoder(space))
        model.learn([(one, float(-index)) for index, one in enumerate(part)])
        assert np.isfinite(model.of(others)).all()


def test_a_surrogate_with_scores_finds_what_only_the_proxy_knows():
    """The result follows a number that neither decisions nor graph nor size tell."""
    rng = np.random.default_rng(7)
    cells = list(dict.fromkeys(SPACE.sample(rng) for _ in range(90)))
    secret = {one: float(value) for one, value in zip(cells, rng.normal(size=90), strict=False)}
    model = ProxyModel(SPACE, encoder := Encoder(SPACE))
    model.learn(sorted(secret.items(), key=lambda pair: -pair[1]))
    errors = np.array([[50 - 5 * secret[one]] for one in cells[:30]])
    asked = cells[30:]
    found = [
        predicted(encoder, cells[:30], errors, [], asked, clip=None, proxy=proxy).means[:, 0]
        for proxy in (model, None)
    ]
    truth = [-secret[one] for one in asked]
    correlations = [np.corrcoef(one, truth)[0, 1] for one in found]
    assert correlations[0] > 0.9 and correlations[1] < 0.5


def test_of_cells_with_unequal_paths_the_process_learns_the_depth_from_few():
    """Errors follow the deepest path, which decisions, graph and size only show indirectly."""
    rng, encoder = np.random.default_rng(11), Encoder(SPACE)
    cells = list(dict.fromkeys(SPACE.sample(rng) for _ in range(150)))
    features = encoder.features(cells)
    deepest = features.paths[:, features.names.index("cell/depth most")]
    errors = (20 - 3 * deepest)[:, None]
    found = {
        kind: predicted(encoder, cells[:50], errors[:50], [], cells[50:], clip=None, kind=kind)
        for kind in ("paths", "size")
    }
    rank = {kind: np.corrcoef(one.means[:, 0], errors[50:, 0])[0, 1] for kind, one in found.items()}
    assert rank["paths"] > 0.98 and rank["paths"] > rank["size"] + 0.1


def test_searches_of_earlier_releases_go_on_with_the_size():
    strategy = make_strategy("bayesian", warm_up=4, pool=20)
    search(strategy, lambda p: {"error": 100.0 - cost(p.architecture)}, 6)
    state = json.loads(json.dumps(strategy.state_dict()))
    assert (state["version"], state["surrogate"]) == (2, "paths")
    older = {name: value for name, value in state.items() if name != "surrogate"} | {"version": 1}
    resumed = make_strategy("bayesian", warm_up=4, pool=20)
    resumed.load_state_dict(older)
    assert resumed.state_dict()["surrogate"] == "size"
