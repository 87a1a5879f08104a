"""Keeping candidates in a team's catalogue, each architecture once."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from nasengine.core.architecture import Architecture
from nasengine.core.errors import EngineError
from nasengine.execution.canonical import canonical_id
from nasengine.execution.code_version import code_version
from webapp.accounts.models import Team, User
from webapp.limits import MAX_NAME, MAX_PROPOSAL
from webapp.runs.drawings import no_network_of
from webapp.runs.imported import is_imported
from webapp.runs.models import Candidate, CandidateState

from ..models import CatalogueEntry
from .texts import Refused, checked_text, set_author

COPIED_COLUMNS = (
    "objective",
    "value",
    "unit",
    "device",
    "method",
    "repetitions",
    "spread",
    "detail",
)
MAX_RUN_NAME = 100  # of the run's name in the default name of an entry


class KeepRefused(Refused):
    """The candidate cannot be kept, or a text is not allowed; the message is for users."""


def id_of(architecture: dict[str, Any]) -> str:
    """Return the id that isomorphic architectures share.

    An architecture that its space cannot read any more has only its own id.
    """
    value = Architecture.from_json(architecture)
    try:
        return canonical_id(value)
    except EngineError:
        return value.id


def kept_already(team: Team, architecture: dict[str, Any]) -> CatalogueEntry | None:
    """Return the team's entry of the same or an isomorphic architecture, the oldest first."""
    entries = CatalogueEntry.objects.filter(team=team).order_by("pk")
    own = entries.filter(architecture_id=Architecture.from_json(architecture).id).first()
    return own or entries.filter(canonical_id=id_of(architecture)).first()


def keep(
    candidate: Candidate, user: User | None, name: str = "", proposal: str = ""
) -> CatalogueEntry:
    """Create a catalogue entry of a measured candidate, or return the existing one.

    Args:
        candidate: a candidate of state done.
        user: who keeps it.
        name: the entry's name; default: the run's name and the candidate's number.
        proposal: why it is proposed, for the curator.

    Raises:
        KeepRefused: the candidate is not measured, or a text is not allowed.
    """
    run = candidate.run
    if candidate.state != CandidateState.DONE:
        raise KeepRefused(
            f"Candidate #{candidate.number} is {candidate.state}: only measured ones can be kept"
        )
    if is_imported(run):
        raise KeepRefused("The run is imported: its candidates have no architecture to keep")
    if reason := no_network_of(candidate.proposal["architecture"]):
        raise KeepRefused(f"The catalogue keeps networks, and {reason}")
    try:
        name = checked_text(name, "The name", MAX_NAME)
        proposal = checked_text(proposal, "The proposal", MAX_PROPOSAL)
    except Refused as error:
        raise KeepRefused(str(error)) from None
    with transaction.atomic():
        # The lock admits one keeper of the team at a time, so no architecture is kept twice.
        Team.objects.select_for_update().get(pk=run.team_id)
        kept = kept_already(run.team, candidate.proposal["architecture"])
        return kept or _new_entry(candidate, user, name, proposal)


def _new_entry(candidate: Candidate, user: User | None, name: str, proposal: str) -> CatalogueEntry:
    """Create the entry with a copy of the measurements and of the candidate's origin."""
    run, architecture = candidate.run, candidate.proposal["architecture"]
    entry = CatalogueEntry(
        team=run.team,
        architecture_id=candidate.architecture_id,
        canonical_id=id_of(architecture),
        name=name or f"{run.name[:MAX_RUN_NAME]} #{candidate.number}",
        architecture=architecture,
        candidate=candidate,
        source=source_of(candidate),
        measurements=list(candidate.measurements.values(*COPIED_COLUMNS)),
        proposal=proposal,
        kept_by=user,
        proposed_by=user,
    )
    set_author(entry, user)
    entry.save()
    return entry


def source_of(candidate: Candidate) -> dict[str, Any]:
    """Return where a candidate is from, as an entry keeps it."""
    run = candidate.run
    return {
        "run": run.pk,
        "run_name": run.name,
        "number": candidate.number,
        "parents": candidate.parents,
        "seed": run.seed,
        "strategy": run.strategy,
        "estimator": run.spec.get("estimator", ""),
        "dataset": run.spec.get("dataset", ""),
        "dataset_config": run.spec.get("dataset_config", {}),
        "data_digest": run.data_digest,
        "code_version": code_version(),
    }
