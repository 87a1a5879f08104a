"""Parts of a run's page that the server renders, for the first paint and for updates."""

from __future__ import annotations

from typing import Any

from nasengine.core.search_spec import SearchSpec
from nasengine.execution.assembly import is_lookup
from webapp.usage.services.costs import cost_of_run
from webapp.usage.services.limits import limits_of

from .cost import seconds_left, worked_seconds
from .drawings import drawing
from .front_table import front_table
from .models import Candidate, CandidateState, Run
from .noise import noise_of_run
from .numbers import value_text
from .queries import best_of, lean_candidates, row_of_run, with_measurements
from .rows import candidate_row

FAILED_STATES = (CandidateState.DIVERGED, CandidateState.FAILED, CandidateState.LOST)
MAX_ROWS = 100


def run_parts(run: Run, selected: int | None = None) -> dict[str, Any]:
    """Return what the header, the facts, the best architecture and the front show.

    `selected` is a candidate to show in place of the best. The number of queries does not
    depend on the number of candidates.
    """
    run.refresh_from_db()  # the number of the last event first, so the rest is not older
    best = best_of(run)
    return parts_of(run, row_of_run(run), best, _candidate(run, selected) or best)


def parts_of(
    run: Run, row: dict[str, Any], best: Candidate | None, shown: Candidate | None
) -> dict[str, Any]:
    """Return the same of what is read already: the run's row, its best, the shown candidate."""
    curve = run.front.get("curve", [])
    reference = zip(row["goals"], run.front.get("reference") or [], strict=False)
    return {
        "run": run,
        "row": row,
        "seq": run.seq,
        "best": candidate_row(best) if best else None,
        "shown": candidate_row(shown) if shown else None,
        "shown_graph": drawing(shown.proposal["architecture"]) if shown else None,
        "front": front_table(run, row["goals"]),
        "hypervolume": curve[-1]["hypervolume"] if curve else None,
        "noise": noise_of_run(run),
        "failed": sum(row["counts"][state] for state in FAILED_STATES),
        "cost": cost_of_run(run.pk),
        "left": seconds_left(run),
        "limits": limits_of(run, worked_seconds(run)),
        "is_lookup": is_lookup(SearchSpec.from_json(run.spec)),
        "reference": [
            f"{goal['name']} {value_text(goal['name'], value, goal['unit'])}"
            for goal, value in reference
        ],
    }


def table_rows(run: Run, numbers: list[int]) -> list[dict[str, Any]]:
    """Return the rows of some candidates, at most `MAX_ROWS` of them."""
    candidates = run.candidates.filter(number__in=numbers[:MAX_ROWS]).order_by("-number")
    return [candidate_row(candidate) for candidate in lean_candidates(candidates)]


def _candidate(run: Run, number: int | None) -> Candidate | None:
    if number is None:
        return None
    return with_measurements(run.candidates.filter(number=number)).first()
