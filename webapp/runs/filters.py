"""The filter of the run list; its values are part of the address."""

from __future__ import annotations

import re

import django_filters
from django.db.models import Q, QuerySet

from nasengine import catalog

from .labels import RUN_STATES
from .models import Run

SEED = re.compile(r"\bseed[ =:]*([0-9]{1,18})\b", re.IGNORECASE)


class RunFilter(django_filters.FilterSet):
    """Filter by state, method and study, and by a text.

    Words of the text are looked for in the names of the run and of its study, tags, note, space,
    data set, objectives and author; a whole number is also the number of a run, `#12` only that.
    `seed 3` means exactly this seed.
    """

    state = django_filters.MultipleChoiceFilter(
        choices=[(str(state), label.label) for state, label in RUN_STATES.items()]
    )
    method = django_filters.MultipleChoiceFilter(
        field_name="strategy", choices=[(name, name) for name in catalog.names("strategies")]
    )
    text = django_filters.CharFilter(method="by_text")
    study = django_filters.NumberFilter(field_name="study")

    class Meta:
        model = Run
        fields: list[str] = []

    def by_text(self, runs: QuerySet[Run], name: str, value: str) -> QuerySet[Run]:
        """Keep the runs in which every word occurs."""
        for seed in SEED.findall(value):
            runs = runs.filter(seed=int(seed))
        for word in SEED.sub(" ", value).split()[:10]:
            runs = runs.filter(has_word(word))
        return runs


def has_word(word: str) -> Q:
    """Return the condition that a word occurs in a run; a number is also that of a run."""
    number = word.removeprefix("#")
    is_number = number.isascii() and number.isdigit() and len(number) < 18
    if is_number and word != number:
        return Q(pk=int(number))
    found = (
        Q(name__icontains=word)
        | Q(study__name__icontains=word)
        | Q(note__icontains=word)
        | Q(tags__contains=[word])
        | Q(spec__space__icontains=word)
        | Q(spec__dataset__icontains=word)
        | Q(spec__objectives__icontains=word)
        | Q(created_by__username__icontains=word)
    )
    return found | Q(pk=int(number)) if is_number else found
