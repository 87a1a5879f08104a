"""Full trainings of an entry by protocol, next to published networks under the same protocol.

Figures of two protocols are never in one table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from nasengine import catalog
from nasengine.core.errors import EngineError
from nasengine.execution.canonical import canonical_id
from webapp.evaluations.figures import Figure
from webapp.evaluations.queries import ProtocolFigures, evaluations_of

from .models import CatalogueEntry


@dataclass(frozen=True)
class Row:
    """One architecture under one protocol: its main figure, and the evaluation to link to."""

    name: str
    figure: Figure | None
    evaluation: int
    own: bool


@dataclass(frozen=True)
class Protocol:
    """One protocol with its data: the entry's figures, and its place among published networks."""

    title: str
    figures: list[Figure]
    evaluations: list[int]
    rows: list[Row]


def protocols_of(entry: CatalogueEntry) -> list[Protocol]:
    """Return the protocols under which the team has evaluated the entry; two queries.

    Published networks appear only under the protocols, sizes and data under which the team has
    evaluated them too. Rows are sorted by the test figure, the best first.
    """
    published = published_ids()
    found = evaluations_of(entry.team, [entry.canonical_id, *published])
    return [_protocol(entry, own, found, published) for own in found[entry.canonical_id]]


def _protocol(
    entry: CatalogueEntry,
    own: ProtocolFigures,
    found: dict[str, list[ProtocolFigures]],
    published: dict[str, str],
) -> Protocol:
    rows = [Row(entry.name, own.main, own.group.rows[0].pk, own=True)]
    for identity, name in published.items():
        if identity == entry.canonical_id:
            continue
        rows += [
            Row(name, other.main, other.group.rows[0].pk, own=False)
            for other in found[identity]
            if other.group.key == own.group.key and _comparable(own.main, other.main)
        ]
    rows.sort(key=lambda row: (row.figure is None, row.figure.mean if row.figure else 0.0))
    evaluations = [row.pk for row in own.group.rows]
    return Protocol(own.group.title, own.figures, evaluations, rows)


def _comparable(own: Figure | None, other: Figure | None) -> bool:
    """Whether another network has a figure of the same objective."""
    if other is None:
        return False
    return own is None or own.objective == other.objective


@cache
def published_ids() -> dict[str, str]:
    """Return the canonical id of each published network, and its name."""
    ids = {}
    for name in catalog.names("networks"):
        try:
            ids[canonical_id(catalog.load("networks", name))] = name
        except EngineError:  # a network of an installed package that its space does not allow
            continue
    return ids
