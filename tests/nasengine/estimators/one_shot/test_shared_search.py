"""The benchmark of one-shot searches: its output."""

from __future__ import annotations

import json
import sys

from benchmarks import shared_search


def test_every_search_is_timed_and_the_selected_cell_retrained(monkeypatch, capsys, own_threads):
    for name in ("RANDOM_CELLS", "TRAININGS"):
        monkeypatch.setattr(shared_search, name, 1)
    monkeypatch.setattr(shared_search, "SIZE", {"cells": 1, "channels": 2, "nodes": 1})
    monkeypatch.setitem(shared_search.METHODS["darts"].strategy_config, "epochs", 1)
    options = "--dataset digits --methods darts --seeds 1 --searches 2 --alone 1 --json"
    monkeypatch.setattr(sys, "argv", ["shared_search.py", *options.split()])
    shared_search.main()
    output = capsys.readouterr()
    (result,) = json.loads(output.out)["results"]
    assert len(result["search_seconds"]) == 2
    assert min(result["search_seconds"]) > 0
    (error,), ((random,),) = result["errors"], result["random_errors"]
    assert 0 <= error == result["mean_error"] <= 100
    assert random == result["random_mean_error"] == result["random_best_error"]
    assert 0 <= result["unchosen_mean_error"] <= 100
    assert output.err.startswith("darts on digits, seed 0: ")
