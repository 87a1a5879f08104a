"""The fields of a query language: which operators and values they take, as database conditions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from django.db import DataError, connection, transaction
from django.db.models import BooleanField, Expression, F, Func, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IExact,
    LessThan,
    LessThanOrEqual,
)
from django.utils import timezone

EQUAL = (":", "=", "!=")
ORDER = (*EQUAL, "<", "<=", ">", ">=")
TEXT = (*EQUAL, "~")
COMPARISONS: dict[str, Any] = {
    ":": Exact,
    "=": Exact,
    "<": LessThan,
    "<=": LessThanOrEqual,
    ">": GreaterThan,
    ">=": GreaterThanOrEqual,
}
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?)(k|M|G|%)?", re.IGNORECASE)
_SCALES = {"k": 1e3, "m": 1e6, "g": 1e9, "%": 1.0, "": 1.0}
_AGE = re.compile(r"(\d{1,5})(m|h|d|w)")
_AGES = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MAX_REGEX = 100


class WrongValue(ValueError):
    """A value that a field does not take; the text says what it takes."""


@dataclass(frozen=True)
class Field:
    """One field: `condition(operator, value)` returns the condition of one value.

    Attributes:
        operators: those that it takes.
        about: what it is, for suggestions and docs.
        choices: all values that it takes; empty if any is allowed.
    """

    operators: tuple[str, ...]
    about: str
    condition: Callable[[str, str], Q]
    choices: tuple[str, ...] = ()


def to_number(text: str) -> float:
    """Return a finite number; k, M and G multiply, a percent sign is allowed."""
    found = _NUMBER.fullmatch(text)
    value = float(found[1]) * _SCALES[(found[2] or "").lower()] if found else float("nan")
    if not abs(value) < float("inf"):
        raise WrongValue(f"needs a number such as 0.5, 20 or 3.5M (got {text[:40]!r})")
    return value


def to_whole(text: str) -> int:
    """Return a whole number of at most 18 digits."""
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise WrongValue(f"needs a whole number (got {text[:40]!r})")
    return int(text)


def holds(comparison: Any) -> Q:
    """Return a condition that is false, not unknown, if a compared value is missing."""
    return Q(Coalesce(comparison, Value(False), output_field=BooleanField()))


def number_field(about: str, expression: Any, whole: bool = False) -> Field:
    """A field of numbers; a missing value matches nothing but a negation."""

    def condition(operator: str, text: str) -> Q:
        value: float = to_whole(text) if whole else to_number(text)
        return holds(COMPARISONS[operator](expression, Value(value)))

    return Field(ORDER, about, condition)


def text_field(about: str, *names: str) -> Field:
    """A field of texts: `:` finds a part of any of the columns, `=` the whole, `~` a pattern."""

    def condition(operator: str, text: str) -> Q:
        lookup = {":": "icontains", "=": "iexact", "~": "iregex"}[operator]
        if operator == "~":
            check_pattern(text)
        found = Q()
        for name in names:
            found |= Q(**{f"{name}__{lookup}": text}) & Q(**{f"{name}__isnull": False})
        return found

    return Field(TEXT, about, condition)


def choice_field(
    about: str, name: Any, choices: Sequence[str], more: Mapping[str, Q] = {}
) -> Field:
    """A field with a list of values; `more` are names for several of them."""

    def condition(operator: str, text: str) -> Q:
        value = text.lower()
        if value in more:
            return more[value]
        if value not in choices:
            raise WrongValue(f"must be one of {', '.join([*choices, *more])} (got {text[:40]!r})")
        if isinstance(name, str):
            return Q(**{name: value})
        return holds(IExact(name, Value(value)))

    return Field(EQUAL, about, condition, (*choices, *more))


def date_field(about: str, name: str) -> Field:
    """A field of times, compared with a day or a period in UTC."""

    def condition(operator: str, text: str) -> Q:
        begin, end = to_period(text)
        bounds = {
            ":": Q(**{f"{name}__gte": begin, f"{name}__lt": end}),
            "=": Q(**{f"{name}__gte": begin, f"{name}__lt": end}),
            "<": Q(**{f"{name}__lt": begin}),
            "<=": Q(**{f"{name}__lt": end}),
            ">": Q(**{f"{name}__gte": end}),
            ">=": Q(**{f"{name}__gte": begin}),
        }
        return bounds[operator] & Q(**{f"{name}__isnull": False})

    return Field(ORDER, about, condition, PERIODS)


PERIODS = (
    *("today", "yesterday", "this-week", "last-week", "last-7-days"),
    *("this-month", "last-month", "last-30-days"),
)


def to_period(text: str) -> tuple[datetime, datetime]:
    """Return the begin and the end of a day such as 2026-11-27 or of a period such as last-week.

    Weeks begin on Monday; last-7-days ends with today.
    """
    today = timezone.now().date()
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    month_before = (first - timedelta(days=1)).replace(day=1)
    next_month = (first + timedelta(days=31)).replace(day=1)
    tomorrow, week = today + timedelta(days=1), timedelta(days=7)
    periods = (
        (today, tomorrow),
        (today - timedelta(days=1), today),
        (monday, monday + week),
        (monday - week, monday),
        (tomorrow - week, tomorrow),
        (first, next_month),
        (month_before, first),
        (tomorrow - timedelta(days=30), tomorrow),
    )
    named = dict(zip(PERIODS, periods, strict=True))
    word = "-".join(text.lower().split())
    try:
        begin, end = named.get(word) or _day(text)
        return _midnight(begin), _midnight(end)
    except (ValueError, OverflowError):
        raise WrongValue(
            f"needs a day such as 2026-11-27, or {', '.join(PERIODS[:-1])} or {PERIODS[-1]}; two "
            f"conditions with >= and <= are a range (got {text[:40]!r})"
        ) from None


def _day(text: str) -> tuple[date, date]:
    day = date.fromisoformat(text)
    return day, day + timedelta(days=1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def age_field(about: str, name: str) -> Field:
    """A field of ages such as 7d: `<` is younger."""

    def condition(operator: str, text: str) -> Q:
        found = _AGE.fullmatch(text.lower())
        if found is None:
            raise WrongValue(f"needs an age such as 30m, 12h, 7d or 2w (got {text[:40]!r})")
        moment = timezone.now() - timedelta(**{_AGES[found[2]]: int(found[1])})
        side = {"<": "gt", "<=": "gte", ">": "lt", ">=": "lte"}[operator]
        return Q(**{f"{name}__{side}": moment})

    return Field(("<", "<=", ">", ">="), about, condition)


def check_pattern(pattern: str) -> None:
    """Check a regular expression with the database, which has the last word.

    Raises:
        WrongValue: it is too long, refers back to a group, or PostgreSQL does not take it.
    """
    if len(pattern) > MAX_REGEX:
        raise WrongValue(f"needs a pattern of at most {MAX_REGEX} characters (got {len(pattern)})")
    if re.search(r"\\[0-9]", pattern):
        raise WrongValue("needs a pattern without references to groups such as \\1")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT '' ~* %s", [pattern])
    except DataError:
        raise WrongValue(f"needs a regular expression (got {pattern[:40]!r})") from None


class JsonHolds(Func):
    """Whether a JSON column has a value at a path that compares so; numbers only with numbers.

    It is false, not unknown, where there is no such value or one of another type.
    """

    function = "jsonb_path_exists"
    output_field = BooleanField()
    conditional = True

    def __init__(self, column: str | Expression, path: str, operator: str, value: Any):
        sign = {":": "==", "=": "=="}.get(operator, operator)
        jsonpath = f"{path} ? (@ {sign} $v)"
        super().__init__(
            F(column) if isinstance(column, str) else column,
            Func(Value(jsonpath), template="(%(expressions)s)::jsonpath"),
            Func(Value(json.dumps({"v": value})), template="(%(expressions)s)::jsonb"),
            Value(True),
        )


def json_key(name: str) -> str:
    """Return a key of an object as a JSON path writes it."""
    return json.dumps(name)


def json_field(about: str, column: str, path: str, numbers_only: bool = False) -> Field:
    """A field of values in JSON: numbers, true, false, null, or texts compared as a whole."""

    def condition(operator: str, text: str) -> Q:
        if numbers_only or operator not in EQUAL:
            return Q(JsonHolds(column, path, operator, to_number(text)))
        found = Q(JsonHolds(column, path, operator, text))
        words = {"true": True, "false": False, "null": None, "none": None}
        if text.lower() in words:
            found |= Q(JsonHolds(column, path, operator, words[text.lower()]))
        with suppress(WrongValue):
            found |= Q(JsonHolds(column, path, operator, to_number(text)))
        return found

    return Field(ORDER, about, condition)


def nearest(name: str, names: Sequence[str]) -> str:
    """Return a hint for a mistyped name: "" or " Did you mean ...?"."""
    close = get_close_matches(name.lower(), names, n=1)
    return f" Did you mean {close[0]}?" if close else ""
