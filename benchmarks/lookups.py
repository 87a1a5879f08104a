"""How many candidates a minute does one coordinator look up in a table, through the database?

    python benchmarks/lookups.py [TABLE] [--candidates 500] [--workers]

Starts servers of its own in a folder that is removed afterwards, imports the NAS-Bench-201
table (PARETOSCOPE_DATA, else ../shared/data) and launches searches on it. With --workers, one
worker claims candidate by candidate, as with every other estimator.
Prints figures and writes nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.site import servers
from nasengine.objectives.latency.processor import cpu_name
from webapp.start.processes import end, spawn

ROOT = Path(__file__).resolve().parents[1]
SEARCHES = (
    ("random", 1),
    ("regularised-evolution", 1),
    ("regularised-evolution", 16),
    ("nsga2", 16),
    ("renas", 16),
    ("dpp-net", 16),
)
OBJECTIVES = ("error", "params", "latency@raspi4")
CLAIMED = "from nasengine.estimators.tables.estimator import Table; Table.is_lookup = False"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", nargs="?", type=Path, default=_published())
    parser.add_argument("--candidates", type=int, default=500)
    parser.add_argument("--workers", action="store_true", help="one worker claims them")
    options = parser.parse_args()
    if not options.table.is_file():
        print(f"{options.table} is not there: name the NAS-Bench-201 table")
        return
    print(f"{cpu_name()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with _workbench(options.workers):
        _measure(options)


def _published() -> Path:
    folder = os.environ.get("PARETOSCOPE_DATA") or ROOT.parent / "shared" / "data"
    return Path(folder) / "nb201_table.csv.gz"


@contextmanager
def _workbench(claimed: bool) -> Iterator[None]:
    """Start servers, a coordinator and a worker; this process uses their database too."""
    with ExitStack() as stack:
        folder, environment = stack.enter_context(servers())
        for role in ("coordinator", "evaluation"):
            command = [sys.executable, "-c", _entry(role, claimed)]
            process = spawn(command, environment, folder / f"{role}.log", ROOT)
            stack.callback(partial(end, process, 5))
        time.sleep(10)  # until both have loaded what they need
        yield


def _entry(role: str, claimed: bool) -> str:
    """A worker process; without look-ups if candidates are to be claimed."""
    run = f"import os; from workers.__main__ import main; os._exit(main([{role!r}]))"
    return f"{CLAIMED}; {run}" if claimed else run


def _measure(options: argparse.Namespace) -> None:
    import django

    django.setup()
    from webapp.accounts.models import Team
    from webapp.tables.services.column_mapping import Mapping
    from webapp.tables.services.importing import import_table

    team = Team.objects.create(name="bench", slug="bench")
    began = time.monotonic()
    with options.table.open("rb") as file:
        table = import_table(team, None, file, "nb201", Mapping()).table
    print(f"{table.rows:,} rows imported in {time.monotonic() - began:.1f} s")
    print("strategy, in_flight: seconds, candidates a minute")
    for strategy, width in SEARCHES:
        seconds = _search(team, strategy, width, options.candidates)
        pace = 60 * options.candidates / seconds
        print(f"{strategy}, {width}: {seconds:.1f}, {pace:,.0f}", flush=True)


def _search(team: Any, strategy: str, width: int, candidates: int) -> float:
    """Seconds from launch to end."""
    from nasengine.core.search_spec import SearchSpec
    from webapp.runs.models import ENDED_RUNS
    from webapp.runs.services.launch import launch

    spec = SearchSpec(
        space="nb201",
        strategy=strategy,
        estimator="table",
        dataset="cifar10",
        objectives=OBJECTIVES,
        candidates=candidates,
        in_flight=width,
        estimator_config={"path": "table:nb201"},
    )
    began = time.monotonic()
    run = launch(team, None, spec, strategy)
    while run.state not in ENDED_RUNS:
        time.sleep(0.05)
        run.refresh_from_db(fields=["state", "reason", "told"])
    if run.told < candidates:
        raise SystemExit(f"{strategy} ended as {run.state} at {run.told}: {run.reason}")
    return time.monotonic() - began


if __name__ == "__main__":
    main()
