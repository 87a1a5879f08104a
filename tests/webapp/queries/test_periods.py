"""Periods of the query language."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from webapp.queries.fields import WrongValue, to_period


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("today", "2026-03-01", "2026-03-02"),
        ("Yesterday", "2026-02-28", "2026-03-01"),
        ("this-week", "2026-02-23", "2026-03-02"),
        ("last week", "2026-02-16", "2026-02-23"),
        ("last-7-days", "2026-02-23", "2026-03-02"),
        ("this-month", "2026-03-01", "2026-04-01"),
        ("last-month", "2026-02-01", "2026-03-01"),
        ("last-30-days", "2026-01-31", "2026-03-02"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
    ],
)
def test_a_period_has_its_days(monkeypatch, text, begin, end):
    """On a Sunday, the first of March."""
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 3, 1, 23, 59, tzinfo=UTC))
    assert [f"{moment:%Y-%m-%d %H:%M}" for moment in to_period(text)] == [
        f"{begin} 00:00", f"{end} 00:00"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "week", "2026-02-30", "9999-12-31", "last-0-days", "x" * 9999]
)
def test_what_is_no_period_names_those_that_are(text):
    with pytest.raises(WrongValue, match=r"last-week.* are a range"):
        to_period(text)
