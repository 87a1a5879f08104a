"""Presets of published methods: each figure is that of the paper or of its released code."""

from __future__ import annotations

from typing import Any

import pytest

from nasengine import catalog
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import from_mapping
from nasengine.execution import assembly
from nasengine.execution.loop import run as search
from tests.fixtures.dataset_files import write_cifar_npz, write_text_parts
from tests.fixtures.factories import make_run, make_slot
from webapp.runs.presets import PRESETS
from webapp.runs.services import claims

PUBLISHED = [name for name in PRESETS if name.endswith("-as-published")]


class Settings:
    """The settings of a preset as dataclasses, with every default filled in."""

    def __init__(self, name: str):
        spec = PRESETS[name].spec
        self.spec = spec

        def made(kind: str, part: str) -> Any:
            config = catalog.load(kind, spec.get(part, "train")).Config
            return from_mapping(config, spec.get(f"{part}_config", {}))

        self.space = made("spaces", "space")
        self.search = made("strategies", "strategy")
        self.training = made("estimators", "estimator")


def figures(config: Any, **expected: Any) -> None:
    """Check that settings have these values; the message names those that differ."""
    found = {name: getattr(config, name) for name in expected}
    assert found == expected


def located(spec, folder):
    """Return a preset's settings with the path of small files."""
    write = write_text_parts if spec["dataset"] == "ptb" else write_cifar_npz
    return {**spec, "dataset_config": {"path": str(write(folder))}}


def test_darts_as_published():
    made = Settings("darts-as-published")
    assert made.spec["dataset"] == "cifar10"
    figures(made.space, nodes=4, cells=20, channels=36, supernet_cells=8, supernet_channels=16)
    assert len(made.space.operations) == 8
    figures(
        made.search,
        order="second", epochs=50, batch_size=64, weights_portion=0.5, architecture_data="train",
        learning_rate=0.025, final_learning_rate=0.001, schedule="cosine", momentum=0.9,
        nesterov=False, weight_decay=3e-4, gradient_clip=5.0, alpha_learning_rate=3e-4,
        alpha_weight_decay=1e-3, augment="own", crop=4, flip=True, cutout=0, searches=4,
        warm_up=0, partial=1, stop="never",
    )  # fmt: skip
    assert made.search.alpha_beta("images") == 0.5
    figures(
        made.training,
        epochs=600, batch_size=96, optimiser="sgd", learning_rate=0.025, final_learning_rate=0.0,
        schedule="cosine", momentum=0.9, weight_decay=3e-4, gradient_clip=5.0, crop=4, flip=True,
        cutout=16, drop_path=0.2, drop_path_by_depth=False, auxiliary_weight=0.4, dropout=0.0,
        label_smoothing=0.0, device="cuda",
    )  # fmt: skip


def test_darts_recurrent_as_published():
    made = Settings("darts-recurrent-as-published")
    assert made.spec["dataset"] == "ptb"
    figures(
        made.space,
        nodes=8, hidden=850, supernet_hidden=300, word_dropout=0.1, supernet_word_dropout=0.0,
        embedding_dropout=0.2, input_dropout=0.75, hidden_dropout=0.25, output_dropout=0.75,
        pair_matrices=False,
    )  # fmt: skip
    figures(
        made.search,
        order="second", epochs=50, batch_size=256, bptt=35, windows="fixed",
        architecture_data="valid",
        learning_rate=20.0, schedule="constant", momentum=0.0, weight_decay=5e-7,
        gradient_clip=0.25, slowness=1e-3, alpha_learning_rate=3e-3, alpha_weight_decay=1e-3,
        searches=4,
    )  # fmt: skip
    assert made.search.alpha_beta("text") == 0.9
    figures(
        made.training,
        epochs=8000, batch_size=64, bptt=35, learning_rate=20.0, schedule="constant",
        weight_decay=8e-7, gradient_clip=0.25, slowness=1e-3, averaging=5, device="cuda",
    )  # fmt: skip


ENAS_WEIGHTS = {
    "schedule": "restarts", "restart_epochs": 10, "restart_factor": 2, "learning_rate": 0.05,
    "momentum": 0.9, "nesterov": True, "gradient_clip": 5.0, "crop": 4, "flip": True,
}  # fmt: skip
ENAS_SEARCH = {
    **ENAS_WEIGHTS, "final_learning_rate": 0.0005, "architecture_data": "valid", "cutout": 0,
    "augment": "own", "dropout": 0.1, "drop_path": 0.4, "drop_path_by_depth": True,
    "entropy_weight": 1e-4, "baseline_decay": 0.99, "hidden": 64, "temperature": 0.0,
    "op_reduce": 2.5, "placed": False,
}  # fmt: skip


def test_enas_micro_as_published():
    made = Settings("enas-micro-as-published")
    assert made.spec["dataset"] == "cifar10"
    figures(made.space, nodes=5, cells=15 + 2, channels=36)
    figures(made.space, supernet_cells=6 + 2, supernet_channels=20)
    assert len(made.space.operations) == 5
    figures(
        made.search,
        **ENAS_SEARCH, epochs=150, batch_size=160, weight_decay=1e-4, auxiliary_weight=0.4,
        controller_steps=30, samples=10, reward_batch=160, controller_learning_rate=0.0035,
        tanh=1.1, bias=10.0, lean=0.25, favoured=("sep_conv_3x3", "sep_conv_5x5"),
    )  # fmt: skip
    figures(
        made.training,
        **ENAS_WEIGHTS, final_learning_rate=0.0001, epochs=630, batch_size=144, weight_decay=2e-4,
        dropout=0.2, drop_path=0.4, drop_path_by_depth=True, auxiliary_weight=0.4, cutout=16,
        device="cuda",
    )  # fmt: skip


def test_enas_macro_as_published():
    made = Settings("enas-macro-as-published")
    assert made.spec["dataset"] == "cifar10"
    figures(made.space, layers=12, channels=96, supernet_channels=36)
    assert len(made.space.operations) == 6
    figures(
        made.search,
        **ENAS_SEARCH, epochs=310, batch_size=128, weight_decay=2.5e-4, auxiliary_weight=0.0,
        controller_steps=50, samples=20, reward_batch=128, controller_learning_rate=0.001,
        tanh=1.5, skip_target=0.4, skip_weight=0.8, bias=0.0, lean=0.0,
    )  # fmt: skip
    figures(
        made.training,
        **ENAS_WEIGHTS, final_learning_rate=0.001, epochs=310, batch_size=100, weight_decay=2e-4,
        dropout=0.5, drop_path=0.0, auxiliary_weight=0.0, cutout=0, device="cuda",
    )  # fmt: skip


def test_enas_recurrent_as_published():
    made = Settings("enas-recurrent-as-published")
    assert made.spec["dataset"] == "ptb"
    figures(made.space, nodes=12 - 1, supernet_hidden=1000, pair_matrices=True, hidden=748)
    figures(made.space, output="leaves")
    assert len(made.space.functions) == 4
    figures(
        made.search,
        epochs=150, batch_size=64, bptt=35, max_steps=400, architecture_data="valid",
        learning_rate=20.0, schedule="step", step_after=15, step_epochs=1, step_factor=0.96,
        momentum=0.0, weight_decay=1e-7, gradient_clip=0.25, controller_steps=2000, samples=1,
        reward_scale=80.0, controller_learning_rate=3.5e-4, entropy_weight=1e-4,
        baseline_decay=0.95, hidden=100, temperature=5.0, tanh=2.5, op_reduce=1.0, distance=6.0,
        placed=False,
    )  # fmt: skip
    figures(
        made.training,
        epochs=2000, batch_size=64, bptt=35, learning_rate=20.0, schedule="step", step_after=14,
        step_factor=0.9991, weight_decay=5e-7, gradient_clip=0.25, slowness=1e-3, averaging=0,
        device="cuda",
    )  # fmt: skip


def test_the_tests_above_cover_every_preset_of_a_published_one_shot_method():
    assert set(PUBLISHED) == {
        name.removeprefix("test_").replace("_", "-")
        for name in globals()
        if name.endswith("_as_published")
    }


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_preset_names_every_setting_that_its_paper_names(name):
    """A later default must not change a published preset: optimizer settings are written out."""
    spec = PRESETS[name].spec
    for part in ("strategy_config", "estimator_config"):
        missing = {
            "epochs", "batch_size", "learning_rate", "schedule", "momentum", "weight_decay",
            "gradient_clip",
        } - spec[part].keys()  # fmt: skip
        assert missing == set()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_preset_is_accepted_and_its_budget_is_exact(name, tmp_path):
    spec = SearchSpec(**located(PRESETS[name].spec, tmp_path))
    checked = assembly.check(spec)
    strategy = assembly.make_strategy(checked)
    searches = checked.strategy_config["searches"]
    assert checked.candidates == searches * strategy._cost


SMALL: dict[str, dict[str, Any]] = {
    "cell": {"cells": 3, "channels": 4, "supernet_cells": 3, "supernet_channels": 2, "nodes": 2},
    "enas-macro": {"layers": 3, "channels": 4, "supernet_channels": 2},
    "recurrent-cell": {"hidden": 6, "supernet_hidden": 4, "nodes": 3},
}
SMALL["enas-micro"] = SMALL["cell"]
FEW = {"epochs": 2, "searches": 1, "batch_size": 8, "bptt": 6}
FEW_SAMPLES = {"controller_steps": 2, "samples": 2, "reward_batch": 8, "hidden": 8, "sampled": 3}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_preset_in_small_trains_to_its_end(name, tmp_path):
    spec = located(PRESETS[name].spec, tmp_path)
    few = {**FEW, **(FEW_SAMPLES if spec["strategy"] == "enas" else {})}
    text = spec["dataset"] == "ptb"
    parts = {
        "space_config": SMALL[spec["space"]],
        "strategy_config": few,
        "estimator_config": {"epochs": 1, "batch_size": 8, "device": "cpu", "threads": 1},
        "dataset_config": {"limit": 100},
    }
    small = {part: {**spec[part], **changed} for part, changed in parts.items()}
    # A learning rate of 20 is for hidden sizes of hundreds.
    rate = {"learning_rate": 1.0} if text else {}
    small["strategy_config"] |= rate
    small["estimator_config"] |= rate
    checked = assembly.check(
        SearchSpec(**{**spec, **small, "candidates": 5 if text else 4, "in_flight": 1})
    )
    ends = search(checked).candidates
    states = ["trained", "trained", "trained", "done", *(["trained"] if text else [])]
    assert [end.outcome.state for end in ends] == states
    objectives = PRESETS[name].spec["objectives"]
    assert set(ends[3].outcome.values) == set(objectives)


@pytest.mark.django_db
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_preset_starts_on_the_queue_of_gpus(name, tmp_path):
    run = make_run(**located(PRESETS[name].spec, tmp_path))
    assert set(run.candidates.values_list("queue", flat=True)) == {"cuda"}
    assert claims.claim(make_slot("processor"), ["cpu"]) is None
    claim = claims.claim(make_slot("card", queues=("cuda",)), ["cuda"])
    assert claim is not None and claim.run_id == run.pk


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("device", "queue"),
    [("cuda", "cuda"), ("cuda:1", "cuda"), ("auto", "cpu"), ("cpu", "cpu"), ("mps", "cpu")],
)
def test_a_run_waits_in_the_queue_of_the_device_that_it_trains_on(device, queue):
    run = make_run(estimator_config={"epochs": 1, "device": device})
    assert set(run.candidates.values_list("queue", flat=True)) == {queue}
