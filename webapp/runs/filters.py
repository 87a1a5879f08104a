"""What the list of runs can be narrowed to; all of it stands in the address."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet

from nasengine import catalog

from .labels import RUN_STATES
from .models import Run


class RunFilter(django_filters.FilterSet):
    """By state, by method, by a text in name, tags, note, space or data."""

    state = django_filters.MultipleChoiceFilter(
        choices=[(str(state), word.word) for state, word in RUN_STATES.items()]
    )
    method = django_filters.MultipleChoiceFilter(
        field_name="strategy", choices=[(name, name) for name in catalog.names("strategies")]
    )
    text = django_filters.CharFilter(method="by_text")

    class Meta:
        model = Run
        fields: list[str] = []

    def by_text(self, runs: QuerySet[Run], name: str, value: str) -> QuerySet[Run]:
        """Every word must occur somewhere."""
        for word in value.split()[:10]:
            runs = runs.filter(
                Q(name__icontains=word)
                | Q(note__icontains=word)
                | Q(tags__contains=[word])
                | Q(spec__space__icontains=word)
                | Q(spec__dataset__icontains=word)
            )
        return runs
