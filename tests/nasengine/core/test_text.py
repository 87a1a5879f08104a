"""Text for messages: one line, printable, never longer than promised."""

from __future__ import annotations

import pytest

from nasengine.core.text import one_line, shorten


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("dpp", "'dpp'"),
        ("", "''"),
        (None, "None"),
        (-3, "-3"),
        (["a", 1], "['a', 1]"),
        ("two\nlines", r"'two\nlines'"),
        ("nul\0", r"'nul\x00'"),
        ("\udcff", r"'\udcff'"),
        ("x" * 20, "'" + "x" * 20 + "'"),
        ("x" * 21, "'" + "x" * 17 + "...'"),
        (10**25, "10000000000000000..."),
    ],
)
def test_a_value_is_shown_like_repr_and_cut_at_the_limit(value, shown):
    assert shorten(value, 20) == shown


def test_an_integer_too_long_to_print_is_named():
    assert shorten(10**10_000) == "int of too many digits"


def test_a_list_nested_too_deeply_to_print_is_named():
    deep = []
    for _ in range(20_000):
        deep = [deep]
    assert shorten(deep) == "list nested too deeply"


def test_an_object_with_a_repr_of_several_lines_is_shown_on_one():
    import numpy as np

    assert shorten(np.zeros((2, 2))) == "array([[0., 0.], [0., 0.]])"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain", "plain"),
        ("  two\n\tlines ", "two lines"),
        ("nul\0here", "nul\ufffdhere"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
        ("é\ufffd", "é\ufffd"),
        ("x" * 30, "x" * 17 + "..."),
    ],
)
def test_text_becomes_one_line_that_databases_and_terminals_accept(text, clean):
    assert one_line(text, 20) == clean
