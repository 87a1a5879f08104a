"""Table `digits-nb201`: found by its name, complete, and honest about how it was measured."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.nb201.digits_trainings import SPACE, costs
from benchmarks.nb201.equivalence import cell_function, equivalent_cells
from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import from_mapping
from nasengine.estimators.tables.canonical import canonical_table
from nasengine.estimators.tables.cells import cells_of, header_of
from nasengine.estimators.tables.estimator import Table, TableConfig
from nasengine.estimators.tables.packaged import packaged_table, packaged_tables
from nasengine.execution import assembly, loop
from nasengine.execution.search import search
from nasengine.spaces.nb201.space import NB201Config, NB201Space, parse

NAME = "digits-nb201"
TABLE = packaged_table(NAME)
EPOCHS, SEEDS = range(1, 6), (0, 1)
ERRORS = tuple(f"error_seed{seed}_{epoch}" for seed in SEEDS for epoch in EPOCHS)
COSTS = ("params", "macs", "latency_ms", "latency_spread_ms")


@pytest.fixture(scope="module")
def cells():
    means = tuple(f"error_{epoch}" for epoch in EPOCHS)
    return cells_of(NAME, (TABLE.architecture,), (*means, *ERRORS, *COSTS))


def spec(**changes):
    settings = {**TABLE.search_settings(), "objectives": ("error", "params"), "candidates": 60}
    return SearchSpec(**{**settings, "strategy": "random", **changes})


def test_the_file_is_small_and_is_the_one_that_its_description_names():
    assert TABLE.file.stat().st_size < 400_000
    with TABLE.file.open("rb") as file:
        rows = canonical_table(file, NAME, 10_000_000)
    assert rows.digest == TABLE.digest == hashlib.sha256(rows.text).hexdigest()
    assert rows.rows == 4096
    assert header_of(f" {NAME} ") == rows.header
    assert packaged_tables()[NAME] is TABLE
    assert packaged_table("digits-nb202") is None


def test_every_architecture_of_its_space_has_finite_measurements(cells):
    space = NB201Space(from_mapping(NB201Config, TABLE.space_config))
    assert space.config == SPACE.config
    assert list(cells.rows) == [one.genome for one in space.enumerate()]
    assert np.isfinite(cells.numbers).all()
    numbers = dict(zip(cells.columns, cells.numbers.T, strict=True))
    assert (numbers["latency_ms"] > 0).all()
    for epoch in EPOCHS:
        by_seed = [numbers[f"error_seed{seed}_{epoch}"] for seed in SEEDS]
        assert np.abs(np.mean(by_seed, axis=0) - numbers[f"error_{epoch}"]).max() < 0.001
        images = np.array(by_seed) * TABLE.provenance["images"]["valid"] / 100
        assert np.abs(images - images.round()).max() < 0.01  # each error is a count of images


def test_errors_fall_over_the_epochs_and_the_seeds_agree_on_what_is_good(cells):
    last = [cells.columns.index(f"error_seed{seed}_5") for seed in SEEDS]
    first = [cells.columns.index(f"error_seed{seed}_1") for seed in SEEDS]
    assert cells.numbers[:, last].mean() < cells.numbers[:, first].mean() / 2
    assert np.corrcoef(cells.numbers[:, last].T)[0, 1] > 0.8


def test_the_best_cell_of_the_table_is_one_function_of_four_strings(cells):
    errors = cells.numbers[:, cells.columns.index("error_5")]
    best = [text for text, row in cells.rows.items() if errors[row] == errors.min()]
    assert errors.min() == 5.216
    assert len(best) == 4
    assert len({cell_function(parse(text)) for text in best}) == 1
    row = cells.get(best[1])
    assert (row["error_5"], row["params"], row["macs"]) == (5.216, 10_982, 86_432)


def test_costs_are_those_that_the_objectives_count(cells):
    for text in list(cells.rows)[::700]:
        row = cells.get(text)
        assert (row["params"], row["macs"]) == costs(text)


def test_cells_of_one_function_share_their_errors_and_others_do_not_always(cells):
    groups = equivalent_cells(cells.rows)
    assert len(groups) == 1285
    errors = {text: tuple(cells.get(text)[name] for name in ERRORS) for text in cells.rows}
    assert all(len({errors[text] for text in group}) == 1 for group in groups)
    assert len({errors[group[0]] for group in groups}) > 1200


def test_a_search_by_the_name_alone_looks_every_proposal_up():
    ended = loop.run(assembly.check(spec(objectives=("error", "macs", "latency@cpu")))).candidates
    assert {one.outcome.state for one in ended} == {"done"}
    found = ended[0].outcome.measurements[0]
    assert (found.method, found.unit) == ("tabular", "%")
    assert found.detail == {"table": NAME, "column": "error_5"}


def test_columns_of_ones_own_take_the_place_of_the_usual_ones():
    config = {"path": NAME, "columns": ["error=error_seed1_2:x:%"]}
    ended = loop.run(
        assembly.check(spec(estimator_config=config, objectives=("error",), candidates=1))
    ).candidates
    (found,) = ended[0].outcome.measurements
    assert found.detail["column"] == "error_seed1_2"


def test_settings_that_do_not_fit_are_named():
    with pytest.raises(InvalidSettings) as refused:
        assembly.check(spec(space_config={"cells": 1}, dataset="cifar10"))
    assert refused.value.errors == {
        "dataset": "'cifar10' is not in the table digits-nb201; it has digits",
        "space_config.channels": "must be 4 for the table digits-nb201 (got 16)",
        "space_config.operations": "must be none, skip_connect, nor_conv_1x1, nor_conv_3x3 for "
        "the table digits-nb201 (got none, skip_connect, nor_conv_1x1, nor_conv_3x3, "
        "avg_pool_3x3)",
    }
    with pytest.raises(InvalidSettings) as refused:
        assembly.check(spec(space="cell", space_config={}))
    assert "holds architectures of nb201" in refused.value.errors["space"]


def test_fewer_operations_are_a_part_of_the_table():
    few = {**TABLE.space_config, "operations": ["skip_connect", "nor_conv_3x3"]}
    ended = loop.run(assembly.check(spec(space_config=few, candidates=20))).candidates
    assert {one.outcome.state for one in ended} == {"done"}


def test_the_command_line_needs_the_name_and_nothing_else(tmp_path):
    command = [sys.executable, "-m", "nasengine", "search", "--table", NAME, "--json"]
    command += ["--strategy", "regularised-evolution", "--candidates", "40"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    assert "digits-nb201" in json.dumps(document)
    assert "failed" not in done.stderr


def test_the_library_needs_the_name_and_nothing_else():
    result = search(table=NAME, strategy="local-search", candidates=30, progress=False)
    assert result.spec.space == "nb201"
    assert result.spec.dataset == "digits"
    assert result.spec.space_config == TABLE.space_config
    assert {candidate.outcome.state for candidate in result.candidates} == {"done"}
    few = search(
        table=NAME,
        strategy="random",
        space_config={"operations": ["none", "nor_conv_3x3"]},
        candidates=10,
        progress=False,
    )
    assert few.spec.space_config == {
        "cells": 1,
        "channels": 4,
        "operations": ["none", "nor_conv_3x3"],
    }
    assert {candidate.outcome.state for candidate in few.candidates} == {"done"}


def test_the_estimator_needs_no_columns():
    table = Table(TableConfig(path=NAME))
    assert table.goal("latency@cpu", "digits").unit == "ms"
    assert table.goal("macs", "digits").unit == "MAC"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        # An edge that nothing reads.
        ("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|",
         "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|", True),
        # The inner nodes swapped.
        ("|nor_conv_1x1~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|",
         "|none~0|+|nor_conv_1x1~0|none~1|+|none~0|none~1|nor_conv_3x3~2|", True),
        # One convolution read twice is not two convolutions.
        ("|nor_conv_1x1~0|+|none~0|skip_connect~1|+|none~0|skip_connect~1|skip_connect~2|",
         "|nor_conv_1x1~0|+|none~0|none~1|+|nor_conv_1x1~0|skip_connect~1|none~2|", False),
        # A convolution of nothing still adds its shift.
        ("|none~0|+|none~0|none~1|+|skip_connect~0|nor_conv_1x1~1|none~2|",
         "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|", False),
        # The order of two operations counts.
        ("|nor_conv_1x1~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|skip_connect~2|",
         "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|none~0|none~1|skip_connect~2|", False),
    ],
)  # fmt: skip
def test_cells_are_grouped_by_what_they_compute(one, other, same):
    assert (cell_function(parse(one)) == cell_function(parse(other))) is same
