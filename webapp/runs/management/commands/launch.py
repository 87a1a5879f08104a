"""`manage.py launch`: launch a run with the options of `python -m nasengine search`."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nasengine.command_line.search_spec import add_arguments, spec_of
from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.search_spec import SearchSpec
from webapp.accounts.command_arguments import check_may, team_named, user_named
from webapp.runs.models import ENDED_RUNS, Run, RunState
from webapp.runs.queries import row_of_run
from webapp.runs.services.launch import launch

POLL_SECONDS = 1.0


class Command(BaseCommand):
    help = "Launches a run. With --wait, waits until it has ended."

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)
        parser.add_argument(
            "--as-they-come",
            action="store_true",
            help="report results in the order in which candidates end (not repeatable)",
        )
        parser.add_argument("--name", default="", help="default: STRATEGY on DATASET")
        parser.add_argument("--tag", action="append", default=[], help="may be repeated")
        parser.add_argument("--team", default="", help="slug of the team; default: the first team")
        parser.add_argument(
            "--user", default="", help="name of the user who launches it; default: none"
        )
        parser.add_argument("--wait", action="store_true", help="wait until the run has ended")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        team, user = team_named(options["team"]), user_named(options["user"])
        check_may(user, "launch", team)
        spec = _spec(options)
        name = options["name"] or f"{spec.strategy} on {spec.dataset}"
        try:
            run = launch(team, user, spec, name, tags=options["tag"])
        except InvalidSettings as error:
            raise CommandError(_lines(error)) from None
        if not options["json"]:
            self.stdout.write(f"Launched run {run.pk}: {run.name}")
        if options["wait"]:
            self._wait(run, quiet=options["json"])
        if options["json"]:
            self.stdout.write(json.dumps(row_of_run(run), allow_nan=False))
        if run.state == RunState.FAILED:
            raise CommandError(f"run {run.pk} failed: {run.reason}")

    def _wait(self, run: Run, quiet: bool) -> None:
        shown = -1
        while run.state not in (*ENDED_RUNS, RunState.PAUSED):
            time.sleep(POLL_SECONDS)
            run.refresh_from_db()
            if run.told != shown and not quiet:
                shown = run.told
                self.stdout.write(
                    f"{run.state}: {run.budget_used} of {run.candidate_budget} candidates evaluated"
                )


def _spec(options: dict[str, Any]) -> SearchSpec:
    try:
        spec = spec_of(Namespace(**options))
    except EngineError as error:
        raise CommandError(str(error)) from None
    return replace(spec, deterministic=not options["as_they_come"])


def _lines(error: InvalidSettings) -> str:
    return "\n".join(f"{name}: {text}" for name, text in error.errors.items())
