"""Settings: frozen dataclasses whose fields explain and check themselves.

A field made by `setting` carries default, range, choices, unit and help. Forms, command
line, API and docs are made from `describe`; `from_mapping` turns what a person typed
(texts included) into a checked instance and reports every wrong field at once.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import InvalidSettings
from .text import shorten

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
MAX_TEXT = 1000


def setting(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] | None = None,
    unit: str = "",
    omit_default: bool = False,
) -> Any:
    """A dataclass field with its explanation; bounds are inclusive.

    For a tuple field `choices` limits its members and low/high bound each member. With
    `omit_default`, `to_mapping` leaves the field out while it has its default: a setting that
    is added to an existing class changes neither stored settings nor architecture ids.
    """
    metadata = {"help": help, "low": low, "high": high, "choices": choices, "unit": unit}
    return dataclasses.field(default=default, metadata={**metadata, "omit_default": omit_default})


def same_as(config: type[DataclassInstance], name: str) -> Any:
    """A field that means what the field of that name means in another config dataclass."""
    (found,) = [field for field in dataclasses.fields(config) if field.name == name]
    return dataclasses.field(default=found.default, metadata=found.metadata)


@dataclass(frozen=True)
class SettingDescription:
    """One setting as a form or a page needs it.

    `kind` is "int", "float", "bool", "text", "choice" or "list" (a tuple; its members
    are of `member` kind).
    """

    name: str
    kind: str
    member: str
    default: Any
    help: str
    low: float | None
    high: float | None
    choices: tuple[str, ...] | None
    unit: str
    optional: bool


def describe(config: type) -> list[SettingDescription]:
    """The settings of a config dataclass, in order of declaration."""
    hints = typing.get_type_hints(config)
    described = []
    for field in dataclasses.fields(config):
        base, optional, member = _shape(hints[field.name])
        meta = field.metadata
        kind = "choice" if base == "text" and meta["choices"] else base
        described.append(
            SettingDescription(
                name=field.name,
                kind=kind,
                member=member,
                default=list(field.default) if isinstance(field.default, tuple) else field.default,
                help=meta["help"],
                low=meta["low"],
                high=meta["high"],
                choices=meta["choices"],
                unit=meta["unit"],
                optional=optional,
            )
        )
    return described


def from_mapping(config: type[T], values: dict[str, Any], path: str = "") -> T:
    """A checked instance from names and values; texts are converted.

    Raises:
        InvalidSettings: names each wrong or unknown field with value, rule and remedy.
    """
    errors: dict[str, str] = {}
    checked: dict[str, Any] = {}
    known = _known(typing.cast(typing.Hashable, config))
    for name, value in values.items():
        if name not in known:
            errors[path + name] = f"no such setting; there are: {', '.join(known) or 'none'}"
            continue
        try:
            checked[name] = _check(known[name], value)
        except ValueError as error:
            errors[path + name] = str(error)
    if errors:
        raise InvalidSettings(errors)
    try:
        return config(**checked)
    except InvalidSettings as error:
        raise InvalidSettings({path + name: text for name, text in error.errors.items()}) from None


@cache
def _known(config: type) -> dict[str, SettingDescription]:
    """The settings of a config dataclass by name; a search asks for them at every candidate."""
    return {one.name: one for one in describe(config)}


def to_mapping(config: DataclassInstance) -> dict[str, Any]:
    """Return the settings as a JSON-clean dict (tuples become lists).

    Fields with `omit_default` are left out while they have their default.
    """
    values = dataclasses.asdict(config)
    for field in dataclasses.fields(config):
        if field.metadata.get("omit_default") and values[field.name] == field.default:
            del values[field.name]
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def _shape(hint: Any) -> tuple[str, bool, str]:
    names = {int: "int", float: "float", bool: "bool", str: "text"}
    optional = False
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        optional = True
        hint = next(h for h in typing.get_args(hint) if h is not type(None))
    if typing.get_origin(hint) is tuple:
        return "list", optional, names[typing.get_args(hint)[0]]
    return names[hint], optional, ""


def _check(field: SettingDescription, value: Any) -> Any:
    """Return the value converted to the field's type; raise ValueError with the rule it breaks."""
    if value is None or (value == "" and field.kind not in ("text", "choice", "list")):
        if field.optional:
            return None
        raise ValueError("is empty: give a value or leave the setting out")
    if field.kind == "list":
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)):
            raise ValueError(f"must be a list separated by commas (got {shorten(value, 40)})")
        cleaned = [p.strip() if isinstance(p, str) else p for p in parts]
        return tuple(_scalar(field, field.member, p) for p in cleaned if p != "")
    return _scalar(field, field.kind, value)


def _scalar(field: SettingDescription, kind: str, value: Any) -> Any:
    if kind == "bool":
        return _boolean(value)
    if kind in ("int", "float"):
        return _number(field, kind, value)
    if not isinstance(value, str):
        raise ValueError(f"must be text (got {shorten(value, 40)})")
    if len(value) > MAX_TEXT:
        raise ValueError(f"must have at most {MAX_TEXT:,} characters (got {len(value):,})")
    if field.choices and value not in field.choices:
        raise ValueError(f"must be one of {', '.join(field.choices)} (got {shorten(value, 40)})")
    return value


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "on": True, "yes": True, "1": True}
    words |= {"false": False, "off": False, "no": False, "0": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError(f"must be true or false (got {shorten(value, 40)})")


def _number(field: SettingDescription, kind: str, value: Any) -> int | float:
    expected = "a whole number" if kind == "int" else "a number"
    if isinstance(value, bool):
        raise ValueError(f"must be {expected} (got {value})")
    try:
        number: int | float = int(str(value)) if kind == "int" else float(value)
    except (TypeError, ValueError):
        raise ValueError(f"must be {expected} (got {shorten(value, 40)})") from None
    except OverflowError:
        raise ValueError(f"must be smaller (got {shorten(value, 40)})") from None
    if not _is_finite(number):
        raise ValueError(f"must be finite (got {shorten(value, 40)})")
    if field.low is not None and number < field.low:
        raise ValueError(f"must be at least {_plain(field.low)} (got {_plain(number)})")
    if field.high is not None and number > field.high:
        raise ValueError(f"must be at most {_plain(field.high)} (got {_plain(number)})")
    return number


def _is_finite(number: int | float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer that no float can hold
        return False


def _plain(number: int | float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"
