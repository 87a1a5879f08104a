"""How long does a worker look for its next candidate when many wait?

    python benchmarks/claims.py [--candidates 10000] [--runs 20] [--teams 5]

Starts a database of its own in a folder that is removed afterwards. Prints the time of one look at
the turns and of one claim, the number of their queries, and the time of sorting every waiting
candidate by subqueries of its own, as older versions did, in the same run. Writes nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.site import servers
from nasengine.objectives.latency.processor import cpu_name

REPETITIONS = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--teams", type=int, default=5)
    options = parser.parse_args()
    print(f"{cpu_name()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with servers():
        import django

        django.setup()
        _measure(options.candidates, options.runs, options.teams)


def _measure(candidates: int, runs: int, teams: int) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from webapp.runs.services import claims, slots

    _fill(candidates, runs, teams)
    slot = slots.register("bench", "evaluation", ["cpu"], {})
    with CaptureQueriesContext(connection) as seen:
        claims.turns(["cpu"])
    look = _milliseconds(lambda: claims.turns(["cpu"]))
    claim = _milliseconds(lambda: claims.claim(slot, ["cpu"]))
    before = _milliseconds(_every_candidate)
    print(f"{candidates:,} candidates of {runs} runs of {teams} teams wait")
    print(f"look at the turns: {look:.1f} ms, {len(seen)} queries; with the claim: {claim:.1f} ms")
    print(f"subqueries of every candidate: {before:.1f} ms, {before / look:.1f} times as long")


def _fill(candidates: int, runs: int, teams: int) -> None:
    """Store runs with waiting candidates."""
    from django.db import connection

    from tests.fixtures.factories import make_run, make_team
    from webapp.runs.models import Candidate

    owners = [make_team() for _ in range(teams)]
    for number in range(runs):
        run = make_run(owners[number % teams], candidates=1)
        (first,) = run.candidates.all()
        Candidate.objects.bulk_create(
            Candidate(
                run=run,
                number=place,
                proposal=first.proposal,
                architecture_id=first.architecture_id,
            )
            for place in range(1, candidates // runs)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _every_candidate() -> None:
    from django.db.models import Count, F, Max, OuterRef, Subquery
    from django.db.models.functions import Coalesce

    from webapp.runs.models import Candidate

    siblings = Candidate.objects.filter(run=OuterRef("run")).order_by().values("run")
    running = siblings.filter(state="running").annotate(number=Count("pk"))
    starts = siblings.annotate(last=Max("started_at"))
    waiting = Candidate.objects.filter(
        state__in=["queued", "lost"], queue__in=["cpu"], run__state="running"
    ).annotate(
        busy=Coalesce(Subquery(running.values("number")), 0), served=Subquery(starts.values("last"))
    )
    turn = F("served").asc(nulls_first=True)
    list(waiting.order_by("busy", turn, "run_id", "number").values_list("pk", "run_id")[:20])


def _milliseconds(call: Callable[[], object]) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


if __name__ == "__main__":
    main()
