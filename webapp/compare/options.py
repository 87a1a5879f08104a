"""The address of a comparison: its runs, groups, equal budget, base and axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from .budget import DEFAULT_UNIT, UNITS

MAX_TEXT = 200
# Kept in the address by the scripts of the page: hidden and pinned groups, colours, log axes.
KEPT = ("by", "equal", "base", "x", "y", "lx", "ly", "hide", "pin", "colours")


class Parameters(Protocol):
    """Parameters of an address, such as a QueryDict."""

    def get(self, key: str, default: str, /) -> str | None: ...

    def getlist(self, key: str, /) -> list[str]: ...


@dataclass(frozen=True)
class Options:
    """The comparison that an address names.

    Attributes:
        runs: numbers of runs.
        studies: numbers of studies, all of whose runs are compared.
        unread: parts of the address that are no numbers.
        search: words by which further runs are found; empty: none.
        by: the property that the runs of a group share (see `groups.groups_of`).
        unit: the unit of the equal budget.
        base: the place of the group that the others are compared with.
        axes: the objectives (x, y) of the plot of fronts; None: the first two.
    """

    runs: list[int]
    studies: list[int]
    unread: list[str]
    search: str
    by: str
    unit: str
    base: int
    axes: tuple[str, str] | None


def read_options(parameters: Parameters) -> Options:
    """Read the parameters of an address leniently."""
    runs, unread = requested_runs(parameters.getlist("runs"))
    studies, unread_studies = requested_runs(parameters.getlist("studies"))
    unit = _text(parameters, "equal")
    base = _text(parameters, "base")
    x, y = _text(parameters, "x"), _text(parameters, "y")
    return Options(
        runs=runs,
        studies=studies,
        unread=[*unread, *unread_studies][:10],
        search=_text(parameters, "q"),
        by=_text(parameters, "by"),
        unit=unit if unit in UNITS else DEFAULT_UNIT,
        base=int(base) if base.isascii() and base.isdigit() and len(base) < 4 else 0,
        axes=(x, y) if x and y else None,
    )


def kept(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the view of a comparison: the parameters beside those that choose its runs."""
    return {name: str(parameters[name])[: MAX_TEXT * 2] for name in KEPT if parameters.get(name)}


def requested_runs(texts: list[str]) -> tuple[list[int], list[str]]:
    """Return the numbers in "1,2" or repeated parameters, each once, and what is not a number."""
    numbers: dict[int, None] = {}
    unread: dict[str, None] = {}
    for part in ",".join(texts).split(","):
        text = part.strip()
        if text.isascii() and text.isdigit() and len(text) <= 18:
            numbers[int(text)] = None
        elif text:
            unread[text[:20]] = None
    return list(numbers), list(unread)[:10]


def _text(parameters: Parameters, name: str) -> str:
    return (parameters.get(name, "") or "").strip()[:MAX_TEXT]
