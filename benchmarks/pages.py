"""How long do the run page and the list of runs take, and how much do they send?

    python benchmarks/pages.py [--candidates 10000 100000] [--runs 10000] [--no-browser]

Starts servers of its own in a folder that is removed afterwards and fills runs and candidates by
SQL. Measures, for the run page: the time of the server for the page and its data (median of
several requests), their bytes on the wire, and in a headless Chromium the time from the start of
the navigation until the front is painted and until the plot replaces its sketch: at the first visit
of a browser just started, with nothing cached (median of several browsers), and at later visits.
For the list of runs: the time of the server, and the height of 25 rows. Prints
figures and writes nothing.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.site import Site, site
from nasengine.objectives.latency.processor import cpu_name

REQUESTS = 9
SETTLED_MS = 1500
BROWSERS = 5
PLOT = (
    "() => document.querySelector('#pareto-card')?.dataset.front > 0 "
    "&& document.querySelector('#pareto-card .scatterlayer .points path') && performance.now()"
)
FRONT = (
    "() => performance.getEntriesByType('paint').length "
    "&& document.querySelector('#pareto-card :is(.ps-sketch use, .scatterlayer .points path)') "
    "&& performance.now()"
)
OBJECTIVES = ("error", "params", "macs")
DEMO_QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"size": "100"},
    {"q": "strategy:nsga2 state:finished"},
    {"q": "error<5 params<1M", "sort": "best"},
    {"q": "author:demo-ada -tag:baseline age>1d"},
    {"q": "setting.channels:16", "sort": "setting.channels"},
    {"q": "front>=2", "sort": "-front"},
    {"q": "hours>0.005", "sort": "-hours", "columns": "name,hours,epochs,params"},
    {"q": 'name~"random 1.*7$" or study:"Study 1"'},
    {"q": "text:digits", "sort": "-params", "page": "5"},
    {"q": "(seed:3 or seed:4) -(error>10 or evaluated<5)"},
)
CANDIDATE = {
    "number": "n",
    "state": "'done'",
    "architecture_id": "md5(n::text) || md5(n::text)",
    "parents": "CASE WHEN n > 50 THEN ARRAY[n - 50, n - 7] ELSE '{}' END",
    "origin": "'mutation'",
    "curve": "%(curve)s::jsonb",
    "ended_order": "n",
    "told": "true",
    "started_at": "now()",
    "ended_at": "now()",
}
MEASUREMENT = {
    "candidate_id": "c.id",
    "objective": "%(name)s",
    "value": "%(scale)s * (0.2 + random() * random())",
    "unit": "%(unit)s",
    "method": "'measured'",
    "device": "''",
    "repetitions": "1",
    "detail": "'{}'::jsonb",
}
RUN = {
    "study_id": "%(study)s",
    "name": "'run ' || n",
    "seed": "n",
    "state": "'finished'",
    "asked": "100",
    "told": "100",
    "front": "%(front)s::jsonb",
    "created_at": "now() - n * interval '1 minute'",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--demo", type=int, default=10_000, help="runs of manage.py seed_demo")
    parser.add_argument("--compared", type=int, default=50, help="runs of 200 candidates")
    parser.add_argument("--no-browser", action="store_true")
    options = parser.parse_args()
    print(f"{cpu_name()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with site() as server:
        for count in options.candidates:
            run = _run(server, f"{count:,} candidates", count)
            _fill(run, count)
            _run_page(server, run, not options.no_browser)
        if options.compared:
            _compare(server, options.compared)
        if options.runs:
            _fill_list(server, options.runs)
            _run_list(server, not options.no_browser)
        if options.demo:
            _demo_list(server, options.demo)


def _run(server: Site, name: str, candidates: int) -> Any:
    from nasengine.core.search_spec import SearchSpec
    from webapp.runs.services.advance import advance_run
    from webapp.runs.services.launch import launch

    spec = SearchSpec(
        space="nb201",
        strategy="random",
        estimator="train",
        dataset="digits",
        objectives=OBJECTIVES,
        candidates=candidates,
    )
    run = launch(server.team, server.user, spec, name)
    advance_run(run.pk)
    run.refresh_from_db()
    return run


def _compare(server: Site, count: int) -> None:
    """Compare runs of 200 candidates each, in two groups."""
    from webapp.compare.histories import store_histories
    from webapp.runs.models import Run

    runs = [_run(server, f"compared {n}", 200) for n in range(count)]
    for n, run in enumerate(runs):
        _fill(run, 200)
        method = "random" if n % 2 else "regularised-evolution"
        Run.objects.filter(pk=run.pk).update(
            strategy=method, seed=n // 2, ended_at=run.created_at, candidate_budget=200
        )
    store_histories(60)  # as coordinators do within seconds of the end of a run
    keys = ",".join(str(run.pk) for run in runs)
    path = f"/compare?runs={keys}&by=method"
    first = 1000 * _get(server, path)[0]
    page_ms, page_bytes = _medians(server, path)
    print(
        f"compare {count} runs of 200 candidates: page {page_ms:.0f} ms ({first:.0f} ms when asked "
        f"first), {page_bytes / 1e6:.3f} MB",
        flush=True,
    )


def _copies(model: Any, values: dict[str, str]) -> str:
    """Return SQL that copies row %(like)s once for each n from %(first)s to %(last)s.

    `values` has SQL expressions of n for the columns that differ.
    """
    fields = [f for f in model._meta.concrete_fields if not f.primary_key and not f.generated]
    columns = [f.column for f in fields]
    table = model._meta.db_table
    chosen = ", ".join(values.get(column, f"likeness.{column}") for column in columns)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM {table} AS likeness, "
        "generate_series(%(first)s, %(last)s) AS n WHERE likeness.id = %(like)s"
    )


def _fill(run: Any, count: int) -> None:
    """Give the run `count` measured candidates and its front."""
    from django.db import connection

    from webapp.runs.models import Candidate, Measurement

    first = run.candidates.get(number=0)
    run.candidates.exclude(pk=first.pk).delete()
    curve = [{"epoch": e, "epochs": 20, "valid_error": 50.0 / e} for e in range(1, 21)]
    with connection.cursor() as cursor:
        values = {"like": first.pk, "first": 1, "last": count - 1, "curve": json.dumps(curve)}
        cursor.execute(_copies(Candidate, CANDIDATE), values)
        run.candidates.filter(pk=first.pk).update(state="done", told=True, ended_order=0)
        insert = (
            f"INSERT INTO {Measurement._meta.db_table} ({', '.join(MEASUREMENT)}) "
            f"SELECT {', '.join(MEASUREMENT.values())} FROM {Candidate._meta.db_table} c "
            "WHERE c.run_id = %(run)s ORDER BY c.number"
        )
        for name, unit, scale in zip(OBJECTIVES, ("%", "", "MAC"), (40.0, 1e6, 1e8), strict=True):
            cursor.execute(insert, {"run": run.pk, "name": name, "unit": unit, "scale": scale})
        cursor.execute("ANALYZE")
    _store_front(run, count)


def _store_front(run: Any, count: int) -> None:
    import numpy as np

    from nasengine.pareto.dominance import constrained_front
    from webapp.runs.models import Measurement, Run

    measured = Measurement.objects.filter(candidate__run=run)
    columns = [
        measured.filter(objective=name).order_by("candidate__number").values_list("value")
        for name in OBJECTIVES
    ]
    points = np.hstack([np.array(column, dtype=float) for column in columns])
    front = np.flatnonzero(constrained_front(points, np.zeros(len(points)))).tolist()
    told = np.linspace(1, count, 200).astype(int).tolist()
    Run.objects.filter(pk=run.pk).update(
        state="finished",
        asked=count,
        told=count,
        best=int(points[:, 0].argmin()),
        best_values=dict(zip(OBJECTIVES, points[points[:, 0].argmin()].tolist(), strict=True)),
        front={
            "numbers": front,
            "reference": (points.max(axis=0) * 1.1).tolist(),
            "curve": [{"told": n, "number": n - 1, "hypervolume": 0.2 + n / count} for n in told],
        },
    )


def _fill_list(server: Site, count: int) -> None:
    """Give the team `count` runs, most of them of studies of 40 runs."""
    from django.db import connection

    from webapp.runs.models import Run, Study

    like = Run.objects.order_by("pk").first()
    point = {"told": 1, "number": 1, "hypervolume": 0.5}
    front = json.dumps({"numbers": [1], "reference": [1, 1], "curve": [point]})
    with connection.cursor() as cursor:
        for first in range(0, count, 40):
            study = Study.objects.create(team=server.team, name=f"study {first}")
            values = {"study": study.pk if first % 200 else None, "like": like.pk, "front": front}
            values |= {"first": first + 1, "last": min(count, first + 40)}
            cursor.execute(_copies(Run, RUN), values)
        cursor.execute("VACUUM ANALYZE")  # as autovacuum does after so many rows


def _get(server: Site, path: str) -> tuple[float, int, bytes]:
    """Return the seconds, the bytes on the wire and the body of one request."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    headers = {"Cookie": server.cookie, "Accept-Encoding": "gzip"}
    began = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    seconds = time.perf_counter() - began
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status}")
    return seconds, len(body), body


def _medians(server: Site, path: str) -> tuple[float, int]:
    """Return the median milliseconds and the bytes of several requests."""
    _get(server, path)
    answers = [_get(server, path) for _ in range(REQUESTS)]
    return 1000 * statistics.median(a[0] for a in answers), answers[-1][1]


def _run_page(server: Site, run: Any, browser: bool) -> None:
    path = f"/runs/{run.pk}/"
    page_ms, page_bytes = _medians(server, path)
    fresh_ms = 1000 * _get(server, f"{path}snapshot.json")[0]  # the process remembers it then
    data_ms, data_bytes = _medians(server, f"{path}snapshot.json")
    print(
        f"run page, {run.name}: page {page_ms:.0f} ms, {page_bytes / 1e6:.3f} MB; "
        f"data {data_ms:.0f} ms ({fresh_ms:.0f} ms when asked first), {data_bytes / 1e6:.3f} MB",
        flush=True,
    )
    if browser:
        first = [_drawn(server, path, visits=1)[0] for _ in range(BROWSERS)]
        again = _drawn(server, path, visits=1 + BROWSERS)[1:]
        for visit, times in (("first visit", first), ("later visits", again)):
            front, plot = (statistics.median(column) for column in zip(*times, strict=True))
            print(f"  {visit}: front after {front:.0f} ms, plot after {plot:.0f} ms", flush=True)


def _run_list(server: Site, browser: bool) -> None:
    list_ms, list_bytes = _medians(server, "/runs/")
    print(f"list of runs: {list_ms:.0f} ms, {list_bytes / 1e6:.3f} MB", flush=True)
    if browser:
        with _page(server) as page:
            page.goto(f"{server.url}/runs/")
            height = page.evaluate(
                "[...document.querySelectorAll('#run-table tbody tr')].slice(0, 25)"
                ".reduce((sum, row) => sum + row.getBoundingClientRect().height, 0)"
            )
        print(f"  25 rows are {height:.0f} px tall")


def _demo_list(server: Site, runs: int) -> None:
    """Measure the list of runs with every kind of filter, on the rows of `manage.py seed_demo`."""
    from django.db import connection

    from webapp.accounts.models import Membership
    from webapp.start.demo import Demo, make_demo

    began = time.perf_counter()
    make_demo(Demo(runs=runs), server.user)
    Membership.objects.filter(user=server.user, team=server.team).delete()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(f"seed_demo: {runs:,} runs in {time.perf_counter() - began:.0f} s", flush=True)
    for query in DEMO_QUERIES:
        milliseconds, size = _medians(server, f"/runs/?{urlencode(query)}")
        print(f"  {milliseconds:4.0f} ms, {size / 1e6:.3f} MB  {query}", flush=True)


def _drawn(server: Site, path: str, visits: int) -> list[tuple[float, float]]:
    """Return, for each visit of one browser, the milliseconds until front and plot are painted."""
    with _page(server) as page:
        times = []
        for _ in range(visits):
            page.goto(server.url + path, wait_until="commit")
            front = page.wait_for_function(FRONT, polling="raf", timeout=120_000).json_value()
            plot = page.wait_for_function(PLOT, polling="raf", timeout=120_000).json_value()
            times.append((float(front), float(plot)))
            page.wait_for_timeout(SETTLED_MS)  # a page that is still drawing delays the next one
    return times


class _page:  # noqa: N801  used like a function
    """A page of a headless Chromium in which the user is signed in."""

    def __init__(self, server: Site):
        self.server = server

    def __enter__(self) -> Any:
        from playwright.sync_api import sync_playwright

        from tests.fixtures.browser import QUIET, find_chromium

        self.playwright = sync_playwright().start()
        self.chromium = self.playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        context = self.chromium.new_context(viewport={"width": 1440, "height": 900})
        for pair in self.server.cookie.split("; "):
            name, _, value = pair.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": self.server.url}])
        return context.new_page()

    def __exit__(self, *_: Any) -> None:
        self.chromium.close()
        self.playwright.stop()


if __name__ == "__main__":
    main()
