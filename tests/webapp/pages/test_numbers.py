"""How numbers are written: the same in Python (here) and in the browser (tests/e2e)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.conf import settings

from webapp.runs.numbers import age_text, duration_text, mean_text, number_text, value_text
from webapp.runs.templatetags.figures import file_size, hidden_tags, middle, rounded, tag_chips

CASES = json.loads((Path(__file__).parents[2] / "assets" / "format.json").read_text())
WRITERS = {
    "value": lambda given: value_text(*given),
    "number": lambda given: number_text(*given),
    "mean": lambda given: mean_text(*given),
    "duration": duration_text,
    "age": age_text,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_every_case_is_written_as_agreed(kind):
    written = [[given, WRITERS[kind](given)] for given, _ in CASES[kind]]
    assert written == CASES[kind]


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (39_210_000, "39.2 MB"), (2**32, "4.29 GB")],
)
def test_sizes_of_files_are_written_like_measured_sizes(count, text):
    assert file_size(count) == text == value_text("memory@cpu", count, "B")


def test_long_names_keep_start_and_end():
    assert middle("short name") == "short name"
    assert middle("x" * 18) == "x" * 18
    parts = (
        '<span class="ps-middle"><span>Digits &lt;b&gt; evol</span><span>ution, 12</span></span>'
    )
    assert middle("Digits <b> evolution, 12") == parts


def test_tags_next_to_a_name_fit_or_are_counted():
    tags = ["baseline of paper 2", "night"]
    assert tag_chips(tags) == [(tags[0], "ps-tag-long"), (tags[1], "ps-tag-more")]
    assert (hidden_tags(tags), hidden_tags(["a", "b", "night"])) == (["night"], [])
    assert hidden_tags(["night", "camera", "a"]) == ["camera", "a"]
    assert tag_chips([]) == hidden_tags([]) == []


def test_no_template_writes_sizes_in_another_way():
    templates = Path(settings.BASE_DIR, "templates").rglob("*.html")
    assert [str(path) for path in templates if "filesizeformat" in path.read_text()] == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), None])
def test_what_is_no_number_is_a_dash(value):
    assert value_text("error", value, "%") == "–"
    assert number_text("params", value) == "–"
    assert duration_text(value) == "–"


@pytest.mark.parametrize(("spread", "is_marked"), [(0.037, True), (0.001, False), (None, False)])
def test_a_rounded_value_with_a_large_spread_is_marked(spread, is_marked):
    assert ("ps-unsure" in rounded(0.103, "", "", spread)) == is_marked
