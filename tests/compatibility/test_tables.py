"""Benchmark tables kept by commit 813a27a: the same rows are found, by the same digest."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command

from nasengine.__main__ import main

from .samples import SAMPLES, read_json

pytestmark = pytest.mark.usefixtures("restored")
MAPPING = {
    "space": "nb201",
    "columns": "error=acc:100-x:%,params=size,latency@board=ms::ms",
    "report": "test_error=test:100-x:%",
    "architecture": "net",
}


def first_version() -> Any:
    return apps.get_model("tables", "BenchmarkTable").objects.get(name="made", version=1)


def candidates_in(path: Path) -> list[dict[str, Any]]:
    """The candidates of a run file without what names the table."""
    found = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    for one in found:
        for measurement in one["measurements"]:
            del measurement["detail"]["table"]
        one["reason"] = one["reason"].partition(" has no row")[2]
    return found


def test_a_kept_table_unpacks_to_its_digest_and_a_new_import_finds_the_same(capsys):
    kept = first_version()
    table = str(SAMPLES / "table.csv.gz")
    call_command("import_table", table, name="made", team="vision", json=True, **MAPPING)
    imported = json.loads(capsys.readouterr().out)
    assert (imported["version"], imported["new"]) == (3, True)  # the newest had fewer rows
    for name in ("digest", "rows", "objectives", "findings", "columns", "report", "datasets"):
        assert imported[name] == getattr(kept, name), name
    assert imported["path"] == f"table:made@{kept.digest}"


def test_the_file_of_a_table_that_a_search_names_by_digest_is_read(tmp_path, monkeypatch):
    """The file has the name and form in which that version left it on a machine."""
    kept = first_version()
    folder = tmp_path / "kept"
    folder.mkdir()
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(folder))
    (folder / f"{kept.digest}.csv.gz").write_bytes(bytes(kept.content))
    words = read_json("runs/nsga2-table/command.json")["words"]
    words[words.index("table.csv.gz")] = f"table:made@{kept.digest}"
    assert main([*words, "--out", str(tmp_path / "run.jsonl")]) == 0
    found = candidates_in(tmp_path / "run.jsonl")
    assert found == candidates_in(SAMPLES / "runs" / "nsga2-table" / "whole.jsonl")
    assert {one["state"] for one in found} == {"done", "failed"}


def test_a_table_with_the_columns_of_nas_bench_201_is_searched(capsys):
    call_command(
        "launch", "--space", "nb201", "--strategy", "random", "--table", "table:own", "--dataset",
        "imagenet16-120", "--objectives", "error,latency@raspi4,energy@fpga", "--team", "speech",
    )  # fmt: skip
    run = apps.get_model("runs", "Run").objects.latest("pk")
    assert run.benchmark_table.name == "own"
    kept = gzip.decompress(bytes(run.benchmark_table.content)).decode().splitlines()
    assert len(kept) == 1 + run.benchmark_table.rows == 41
