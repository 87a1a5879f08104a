"""Subjects of evaluations: candidates of runs, catalogue entries and published networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nasengine import catalog
from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError
from nasengine.execution.canonical import canonical_id
from webapp.accounts.models import Team
from webapp.limits import MAX_NAME
from webapp.runs.drawings import no_network_of
from webapp.runs.models import Candidate

MAX_RUN_NAME = 100  # of the run's name in the title of a candidate


class SubjectRefused(EngineError):
    """This cannot be evaluated; the text is for users."""


@dataclass(frozen=True)
class SearchData:
    """The data set that a search trained on: its name in the engine, and its settings."""

    dataset: str
    config: dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """One architecture with where it is from.

    Attributes:
        searched_on: the data set of the search that found it; None if networks cannot be trained
            on it, or if no search found it.
        query: the part of an address that names it, as in "run=3&candidate=7".
    """

    title: str
    architecture: Architecture
    canonical_id: str
    source: dict[str, Any]
    query: str
    candidate: Candidate | None = field(default=None, compare=False)
    searched_on: SearchData | None = field(default=None, compare=False)


def candidate_subject(candidate: Candidate) -> Subject:
    """Return a candidate as a subject; it need not be measured.

    Raises:
        SubjectRefused: it is a supernet training step, or its space cannot read it any more.
    """
    run = candidate.run
    if candidate.proposal.get("task") == "share":
        raise SubjectRefused(
            f"candidate {candidate.number} is a supernet training step, not an architecture: "
            "choose another candidate"
        )
    return _subject(
        f"{run.name[:MAX_RUN_NAME]} #{candidate.number}",
        candidate.proposal["architecture"],
        {"kind": "candidate", "run": run.pk, "run_name": run.name, "number": candidate.number},
        f"run={run.pk}&candidate={candidate.number}",
        candidate=candidate,
        searched=run.spec,
    )


def network_subject(name: str) -> Subject:
    """Return a published network as a subject.

    Raises:
        SubjectRefused: there is no such network; the message lists the existing ones.
    """
    try:
        architecture: Architecture = catalog.load("networks", name)
    except EngineError as error:
        raise SubjectRefused(str(error)) from None
    source = {"kind": "network", "name": name}
    return _subject(name, architecture.to_json(), source, f"network={name}")


def entry_subject(team: Team, key: int) -> Subject:
    """Return an entry of the team's catalogue as a subject.

    Raises:
        SubjectRefused: the team has no such entry.
    """
    # By the reverse relation: the catalogue is above the evaluations and not imported here.
    entry = team.entries.filter(pk=key).select_related("candidate__run").first()
    if entry is None:
        raise SubjectRefused(f"the catalogue of {team} has no entry {key}")
    source = {"kind": "entry", "entry": entry.pk, "name": entry.name}
    query = f"entry={entry.pk}"
    return _subject(
        entry.name,
        entry.architecture,
        source,
        query,
        candidate=entry.candidate,
        searched=entry.source,
    )


def _subject(
    title: str,
    architecture: dict[str, Any],
    source: dict[str, Any],
    query: str,
    *,
    candidate: Candidate | None = None,
    searched: Mapping[str, Any] | None = None,
) -> Subject:
    read = Architecture.from_json(architecture)
    try:
        key = canonical_id(read)
    except EngineError as error:
        raise SubjectRefused(f"{title} cannot be trained: {error}") from None
    if reason := no_network_of(architecture):
        raise SubjectRefused(f"{title} cannot be trained: {reason}")
    data = search_data(searched or {}, read.space)
    return Subject(title[:MAX_NAME], read, key, source, query, candidate, data)


def search_data(searched: Mapping[str, Any], space: str) -> SearchData | None:
    """Return the data set of search settings; None if networks of the space do not read it.

    Args:
        searched: has `dataset` and `dataset_config`, as the settings of a run or the source of a
            catalogue entry.
        space: name of the space of the architecture.
    """
    name = searched.get("dataset") or ""
    try:
        fits = catalog.load("datasets", name).kind == catalog.load("spaces", space).data_kind
    except EngineError:  # a table has data sets of its own
        return None
    return SearchData(name, dict(searched.get("dataset_config") or {})) if fits else None
