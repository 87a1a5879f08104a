"""One order of locks: a run's row first, then whatever belongs to the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from webapp.runs.models import Run


@contextmanager
def locked_run(run_id: int) -> Iterator[Run]:
    """A transaction that holds the run's row; its events commit in the order of `seq`.

    Raises:
        Run.DoesNotExist: the run was deleted.
    """
    with transaction.atomic():
        # "no key": rows that only refer to the run may still be inserted by others.
        yield Run.objects.select_for_update(no_key=True).get(pk=run_id)
