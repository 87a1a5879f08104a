"""Strategy `bayesian`: its features, its process, and what it chooses first and next."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nasengine.catalog import names
from nasengine.pareto.volume import gain, hypervolume
from nasengine.strategies.bayesian import proxy_scores
from nasengine.strategies.bayesian.acquisition import by_hypervolume, expected_improvement
from nasengine.strategies.bayesian.features import Encoder, size_of, used_edges
from nasengine.strategies.bayesian.gaussian_process import (
    NOISES,
    GaussianProcess,
    chosen_weights,
    grid,
    kernels,
    spread_of,
)
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
    _, graph, _ = kernels(features, features, 1.0)
    assert np.allclose(graph, 1.0, atol=1e-6)


def test_the_process_agrees_with_the_closed_form():
    rng = np.random.default_rng(0)
    features = Encoder(SPACE).features([SPACE.sample(rng) for _ in range(9)])
    all_kernels = kernels(features, features, spread_of(features.sizes))
    targets, weights = rng.normal(size=6), np.array([1.0, 0.3, 0.0])
    mean, deviation = GaussianProcess(all_kernels[:, :6, :6], targets, weights, 0.01).predict(
        all_kernels[:, 6:, :6]
    )
    total = np.tensordot(weights, all_kernels, 1)
    inverse = np.linalg.inv(total[:6, :6] + 0.013 * np.eye(6))
    scaled = (targets - targets.mean()) / targets.std()
    across = total[6:, :6]
    assert np.allclose(mean, targets.mean() + targets.std() * across @ inverse @ scaled)
    variance = scaled @ inverse @ scaled / 6 * (1.3 - np.diag(across @ inverse @ across.T))
    assert np.allclose(deviation, targets.std() * np.sqrt(variance))


def test_the_weights_are_those_of_the_largest_marginal_likelihood():
    rng = np.random.default_rng(2)
    features = Encoder(SPACE).features([SPACE.sample(rng) for _ in range(12)])
    within, targets = kernels(features, features, spread_of(features.sizes)), rng.normal(size=12)
    likelihoods = {}
    for weights in grid(3):
        for noise in NOISES:
            total = np.tensordot(weights, within, 1) + noise * weights.sum() * np.eye(12)
            variance = targets @ np.linalg.solve(total, targets) / 12
            likelihoods[tuple(weights), noise] = -np.linalg.slogdet(total * variance)[1]
    weights, noise = chosen_weights(within, targets)
    assert (tuple(weights), noise) == max(likelihoods, key=likelihoods.get)


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
