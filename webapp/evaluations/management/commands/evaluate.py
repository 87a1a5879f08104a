"""`manage.py evaluate`: train an architecture fully under a protocol."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nasengine.core.errors import EngineError, InvalidSettings
from webapp.accounts.command_arguments import check_may, team_named, user_named
from webapp.accounts.models import Team
from webapp.evaluations.models import Evaluation
from webapp.evaluations.queries import evaluations_of_team
from webapp.evaluations.results import evaluation_json
from webapp.evaluations.services.launch import EvaluationSpec, launch_evaluation, seeds_from
from webapp.evaluations.subjects import (
    Subject,
    candidate_subject,
    entry_subject,
    network_subject,
)
from webapp.runs.models import Candidate
from webapp.runs.services.cards import default_queue

POLL_SECONDS = 1.0
PLAIN = EvaluationSpec()
CANDIDATE = re.compile(r"(\d{1,18})/(\d{1,9})")


class Command(BaseCommand):
    help = (
        "Launches an evaluation: a full training for each seed. With --wait, waits until all have "
        "ended. NETWORK is RUN/CANDIDATE, as 3/17, the number or alias of a catalogue entry, or "
        "the name of a published network."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("network", metavar="NETWORK", help="3/17, 5 or DARTS_V2")
        parser.add_argument("--protocol", default=PLAIN.protocol, help="default: %(default)s")
        parser.add_argument(
            "--dataset", default="", help="default: that of the search, else that of the protocol"
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="setting of the protocol, or dataset.NAME of the data set; may be repeated",
        )
        parser.add_argument("--epochs", metavar="N", help="short for --set epochs=N")
        parser.add_argument("--cells", type=int, help="default: those of the protocol or network")
        parser.add_argument("--channels", type=int, help="default: likewise")
        parser.add_argument("--seeds", default="0-2", help="0,1,2 or 0-4; default: %(default)s")
        parser.add_argument(
            "--queue", default="", help="default: cuda if a worker has it, else cpu"
        )
        parser.add_argument("--team", default="", help="slug of the team; default: the first team")
        parser.add_argument("--user", default="", help="who launches it; default: none")
        parser.add_argument("--wait", action="store_true", help="wait until all seeds have ended")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        team, user = team_named(options["team"]), user_named(options["user"])
        check_may(user, "launch", team)
        try:
            subject = _subject(team, options["network"])
            evaluation = launch_evaluation(team, user, subject, _spec(options))
        except InvalidSettings as error:
            lines = (f"{name}: {text}" for name, text in error.errors.items())
            raise CommandError("\n".join(lines)) from None
        except EngineError as error:
            raise CommandError(str(error)) from None
        if not options["json"]:
            self.stdout.write(f"Launched evaluation {evaluation.pk}: {evaluation}")
        shown = (
            self._wait(evaluation, quiet=options["json"]) if options["wait"] else _now(evaluation)
        )
        if options["json"]:
            self.stdout.write(json.dumps(evaluation_json(shown), allow_nan=False))
        elif shown.mean is not None:
            spread = "" if shown.spread is None else f" (± {shown.spread:.4g})"
            self.stdout.write(
                f"{shown.objective} under {shown.protocol_name}: "
                f"{shown.mean:.4g}{spread} {shown.unit}, {shown.done} seeds"
            )
        if shown.state in ("failed", "diverged", "cancelled"):
            raise CommandError(f"evaluation {shown.pk} is {shown.state}: see its page")

    def _wait(self, evaluation: Evaluation, quiet: bool) -> Evaluation:
        shown = -1
        while (now := _now(evaluation)).state in ("queued", "running"):
            if now.done != shown and not quiet:
                shown = now.done
                self.stdout.write(f"{now.state}: {now.done} of {len(now.seeds)} seeds done")
            time.sleep(POLL_SECONDS)
        return now


def _now(evaluation: Evaluation) -> Evaluation:
    """Return the evaluation with its present state."""
    return evaluations_of_team(evaluation.team).get(pk=evaluation.pk)


def _subject(team: Team, text: str) -> Subject:
    if named := CANDIDATE.fullmatch(text):
        run, number = int(named[1]), int(named[2])
        rows = Candidate.objects.select_related("run").filter(run__team=team)
        candidate = rows.filter(run=run, number=number).first()
        if candidate is None:
            raise CommandError(f"{team} has no run {run} with a candidate {number}")
        return candidate_subject(candidate)
    if text.isascii() and text.isdigit() and len(text) < 18:
        return entry_subject(team, int(text))
    # By the reverse relation: the catalogue is above the evaluations and not imported here.
    alias = team.aliases.filter(name=text).first()
    return network_subject(text) if alias is None else entry_subject(team, alias.entry_id)


def _spec(options: dict[str, Any]) -> EvaluationSpec:
    settings = dict(_pair(text) for text in options["set"])
    if options["epochs"] is not None:
        settings["epochs"] = options["epochs"]
    start = "dataset."
    return EvaluationSpec(
        protocol=options["protocol"],
        changes={n: v for n, v in settings.items() if not n.startswith(start)},
        dataset=options["dataset"],
        dataset_config={
            n.removeprefix(start): v for n, v in settings.items() if n.startswith(start)
        },
        cells=options["cells"],
        channels=options["channels"],
        seeds=seeds_from(options["seeds"]),
        queue=options["queue"] or default_queue(),
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise CommandError(f"--set needs NAME=VALUE (got {text[:60]!r})")
    return name.strip(), value.strip()
