"""Texts about an import, for pages, the admin and the command line."""

from __future__ import annotations

from nasengine import catalog
from nasengine.core.decision import Decision
from nasengine.core.errors import EngineError
from nasengine.core.settings import from_mapping

from .models import BenchmarkTable, ImportState, TableImport

IMPORT_WORDS = {
    ImportState.WAITING: "Waiting for a coordinator to start it.",
    ImportState.CANCELLED: "Cancelled; nothing was stored.",
    ImportState.FAILED: "Not imported; nothing was stored.",
}


def fit_words(table: BenchmarkTable) -> str:
    """Return how many rows are architectures of the space, in one phrase."""
    fit = table.fit
    rows = table.findings.get("architectures", 0)
    if fit is None:
        return f"{rows:,} architectures, not checked because no space was named"
    if not fit["checked"]:
        return f"{rows:,} architectures in a text form that {table.space} cannot check"
    if fit["checked"] < rows:
        return f"{fit['fits']:,} of {fit['checked']:,} checked are architectures of {table.space}"
    if fit["size"]:
        return f"{fit['fits']:,} of the {fit['size']:,} architectures of {table.space}"
    return f"{fit['fits']:,} of {fit['checked']:,} are architectures of {table.space}"


def space_settings(table: BenchmarkTable) -> str:
    """Return the space settings of the measurement, as in "cells 1, channels 4"; may be empty."""
    if decisions := decisions_of(table):
        return f"{len(decisions)} decision{'' if len(decisions) == 1 else 's'}"
    return ", ".join(
        f"{name} {' '.join(value) if isinstance(value, list) else value}"
        for name, value in table.space_config.items()
    )


def decisions_of(table: BenchmarkTable) -> tuple[Decision, ...]:
    """Return the decisions of a table that defines its own space; nothing of other tables."""
    try:
        cls = catalog.load("spaces", table.space)
        if cls.builds_networks:
            return ()
        return tuple(cls(from_mapping(cls.Config, table.space_config)).decisions())
    except EngineError:
        return ()


def warnings_of(table: BenchmarkTable) -> list[str]:
    """Return what to know before a search on the table, one sentence each."""
    findings, fit = table.findings, table.fit
    warnings = []
    if repeated := findings.get("repeated"):
        other = findings.get("conflicting")
        more = f", and {other:,} with other values {_are(other)} ignored" if other else ""
        warnings.append(
            f"{_rows(repeated)} an architecture again; the first row of each architecture "
            f"counts{more}."
        )
    if nameless := findings.get("nameless"):
        warnings.append(f"{_rows(nameless)} no architecture and {_are(nameless)} ignored.")
    if fit and (unfit := fit["checked"] - fit["fits"]):
        warnings.append(
            f"{unfit:,} of {fit['checked']:,} checked rows name no architecture of "
            f"{table.space}; the first of them is {fit['misfit'][:120]!r}."
        )
    if fit and fit["size"] and fit["fits"] < fit["size"] and not fit["unknown"]:
        warnings.append(
            f"The table lacks {fit['size'] - fit['fits']:,} architectures of {table.space} "
            f"({_share(fit['fits'], fit['size'])} are there): candidates with one of them fail."
        )
    if constant := findings.get("constant"):
        warnings.append(
            f"No decision, because all rows have one value: {', '.join(constant)[:300]}."
        )
    if left_out := findings.get("left_out"):
        warnings.append(
            "No decision, because the values are neither whole numbers nor names that occur "
            f"again: {', '.join(left_out)[:300]}. Name a column in the field Architecture to "
            "search it."
        )
    if reason := findings.get("no_space"):
        warnings.append(f"The rows define no space of their own: {reason}.")
    for objective in table.objectives:
        if lacking := findings.get("architectures", 0) - objective["rows"]:
            warnings.append(
                f"{lacking:,} architecture{'s' * (lacking != 1)} have no finite value in column "
                f"{objective['column']} and fail if {objective['name']} is an objective."
            )
    return warnings


def import_words(job: TableImport) -> str:
    """Return what an import does now, in one sentence."""
    if job.state == ImportState.RUNNING:
        return _running_words(job)
    if job.state == ImportState.DONE:
        return _done_words(job)
    return IMPORT_WORDS[ImportState(job.state)]


def _running_words(job: TableImport) -> str:
    if job.cancel_requested:
        return "Cancelling."
    if job.progress < 1:
        return f"Reading the file: {job.progress:.0%}."
    return "Checking every row against the columns and the space."


def _done_words(job: TableImport) -> str:
    if job.table is None:
        return "Imported; the table was deleted since."
    verb = "is imported" if job.is_new else "was imported before with the same rows and mapping"
    return f"{job.table} {verb}."


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2g} %"


def _rows(number: int) -> str:
    return f"{number:,} row names" if number == 1 else f"{number:,} rows name"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
