"""`manage.py launch_study`: compare several methods over several seeds."""

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
from webapp.runs.leased import Priority
from webapp.runs.models import ENDED_RUNS, RunState, Study
from webapp.studies.forms import TICKED
from webapp.studies.plan import RANDOM_SEARCH, Method, Plan
from webapp.studies.results import results
from webapp.studies.services.launching import launch_study
from webapp.studies.table import cells_of, equal_of

POLL_SECONDS = 1.0
RESTING = (*ENDED_RUNS, RunState.PAUSED)


class Command(BaseCommand):
    help = "Launches a study. With --wait, waits until its runs have ended and prints the ranking."

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)
        methods = ",".join(TICKED)
        parser.add_argument(
            "--methods",
            default=methods,
            help=f"strategies, separated by commas; default: {methods}",
        )
        parser.add_argument(
            "--without-random", action="store_true", help="do not add random search"
        )
        parser.add_argument(
            "--seeds", type=int, default=5, help="number of seeds, from --seed on; default: 5"
        )
        parser.add_argument(
            "--method-set",
            action="append",
            default=[],
            metavar="METHOD.NAME=VALUE",
            help="a setting of one method, for example nsga2.population=20; may be repeated",
        )
        parser.add_argument("--name", default="", help="default: Methods on DATASET")
        parser.add_argument(
            "--priority",
            type=int,
            choices=Priority.values,
            default=Priority.NORMAL,
            help="of all runs: 1 starts before other work, -1 after it; default: 0",
        )
        parser.add_argument("--question", default="", help="the question that the study answers")
        parser.add_argument("--team", default="", help="slug of the team; default: the first team")
        parser.add_argument(
            "--user", default="", help="name of the user who launches it; default: none"
        )
        parser.add_argument(
            "--stop-when-decided",
            action="store_true",
            help="stop runs that have not begun once their method's comparison is decided",
        )
        parser.add_argument("--wait", action="store_true", help="wait until all runs have ended")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        team, user = team_named(options["team"]), user_named(options["user"])
        check_may(user, "launch", team)
        plan = _plan(options)
        name = options["name"] or f"Methods on {plan.spec.dataset}"
        try:
            study = launch_study(
                team, user, name, plan, options["question"], priority=options["priority"]
            )
        except InvalidSettings as error:
            raise CommandError(
                "\n".join(f"{name}: {text}" for name, text in error.errors.items())
            ) from None
        if not options["json"]:
            self.stdout.write(f"Launched study {study.pk}: {study.name}, {plan.run_count} runs")
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
                self.stdout.write(f"{told} candidates evaluated")
            time.sleep(POLL_SECONDS)

    def _rank(self, study: Study) -> None:
        found = results(study)
        self.stdout.write(found["verdict"]["sentence"])
        equal = equal_of(found)
        if equal["amount"]:
            self.stdout.write(f"At {equal['amount']} per run:")
        for note in equal["notes"]:
            self.stdout.write(f"Provisional: {note}")
        for row in cells_of(found):
            cell = row[found["measure"]]
            value = cell.text if cell else "no value"
            difference = f"; {row['difference'].text}" if row["strategy"] != RANDOM_SEARCH else ""
            self.stdout.write(
                f"{row['place']}. {row['strategy']}: {found['measure']} {value}{difference}"
            )


def _plan(options: dict[str, Any]) -> Plan:
    """The plan that the options describe, not checked yet."""
    try:
        spec = spec_of(Namespace(**{**options, "strategy": RANDOM_SEARCH}))
    except EngineError as error:
        raise CommandError(str(error)) from None
    configs = _configs(options["method_set"])
    names = [name.strip() for name in options["methods"].split(",") if name.strip()]
    if not options["without_random"] and RANDOM_SEARCH not in names:
        names.insert(0, RANDOM_SEARCH)
    if unknown := sorted(set(configs) - set(names)):
        raise CommandError(
            f"--method-set names {', '.join(unknown)[:80]}, which is not among the methods: "
            f"{', '.join(names)[:200]}"
        )
    if options["seeds"] < 1:
        raise CommandError(f"--seeds must be at least 1 (got {options['seeds']})")
    methods = tuple(Method(name, configs.get(name, {})) for name in names)
    return Plan(
        spec, methods, _seeds(spec, options["seeds"]), bool(options.get("stop_when_decided"))
    )


def _seeds(spec: SearchSpec, count: int) -> tuple[int, ...]:
    try:
        first = int(spec.seed)
    except ValueError:
        raise CommandError(f"--seed must be a whole number (got {str(spec.seed)[:40]!r})") from None
    return tuple(range(first, first + count))


def _configs(texts: list[str]) -> dict[str, dict[str, str]]:
    """The settings of each method, from texts of the form METHOD.NAME=VALUE."""
    configs: dict[str, dict[str, str]] = {}
    for text in texts:
        path, equals, value = text.partition("=")
        method, dot, name = path.strip().partition(".")
        if not equals or not dot or not name:
            raise CommandError(f"--method-set must be METHOD.NAME=VALUE (got {text[:80]!r})")
        configs.setdefault(method, {})[name] = value
    return configs
