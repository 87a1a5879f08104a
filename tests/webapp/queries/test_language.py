"""The query language: trees of texts, texts of trees, and errors that name the wrong word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.queries.language import (
    OPERATORS,
    All,
    Any,
    Condition,
    Node,
    Not,
    QueryError,
    Word,
    parse,
    print_query,
)

names = st.from_regex(r"[a-z][a-z_]{0,5}(@[a-z]{1,3}|\.[a-z]{1,3})?", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6)
words = st.builds(Word, texts, st.just(True)) | st.builds(
    Word,
    st.from_regex(r"[a-zé#][a-z0-9é._-]{0,5}", fullmatch=True).filter(
        lambda text: text not in ("and", "or", "not")
    ),
)
conditions = st.builds(
    Condition,
    names,
    st.sampled_from(OPERATORS),
    st.lists(texts, min_size=1, max_size=3).map(tuple),
)


def _groups(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    some = st.lists(nodes, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, nodes) | st.builds(All, some) | st.builds(Any, some)


trees = st.recursive(words | conditions, _groups, max_leaves=8)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(trees)
def test_a_tree_that_is_printed_and_parsed_is_the_same_tree(tree):
    whole = tree if isinstance(tree, All) else All((tree,))
    assert parse(print_query(whole)) == whole


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(alphabet='ab:<=!~()-,"\\ o', max_size=15))
def test_any_text_is_a_query_or_an_error_with_a_position_inside_it(text):
    try:
        tree = parse(text)
    except QueryError as error:
        assert 0 <= error.start < error.end <= len(text)
    else:
        assert parse(print_query(tree)) == tree


def test_and_binds_more_tightly_than_or_and_quotes_keep_spaces():
    assert parse('a b or tag:"paper 2",x -archived') == All(
        (
            Any(
                (
                    All((Word("a"), Word("b"))),
                    All((Condition("tag", ":", ("paper 2", "x")), Not(Word("archived")))),
                )
            ),
        )
    )
    assert parse("not (a or b)") == All((Not(Any((Word("a"), Word("b")))),))
    assert parse(" ") == All(())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a (b", "("),
        ("a b)", ")"),
        ("a () b", "()"),
        ("a or", "or"),
        ("and a", "and"),
        ("a -", "-"),
        ("error< 5", "error<"),
        ("error <5", "<5"),
        ('tag:"x', '"x'),
        ('a "b c', '"b c'),
        ('tag:"a"b', "b"),
        ("(" * 30 + "a" + ")" * 30, "a" + ")" * 30),
    ],
)
def test_an_error_points_at_the_wrong_words(text, wrong):
    with pytest.raises(QueryError) as caught:
        parse(text)
    found = text[caught.value.start : caught.value.end]
    assert found == wrong or found.endswith(wrong)


@pytest.mark.parametrize("text", ["a" * 1001, "a " * 60, "((((" * 100])
def test_a_query_is_bounded(text):
    with pytest.raises(QueryError):
        parse(text)
