"""Where an evaluated architecture is from, in words with a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from .models import Evaluation


@dataclass(frozen=True)
class SourceLink:
    """Words for the source of an architecture and the address of its page; "" if it is gone."""

    text: str
    address: str = ""


def source_link(evaluation: Evaluation) -> SourceLink:
    """Return the source of an evaluation; rows that were deleted have no address."""
    source = evaluation.source
    if source.get("kind") == "network":
        return SourceLink(f"published network {source['name']}")
    if source.get("kind") == "entry":
        exists = evaluation.team.entries.filter(pk=source["entry"]).exists()
        words = f"catalogue entry {source['name']}"
        return SourceLink(words, _address("architecture-detail", source["entry"]) if exists else "")
    words = f"candidate #{source.get('number')} of {source.get('run_name') or 'a run'}"
    candidate = evaluation.candidate
    if candidate is None:
        return SourceLink(f"{words} (deleted)")
    return SourceLink(words, _address("run-candidate", candidate.run_id, candidate.number))


def entry_of(evaluation: Evaluation) -> Any:
    """Return the entry of the team's catalogue with this architecture; None if there is none."""
    # By the reverse relation: the catalogue is above the evaluations and not imported here.
    same = evaluation.team.entries.filter(canonical_id=evaluation.canonical_id)
    return same.order_by("-pk").first()


def again_query(evaluation: Evaluation) -> str:
    """Return the query of the form that repeats an evaluation; "" if its source is gone."""
    source, candidate = evaluation.source, evaluation.candidate
    fields = {"again": evaluation.pk}
    if source.get("kind") == "network":
        return urlencode({"network": source["name"], **fields})
    if source.get("kind") == "entry":
        exists = evaluation.team.entries.filter(pk=source["entry"]).exists()
        return urlencode({"entry": source["entry"], **fields}) if exists else ""
    if candidate is None:
        return ""
    return urlencode({"run": candidate.run_id, "candidate": candidate.number, **fields})


def _address(name: str, *arguments: int) -> str:
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""
