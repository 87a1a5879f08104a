"""`manage.py launch_study`: one question, several methods, several seeds."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nasengine.command_line.search_spec import add_arguments, spec_of
from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.search_spec import SearchSpec
from webapp.accounts.command_arguments import check_may, team_named, user_named
from webapp.runs.models import ENDED_RUNS, RunState, Study
from webapp.studies.forms import TICKED
from webapp.studies.plan import RANDOM_SEARCH, Method, Plan
from webapp.studies.results import results
from webapp.studies.services.launching import launch_study
from webapp.studies.table import cells_of

LOOK_SECONDS = 1.0
RESTING = (*ENDED_RUNS, RunState.PAUSED)


class Command(BaseCommand):
    help = "Launches a study; with --wait stays until its runs have ended, and ranks them."

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)
        methods = ",".join(TICKED)
        parser.add_argument(
            "--methods", default=methods, help=f"separated by commas; default {methods}"
        )
        parser.add_argument("--without-random", action="store_true", help="no random search")
        parser.add_argument("--seeds", type=int, default=5, help="how many, from --seed on")
        parser.add_argument(
            "--method-set",
            action="append",
            default=[],
            metavar="METHOD.NAME=VALUE",
            help="a setting of one method, as in nsga2.population=20",
        )
        parser.add_argument("--name", default="")
        parser.add_argument("--question", default="", help="what it is to find out, in words")
        parser.add_argument("--team", default="", help="slug; the first team without it")
        parser.add_argument("--user", default="", help="user name")
        parser.add_argument("--wait", action="store_true")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        team, user = team_named(options["team"]), user_named(options["user"])
        check_may(user, "launch", team)
        plan = _plan(options)
        name = options["name"] or f"Methods on {plan.spec.dataset}"
        try:
            study = launch_study(team, user, name, plan, options["question"])
        except InvalidSettings as error:
            raise CommandError(
                "\n".join(f"{name}: {text}" for name, text in error.errors.items())
            ) from None
        if not options["json"]:
            self.stdout.write(f"study {study.pk} launched: {study.name}, {plan.runs} runs")
        if options["wait"]:
            self._wait(study, quiet=options["json"])
        if options["json"]:
            document = {"id": study.pk, "name": study.name, "plan": study.plan}
            self.stdout.write(json.dumps({**document, "results": results(study)}, allow_nan=False))
        elif options["wait"]:
            self._rank(study)

    def _wait(self, study: Study, quiet: bool) -> None:
        shown = -1
        while study.runs.exclude(state__in=RESTING).exists():
            told = sum(study.runs.values_list("told", flat=True))
            if told != shown and not quiet:
                shown = told
                self.stdout.write(f"{told} candidates told")
            time.sleep(LOOK_SECONDS)

    def _rank(self, study: Study) -> None:
        found = results(study)
        for row in cells_of(found):
            cell = row[found["measure"]]
            told = cell.text if cell else "nothing measured"
            difference = f"; {row['difference'].text}" if row["strategy"] != RANDOM_SEARCH else ""
            self.stdout.write(
                f"{row['place']}. {row['strategy']}: {found['measure']} {told}{difference}"
            )


def _plan(options: dict[str, Any]) -> Plan:
    """The plan of the words, not checked yet."""
    try:
        spec = spec_of(Namespace(**{**options, "strategy": RANDOM_SEARCH}))
    except EngineError as error:
        raise CommandError(str(error)) from None
    configs = _configs(options["method_set"])
    names = [name.strip() for name in options["methods"].split(",") if name.strip()]
    if not options["without_random"] and RANDOM_SEARCH not in names:
        names.insert(0, RANDOM_SEARCH)
    if strangers := sorted(set(configs) - set(names)):
        raise CommandError(
            f"--method-set names {', '.join(strangers)[:80]}, which is not among the methods: "
            f"{', '.join(names)[:200]}"
        )
    if options["seeds"] < 1:
        raise CommandError(f"--seeds {options['seeds']}: give a whole number above 0")
    methods = tuple(Method(name, configs.get(name, {})) for name in names)
    return Plan(spec, methods, _seeds(spec, options["seeds"]))


def _seeds(spec: SearchSpec, count: int) -> tuple[int, ...]:
    try:
        first = int(spec.seed)
    except ValueError:
        raise CommandError(f"--seed {str(spec.seed)[:40]!r} is no whole number") from None
    return tuple(range(first, first + count))


def _configs(texts: list[str]) -> dict[str, dict[str, str]]:
    """Of each method the settings that METHOD.NAME=VALUE names."""
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        path, equals, value = text.partition("=")
        method, dot, name = path.strip().partition(".")
        if not equals or not dot or not name:
            raise CommandError(f"--method-set {text[:80]!r}: write METHOD.NAME=VALUE")
        found.setdefault(method, {})[name] = value
    return found
