"""`manage.py check_catalogue`: rebuild the approved architectures and check them now."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.accounts.command_arguments import team_named
from webapp.architectures.models import USABLE, CatalogueEntry, EntryCheck
from webapp.architectures.services.checks import QUEUE, request_check
from webapp.jobs.models import OPEN_JOBS
from webapp.runs.queries import live_slots

POLL_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Has workers rebuild every approved or deployed architecture, compares its counts and the "
        "outputs of its stored network with what is known, and waits for the results. The status "
        "is 1 if something differs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--team", default="", help="slug of the team; default: all teams")
        parser.add_argument("--all", action="store_true", help="entries of every stage")
        parser.add_argument("--no-wait", action="store_true", help="queue the checks and return")

    def handle(self, *args: Any, **options: Any) -> None:
        entries = CatalogueEntry.objects.order_by("pk").defer("network", "architecture")
        if options["team"]:
            entries = entries.filter(team=team_named(options["team"]))
        if not options["all"]:
            entries = entries.filter(stage__in=USABLE)
        keys = list(entries.values_list("pk", flat=True))
        for entry in entries.iterator():
            request_check(entry)
        self.stdout.write(f"Checks queued: {len(keys)}")
        if options["no_wait"] or not keys:
            return
        self._wait(keys)
        problems = sum(self._print(entry) for entry in entries.filter(pk__in=keys))
        if problems:
            raise CommandError(f"{problems} of {len(keys)} architectures differ")

    def _wait(self, keys: list[int]) -> None:
        """Wait until no check of these entries is open."""
        waiting = EntryCheck.objects.filter(entry__in=keys, state__in=OPEN_JOBS)
        while waiting.exists():
            served = {queue for slot in live_slots("evaluation") for queue in slot.queues}
            if QUEUE not in served:
                raise CommandError(
                    f"no worker serves queue {QUEUE}, so the checks wait: start one, as in "
                    f"celery -A workers worker -Q {QUEUE}"
                )
            time.sleep(POLL_SECONDS)

    def _print(self, entry: CatalogueEntry) -> bool:
        """Print the result of an entry; return whether something differs."""
        if entry.check_passed:
            self.stdout.write(f"as before  {entry.pk} {entry.name}")
            return False
        problems = "; ".join(entry.check_report.get("problems", [])) or "was not checked"
        self.stdout.write(f"differs    {entry.pk} {entry.name}: {problems}")
        return True
