"""What an import found, in words: for pages, the admin and the command line."""

from __future__ import annotations

from .models import BenchmarkTable


def fit_words(table: BenchmarkTable) -> str:
    """How many rows are architectures of the space, in one phrase."""
    fit = table.fit
    found = table.findings.get("architectures", 0)
    if fit is None:
        return f"{found:,} architectures of no space that was named"
    if not fit["checked"]:
        return f"{found:,} architectures, whose texts {table.space} cannot check"
    if fit["checked"] < found:
        return f"{fit['fits']:,} of {fit['checked']:,} checked are architectures of {table.space}"
    if fit["size"]:
        return f"{fit['fits']:,} of the {fit['size']:,} architectures of {table.space}"
    return f"{fit['fits']:,} of {fit['checked']:,} are architectures of {table.space}"


def warnings_of(table: BenchmarkTable) -> list[str]:
    """What a person should know before searching on the table, a sentence each."""
    found, fit = table.findings, table.fit
    said = []
    if repeated := found.get("repeated"):
        said.append(
            f"{_rows(repeated)} an architecture that came before; the first row of each counts."
        )
    if nameless := found.get("nameless"):
        said.append(f"{_rows(nameless)} no architecture and {_are(nameless)} never found.")
    if fit and (strange := fit["checked"] - fit["fits"]):
        said.append(
            f"{strange:,} of {fit['checked']:,} checked rows name no architecture of "
            f"{table.space}, the first {fit['misfit'][:120]!r}."
        )
    if fit and fit["size"] and fit["fits"] < fit["size"] and not fit["unknown"]:
        said.append(
            f"The table lacks {fit['size'] - fit['fits']:,} architectures of {table.space}: a "
            "search that proposes one of them sees it fail."
        )
    for one in table.objectives:
        if lacking := found.get("architectures", 0) - one["rows"]:
            said.append(
                f"{lacking:,} architecture{'s' * (lacking != 1)} have no finite number in "
                f"{one['column']} and fail where {one['name']} is an objective."
            )
    return said


def _rows(number: int) -> str:
    return f"{number:,} row names" if number == 1 else f"{number:,} rows name"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
