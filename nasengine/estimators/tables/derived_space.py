"""A decision space made of the columns of a table whose architectures no other space reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from ... import catalog
from ...core.errors import EngineError, InvalidArchitecture
from ...core.settings import from_mapping, to_mapping
from ...core.space import Space
from ...core.text import one_line, shorten
from ...spaces.decision_list.config import (
    MAX_DECISIONS,
    MAX_OPTIONS,
    DecisionListConfig,
    check_decision,
)
from ...spaces.decision_list.notation import format_decision, format_template
from ...spaces.decision_list.space import DecisionListSpace, is_number
from .cells import rows_of, stamp_of
from .csv_rows import header_in
from .keys import JOINT

NAME = DecisionListSpace.name
ID = re.compile(r"[0-9a-f]{64}")
# Ways to take a text apart, in this order: by signs, by hyphens and underscores too.
SEPARATORS = (re.compile(r"[^\w.+-]+"), re.compile(r"[^\w.+]+|_+"), re.compile(r"[\W_]+"))
FEW = 12  # so many texts without a visible structure are the options of one decision
MAX_SAMPLE = 20  # keys that built-in spaces are asked to read
MAX_COUNTED = 1_000_000  # values of a column that are counted, for a message
MISSING = "nan"  # as a table of measurements writes a cell without a value


@dataclass(frozen=True)
class DerivedSpace:
    """The space of a table.

    Attributes:
        config: Its settings, JSON-clean.
        columns: Key columns: those with at least two different values.
        constant: Other columns that were named; each has one value in all rows.
    """

    config: dict[str, Any]
    columns: tuple[str, ...]
    constant: tuple[str, ...] = ()


def derived_space(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> DerivedSpace:
    """Return the space whose decisions are the columns, or the parts of the one column's texts.

    Args:
        columns: Names of the columns of the architectures.
        rows: The cells of these columns. Rows with an empty cell, or "nan", are ignored.

    Raises:
        EngineError: the columns define no space; the message names the column and the reason.
    """
    if len(columns) == 1:
        return _of_texts(columns[0], _texts(row[0] for row in rows))
    if len(columns) > MAX_DECISIONS:
        raise EngineError(
            f"names {len(columns):,} columns: at most {MAX_DECISIONS} can be decisions"
        )
    options: list[dict[str, None]] = [{} for _ in columns]
    for row in rows:
        if all(map(_is_present, row)):
            for seen, cell in zip(options, row, strict=True):
                if len(seen) <= MAX_COUNTED:
                    seen.setdefault(cell)
    if not options[0]:
        raise EngineError(f"no row has a value in {one_line(', '.join(columns), 200)}")
    varying = [index for index, seen in enumerate(options) if len(seen) > 1]
    if not varying:
        raise EngineError(
            f"{one_line(', '.join(columns), 200)} have one value each in all rows, so there is "
            "nothing to choose: name columns that differ"
        )
    decisions = tuple(_decision(columns[index], options[index]) for index in varying)
    names = tuple(columns[index] for index in varying)
    # One column names an architecture by a text, several by their options.
    template = format_template(("", "")) if len(names) == 1 else ""
    constant = tuple(name for name in columns if name not in names)
    return DerivedSpace(_config(decisions, template), names, constant)


def derived_from_file(path: str, columns: tuple[str, ...]) -> DerivedSpace:
    """Return the space of a table that the estimator's setting `path` names.

    Raises:
        EngineError: the table cannot be read, lacks a column, or defines no space.
    """
    stamp = stamp_of(path)
    with rows_of(stamp) as rows:
        header = header_in(rows, stamp.name)
        if missing := [name for name in columns if name not in header]:
            raise EngineError(
                f"{stamp.name} has no column {one_line(', '.join(missing), 200)}; "
                f"it has {one_line(', '.join(header), 300)}"
            )
        return derived_space(columns, cells_in(header, columns, rows))


def cells_in(
    header: Sequence[str], columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> Iterable[list[str]]:
    """Yield the cells of some columns; a row that is too short has empty ones."""
    places = [header.index(name) for name in columns]
    for row in rows:
        yield [row[place] if place < len(row) else "" for place in places]


def space_that_reads(keys: Iterable[str], columns: int) -> str:
    """Return a space with networks that reads one of the keys; "" if there is none.

    Args:
        keys: Keys of rows; only the first ones are tried.
        columns: Number of key columns.
    """
    tried = [key for key, _ in zip(keys, range(MAX_SAMPLE), strict=False)]
    for key in tried:
        if columns == 1 and ID.fullmatch(key):
            return "the space of the ids"
        if columns == 1 and key.startswith("{"):
            return _space_in(key) or "another space"
    return next(
        (
            name
            for name in catalog.names("spaces")
            if catalog.load("spaces", name).builds_networks
            and any(_reads(_default(name), key, columns) for key in tried)
        ),
        "",
    )


def _of_texts(column: str, texts: list[str]) -> DerivedSpace:
    """Return the space of texts in one column."""
    if not texts:
        raise EngineError(f"no row has a value in {shorten(column)}")
    if len(texts) == 1:
        raise EngineError(
            f"{shorten(column)} has the value {shorten(texts[0], 40)} in all rows, so there is "
            "nothing to choose: name a column that differs"
        )
    if any(ID.fullmatch(text) or text.startswith("{") for text in texts[:MAX_SAMPLE]):
        raise EngineError(
            f"{shorten(column)} holds ids or JSON of architectures: choose their space"
        )
    ways = [(_split(texts, separator), True) for separator in SEPARATORS]
    for parts, separated in (*ways, (_letters(texts), False)):
        if parts is not None and _has_structure(parts, texts, separated):
            return DerivedSpace(_from_parts(column, parts), (column,))
    if len(texts) <= MAX_OPTIONS:
        decision = _decision(column, dict.fromkeys(texts))
        return DerivedSpace(_config((decision,), format_template(("", ""))), (column,))
    raise EngineError(
        f"{shorten(column)} has {len(texts):,} different texts of different forms, such as "
        f"{shorten(texts[0], 40)} and {shorten(texts[-1], 40)}: a space needs texts of equal "
        "length, with equally many parts, or one column for each decision"
    )


def _split(texts: Sequence[str], separator: re.Pattern[str]) -> list[list[str]] | None:
    """Return the columns of parts and separators in turn; None if texts differ in their form."""
    form: list[str] | None = None
    rows = []
    for text in texts:
        ends = [(match.start(), match.end()) for match in separator.finditer(text)]
        row, start = [], 0
        for first, last in ends:
            row += [text[start:first], text[first:last]]
            start = last
        row.append(text[start:])
        if form is None:
            form = row[1::2]
        if not form or row[1::2] != form:
            return None
        rows.append(row)
    return [list(column) for column in zip(*rows, strict=True)]


def _letters(texts: Sequence[str]) -> list[list[str]] | None:
    """Return the columns of characters of texts of equal length; None if lengths differ."""
    if len({len(text) for text in texts}) > 1 or len(texts[0]) < 2:
        return None
    if all(map(_is_plain_number, texts)) and len(texts[0]) < 3:
        return None  # 16, 32, 64 are numbers, not two digits to choose
    return [list(column) for column in zip(*texts, strict=True)]


def _is_plain_number(text: str) -> bool:
    return is_number(text) and not (len(text) > 1 and text.startswith("0"))


def _has_structure(parts: list[list[str]], texts: Sequence[str], separated: bool) -> bool:
    """Return whether parts describe the texts better than one list of all of them."""
    varying = [set(part) for part in parts if len(set(part)) > 1]
    sizes = [len(options) for options in varying]
    if len(varying) < 2 or max(sizes) > MAX_OPTIONS or len(varying) > MAX_DECISIONS:
        return False
    # "3-5-7" is a list of numbers in any number; "max-pool" among few others is one name.
    are_numbers = separated and all(map(is_number, set().union(*varying)))
    return len(texts) > FEW or len(texts) > sum(sizes) or are_numbers


def _from_parts(column: str, parts: list[list[str]]) -> dict[str, Any]:
    decisions: list[str] = []
    pieces = [""]
    for part in parts:
        options = dict.fromkeys(part)
        if len(options) == 1:
            pieces[-1] += part[0]
            continue
        decisions.append(_decision(f"{column[:80]} {len(decisions) + 1}", options))
        pieces.append("")
    return _config(tuple(decisions), format_template(pieces))


def _decision(name: str, options: dict[str, None]) -> str:
    """Return a column as a decision of the settings.

    Raises:
        EngineError: it has too many options, one that is too long, or a number in two forms.
    """
    if len(options) > MAX_OPTIONS:
        raise EngineError(
            f"{shorten(name)} has {len(options):,} different values, and a decision at most "
            f"{MAX_OPTIONS} options: leave the column out, or group its values"
        )
    texts = sorted(options)
    if all(map(is_number, texts)):
        texts.sort(key=float)
        for text, other in pairwise(texts):
            if float(text) == float(other):
                raise EngineError(
                    f"{shorten(name)} has one number as {text} and as {other}: write it in one way"
                )
    try:
        check_decision(name, tuple(texts))
    except ValueError as error:
        raise EngineError(f"column {shorten(name)} {error}") from None
    return format_decision(name, texts)


def _config(decisions: tuple[str, ...], template: str) -> dict[str, Any]:
    config = from_mapping(DecisionListConfig, {"decisions": list(decisions), "template": template})
    return to_mapping(config)


def _texts(cells: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(cell for cell in cells if _is_present(cell)))


def _is_present(cell: str) -> bool:
    return bool(cell) and cell.lower() != MISSING


def _space_in(key: str) -> str:
    """Return the space that canonical JSON names; "" if it names none."""
    try:
        value = json.loads(key)
        name = value["space"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return name if catalog.has("spaces", name) else ""


@lru_cache(maxsize=64)
def _default(name: str) -> Space:
    space_class = catalog.load("spaces", name)
    space: Space = space_class(space_class.Config())
    return space


def _reads(space: Space, key: str, columns: int) -> bool:
    """Return whether a key is an architecture of a space with its default settings."""
    if columns == 1:
        if "parse" not in space.capabilities:
            return False
        try:
            return space.text(space.parse(key)) == key
        except InvalidArchitecture:
            return False
    if "decisions" not in space.capabilities:
        return False
    cells, decisions = key.split(JOINT), space.decisions()
    return len(cells) == len(decisions) and all(
        cell in decision.options for cell, decision in zip(cells, decisions, strict=True)
    )
