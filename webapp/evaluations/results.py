"""Figures of evaluations as JSON and CSV, by protocol."""

from __future__ import annotations

import csv
import io
from typing import Any

from webapp.common.spreadsheet import harmless

from .models import Evaluation
from .queries import ProtocolGroup

COLUMNS = ("evaluation", "title", "state", "seeds", "seeds_done")


def results_json(groups: list[ProtocolGroup]) -> dict[str, Any]:
    """Return one object per protocol; there is no list with figures of two protocols."""
    return {
        "protocols": [
            {
                "protocol": group.protocol,
                "dataset": group.dataset,
                "dataset_config": group.dataset_config,
                "objective": group.objective,
                "unit": group.unit,
                "evaluations": [evaluation_json(row) for row in group.rows],
            }
            for group in groups
        ]
    }


def results_csv(groups: list[ProtocolGroup]) -> str:
    """Return a table with two columns for each protocol: mean and spread of its test figure.

    A column therefore never has figures of two protocols.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    heads = [head for group in groups for head in _heads(group)]
    writer.writerow([*COLUMNS, *heads])
    for place, group in enumerate(groups):
        for row in group.rows:
            cells: list[Any] = [""] * len(heads)
            cells[2 * place : 2 * place + 2] = [_text(row.mean), _text(row.spread)]
            fixed = [
                row.pk,
                harmless(row.title),
                row.state,
                " ".join(map(str, row.seeds)),
                row.done,
            ]
            writer.writerow([*fixed, *cells])
    return text.getvalue()


def _heads(group: ProtocolGroup) -> list[str]:
    name = (group.objective or "test").replace("_", " ")
    unit = f" ({group.unit})" if group.unit else ""
    return [f"{name}{unit}: {group.title}", f"standard deviation{unit}: {group.title}"]


def evaluation_json(row: Evaluation) -> dict[str, Any]:
    """Return one evaluation with its protocol, as JSON."""
    return {
        "evaluation": row.pk,
        "title": row.title,
        "canonical_id": row.canonical_id,
        "protocol": row.protocol_name,
        "dataset": row.dataset,
        "objective": row.objective,
        "unit": row.unit,
        "state": row.state,
        "seeds": row.seeds,
        "seeds_done": row.done,
        "mean": row.mean,
        "spread": row.spread,
        "source": row.source,
    }


def _text(value: float | None) -> str:
    return "" if value is None else repr(value)
