"""`manage.py seed_demo`: a team of made-up runs, to try pages at their full size."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.accounts.models import Team, User
from webapp.runs.models import Run
from webapp.start.demo import SLUG, TEAM, Demo, make_demo


class Command(BaseCommand):
    """Makes the demonstration team; refuses where there are real runs, unless asked."""

    help = (
        "Makes a team of made-up runs: studies, and one run of many candidates. The same seed "
        "makes the same rows."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = Demo()
        parser.add_argument("--runs", type=int, default=default.runs)
        parser.add_argument("--candidates", type=int, default=default.candidates)
        parser.add_argument("--seed", type=int, default=default.seed)
        parser.add_argument("--user", default="", help="this person becomes owner of the team")
        parser.add_argument(
            "--beside-real-work", action="store_true", help="also if the database has other runs"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not (0 <= options["runs"] <= 100_000 and 1 <= options["candidates"] <= 100_000):
            raise CommandError("--runs and --candidates must be at most 100,000 and positive")
        if Team.objects.filter(slug=SLUG).exists():
            raise CommandError(f"the team {TEAM!r} exists already: delete it first")
        if Run.objects.exists() and not options["beside_real_work"]:
            raise CommandError(
                "this database has runs of people: add --beside-real-work to add made-up ones"
            )
        member = User.objects.filter(username=options["user"]).first()
        if options["user"] and member is None:
            raise CommandError(f"no person is called {options['user']!r}")
        demo = Demo(options["runs"], options["candidates"], seed=options["seed"])
        make_demo(demo, member)
        self.stdout.write(f"{demo.runs + 1:,} runs in the team {TEAM!r}")
