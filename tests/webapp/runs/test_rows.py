"""The JSON rows of candidates."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from webapp.runs.rows import broken_constraints


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
