"""What a table is for: the settings of its columns, checked against everything it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from nasengine import catalog
from nasengine.core.errors import InvalidSettings
from nasengine.core.settings import from_mapping
from nasengine.core.space import Space
from nasengine.estimators.tables import nb201_layout
from nasengine.estimators.tables.canonical import CanonicalTable
from nasengine.estimators.tables.column import Column, parse_column
from nasengine.estimators.tables.estimator import TableConfig
from nasengine.estimators.tables.keys import key_columns, key_objection
from nasengine.estimators.tables.validation_report import ValidationReport, validate_rows
from webapp.events.clean import clean_json

NB201 = "nb201"


@dataclass(frozen=True)
class Mapping:
    """Which columns name the architecture, which are objectives, and of which space.

    As a person gives it: what is left empty is filled in where the table's header says it.
    """

    space: str = ""
    datasets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    report: tuple[str, ...] = ()
    architecture: str = ""


@dataclass(frozen=True)
class Reading:
    """A table read with its mapping: what can steer a search on it, and what was found."""

    mapping: Mapping
    objectives: list[dict[str, Any]]
    findings: dict[str, Any]


def check_mapping(mapping: Mapping) -> dict[str, str]:
    """What is wrong with a mapping whatever table it is for: field -> message."""
    errors = {}
    if mapping.space and mapping.space not in catalog.names("spaces"):
        known = ", ".join(catalog.names("spaces"))
        errors["space"] = f"{mapping.space[:60]!r} is not among the spaces; known: {known}"
    try:
        from_mapping(TableConfig, _settings(mapping))
    except InvalidSettings as error:
        errors |= error.errors
    return errors


def read(table: CanonicalTable, mapping: Mapping, name: str) -> Reading:
    """Holds a checked mapping to every row of the table; `name` is that of the table.

    Raises:
        InvalidSettings: a column is not there or holds no number, nothing names an
            architecture, or none of them is one of the space.
    """
    whole = _filled(table.header, mapping, name)
    space = _space(whole.space)
    columns = _columns(table.header, whole)
    keys = key_columns(whole.architecture)
    _check_columns(table.header, whole, keys, space)
    found = validate_rows(table, keys, [column for _, column in columns], space)
    _check_report(found, whole, columns)
    objectives = [
        {
            "dataset": dataset,
            "name": column.objective,
            "unit": column.unit,
            "better": column.better,
            "column": column.column,
            "rows": rows,
        }
        for (dataset, column), rows in zip(columns, found.finite, strict=True)
    ]
    return Reading(whole, objectives, _findings(found))


def _settings(mapping: Mapping) -> dict[str, Any]:
    """The mapping in the words of the estimator."""
    named = {"columns": list(mapping.columns), "report": list(mapping.report)}
    return named | ({"architecture": mapping.architecture} if mapping.architecture else {})


def _filled(header: tuple[str, ...], mapping: Mapping, name: str) -> Mapping:
    """With what the header of a NAS-Bench-201 table says by itself."""
    given = asdict(mapping)
    if mapping.columns:
        given["datasets"] = mapping.datasets or (name,)
        given["architecture"] = mapping.architecture or nb201_layout.ARCHITECTURE
        return Mapping(**given)
    if not nb201_layout.is_nb201(header):
        raise InvalidSettings(
            {
                "columns": "is empty, and the table is not that of NAS-Bench-201: say what its "
                f"columns mean ({', '.join(header)[:300]})"
            }
        )
    held = tuple(
        word for word, prefix in nb201_layout.PREFIXES.items() if f"{prefix}_val_acc_200" in header
    )
    errors = {}
    if mapping.space not in ("", NB201):
        errors["space"] = f"the table is that of NAS-Bench-201: choose {NB201}, or give columns"
    if unknown := [word for word in mapping.datasets if word not in held]:
        errors["datasets"] = f"{unknown[0][:60]!r} is not in the table; it has {', '.join(held)}"
    if errors:
        raise InvalidSettings(errors)
    given |= {"space": NB201, "datasets": mapping.datasets or held}
    return Mapping(**{**given, "architecture": nb201_layout.ARCHITECTURE})


def _space(name: str) -> Space | None:
    """The space with its ordinary settings."""
    if not name:
        return None
    found = catalog.load("spaces", name)
    return found(found.Config())


def _columns(header: tuple[str, ...], mapping: Mapping) -> list[tuple[str, Column]]:
    """What can steer a search, each with the data set it is of, "" for any."""
    if mapping.columns:
        return [("", parse_column(text)) for text in mapping.columns]
    return [
        (word, column)
        for word in mapping.datasets
        for column in nb201_layout.objectives(header, word)
    ]


def _check_columns(
    header: tuple[str, ...], mapping: Mapping, keys: tuple[str, ...], space: Space | None
) -> None:
    named = {
        "columns": [parse_column(text).column for text in mapping.columns],
        "report": [parse_column(text).column for text in mapping.report],
        "architecture": list(keys),
    }
    errors = {
        field: f"{', '.join(missing)[:200]} is not in the file; it has {', '.join(header)[:300]}"
        for field, columns in named.items()
        if (missing := [column for column in columns if column not in header])
    }
    if space is not None and (fault := key_objection(space, keys)):
        errors.setdefault("architecture", fault)
    if errors:
        raise InvalidSettings(errors)


def _check_report(
    found: ValidationReport, mapping: Mapping, columns: list[tuple[str, Column]]
) -> None:
    errors = {}
    if not found.architectures:
        errors["architecture"] = f"no row names one in {mapping.architecture[:200]}"
    elif found.fit is not None and found.fit.checked and not found.fit.fits:
        errors["architecture"] = (
            f"none of {found.fit.checked:,} checked rows names an architecture of "
            f"{mapping.space}; the first has {found.fit.misfit[:120]!r}"
        )
    empty = [
        column.column
        for (_, column), rows in zip(columns, found.finite, strict=True)
        if not rows and found.architectures
    ]
    if empty:
        errors["columns"] = f"no row holds a finite number in {', '.join(empty)[:300]}"
    if errors:
        raise InvalidSettings(errors)


def _findings(found: ValidationReport) -> dict[str, Any]:
    """As they are stored: architectures that count, rows that do not, how they fit."""
    return clean_json(
        {
            "architectures": found.architectures,
            "repeated": found.repeated,
            "nameless": found.nameless,
            "fit": asdict(found.fit) if found.fit is not None else None,
        }
    )


def words(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts without blanks and empty ones, each once."""
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
