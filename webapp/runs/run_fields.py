"""The fields that runs are filtered by: the vocabulary of the query language for runs."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from django.db.models import Exists, F, FloatField, Func, IntegerField, OuterRef, Q, Subquery, Sum
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from nasengine import catalog
from webapp.queries import compiling, language
from webapp.queries.compiling import Vocabulary
from webapp.queries.fields import (
    EQUAL,
    Field,
    WrongValue,
    age_field,
    choice_field,
    date_field,
    json_field,
    json_key,
    number_field,
    text_field,
)

from .filters import has_word
from .imported import IMPORTED, SOURCES
from .models import ENDED_RUNS, Candidate, Run, RunState, Star
from .queries import BUSY_RUNS
from .shared_settings import with_settings

SETTING = "setting."
INFINITE = float("inf")


def run_condition(text: str, user: Any) -> Q:
    """Return the condition of a query; archived runs match only if it names `archived`.

    Raises:
        language.QueryError: what is wrong with the query, and where.
    """
    tree = language.parse(text)
    condition = compiling.compiled(tree, vocabulary(user))
    return condition if compiling.has_flag(tree, "archived") else condition & ACTIVE


ACTIVE = Q(archived_at__isnull=True)


def vocabulary(user: Any) -> Vocabulary:
    """Return what runs are filtered by; `me`, `mine` and `starred` mean this person."""
    own = Star.objects.filter(run=OuterRef("pk"), user=user.pk)
    flags = {
        "archived": Q(archived_at__isnull=False),
        "starred": Q(Exists(own)),
        "mine": Q(created_by=user.pk) & Q(created_by__isnull=False),
    }
    return Vocabulary({**_fields(), "author": _author(user)}, _other_field, flags, _word)


def field_names() -> dict[str, str]:
    """Return what each field is, for suggestions and docs."""
    return {name: field.about for name, field in _fields().items()} | {"author": AUTHOR}


def cost_of_run(column: str) -> Subquery:
    """Return the sum of a cost over the candidates of a run, skipping what is not finite."""
    finite = Q(**{f"{column}__gt": -INFINITE, f"{column}__lt": INFINITE})
    own = Candidate.objects.filter(finite, run=OuterRef("pk")).order_by().values("run")
    return Subquery(own.annotate(total=Sum(column)).values("total"), output_field=FloatField())


def front_size() -> Func:
    """Return the size of the front, read from JSON in the database."""
    return Func(
        KeyTransform("numbers", "front"),
        function="jsonb_array_length",
        output_field=IntegerField(),
    )


PERIOD = ": a day or a period, as in last-week or >=2026-11-20."
AUTHOR = "Name of the person who launched it, or me."


@cache
def _fields() -> dict[str, Field]:
    methods = (*catalog.names("strategies"), *SOURCES)
    states = tuple(str(state) for state in RunState.values)
    more = {"active": Q(state__in=BUSY_RUNS), "ended": Q(state__in=ENDED_RUNS)}
    strategy = choice_field("Search method.", "strategy", methods)
    launched = date_field(f"Time of its launch{PERIOD}", "created_at")
    ended = date_field(f"Time of its end{PERIOD}", "ended_at")
    space = _of_settings(text_field("Search space.", "spec__space"))
    data = _of_settings(text_field("Data set.", "spec__dataset"))
    return {
        "state": choice_field("State of the run, active or ended.", "state", states, more),
        "strategy": strategy,
        "method": strategy,
        "name": text_field("Name of the run.", "name"),
        "study": text_field("Name of its study.", "study__name"),
        "tag": Field(EQUAL, "One of its tags.", lambda _, text: Q(tags__contains=[text])),
        "note": text_field("Text of its notes.", "note"),
        "author": Field(EQUAL, AUTHOR, lambda *_: Q()),
        "seed": number_field("Seed.", F("seed"), whole=True),
        "id": number_field("Number of the run, as in its address.", F("pk"), whole=True),
        "space": space,
        "data": data,
        "dataset": data,
        "estimator": _of_settings(
            choice_field(
                "How candidates are scored.",
                KeyTextTransform("estimator", "spec"),
                (*catalog.names("estimators"), IMPORTED),
            )
        ),
        "objective": _of_settings(text_field("Name of an objective.", "spec__objectives")),
        "text": Field((":",), "Text in any of its names, tags and notes.", _anywhere),
        "budget": number_field("Budget in candidates.", F("candidate_budget"), whole=True),
        "evaluated": number_field(
            "Evaluated candidates.", F("told") - F("pruned") - F("retried"), whole=True
        ),
        "front": number_field("Candidates on the front.", front_size(), whole=True),
        "epochs": number_field("Epochs trained, all candidates.", cost_of_run("epochs")),
        "hours": number_field("Hours of evaluation.", cost_of_run("seconds") / 3600.0),
        "gpu_hours": number_field("GPU hours.", cost_of_run("gpu_seconds") / 3600.0),
        "age": age_field("Time since its launch, as in age<7d.", "created_at"),
        "created": launched,
        "launched": launched,
        "started": date_field(f"Time of its first candidate{PERIOD}", "started_at"),
        "ended": ended,
        "finished": ended,
    }


def _author(user: Any) -> Field:
    def condition(operator: str, text: str) -> Q:
        if text.lower() == "me":
            return Q(created_by=user.pk) & Q(created_by__isnull=False)
        return Q(created_by__username__iexact=text) & Q(created_by__isnull=False)

    return Field(EQUAL, AUTHOR, condition)


def _of_settings(field: Field) -> Field:
    """Return a field of `spec`, which is read once for all runs with the same settings."""
    return replace(field, condition=lambda op, text: with_settings(field.condition(op, text)))


def _other_field(name: str) -> Field | None:
    """Return the field of a setting or an objective."""
    if name.startswith(SETTING):
        keys = [key for key in name.removeprefix(SETTING).split(".") if key]
        if not keys:
            return None
        if keys == ["seed"]:
            return _fields()["seed"]
        # A single key may be one of the search or of one of its parts.
        anywhere = f"$.**{{0 to 1}}.{json_key(keys[0])}"
        path = anywhere if len(keys) == 1 else "$." + ".".join(map(json_key, keys))
        return _of_settings(json_field("A setting.", "spec", path))
    if catalog.has("objectives", name.partition("@")[0].lower()):
        path = f"$.{json_key(name)}"
        return json_field("Value of the best candidate.", "best_values", path, numbers_only=True)
    return None


def _word(text: str) -> Q:
    """A bare word: text in the names of run and study, or #12 for the run of that number."""
    number = text.removeprefix("#")
    if text.startswith("#") and number.isascii() and number.isdigit() and len(number) < 18:
        return Q(pk=int(number))
    return Q(name__icontains=text) | (Q(study__isnull=False) & Q(study__name__icontains=text))


def _anywhere(_: str, text: str) -> Q:
    if not text.strip():
        raise WrongValue("needs a text")
    return Q(pk__in=Run.objects.filter(has_word(text)).values("pk"))
