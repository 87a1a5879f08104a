"""Estimator `table`: values, conversions, missing values, invalid settings."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import from_mapping
from nasengine.estimators.tables.cells import cells_of, header_of
from nasengine.estimators.tables.column import parse_column
from nasengine.estimators.tables.estimator import Table, TableConfig
from nasengine.execution import assembly
from nasengine.execution import loop as search
from nasengine.spaces.cell.space import CellSpace
from nasengine.spaces.nb201.space import NB201Config, NB201Space
from tests.fixtures.tables import rows, write_table
from tests.real_data import real_data

SPACE = NB201Space(NB201Config())
PLAIN = "\n".join(
    [
        "net,acc,size_m,speed,ms",
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|,10.5,0.07,1000,",
        '"|skip_connect~0|+|none~0|none~1|+|none~0|none~1|none~2|",91.61,1.5,nan,2.5',
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|,99,9,9,9",
    ]
)
NONE = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
SKIP = "|skip_connect~0|+|none~0|none~1|+|none~0|none~1|none~2|"
COLUMNS = (
    "error=acc:100-x:%",
    "params=size_m:x*1e6",
    "throughput@a100=speed:x:images/s:higher",
    "latency@board=ms::ms",
)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("tables") / "made.csv.gz")


def spec(path, objectives=("error",), dataset="cifar10", **config):
    return SearchSpec(
        space="nb201",
        strategy="random",
        estimator="table",
        dataset=dataset,
        objectives=objectives,
        estimator_config={"path": str(path), **config},
    )


def outcome(search_spec, text):
    proposal = Proposal(3, SPACE.parse(text))
    return search.evaluate(search_spec, proposal, lambda point: None, lambda: False)


def plain(tmp_path, objectives, **config):
    path = tmp_path / "plain.csv"
    path.write_text(PLAIN, encoding="utf-8")
    return spec(path, objectives, architecture="net", columns=COLUMNS, **config)


def test_the_data_set_selects_the_columns(table):
    row = rows()[7000]
    names = ("error", "params", "macs", "latency@raspi4", "energy@fpga", "energy@pi5_onnx")
    for dataset, prefix in (("cifar10", "c10"), ("cifar100", "c100"), ("imagenet16-120", "in16")):
        result = outcome(spec(table, names, dataset), row["arch_str"])
        assert result.state == "done"
        assert result.values == pytest.approx(
            {
                "error": 100 - float(row[f"{prefix}_val_acc_200"]),
                "test_error": 100 - float(row[f"{prefix}_test_acc_200"]),
                "params": float(row[f"{prefix}_params"]),
                "macs": float(row[f"{prefix}_flops"]),
                "latency@raspi4": float(row["lat_ms_raspi4"]),
                "energy@fpga": float(row["energy_mj_fpga"]),
                "energy@pi5_onnx": float(row["hw360_pi5_onnx_energy_mj"]),
            }
        )
    by_name = {m.objective: m for m in result.measurements}
    assert list(by_name) == [*names, "test_error"]
    assert {m.method for m in result.measurements} == {"tabular"}
    assert (by_name["latency@raspi4"].unit, by_name["latency@raspi4"].device) == ("ms", "raspi4")
    assert (by_name["energy@fpga"].unit, by_name["error"].unit) == ("mJ", "%")
    assert by_name["error"].detail == {"table": "made.csv.gz", "column": "in16_val_acc_200"}


def test_own_columns_have_conversions_and_directions(tmp_path):
    search_spec = plain(
        tmp_path, ("error", "params", "throughput@a100"), report=("test_error=acc",)
    )
    goals = {goal.name: goal for goal in assembly.goals_of(search_spec)}
    assert goals["throughput@a100"].better == "higher"
    assert (goals["throughput@a100"].device, goals["throughput@a100"].unit) == ("a100", "images/s")
    assert outcome(search_spec, NONE).values == {
        "error": 89.5,
        "params": 70_000.0,
        "throughput@a100": 1000.0,
        "test_error": 10.5,
    }


def test_rounding_errors_of_conversions_are_removed(tmp_path):
    assert outcome(plain(tmp_path, ("error",)), SKIP).values == {"error": 8.39}


@pytest.mark.parametrize(
    ("objective", "text", "column"),
    [("throughput@a100", SKIP, "speed"), ("latency@board", NONE, "ms")],
)
def test_a_candidate_with_an_empty_cell_fails_and_names_the_column(
    tmp_path, objective, text, column
):
    result = outcome(plain(tmp_path, ("error", objective)), text)
    assert (result.state, result.measurements) == ("failed", ())
    assert result.reason == f"the table has no finite number in {column} for this candidate"


def test_the_message_names_an_architecture_without_a_row(tmp_path):
    text = SKIP.replace("skip_connect", "avg_pool_3x3")
    result = outcome(plain(tmp_path, ("error",)), text)
    assert result.state == "failed"
    assert text in result.reason
    assert "plain.csv has no row" in result.reason


def test_ids_and_canonical_json_are_keys(tmp_path):
    first, second = SPACE.parse(NONE), SPACE.parse(SKIP)
    path = tmp_path / "ids.csv"
    quoted = '"' + second.canonical.replace('"', '""') + '"'
    path.write_text(f"id,acc\n{first.id},10\n{quoted},20\n")
    search_spec = spec(path, architecture="id", columns=("error=acc:100-x:%",))
    assert outcome(search_spec, NONE).values == {"error": 90}
    assert outcome(search_spec, SKIP).values == {"error": 80}


def test_a_table_is_read_once_until_it_changes(tmp_path):
    path = write_table(tmp_path / "some.csv", every=100)
    first = cells_of(str(path), ("arch_str",), ("c10_params",))
    assert cells_of(str(path), ("arch_str",), ("c10_params",)) is first
    write_table(path, every=50)
    os.utime(path, ns=(1, 1))
    second = cells_of(str(path), ("arch_str",), ("c10_params",))
    assert len(second.rows) > len(first.rows)


def test_a_byte_order_mark_and_blanks_in_the_header_are_ignored(tmp_path):
    path = tmp_path / "bom.csv"
    path.write_bytes(b"\xef\xbb\xbfnet , acc\r\nx,1\r\n")
    assert header_of(str(path)) == ("net", "acc")
    assert cells_of(str(path), ("net",), ("acc",)).get("x") == {"acc": 1.0}


def objections(path, space=SPACE, dataset="cifar10", **config):
    estimator = Table(from_mapping(TableConfig, {"path": str(path), **config}))
    return estimator.objections(space, dataset)


def test_mismatches_are_reported_at_their_settings(table, tmp_path):
    assert objections(table) == {}
    assert objections(table, dataset="digits").keys() == {"dataset"}
    assert objections(table, space=CellSpace(CellSpace.Config())).keys() == {"space"}
    assert objections(table, space=NB201Space(NB201Config(cells=3))).keys() == {
        "space_config.cells"
    }
    own = plain(tmp_path, ("error",)).estimator_config
    assert objections(own["path"]).keys() == {"estimator_config.columns"}
    assert objections(own["path"], columns=COLUMNS).keys() == {"estimator_config.architecture"}
    wrong = objections(own["path"], architecture="net", columns="error=gone", report="a=away")
    assert wrong.keys() == {"estimator_config.columns", "estimator_config.report"}
    assert "gone is not in the table; it has net, acc" in wrong["estimator_config.columns"]


def test_invalid_files_are_refused_with_a_one_line_message(tmp_path):
    contents = {
        "empty.csv": b"",
        "one.csv": b"only\n1\n",
        "twice.csv": b"a,a\n1,2\n",
        "latin.csv": "a,b\n\xe9,1\n".encode("latin-1"),
        "torn.csv.gz": gzip.compress(PLAIN.encode() * 100)[:150],
        "fake.csv.gz": b"\x1f\x8bno gzip at all",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.csv").mkdir()
    for name in (*contents, "folder.csv", "absent.csv", "", "a\0b"):
        path = str(tmp_path / name) if name and "\0" not in name else name
        with pytest.raises(EngineError) as refusal:
            header_of(path)
            cells_of(path, ("a",), ("b",))
        assert "\n" not in str(refusal.value)
        assert len(str(refusal.value)) < 600


@pytest.mark.parametrize(
    ("setting", "values", "text"),
    [
        ("columns", "error", "is not a column mapping"),
        ("columns", "error=", "is not a column mapping"),
        ("columns", "Error=acc", "is not an objective"),
        ("columns", "error=acc:2x", "is not a conversion"),
        ("columns", "error=acc:__import__('os')", "is not a conversion"),
        ("columns", "error=acc:x/0", "is not a conversion"),
        ("columns", "error=acc:x:%:best", "is not a direction"),
        ("columns", "error=acc:x:%:lower:more", "is not a column mapping"),
        ("columns", "error=a,error=b", "names an objective twice"),
        ("report", "test_error=acc", "needs columns"),
    ],
)
def test_invalid_column_mappings_are_refused(setting, values, text):
    with pytest.raises(InvalidSettings) as refusal:
        from_mapping(TableConfig, {"path": "x", setting: values}, "estimator_config.")
    assert text in refusal.value.errors[f"estimator_config.{setting}"]


@given(st.text(max_size=60))
def test_any_text_is_a_column_mapping_or_refused(text):
    try:
        column = parse_column(text)
    except ValueError as error:
        assert "\n" not in repr(str(error))
    else:
        column.value(1.0)


def test_the_message_about_an_unknown_objective_lists_the_known_ones(table):
    with pytest.raises(
        EngineError, match="latency@raspi5 is not in the table; it has error, params"
    ):
        assembly.goals_of(spec(table, ("error", "latency@raspi5")))


def test_folders_that_are_not_allowed_are_refused(table, monkeypatch, tmp_path):
    monkeypatch.setenv("PARETOSCOPE_DATA_ROOTS", str(tmp_path))
    errors = objections(table)
    assert "outside of the folders" in errors["estimator_config.path"]


def test_a_search_on_a_table_does_not_import_torch(table):
    code = (
        "import sys; from nasengine.execution import loop as search\n"
        "from nasengine.core.search_spec import SearchSpec\n"
        "spec = SearchSpec(space='nb201', estimator='table', dataset='cifar10', candidates=30,"
        f"objectives=('error',), estimator_config={{'path': {str(table)!r}}})\n"
        "print(len(search.run(spec).candidates), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["30", "False"]


def made_optima():
    """Return the best row of the made table by prefix: its index and test accuracy."""
    best = {}
    for prefix in ("c10", "c100", "in16"):
        row = max(rows(), key=lambda row: float(row[f"{prefix}_test_acc_200"]))
        best[prefix] = int(row["arch_index"]), float(row[f"{prefix}_test_acc_200"])
    return best


PUBLISHED_OPTIMA = {"c10": (6111, 94.373), "c100": (9930, 73.513), "in16": (857, 47.311)}
PUBLISHED = real_data("nb201_table.csv.gz")


@pytest.mark.parametrize("published", [False, True] if PUBLISHED else [False])
def test_the_optima_of_a_table_are_found(table, published):
    path = PUBLISHED if published else table
    optima = PUBLISHED_OPTIMA if published else made_optima()
    for prefix, (index, accuracy) in optima.items():
        column = f"{prefix}_test_acc_200"
        cells = cells_of(str(path), ("arch_index",), (column,))
        assert cells.get(str(index))[column] == accuracy == cells.numbers.max()
    index, accuracy = optima["c10"]
    text = list(cells_of(str(path), ("arch_str",), ()).rows)[index]
    result = outcome(spec(path, ("error", "params", "macs")), text)
    assert result.values["test_error"] == pytest.approx(100 - accuracy)
    if published:
        assert result.values["params"] == 1_073_466
        assert result.values["macs"] == pytest.approx(153_272_960, rel=1e-6)


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".json.gz"])
def test_json_tables_give_the_values_of_csv(tmp_path, suffix):
    header, *lines = csv.reader(PLAIN.splitlines())
    objects = [dict(zip(header, line, strict=True)) for line in lines]
    many = "\n".join(json.dumps(one) for one in objects)
    text = (many if suffix == ".jsonl" else json.dumps(objects)).encode()
    (tmp_path / "made.csv").write_text(PLAIN)
    (tmp_path / f"made{suffix}").write_bytes(gzip.compress(text) if "gz" in suffix else text)
    paths = [str(tmp_path / name) for name in ("made.csv", f"made{suffix}")]
    assert header_of(paths[0]) == header_of(paths[1])
    first, second = (cells_of(path, ("net",), ("acc", "size_m", "ms")) for path in paths)
    assert first.rows == second.rows
    np.testing.assert_array_equal(first.numbers, second.numbers)
