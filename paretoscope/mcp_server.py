"""MCP server over the HTTP API: a language model reads searches, and launches within a budget."""

from __future__ import annotations

import threading
from itertools import islice
from typing import TYPE_CHECKING, Any

from .client import Client
from .http import ApiError

if TYPE_CHECKING:
    from fastmcp import FastMCP

INSTRUCTIONS = (
    "Paretoscope searches for neural network architectures. A run is one search by one method; it "
    "evaluates numbered candidates; the front holds those that no other one beats in all "
    "objectives. A study compares methods over seeds. Figures have units; test errors come from "
    "evaluations only."
)
MAX_ROWS = 200
WRITE = "write"


def build_server(client: Client, budget: int = 0) -> FastMCP:
    """Return a server that reads, and with a budget and a token that may write also launches.

    Args:
        client: a client whose token decides what can be read and launched.
        budget: candidates that all launches of this server together may evaluate; 0: no launches.

    Raises:
        ValueError: there is a budget, but the token may only read.
    """
    from fastmcp import FastMCP

    if budget < 0:
        raise ValueError(f"budget must be at least 0 candidates (got {budget})")
    if budget and client.me()["scope"] != WRITE:
        raise ValueError("launching needs a token that may write; this one may only read")
    server: FastMCP = FastMCP("paretoscope", INSTRUCTIONS)
    for tool in _reading(client):
        server.tool(tool, annotations={"readOnlyHint": True})
    if budget:
        for tool in _writing(client, Budget(budget)):
            server.tool(tool, annotations={"destructiveHint": tool.__name__ == "cancel_run"})
    return server


class Budget:
    """Candidates that may still be launched; safe with several threads."""

    def __init__(self, candidates: int):
        self.left = candidates
        self._lock = threading.Lock()

    def take(self, candidates: int) -> None:
        """Reserve candidates.

        Raises:
            ValueError: fewer are left.
        """
        with self._lock:
            if not 1 <= candidates <= self.left:
                raise ValueError(
                    f"this launch has {candidates} candidates; the budget of this server allows "
                    f"1 to {self.left} more"
                )
            self.left -= candidates

    def give_back(self, candidates: int) -> None:
        """Return candidates of a launch that was refused."""
        with self._lock:
            self.left += candidates


def _reading(client: Client) -> list[Any]:
    get = client.connection.get

    def list_runs(text: str = "", state: str = "", limit: int = 20) -> list[dict[str, Any]]:
        """List runs, newest first; text is what a person types into the search field."""
        runs = client.runs(text, state=[state] if state else [])
        return [run.row for run in islice(runs, _bounded(limit))]

    def get_run(run: int) -> dict[str, Any]:
        """Return a run with its settings, state, progress and counts."""
        return client.run(run).row

    def list_candidates(run: int, after: int = -1, limit: int = 50) -> list[dict[str, Any]]:
        """List candidates of a run with numbers above `after`, with their measured values."""
        cursor = "" if after < 0 else str(after)
        page = get(f"/runs/{run}/candidates", cursor=cursor, limit=_bounded(limit))
        return list(page["items"])

    def get_candidate(run: int, number: int) -> dict[str, Any]:
        """Return a candidate with its architecture and learning curve."""
        found: dict[str, Any] = get(f"/runs/{run}/candidates/{number}")
        return found

    def get_front(run: int) -> dict[str, Any]:
        """Return the Pareto front of a run and its hypervolume by number of candidates."""
        found: dict[str, Any] = get(f"/runs/{run}/front")
        return {**found, "hypervolume": found["hypervolume"][-MAX_ROWS:]}

    def compare_runs(runs: list[int]) -> dict[str, Any]:
        """Compare runs: fronts and hypervolume with one reference point."""
        return client.compare(*runs)

    def list_studies(limit: int = 20) -> list[dict[str, Any]]:
        """List studies, newest first."""
        return [study.row for study in islice(client.studies(), _bounded(limit))]

    def rank_study(study: int, by: str = "candidates") -> dict[str, Any]:
        """Rank the methods of a study at an equal budget, with tests against random search."""
        return client.study(study).ranking(by)

    def list_architectures(text: str = "", limit: int = 20) -> list[dict[str, Any]]:
        """List the architectures that the team keeps, newest first."""
        return [entry.row for entry in islice(client.architectures(text), _bounded(limit))]

    def get_architecture(architecture: int) -> dict[str, Any]:
        """Return a kept architecture with measurements, origin and history."""
        return client.architecture(architecture).row

    def list_evaluations(limit: int = 20) -> list[dict[str, Any]]:
        """List full trainings; only figures of the same protocol_key may be compared."""
        return [evaluation.row for evaluation in islice(client.evaluations(), _bounded(limit))]

    def get_evaluation(evaluation: int) -> dict[str, Any]:
        """Return the figures of a full training over its seeds."""
        return client.evaluation(evaluation).row

    def list_tables() -> list[dict[str, Any]]:
        """List benchmark tables, which searches can look results up in."""
        return list(islice(client.tables(), MAX_ROWS))

    def list_devices() -> list[dict[str, Any]]:
        """List devices that measure latency, energy and memory."""
        return list(islice(client.devices(), MAX_ROWS))

    return [
        list_runs,
        get_run,
        list_candidates,
        get_candidate,
        get_front,
        compare_runs,
        list_studies,
        rank_study,
        list_architectures,
        get_architecture,
        list_evaluations,
        get_evaluation,
        list_tables,
        list_devices,
    ]


def _writing(client: Client, budget: Budget) -> list[Any]:
    def budget_left() -> int:
        """Return how many candidates may still be launched by this server."""
        return budget.left

    def launch_run(name: str, spec: dict[str, Any], key: str = "") -> dict[str, Any]:
        """Launch a run. `spec` needs `candidates`; the budget counts them, also at a repetition.

        The same key launches one run.
        """
        candidates = _candidates_of(spec)
        return _within(budget, candidates, lambda: client.launch(name, key=key or None, **spec).row)

    def launch_study(
        name: str, methods: list[str], seeds: list[int], spec: dict[str, Any], key: str = ""
    ) -> dict[str, Any]:
        """Launch a study: each method at each seed with the shared settings `spec`."""
        candidates = _candidates_of(spec) * len(methods) * len(seeds)
        return _within(
            budget,
            candidates,
            lambda: client.launch_study(name, methods, seeds, key=key or None, **spec).row,
        )

    def retry_candidate(run: int, number: int) -> dict[str, Any]:
        """Evaluate a failed candidate again as a new one; the budget counts it."""
        return _within(budget, 1, lambda: client.run(run).retry(number))

    def stop_run(run: int) -> dict[str, Any]:
        """End a run once its running candidates have ended."""
        return client.run(run).stop().row

    def cancel_run(run: int) -> dict[str, Any]:
        """End a run now; what its running candidates have computed is lost."""
        return client.run(run).cancel().row

    return [budget_left, launch_run, launch_study, retry_candidate, stop_run, cancel_run]


def _within(budget: Budget, candidates: int, launch: Any) -> dict[str, Any]:
    """Launch within the budget; a launch that is refused costs nothing."""
    budget.take(candidates)
    try:
        row: dict[str, Any] = launch()
        return row
    except ApiError as error:
        if error.status:  # without an answer it may have been launched
            budget.give_back(candidates)
        raise


def _candidates_of(spec: dict[str, Any]) -> int:
    """Return the number of candidates of a search.

    Raises:
        ValueError: the settings do not say it.
    """
    candidates = spec.get("candidates")
    if not isinstance(candidates, int) or isinstance(candidates, bool):
        raise ValueError(f"spec needs candidates, a whole number (got {candidates!r})")
    return candidates


def _bounded(limit: int) -> int:
    return max(1, min(limit, MAX_ROWS))
