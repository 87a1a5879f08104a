"""Filtering runs by the query language: the database finds what a filter in Python finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.factories import end_run, make_run
from tests.fixtures.people import make_user
from webapp.queries import language
from webapp.queries.language import All, Condition, Not, QueryError, Word
from webapp.runs.models import Candidate, Run, Star, Study
from webapp.runs.run_fields import field_names, run_condition

pytestmark = pytest.mark.django_db
NUMBERS = [None, -1.0, 0.0, 5.5, 1e300]
ORDER = {
    ":": lambda a, b: a == b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a == b,  # negated below
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@pytest.fixture
def rows(team, researcher):
    """Runs with every mix of missing and present values, and what they are as a dict."""
    other = make_user("adam", team)
    like = make_run(team, advance=False)
    study = Study.objects.create(team=team, name="Paper two")
    shared = {"space_version": like.space_version, "data_set": like.data_set, "team": team}
    Run.objects.all().delete()
    for i in range(24):
        error = NUMBERS[i % 5]
        population = [None, "auto", 20, 5.5, True, [20]][i % 6]
        spec = {**like.spec, "strategy_config": {"population": population} if i % 7 else {}}
        run = Run.objects.create(
            **shared,
            name=f"run {i} {'Night' if i % 3 == 0 else 'day'}",
            strategy=["random", "renas"][i % 2],
            state=["running", "failed", "finished"][i % 3],
            study=study if i % 4 == 0 else None,
            created_by=[researcher, other, None][i % 3],
            seed=i % 5,
            tags=[["a"], ["a", "paper 2"], []][i % 3],
            spec=spec,
            candidate_budget=10,
            told=i % 4,
            best_values={} if error is None else {"error": error},
            archived_at=datetime.now(UTC) if i % 8 == 0 else None,
        )
        Run.objects.filter(pk=run.pk).update(
            created_at=datetime.now(UTC) - timedelta(days=i, minutes=5),
            ended_at=datetime(2026, 1, i + 1, tzinfo=UTC) if i % 2 else None,
        )
        if i % 6 == 0:
            Star.objects.create(run=run, user=researcher)
    return list(Run.objects.select_related("study", "created_by").prefetch_related("stars"))


def value_of(run: Run, name: str):
    return {
        "seed": run.seed,
        "evaluated": run.told,
        "error": run.best_values.get("error"),
        "setting.population": run.spec["strategy_config"].get("population"),
    }[name]


def holds(node, run: Run, user) -> bool:
    """Whether a run matches a tree, in Python."""
    match node:
        case Word(text=text, quoted=False) if text in ("archived", "starred", "mine"):
            starred = user.pk in [star.user_id for star in run.stars.all()]
            mine = run.created_by_id == user.pk
            return {"archived": bool(run.archived_at), "starred": starred, "mine": mine}[text]
        case Word(text=text):
            study = run.study.name if run.study else ""
            return text.lower() in run.name.lower() or text.lower() in study.lower()
        case Not(node=inner):
            return not holds(inner, run, user)
        case All(nodes=nodes):
            return all(holds(n, run, user) for n in nodes)
        case Condition(name=name, operator=operator, values=values):
            found = any(one(run, name, operator, value) for value in values)
            return not found if operator == "!=" else found
    return any(holds(n, run, user) for n in node.nodes)


def one(run: Run, name: str, operator: str, text: str) -> bool:
    if name == "tag":
        return text in run.tags
    if name == "author":
        return run.created_by is not None and run.created_by.username == text
    if name == "state":
        return run.state == text
    if name == "study":
        return run.study is not None and text.lower() in run.study.name.lower()
    value = value_of(run, name)
    if name.startswith("setting.") and operator in (":", "=", "!="):
        flat = value if isinstance(value, list) else [value]
        words = {"true": True, "null": None}
        wanted = [text, words[text]] if text in words else [text]
        wanted += [float(text)] if text.replace(".", "").isdigit() else []
        present = "population" in run.spec["strategy_config"]
        return present and any(type_equal(a, b) for a in flat for b in wanted)
    values = value if isinstance(value, list) else [value]
    numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return any(ORDER[operator](v, float(text)) for v in numbers)


def type_equal(a, b) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


numbers = st.sampled_from(["-1", "0", "3", "5.5", "20"])
equal = st.sampled_from([":", "=", "!="])
order = st.sampled_from(sorted(ORDER))
leaves = st.one_of(
    st.builds(Word, st.sampled_from(["archived", "starred", "mine", "night", "PAPER", "1"])),
    st.builds(Word, st.sampled_from(["archived", "run 1", "%", "_", "'"]), st.just(True)),
    st.builds(Condition, st.just("seed"), order, st.sampled_from([("1",), ("2", "4"), ("0",)])),
    st.builds(Condition, st.just("evaluated"), order, st.just(("2",))),
    st.builds(Condition, st.just("error"), order, st.tuples(numbers)),
    st.builds(Condition, st.just("setting.population"), order, st.tuples(numbers)),
    st.builds(
        Condition,
        st.just("setting.population"),
        equal,
        st.tuples(st.sampled_from(["auto", "true", "null", "x"])),
    ),
    st.builds(Condition, st.just("tag"), equal, st.sampled_from([("a",), ("paper 2", "b")])),
    st.builds(Condition, st.just("author"), equal, st.sampled_from([("adam",), ("rosa", "x")])),
    st.builds(Condition, st.just("state"), equal, st.sampled_from([("failed",), ("running",)])),
    st.builds(Condition, st.just("study"), st.just(":"), st.sampled_from([("two",), ("z",)])),
)


def _groups(nodes):
    some = st.lists(nodes, min_size=1, max_size=3).map(tuple)
    return st.builds(Not, nodes) | st.builds(All, some) | st.builds(language.Any, some)


trees = st.recursive(leaves, _groups, max_leaves=6)


def test_trap_2_a_random_query_finds_what_a_filter_in_python_finds(rows, researcher):
    @settings(
        max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(trees)
    def check(tree):
        found = set(_found(language.print_query(All((tree,))), researcher))
        asks = language.conditions_of(tree)
        archived = any(isinstance(n, Word) and n == Word("archived") for n in asks)
        visible = [run for run in rows if archived or not run.archived_at]
        assert found == {run.pk for run in visible if holds(tree, run, researcher)}

    check()


def _found(text: str, user) -> list[int]:
    return list(Run.objects.filter(run_condition(text, user)).values_list("pk", flat=True))


def names(text: str, user) -> list[str]:
    runs = Run.objects.filter(run_condition(text, user)).order_by("pk")
    return [run.name.split()[1] for run in runs]


def test_days_ages_patterns_numbers_and_people(rows, researcher):
    first, last = rows[0].pk, rows[-1].pk
    assert names("ended:2026-01-02", researcher) == ["1"]
    assert names("ended>2026-01-21", researcher) == ["21", "23"]
    assert names("ended<=2026-01-04", researcher) == ["1", "3"]
    assert names("finished:2026-01-02", researcher) == ["1"]
    assert names("launched:yesterday", researcher) == names("created:yesterday", researcher)
    assert names("age<2d", researcher) == ["1"]
    assert names("age>=21d", researcher) == ["21", "22", "23"]
    since = (datetime.now(UTC) - timedelta(days=1)).date()  # run 1 is a day and minutes old
    assert names("created:yesterday or created:today", researcher) == [
        r.name.split()[1] for r in rows if r.created_at.date() >= since and not r.archived_at
    ]
    assert names(r"name~'^run\s1.*DAY$'".replace("'", '"'), researcher) == names(
        "name:day name:1 -name~[02-9]1 -name~2.", researcher
    )
    assert names(f"#{last}", researcher) != names(f"#{first}", researcher)
    assert (
        names("author:me", researcher)
        == names("mine", researcher)
        == [
            r.name.split()[1]
            for r in rows
            if r.created_by_id == researcher.pk and not r.archived_at
        ]
    )
    assert names("state:active", researcher) == names("state:running", researcher)
    assert names("error>1k", researcher) == names("error>=1000", researcher)
    assert names("text:paper", researcher) == names("study:paper", researcher)
    assert names('text:"paper 2"', researcher) == names('tag:"paper 2"', researcher)
    assert names("data:digits estimator:train space:nb201 objective:params", researcher) == names(
        "", researcher
    )


def test_trap_2_costs_and_values_that_are_not_finite_match_nothing(team, researcher):
    run = end_run(make_run(team, candidates=2), [("done", 5.0, 10.0), ("done", 4.0, 20.0)])
    run.refresh_from_db()
    assert run.best_values == {"error": 4.0, "params": 20.0}
    candidates = run.candidates.order_by("number")
    Candidate.objects.filter(pk=candidates[0].pk).update(epochs=float("nan"), seconds=7200)
    assert _found("epochs=1", researcher) == [run.pk]
    assert _found("epochs>1", researcher) == []
    assert _found("hours>=2 params<1k error<=4%", researcher) == [run.pk]
    assert _found("gpu_hours>0", researcher) == []
    assert _found("-gpu_hours>0", researcher) == [run.pk]


def test_a_best_candidate_that_violates_a_constraint_has_no_values(team, researcher):
    make_run(team, candidates=1, constraints=("params<10",))
    run = end_run(Run.objects.get(), [("done", 5.0, 3.2e6)])
    run.refresh_from_db()
    assert (run.best, run.best_values) == (0, {})


@pytest.mark.parametrize(
    ("text", "wrong", "says"),
    [
        ("a stat:running", "stat", "Did you mean state?"),
        ("state:runing", "runing", "must be one of queued, running"),
        ("state<running", "<", "does not take <"),
        ("seed:1,x", "x", "whole number"),
        ("seed:1.5", "1.5", "whole number"),
        ("seed:99999999999999999999", "9" * 20, "whole number"),
        ("error<nan", "nan", "needs a number"),
        ("error<1e999", "1e999", "needs a number"),
        ("created>tomorrow", "tomorrow", "2026-11-27"),
        ("age<7", "7", "7d"),
        ('name~"("', '"("', "regular expression"),
        ('name~"(a)\\\\1"', '"(a)\\\\1"', "without references"),
        ("setting.population>auto", "auto", "needs a number"),
        ("setting.:1", "setting.", "no field"),
    ],
)
def test_an_error_points_at_the_wrong_word_and_says_what_is_allowed(text, wrong, says, researcher):
    with transaction.atomic(), pytest.raises(QueryError) as caught:
        run_condition(text, researcher)
    assert text[caught.value.start : caught.value.end] == wrong
    assert says in caught.value.message


def test_every_field_says_what_it_is():
    assert all(about.endswith(".") for about in field_names().values())
