"""The JSON rows of candidates."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from webapp.runs.numbers import is_unsure
from webapp.runs.queries import no_counts
from webapp.runs.rows import broken_constraints, evaluated
from webapp.runs.templatetags.figures import measured


@pytest.mark.parametrize(
    ("constraint", "value", "broken"),
    [
        ("params<2e6", 2e6, True),
        ("params<=2e6", 2e6, False),
        ("params > 5", 6, False),
        ("params>=5", 4.9, True),
        ("macs<5", 9, False),
    ],
)
def test_violated_constraints_are_named_as_they_were_typed(constraint, value, broken):
    measured = [SimpleNamespace(objective="params", value=value)]
    found = broken_constraints({"constraints": [constraint]}, measured)
    assert found == ([constraint] if broken else [])


def test_a_run_without_constraints_breaks_none():
    assert broken_constraints({}, [SimpleNamespace(objective="params", value=1)]) == []


def test_cancelled_and_pruned_candidates_are_not_evaluated():
    counts = {**no_counts(), "done": 3, "cancelled": 4, "pruned": 2, "failed": 1, "stopped": 2}
    assert evaluated(counts, 0) == 6
    assert evaluated(counts, 1) == 5  # a retry counts in place of the failed one


def test_a_value_with_a_large_spread_is_marked():
    assert not is_unsure(0.925, 0.09)
    assert is_unsure(0.925, 3.887)
    assert not is_unsure(0.925, None)
    marked = str(measured({"value": 0.925, "spread": 3.887, "unit": "ms"}, "latency@cpu"))
    assert 'class="ps-unsure" title="the spread is 420 % of the value' in marked
    assert "ps-unsure" not in str(measured({"value": 5.0, "unit": "%"}, "error"))
