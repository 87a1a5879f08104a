"""Published recipes of supernet training: schedules, regularisation, data of the two sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from nasengine.catalog import load
from nasengine.core.dataset import Part, TextPart
from nasengine.core.errors import EngineError, InvalidArchitecture, InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import from_mapping
from nasengine.estimators.one_shot.common.batch import FeedSettings
from nasengine.estimators.one_shot.common.gradients import _unrolled_step
from nasengine.estimators.one_shot.common.images import ImageFeed
from nasengine.estimators.one_shot.common.supernet import epoch_rate
from nasengine.estimators.one_shot.common.texts import TextFeed
from nasengine.estimators.training.config import TrainConfig
from nasengine.estimators.training.slowness import slowness_of
from nasengine.execution.assembly import check
from nasengine.execution.loop import run
from nasengine.spaces.layers.head_dropout import add_head_dropout
from nasengine.spaces.layers.supernet.graph import RelaxedGraph
from nasengine.strategies.one_shot.common.config import SupernetConfig
from nasengine.strategies.one_shot.darts.config import DartsConfig
from nasengine.strategies.one_shot.enas.config import EnasConfig
from tests.fixtures.training import CPU

SHAPE = (3, 16, 16)
SMALL = {
    "cell": {"cells": 3, "channels": 4, "nodes": 2},
    "enas-micro": {"cells": 3, "channels": 4, "nodes": 2},
    "enas-macro": {"layers": 3, "channels": 4},
    "nb201": {"cells": 1, "channels": 4},
}


def space_of(name, **changed):
    found = load("spaces", name)
    return found(from_mapping(found.Config, {**SMALL.get(name, {}), **changed}))


def supernet_of(space, auxiliary=False):
    torch.manual_seed(0)
    shape = SHAPE if space.data_kind == "images" else (1,)
    return space.build(space.supernet(), shape, 5, auxiliary=auxiliary)


def settings(**changed):
    values = {
        "context": CPU,
        "augmentation": TrainConfig(),
        "batch_size": 4,
        "weights_portion": 0.5,
        "bptt": 5,
        "seed": 4,
        "cancelled": lambda: False,
    }
    return FeedSettings(**{**values, **changed})


def images(value, count):
    return Part(torch.full((count, 1, 4, 4), float(value)), torch.arange(count) % 2)


def test_restarts_of_enas_begin_at_epochs_10_30_and_70():
    config = SupernetConfig(schedule="restarts", restart_epochs=10, restart_factor=2)

    def rate(epoch):
        return epoch_rate(config, 0.05, 0.0005, epoch, 150)

    assert [rate(epoch) for epoch in (0, 10, 30, 70)] == [0.05] * 4
    middle = (0.05 + 0.0005) / 2
    assert [rate(epoch) for epoch in (5, 20, 50, 110)] == pytest.approx([middle] * 4)
    assert rate(149) == pytest.approx(0.0005, abs=2e-5)
    assert rate(9) < rate(8) < rate(1) < rate(0)


def test_the_step_schedule_of_enas_for_text_falls_after_epoch_15():
    config = SupernetConfig(schedule="step", step_after=15, step_factor=0.96)
    rates = [epoch_rate(config, 20.0, 20.0, epoch, 150) for epoch in (0, 15, 16, 17)]
    assert rates == pytest.approx([20.0, 20.0, 19.2, 18.432])


def test_constant_and_linear_schedules_of_a_supernet():
    rates = {
        name: [epoch_rate(SupernetConfig(schedule=name), 0.4, 0.1, e, 4) for e in range(4)]
        for name in ("constant", "linear")
    }
    assert rates["constant"] == [0.4] * 4
    assert rates["linear"] == pytest.approx([0.4, 0.325, 0.25, 0.175])


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_unrolled_step_is_the_next_step_of_the_optimizer(nesterov):
    weights = [torch.nn.Parameter(torch.randn(3)) for _ in range(2)]
    optimizer = torch.optim.SGD(weights, 0.1, momentum=0.9, weight_decay=0.01, nesterov=nesterov)
    for _ in range(3):
        gradients = [torch.randn(3) for _ in weights]
        before = [weight.detach().clone() for weight in weights]
        _unrolled_step(weights, [gradient.clone() for gradient in gradients], optimizer)
        unrolled = [weight.detach().clone() for weight in weights]
        with torch.no_grad():
            for weight, value, gradient in zip(weights, before, gradients, strict=True):
                weight.copy_(value)
                weight.grad = gradient
        optimizer.step()
        for weight, expected in zip(weights, unrolled, strict=True):
            assert torch.allclose(weight, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("strategy", "space", "config", "name", "message"),
    [
        ("darts", "recurrent-cell", {"nesterov": True}, "nesterov", "needs momentum above 0"),
        ("darts", "nb201", {"slowness": 1e-3}, "slowness", "applies only to text"),
        ("darts", "recurrent-cell", {"augment": "own"}, "augment", "applies only to images"),
        ("enas", "recurrent-cell", {"drop_path": 0.4}, "drop_path", "applies only to images"),
        ("enas", "enas-micro", {"crop": 4}, "crop", "needs augment own"),
    ],
)
def test_settings_that_do_not_apply_are_refused(strategy, space, config, name, message):
    dataset = "pydoc-text" if space == "recurrent-cell" else "digits"
    objective = "perplexity" if space == "recurrent-cell" else "error"
    with pytest.raises(InvalidSettings) as refused:
        check(
            SearchSpec(
                space=space,
                strategy=strategy,
                dataset=dataset,
                objectives=(objective,),
                candidates=60,
                strategy_config=config,
            )
        )
    assert message in refused.value.errors[f"strategy_config.{name}"]


def test_own_augmentation_hides_squares_in_the_search_only_where_it_is_chosen():
    spec = SearchSpec(
        space="nb201",
        strategy="random-sharing",
        dataset="digits",
        objectives=("error",),
        candidates=3,
        space_config=SMALL["nb201"],
        strategy_config={"epochs": 1, "sampled": 2, "proofs": 1, "watched": 0},
        estimator_config={"epochs": 1, "device": "cpu", "threads": 1},
        dataset_config={"limit": 100},
    )

    def search_loss(strategy, estimator):
        own = replace(
            spec,
            strategy_config={**spec.strategy_config, **strategy},
            estimator_config={**spec.estimator_config, **estimator},
        )
        return run(own).candidates[0].outcome.findings["train_loss"]

    plain = search_loss({}, {})
    both = search_loss({}, {"cutout": 6})
    assert search_loss({"augment": "own"}, {"cutout": 6}) == plain != both
    assert search_loss({"augment": "own", "cutout": 6}, {}) == both


def test_the_valid_images_may_train_the_architecture_and_the_weights_get_all_others():
    feed = ImageFeed((images(0, 12), images(1, 8)), settings(architecture_data="valid"))
    pairs = list(feed.pairs(0))
    assert len(pairs) == 3  # 12 images in batches of 4
    assert {float(v) for pair in pairs for v in pair.weights.images.unique()} == {0.0}
    assert {float(v) for pair in pairs for v in pair.architecture.images.unique()} == {1.0}
    halves = ImageFeed((images(0, 12), images(1, 8)), settings())
    assert {float(v) for p in halves.pairs(0) for v in p.architecture.images.unique()} == {0.0}


def test_the_valid_text_may_train_the_architecture_as_in_the_reference_code_of_darts():
    parts = (TextPart(torch.zeros(60).long()), TextPart(torch.ones(40).long()))
    feed = TextFeed(parts, settings(architecture_data="valid"))
    pairs = list(feed.pairs(0))
    assert sum(pair.weights.inputs.shape[1] for pair in pairs) == 59 // 4
    assert {int(word) for pair in pairs for word in pair.weights.inputs.unique()} == {0}
    assert {int(word) for pair in pairs for word in pair.architecture.inputs.unique()} == {1}


@pytest.mark.parametrize("kind", ["images", "text"])
def test_an_epoch_has_at_most_the_set_number_of_weight_steps(kind):
    if kind == "images":
        feed = ImageFeed((images(0, 40), images(1, 8)), settings(max_steps=2))
    else:
        words = torch.arange(200) % 7
        feed = TextFeed((TextPart(words), TextPart(words)), settings(max_steps=2))
    assert feed.steps(0) == len(list(feed.weights_batches(0))) == 2


def choices_of(space):
    return space.choices(space.sample(np.random.default_rng(0)))


@pytest.mark.parametrize("name", SMALL)
def test_drop_path_drops_paths_of_one_architecture_in_training_only(name):
    space = space_of(name)
    network = supernet_of(space)
    x = torch.randn(4, *SHAPE)
    choices = (3,) * 6 if name == "nb201" else choices_of(space)  # all edges have a 3x3
    plain = network.forward_architecture(x, choices)
    relaxed = network(x)
    network.drop_path = 0.9
    assert not torch.allclose(network.forward_architecture(x, choices), plain)
    assert torch.equal(network(x), relaxed)
    network.eval()
    # Evaluation may take another kernel than training: equal up to rounding.
    torch.testing.assert_close(network.forward_architecture(x, choices), plain)


def test_drop_path_zeroes_whole_samples_and_never_an_identity():
    torch.manual_seed(0)
    graph = RelaxedGraph(1, 1, 4, 1, ("skip_connect", "nor_conv_3x3"))
    x = torch.randn(64, 4, 5, 5)
    (kept,) = graph.run_pairs([x], [[("skip_connect", 0)]], 0.5)
    assert torch.equal(kept, x)
    (whole,) = graph.run_pairs([x], [[("nor_conv_3x3", 0)]])
    (dropped,) = graph.run_pairs([x], [[("nor_conv_3x3", 0)]], 0.5)
    zero = dropped.flatten(1).abs().sum(1) == 0
    assert 16 < int(zero.sum()) < 48
    assert torch.allclose(dropped[~zero], 2 * whole[~zero])


def test_drop_path_by_depth_grows_from_cell_to_cell():
    network = supernet_of(space_of("cell"))
    network.drop_path = 0.4
    assert [network.drop_of(number, 8) for number in (1, 8)] == [0.4, 0.4]
    network.drop_path_by_depth = True
    assert [network.drop_of(n, 8) for n in (1, 4, 8)] == pytest.approx([0.05, 0.2, 0.4])
    assert network.eval().drop_of(8, 8) == 0.0


@pytest.mark.parametrize("name", SMALL)
def test_the_auxiliary_head_of_a_supernet_is_part_of_the_objective_in_training_only(name):
    space = space_of(name)
    network, choices = supernet_of(space, auxiliary=True), choices_of(space)
    feed = ImageFeed(
        (Part(torch.randn(8, *SHAPE), torch.arange(8) % 5),) * 2,
        settings(auxiliary_weight=0.4, batch_size=8, weights_portion=1.0),
    )
    batch = next(feed.weights_batches(0))
    logits, auxiliary = network.forward_architecture(batch.images, choices)
    loss = functional.cross_entropy(logits, batch.labels)
    expected = loss + 0.4 * functional.cross_entropy(auxiliary, batch.labels)
    assert float(batch.objective(network, choices).detach()) == pytest.approx(
        float(expected.detach()), rel=1e-6
    )
    assert float(batch.value) == pytest.approx(float(loss.detach()), rel=1e-6)
    batch.objective(network, choices).backward()
    assert all(p.grad is not None for p in network.auxiliary.parameters())
    network.eval()
    assert network.forward_architecture(batch.images, choices).shape == (8, 5)


@pytest.mark.parametrize("name", [*SMALL, "dense-cell", "topology", "mobile-chain"])
def test_dropout_drops_features_before_the_classifier_in_training_only(name):
    space = space_of(name)
    torch.manual_seed(0)
    network = space.build(space.sample(np.random.default_rng(0)), (3, 16, 16), 5)
    names = list(network.state_dict())
    add_head_dropout(network, 0.5)
    assert list(network.state_dict()) == names
    seen = []
    network.classifier.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    x = torch.randn(8, 3, 16, 16)
    network.train()(x)
    network.eval()(x)
    # ReLU leaves zeros too; dropout adds more of them.
    trained, scored = (int((features == 0).sum()) for features in seen)
    assert trained - scored > 0.3 * (seen[1] != 0).sum()


def test_dropout_needs_a_classifier():
    with pytest.raises(EngineError, match="no module named classifier: set dropout to 0"):
        add_head_dropout(torch.nn.Linear(2, 2), 0.5)


def test_the_slowness_penalty_is_the_mean_squared_change_of_the_output():
    outputs = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]]])
    assert float(slowness_of(outputs)) == pytest.approx((1 + 0 + 0 + 4) / 4)
    assert float(slowness_of(outputs[:, :1])) == 0.0


def test_a_text_batch_adds_the_slowness_to_what_the_weights_minimise_only():
    space = space_of("recurrent-cell", hidden=6, nodes=3, input_dropout=0.0, output_dropout=0.0)
    network = supernet_of(space)
    words = torch.arange(60) % 5
    feed = TextFeed((TextPart(words), TextPart(words)), settings(slowness=0.5))
    batch = next(feed.weights_batches(0))
    outputs, _ = network.outputs(batch.inputs)
    loss = batch.loss(network)
    expected = loss + 0.5 * slowness_of(outputs)
    assert float(batch.objective(network).detach()) == pytest.approx(
        float(expected.detach()), rel=1e-6
    )
    assert float(batch.value) == pytest.approx(float(loss.detach()), rel=1e-6)
    assert float(expected.detach()) > float(loss.detach())
    architecture = next(feed.architecture_batches(0))
    plain, penalised = architecture.loss(network), architecture.objective(network)
    assert float(plain.detach()) < float(penalised.detach())


def test_a_supernet_may_be_smaller_than_the_networks_that_are_retrained():
    space = space_of("cell", cells=6, channels=8, supernet_cells=3, supernet_channels=4)
    network = supernet_of(space)
    assert (len(network.cells), network.classifier.in_features) == (3, 4 * 4 * 2)
    found = space.build(space.sample(np.random.default_rng(0)), SHAPE, 5)
    assert len(found.cells) == 6
    macro = supernet_of(space_of("enas-macro", channels=8, supernet_channels=4))
    assert macro.classifier.in_features == 4 * 4
    text = supernet_of(
        space_of(
            "recurrent-cell",
            hidden=12,
            supernet_hidden=6,
            word_dropout=0.2,
            supernet_word_dropout=0.0,
        )
    )
    assert (text.ends.weight.shape[1], text.ends.config.word_dropout) == (6, 0.0)


def test_sizes_of_the_supernet_do_not_change_the_ids_of_released_architectures():
    for name in ("cell", "enas-micro", "enas-macro", "recurrent-cell", "nb201"):
        space = space_of(name)
        assert not [key for key in space.supernet().config if "supernet" in key or "norm" in key]
        space.validate(space.sample(np.random.default_rng(0)))


def test_the_average_pool_of_nb201_has_no_batch_norm_where_the_authors_have_none():
    results, x = {}, torch.randn(4, *SHAPE) * 3 + 1
    for norm in (True, False):
        network = supernet_of(space_of("nb201", pool_norm=norm))
        y = network.stem(x)
        nodes = network.stages[0][0].run_pairs((y,), [[("avg_pool_3x3", 0)]])
        results[norm] = nodes[0]
    plain = functional.avg_pool2d(y, 3, 1, 1, count_include_pad=False)
    assert torch.allclose(results[False], plain)
    assert not torch.allclose(results[True], plain, atol=1e-2)


def test_all_of_the_data_may_train_the_weights_if_the_valid_part_trains_the_architecture():
    DartsConfig(weights_portion=1.0, architecture_data="valid")
    with pytest.raises(InvalidSettings, match="weights_portion"):
        DartsConfig(weights_portion=1.0)


def test_a_search_with_every_published_kind_of_setting_trains_and_is_repeatable():
    spec = SearchSpec(
        space="enas-micro",
        strategy="enas",
        dataset="digits",
        objectives=("error",),
        candidates=4,
        space_config={**SMALL["enas-micro"], "supernet_cells": 4, "supernet_channels": 2},
        strategy_config={
            "epochs": 2, "controller_steps": 2, "samples": 2, "hidden": 8, "sampled": 3,
            "proofs": 1, "batch_size": 32, "schedule": "restarts", "restart_epochs": 1,
            "nesterov": True, "drop_path": 0.4, "drop_path_by_depth": True, "dropout": 0.1,
            "auxiliary_weight": 0.4, "augment": "own", "crop": 1, "flip": True,
            "architecture_data": "valid", "max_steps": 3, "placed": False, "bias": 10.0,
            "lean": 0.25,
        },
        estimator_config={
            "epochs": 1, "dropout": 0.2, "drop_path": 0.4, "drop_path_by_depth": True,
            "auxiliary_weight": 0.4, "schedule": "restarts", "nesterov": True, "device": "cpu",
        },
        dataset_config={"limit": 150},
    )  # fmt: skip
    results = [run(check(spec)) for _ in range(2)]
    states = [end.outcome.state for end in results[0].candidates]
    assert states == ["trained", "trained", "trained", "done"]
    once, again = ([end.outcome.values for end in result.candidates] for result in results)
    assert once == again
    assert EnasConfig().drop_path == 0.0


def test_the_estimator_shared_refuses_nesterov_without_momentum_before_it_starts():
    with pytest.raises(InvalidSettings) as refused:
        check(
            SearchSpec(
                space="recurrent-cell",
                strategy="random",
                estimator="shared",
                dataset="pydoc-text",
                objectives=("perplexity",),
                estimator_config={"nesterov": True},
            )
        )
    message = refused.value.errors["estimator_config.nesterov"]
    assert message.startswith("needs momentum above 0")


def test_partial_channels_divide_those_of_the_supernet_and_not_of_the_networks():
    space = space_of("cell", channels=6, supernet_channels=8)
    space.validate(space.supernet(4))
    other = space_of("cell", channels=8, supernet_channels=6)
    with pytest.raises(InvalidArchitecture, match="partial is 4 with 6 channels"):
        other.validate(other.supernet(4))


def test_restarts_of_equal_length_and_of_a_single_epoch():
    config = SupernetConfig(schedule="restarts", restart_epochs=2, restart_factor=1)
    rates = [epoch_rate(config, 0.4, 0.0, epoch, 6) for epoch in range(6)]
    assert rates == pytest.approx([0.4, 0.2] * 3)
    config = SupernetConfig(schedule="restarts", restart_epochs=1, restart_factor=1)
    assert {epoch_rate(config, 0.4, 0.0, epoch, 6) for epoch in range(6)} == {0.4}


def test_fixed_windows_have_the_full_length_or_half_of_it_as_in_the_search_code_of_darts():
    words = torch.arange(8000) % 7
    feed = TextFeed((TextPart(words), TextPart(words)), settings(bptt=10, windows="fixed"))
    lengths = [batch.inputs.shape[1] for batch in feed.weights_batches(0)]
    assert set(lengths[:-1]) == {5, 10}
    assert 0.01 < lengths.count(5) / len(lengths) < 0.12
    spread = TextFeed((TextPart(words), TextPart(words)), settings(bptt=10))
    assert len({batch.inputs.shape[1] for batch in spread.weights_batches(0)}) > 4
