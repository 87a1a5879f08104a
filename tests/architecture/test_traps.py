"""Failures that search tools are known for; each number has a test, found by its mark or name.

`@pytest.mark.trap(12)` or a name such as `test_trap_12_...` names the failure that a test is about.
"""

from __future__ import annotations

import re

from .sources import ROOT

TRAPS = {
    1: "A training that diverges ends with a reason; no number that is not finite is stored.",
    2: "Filters, sorting and the best candidate skip missing values and those that are not finite.",
    3: "Storage is tested on PostgreSQL, which refuses what other databases accept.",
    4: "Documents for the browser have only numbers that JSON has.",
    5: "Log lines with characters that the database refuses are cleaned and kept.",
    6: "Integers beyond the exact range of JavaScript are sent as text.",
    7: "The identity of an architecture does not depend on the order of its JSON keys.",
    8: "Lists of ten thousand runs need bounded data and the same number of queries.",
    9: "Hypervolume over time is computed incrementally and equals the recomputed one.",
    10: "Costly parts of a page are computed when someone asks for them.",
    11: "A thinned plot keeps extremes and isolated points.",
    12: "Very long names and settings are refused with a message.",
    13: "Drawings have a bounded number of parts.",
    14: "Downloads are sent in pieces of bounded size.",
    15: "Work that is handed out twice is accepted once, by its newest fencing token.",
    16: "A killed worker loses no candidate.",
    17: "A worker that receives no messages finds its work and connects again.",
    18: "A cancellation is stored; the worker asks for it.",
    19: "A worker reserves no more messages than it can work on.",
    20: "A training ends with all its processes.",
    21: "A worker that was frozen does not overwrite the result of its successor.",
    22: "A candidate without a result is failed, and the run continues.",
    23: "Work is announced after the commit.",
    24: "A burst of events arrives whole and in order.",
    25: "Open sockets keep no database connections.",
    26: "Every strategy resumes exactly.",
    27: "Convergence to skip connections is detected.",
    28: "A stored network has the same accuracy in a new process.",
    29: "Files that run code when they are read are refused.",
    30: "Timings leave out the warm-up.",
    31: "The order in which candidates end does not change a deterministic search.",
    32: "Without a feasible candidate the least violating one is shown, and named so.",
    33: "Teams share no state, whatever the names.",
    34: "Runs without a value stay in the list.",
    35: "A comparison has a short address.",
    36: "Durations are never negative.",
    37: "Exports of running searches and of names in any script are complete.",
}
MARK = re.compile(r"@pytest\.mark\.trap\((\d+)\)|def test_trap_(\d+)_")


def found() -> set[int]:
    """Return the numbers that marks and names of tests mention."""
    texts = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    return {int(one or other) for text in texts for one, other in MARK.findall(text)}


def test_every_trap_has_a_test():
    assert found() == set(TRAPS) == set(range(1, 38))
