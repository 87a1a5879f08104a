"""Settings: frozen dataclasses whose fields explain and check themselves.

A field made by `setting` has a default, range, choices, unit and help. Forms, command line, API
and documentation are generated from `describe`. `from_mapping` converts typed values (also
strings) into a checked instance and reports every invalid field at once.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import InvalidSettings
from .text import shorten

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
MAX_TEXT_LENGTH = 1000


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
    """Return a dataclass field that explains and checks itself.

    Args:
        default: Value if the setting is not given.
        help: One sentence: what the setting is, then its effect. Forms show it.
        low: Smallest allowed value; for a tuple, of each member.
        high: Largest allowed value; for a tuple, of each member.
        choices: Allowed texts; for a tuple, of each member.
        unit: Unit of the value, for forms and documentation.
        omit_default: Leave the field out of `to_mapping` while it has its default. A setting
            added to an existing class then changes neither stored settings nor architecture ids.
    """
    metadata = {"help": help, "low": low, "high": high, "choices": choices, "unit": unit}
    return dataclasses.field(default=default, metadata={**metadata, "omit_default": omit_default})


def same_as(config: type[DataclassInstance], name: str, *, omit_default: bool = False) -> Any:
    """Return a copy of a field of another config dataclass, for a setting with the same meaning.

    Args:
        config: The other dataclass.
        name: Name of its field.
        omit_default: As in `setting`, for a setting that is new in the class that copies it.
    """
    (original,) = [field for field in dataclasses.fields(config) if field.name == name]
    omitted = omit_default or original.metadata["omit_default"]
    return dataclasses.field(
        default=original.default, metadata={**original.metadata, "omit_default": omitted}
    )


@dataclass(frozen=True)
class SettingDescription:
    """One setting, with everything that a form or a page shows.

    Attributes:
        kind: "int", "float", "bool", "text", "choice", or "list" for a tuple.
        member: Kind of a tuple's members, empty for other kinds.
        optional: None is allowed.
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
    """Return the settings of a config dataclass, in order of declaration."""
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
    """Return an instance of a config dataclass with these values; texts are converted.

    Args:
        config: The dataclass.
        values: Setting names and values; those left out have their defaults.
        path: Prefix of the names in errors, such as "strategy_config.".

    Raises:
        InvalidSettings: names each invalid or unknown setting with its value and the rule.
    """
    errors: dict[str, str] = {}
    checked: dict[str, Any] = {}
    settings = _descriptions(typing.cast(typing.Hashable, config))
    for name, value in values.items():
        if name not in settings:
            errors[path + name] = f"no such setting; there are: {', '.join(settings) or 'none'}"
            continue
        try:
            checked[name] = _check(settings[name], value)
        except ValueError as error:
            errors[path + name] = str(error)
    if errors:
        raise InvalidSettings(errors)
    try:
        return config(**checked)
    except InvalidSettings as error:
        raise InvalidSettings({path + name: text for name, text in error.errors.items()}) from None


@cache
def _descriptions(config: type) -> dict[str, SettingDescription]:
    """Return the settings by name, cached: a search needs them for every candidate."""
    return {description.name: description for description in describe(config)}


def changed(config: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values (JSON) that differ from the defaults of a config dataclass."""
    defaults = {setting.name: setting.default for setting in describe(config)}
    plain = {name: list(v) if isinstance(v, tuple) else v for name, v in defaults.items()}
    return {
        name: value for name, value in values.items() if name not in plain or value != plain[name]
    }


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
    if len(value) > MAX_TEXT_LENGTH:
        raise ValueError(f"must have at most {MAX_TEXT_LENGTH:,} characters (got {len(value):,})")
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
