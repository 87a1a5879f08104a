"""The filter of the run list; its values are part of the address."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet

from nasengine import catalog

from .labels import RUN_STATES
from .models import Run


class RunFilter(django_filters.FilterSet):
    """Filter by state, by method, and by words in name, tags, note, space or data set."""

    state = django_filters.MultipleChoiceFilter(
        choices=[(str(state), label.label) for state, label in RUN_STATES.items()]
    )
    method = django_filters.MultipleChoiceFilter(
        field_name="strategy", choices=[(name, name) for name in catalog.names("strategies")]
    )
    text = django_filters.CharFilter(method="by_text")

    class Meta:
        model = Run
        fields: list[str] = []

    def by_text(self, runs: QuerySet[Run], name: str, value: str) -> QuerySet[Run]:
        """Keep the runs in which every word occurs."""
        for word in value.split()[:10]:
            runs = runs.filter(
                Q(name__icontains=word)
                | Q(note__icontains=word)
                | Q(tags__contains=[word])
                | Q(spec__space__icontains=word)
                | Q(spec__dataset__icontains=word)
            )
        return runs
