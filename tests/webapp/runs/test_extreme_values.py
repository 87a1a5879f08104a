"""Finite extremes in a table end no run: front, states and pages hold them."""

from __future__ import annotations

import csv
import json
import sys

import pytest

from nasengine.catalog import load, names
from nasengine.core.search_spec import SearchSpec
from nasengine.execution import assembly
from tests.fixtures.small_settings import SMALL
from tests.fixtures.tables import rows
from webapp.runs.models import RunState
from webapp.runs.services.advance import advance_run
from webapp.runs.snapshot import snapshot

from ...fixtures.factories import make_run

pytestmark = pytest.mark.django_db(transaction=True)
MAX = sys.float_info.max
CANDIDATES = 26  # so many that each strategy has left its first phase
STRATEGIES = [
    name for name in names("strategies") if "supernet" not in load("strategies", name).requires
]
# Row number, accuracy, params and latency -> cells.
CELLS = {
    "largest": lambda i, error, params, lat: (MAX if i % 50 == 0 else error, params, lat),
    "huge": lambda i, error, params, lat: (error * 1e198, params * 1e190, lat * 1e300),
    "tiny": lambda i, error, params, lat: (error * 1e-170, params * 1e-180, lat * 1e-320),
    "mixed": lambda i, error, params, lat: (
        (-MAX, MAX, error)[i % 3],
        (5e-324, params, 1e200)[i % 3],
        lat if i % 5 else -MAX,
    ),
}


@pytest.fixture(scope="module", params=CELLS)
def table(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / f"{request.param}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("arch_str", "loss", "size", "lat"))
        for i, row in enumerate(rows()):
            plain = (float(row[key]) for key in ("c10_val_acc_200", "c10_params", "lat_ms_raspi4"))
            writer.writerow((row["arch_str"], *map(repr, CELLS[request.param](i, *plain))))
    return path


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.trap(4)
def test_a_run_on_extreme_values_finishes_and_keeps_its_figures(name, table):
    spec = SearchSpec(
        space="nb201",
        strategy=name,
        estimator="table",
        dataset="any",
        objectives=("error", "params", "latency"),
        constraints=("params<1e-200",) if table.stem == "mixed" else (),
        candidates=CANDIDATES,
        in_flight=3,
        seed=4,
        strategy_config=SMALL.get(name, {}),
        estimator_config={
            "path": str(table),
            "columns": ("error=loss", "params=size", "latency=lat"),
        },
    )
    run = make_run(**assembly.check(spec).to_json())
    for _ in range(100):
        advance_run(run.pk, seconds=0.0)  # a short turn: the next one reads the stored state
        run.refresh_from_db()
        if run.state != RunState.RUNNING:
            break
    assert (run.state, run.reason) == (RunState.FINISHED, "")
    assert run.candidates.filter(state="done").count() == CANDIDATES
    assert run.front["numbers"]
    json.dumps(snapshot(run), allow_nan=False, default=str)
