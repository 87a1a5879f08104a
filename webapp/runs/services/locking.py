"""Locking order: the row of a run is locked before any row that belongs to the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from webapp.runs.models import Run


@contextmanager
def locked_run(run_id: int) -> Iterator[Run]:
    """Open a transaction that locks the run's row; its events commit in the order of `seq`.

    Raises:
        Run.DoesNotExist: the run was deleted.
    """
    with transaction.atomic():
        # "no key": other transactions may still insert rows that refer to the run.
        yield Run.objects.select_for_update(no_key=True).get(pk=run_id)
