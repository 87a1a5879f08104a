"""Difference of two architectures of a space: one drawing of what is kept, added and removed."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.architecture import Architecture
from ..core.settings import to_mapping
from .building import space_of

Edge = dict[str, Any]
Key = tuple[str, str, str]  # source, target, label
MAX_PERMUTED = 6  # inner nodes of a cell whose orders are all compared
MAX_NAMED = 6  # decisions that differ, in a sentence
KEPT, ADDED, REMOVED = "kept", "added", "removed"


@dataclass(frozen=True)
class Difference:
    """Parts in which a second architecture differs from a first.

    Attributes:
        cells: Drawings as in docs/graphs.md; each edge has `change`: kept, added or removed.
        edges: Number of edges with an operation, of the larger architecture.
        operations: Edges with another operation between the same nodes.
        inputs: Operations that read another node.
        added: Other edges that only the second has.
        removed: Other edges that only the first has.
        joins: Edges into the output of a cell that only one has.
        settings: (name, first, second) of each setting of the network that differs.
        decisions: Each decision of a space without networks, with its option and `change`: kept,
            added or removed; a decision with two options is in the list twice.
    """

    cells: list[dict[str, Any]]
    edges: int
    operations: int
    inputs: int
    added: int
    removed: int
    joins: int
    settings: list[tuple[str, Any, Any]]
    decisions: list[dict[str, str]] = field(default_factory=list)

    @property
    def graph(self) -> dict[str, Any]:
        """The drawing, as in docs/graphs.md."""
        drawn: dict[str, Any] = {"cells": self.cells}
        return {**drawn, "decisions": self.decisions} if self.decisions else drawn

    @property
    def differing(self) -> int:
        """The number of edges that differ."""
        return self.operations + self.inputs + max(self.added, self.removed)

    @property
    def sentence(self) -> str:
        """The difference in one sentence."""
        if self.decisions:
            return _sentence_of(self.decisions)
        counted = (
            (self.operations, "operation changed", "operations changed"),
            (self.inputs, "input moved", "inputs moved"),
            (self.added, "edge added", "edges added"),
            (self.removed, "edge removed", "edges removed"),
            (self.joins, "edge into an output changed", "edges into outputs changed"),
        )
        parts = [
            f"{number} {singular if number == 1 else many}"
            for number, singular, many in counted
            if number
        ]
        text = (
            "No edge differs"
            if not self.differing
            else (f"{self.differing} of {self.edges} edges differ")
        )
        text += f": {', '.join(parts)}" if parts else ""
        if self.settings:
            named = ", ".join(f"{name} {a} instead of {b}" for name, b, a in self.settings)
            text += f"; {named}"
        return f"{text}."


def difference(first: Architecture, second: Architecture) -> Difference | None:
    """Return how the second architecture differs from the first; None if their spaces do.

    Nodes of the second are matched with those of the first so that as many edges as possible
    are the same: a cell with its nodes in another order does not differ.

    Raises:
        EngineError: a space does not exist, or does not allow an architecture.
    """
    if first.space != second.space:
        return None
    spaces = [space_of(architecture) for architecture in (first, second)]
    drawings = []
    for space, architecture in zip(spaces, (first, second), strict=True):
        space.validate(architecture)
        drawings.append(space.graph(architecture))
    graphs = [{cell["name"]: cell for cell in drawing["cells"]} for drawing in drawings]
    names = list(dict.fromkeys([*graphs[0], *graphs[1]]))
    compared = [_compared(name, graphs[0].get(name), graphs[1].get(name)) for name in names]
    totals = Counter[str]()
    for _, counts in compared:
        totals.update(counts)
    configs = [to_mapping(space.config) for space in spaces]
    return Difference(
        cells=[cell for cell, _ in compared],
        edges=max(totals["first"], totals["second"]),
        operations=totals["operations"],
        inputs=totals["inputs"],
        added=totals["added"],
        removed=totals["removed"],
        joins=totals["joins"],
        settings=[
            (name, configs[0].get(name), configs[1].get(name))
            for name in dict.fromkeys([*configs[0], *configs[1]])
            if name not in spaces[0].search_settings
            and configs[0].get(name) != configs[1].get(name)
        ]
        if spaces[0].builds_networks
        else [],
        decisions=_changed_decisions(*(drawing.get("decisions", []) for drawing in drawings)),
    )


def _changed_decisions(
    first: Sequence[dict[str, str]], second: Sequence[dict[str, str]]
) -> list[dict[str, str]]:
    """Return the decisions of two lists with `change`; the first option of a change comes first."""
    old = {decision["name"]: decision["option"] for decision in first}
    new = {decision["name"]: decision["option"] for decision in second}
    rows = []
    for name in dict.fromkeys([*old, *new]):
        if name in old and old[name] == new.get(name):
            rows.append({"name": name, "option": old[name], "change": KEPT})
            continue
        rows += [
            {"name": name, "option": options[name], "change": change}
            for options, change in ((old, REMOVED), (new, ADDED))
            if name in options
        ]
    return rows


def _sentence_of(decisions: Sequence[dict[str, str]]) -> str:
    """Return the difference of two lists of decisions in one sentence."""
    names = list(dict.fromkeys(decision["name"] for decision in decisions))
    options: dict[str, dict[str, str]] = {name: {} for name in names}
    for decision in decisions:
        options[decision["name"]][decision["change"]] = decision["option"]
    differing = [name for name in names if KEPT not in options[name]]
    if not differing:
        return "No decision differs."
    shown = "; ".join(
        f"{name} {options[name].get(ADDED, 'missing')} instead of "
        f"{options[name].get(REMOVED, 'missing')}"
        for name in differing[:MAX_NAMED]
    )
    more = f"; and {len(differing) - MAX_NAMED} more" if len(differing) > MAX_NAMED else ""
    verb = "differs" if len(differing) == 1 else "differ"
    return f"{len(differing)} of {len(names)} decisions {verb}: {shown}{more}."


def _compared(
    name: str, first: dict[str, Any] | None, second: dict[str, Any] | None
) -> tuple[dict[str, Any], Counter[str]]:
    """Return the common drawing of two cells, and the counts of what differs."""
    nothing: dict[str, Any] = {"nodes": [], "edges": []}
    first, second = first or nothing, second or nothing
    places = _matched(first, second)
    old = [edge for edge in first["edges"] if edge["family"] != "none"]
    new = [
        {**edge, "source": places[edge["source"]], "target": places[edge["target"]]}
        for edge in second["edges"]
        if edge["family"] != "none"
    ]
    edges = list(_merged(old, new))
    known = {node["id"] for node in first["nodes"]}
    extra = [
        {**node, "id": places[node["id"]], "label": places[node["id"]]}
        for node in second["nodes"]
        if places[node["id"]] not in known
    ]
    inner = [node for node in first["nodes"] if node["role"] != "output"]
    ends = [node for node in first["nodes"] if node["role"] == "output"]
    cell = {"name": name, "nodes": [*inner, *extra, *ends], "edges": edges}
    return cell, _counted(edges, old, new)


def _merged(old: Sequence[Edge], new: Sequence[Edge]) -> Iterator[Edge]:
    """Yield every edge of both once, with its `change`."""
    left = Counter(_key(edge) for edge in new)
    for edge in old:
        kept = left[_key(edge)] > 0
        left[_key(edge)] -= kept
        yield {**edge, "change": KEPT if kept else REMOVED}
    for edge in new:
        if left[_key(edge)] > 0:
            left[_key(edge)] -= 1
            yield {**edge, "change": ADDED}


def _counted(edges: Sequence[Edge], old: Sequence[Edge], new: Sequence[Edge]) -> Counter[str]:
    """Return how many operations changed, inputs moved, edges were added and removed."""
    counts = Counter(
        first=sum(edge["family"] != "concat" for edge in old),
        second=sum(edge["family"] != "concat" for edge in new),
        joins=sum(edge["family"] == "concat" and edge["change"] != KEPT for edge in edges),
    )
    removed, added = (
        [edge for edge in edges if edge["change"] == change and edge["family"] != "concat"]
        for change in (REMOVED, ADDED)
    )
    for name, alike in (
        ("operations", lambda edge: (edge["source"], edge["target"])),
        ("inputs", lambda edge: (edge["target"], edge["label"])),
    ):
        for edge in list(removed):
            partner = next((other for other in added if alike(other) == alike(edge)), None)
            if partner is not None:
                removed.remove(edge)
                added.remove(partner)
                counts[name] += 1
    counts.update(added=len(added), removed=len(removed))
    return counts


def _matched(first: dict[str, Any], second: dict[str, Any]) -> dict[str, str]:
    """Return the node of the first cell for each node of the second, its own id if none fits."""
    same = {node["id"]: node["id"] for node in second["nodes"]}
    inner, other = (
        [node["id"] for node in cell["nodes"] if node["role"] == "node"] for cell in (first, second)
    )
    if len(inner) != len(other) or not 2 <= len(inner) <= MAX_PERMUTED:
        return same
    position = {node["id"]: index for index, node in enumerate(first["nodes"])}
    fixed = {name: place for name, place in same.items() if name not in other}
    if any(place not in position for place in fixed.values()):
        return same
    wanted = Counter(_key(edge) for edge in first["edges"])
    edges = [edge for edge in second["edges"] if edge["family"] != "none"]
    best, most = same, -1
    for order in itertools.permutations(inner):
        places = {**fixed, **dict(zip(other, order, strict=True))}
        moved = [(places[e["source"]], places[e["target"]], e["label"]) for e in edges]
        if any(position[source] >= position[target] for source, target, _ in moved):
            continue
        common = sum((Counter(moved) & wanted).values())
        if common > most:
            best, most = places, common
    return best


def _key(edge: Edge) -> Key:
    return edge["source"], edge["target"], edge["label"]
