"""How often the front candidates of each group of runs have each operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from nasengine.pareto.dominance import constrained_front
from webapp.runs.drawings import drawing
from webapp.runs.models import Candidate, Run

from .groups import groups_of
from .histories import histories_of, shared_goals

MAX_CANDIDATES = 200  # of each group
DECISION = "none"  # an option of a list of decisions is of no family of operations


def operations_by_group(runs: Sequence[Run], by: str) -> dict[str, Any]:
    """Return a table of operations: a row for each, a column for each group.

    A cell is the share of the edges (of a space without networks: of the decisions) of the
    architectures on the fronts of the group's runs that have the operation, between 0 and 1.
    `counts` has the number of architectures of each group.
    """
    goals = shared_goals(runs)
    groups = groups_of(runs, by)
    histories = histories_of(runs, goals)
    chosen = [_front_keys([histories[row] for row in group.rows]) for group in groups]
    every = [key for keys in chosen for key in keys]
    proposals = dict(Candidate.objects.filter(pk__in=every).values_list("pk", "proposal"))
    families: dict[str, str] = {}
    counted = [_counted([proposals[k] for k in keys if k in proposals], families)
               for keys in chosen]  # fmt: skip
    totals = [sum(counter.values()) for counter in counted]
    overall = sum(counted, Counter[str]())
    rows = [
        {
            "operation": name,
            "family": families[name],
            "shares": [
                counter[name] / total if total else 0.0
                for counter, total in zip(counted, totals, strict=True)
            ],
        }
        for name, _ in overall.most_common()
    ]
    return {
        "labels": [group.label for group in groups],
        "strategies": [group.strategy for group in groups],
        "counts": [len(keys) for keys in chosen],
        "rows": rows,
        "most": MAX_CANDIDATES,
    }


def _front_keys(histories: Sequence[Any]) -> list[int]:
    """The keys of the candidates on the fronts of some runs, at most `MAX_CANDIDATES`."""
    keys: list[int] = []
    for history in histories:
        mask = constrained_front(history.points, history.violations)
        keys += [key for key, on in zip(history.keys, mask, strict=True) if on]
    return keys[:MAX_CANDIDATES]


def _counted(proposals: Sequence[dict[str, Any]], families: dict[str, str]) -> Counter[str]:
    """Count the operations of architectures; `families` gets the family of each."""
    counter: Counter[str] = Counter()
    for proposal in proposals:
        graph = drawing(proposal["architecture"])
        for decision in graph.get("decisions", []) if graph else []:
            counter[label := f"{decision['name']} {decision['option']}"] += 1
            families[label] = DECISION
        for cell in graph["cells"] if graph else []:
            for edge in cell["edges"]:
                if edge["family"] != "concat":
                    counter[edge["label"]] += 1
                    families[edge["label"]] = edge["family"]
    return counter
