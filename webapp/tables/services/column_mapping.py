"""Column mapping of a table, checked against all of its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from nasengine import catalog
from nasengine.core.errors import InvalidSettings
from nasengine.core.settings import from_mapping
from nasengine.core.space import Space
from nasengine.core.text import shorten
from nasengine.estimators.tables import nb201_layout
from nasengine.estimators.tables.canonical import CanonicalTable
from nasengine.estimators.tables.column import Column, parse_column
from nasengine.estimators.tables.estimator import TableConfig
from nasengine.estimators.tables.keys import key_columns, key_objection
from nasengine.estimators.tables.validation_report import ValidationReport, validate_rows
from webapp.events.clean import clean_json

from .mapping import Mapping
from .own_space import derived

NB201 = "nb201"


@dataclass(frozen=True)
class Reading:
    """A table read with its mapping: the objectives for a search on it, and the findings."""

    mapping: Mapping
    objectives: list[dict[str, Any]]
    findings: dict[str, Any]


def check_mapping(mapping: Mapping) -> dict[str, str]:
    """Return the errors of a mapping that do not depend on the table, by field."""
    errors = {}
    if mapping.space and mapping.space not in catalog.names("spaces"):
        known = ", ".join(catalog.names("spaces"))
        errors["space"] = f"{shorten(mapping.space)} is not a space: choose one of {known}"
    elif mapping.space:
        config = catalog.load("spaces", mapping.space).Config
        try:
            from_mapping(config, mapping.space_config, "space_config.")
        except InvalidSettings as error:
            errors |= error.errors
    try:
        from_mapping(TableConfig, _settings(mapping))
    except InvalidSettings as error:
        errors |= error.errors
    return errors


def read(table: CanonicalTable, mapping: Mapping, name: str) -> Reading:
    """Apply a checked mapping to every row of the table.

    Args:
        table: the table.
        mapping: a mapping without errors.
        name: the table's name, which is also the name of its data set if the mapping has none.

    Raises:
        InvalidSettings: a column is missing or has no number, no row names an architecture, or
            no row names an architecture of the space.
    """
    whole = _filled(table.header, mapping, name)
    whole, notes = derived(table, whole)
    space = _space(whole)
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
    return Reading(whole, objectives, {**_findings(found), **notes})


def _settings(mapping: Mapping) -> dict[str, Any]:
    """The mapping as settings of the estimator."""
    named = {"columns": list(mapping.columns), "report": list(mapping.report)}
    return named | ({"architecture": mapping.architecture} if mapping.architecture else {})


def _filled(header: tuple[str, ...], mapping: Mapping, name: str) -> Mapping:
    """The mapping with the fields that the header of a NAS-Bench-201 table determines."""
    given = asdict(mapping)
    if mapping.columns:
        given["datasets"] = mapping.datasets or (name,)
        given["architecture"] = mapping.architecture or _keys_in(header)
        return Mapping(**given)
    if not nb201_layout.is_nb201(header):
        raise InvalidSettings(
            {
                "columns": "must not be empty for a table other than NAS-Bench-201: assign its "
                f"columns ({', '.join(header)[:300]}) to objectives"
            }
        )
    held = tuple(
        word for word, prefix in nb201_layout.PREFIXES.items() if f"{prefix}_val_acc_200" in header
    )
    errors = {}
    if mapping.space not in ("", NB201):
        errors["space"] = (
            f"must be {NB201} for the NAS-Bench-201 table, unless columns are assigned"
        )
    if unknown := [word for word in mapping.datasets if word not in held]:
        errors["datasets"] = (
            f"{shorten(unknown[0])} is not in the table: choose from {', '.join(held)}"
        )
    if errors:
        raise InvalidSettings(errors)
    given |= {"space": NB201, "datasets": mapping.datasets or held}
    return Mapping(**{**given, "architecture": nb201_layout.ARCHITECTURE})


def _keys_in(header: tuple[str, ...]) -> str:
    """Return the column of architectures of NAS-Bench-201; "" if the table has none."""
    return nb201_layout.ARCHITECTURE if nb201_layout.ARCHITECTURE in header else ""


def _space(mapping: Mapping) -> Space | None:
    """The space with the settings of the mapping; None if it names no space."""
    if not mapping.space:
        return None
    found = catalog.load("spaces", mapping.space)
    return found(from_mapping(found.Config, mapping.space_config))


def _columns(header: tuple[str, ...], mapping: Mapping) -> list[tuple[str, Column]]:
    """The columns that are objectives, each with its data set; "" for all data sets."""
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
        field: f"no column {', '.join(missing)[:200]} in the file; it has {', '.join(header)[:300]}"
        for field, columns in named.items()
        if (missing := [column for column in columns if column not in header])
    }
    if space is not None and (fault := key_objection(space, keys)):
        errors.setdefault("architecture", fault)
    if errors:
        raise InvalidSettings(errors)


def _check_report(
    report: ValidationReport, mapping: Mapping, columns: list[tuple[str, Column]]
) -> None:
    errors = {}
    if not report.architectures:
        errors["architecture"] = f"no row has a value in {mapping.architecture[:200]}"
    elif report.fit is not None and report.fit.checked and not report.fit.fits:
        errors["architecture"] = (
            f"none of the {report.fit.checked:,} checked rows is an architecture of "
            f"{mapping.space}; the first is {shorten(report.fit.misfit, 120)}"
        )
    empty = [
        column.column
        for (_, column), rows in zip(columns, report.finite, strict=True)
        if not rows and report.architectures
    ]
    if empty:
        errors["columns"] = f"no row has a finite number in {', '.join(empty)[:300]}"
    if errors:
        raise InvalidSettings(errors)


def _findings(report: ValidationReport) -> dict[str, Any]:
    """The findings as they are stored: rows that count, rows that do not, and the fit."""
    return clean_json(
        {
            "architectures": report.architectures,
            "repeated": report.repeated,
            "nameless": report.nameless,
            **({"conflicting": report.conflicting} if report.conflicting else {}),
            "fit": asdict(report.fit) if report.fit is not None else None,
        }
    )


def unique_texts(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the texts stripped, without empty ones, each once."""
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
