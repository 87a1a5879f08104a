"""`manage.py import_table`: import a benchmark table from a file for a team."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nasengine.core.errors import InvalidSettings
from nasengine.core.pinned import MAX_NAME_LENGTH
from webapp.accounts.command_arguments import check_may, team_named, user_named
from webapp.tables.labels import fit_words
from webapp.tables.queries import names_of
from webapp.tables.services.importing import Import, import_table
from webapp.tables.services.mapping import Mapping

REFUSED = 2
TEXT_OPTIONS = {
    "name": "name of the table; default: the name of the file",
    "team": "slug of the team; default: the first team",
    "user": "name of the user who imports it; default: none",
    "space": "search space of the rows; every row is validated against it; default: the space "
    "that the columns define, if no built-in space reads them",
    "datasets": "names that a run may give as its data set, separated by commas; "
    "default: the name of the table",
    "columns": "objectives and their columns, for example "
    "error=val_acc:100-x:%%,latency@board=ms::ms; default: the NAS-Bench-201 layout",
    "report": "columns that are shown with candidates but are not objectives",
    "architecture": "column with the architecture, or one column for each decision, separated "
    "by commas; default: arch_str",
    "note": "a remark for the team",
}


class Command(BaseCommand):
    help = "Imports a CSV or JSON file, plain or gzip, as a benchmark table for searches of a team."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", help=".csv in UTF-8 with a header row, .json or .jsonl; also .gz"
        )
        for name, text in TEXT_OPTIONS.items():
            parser.add_argument(f"--{name}", default="", help=text)
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = _imported(options)
        except InvalidSettings as error:
            lines = [f"{name}: {text}" for name, text in error.errors.items()]
            raise CommandError("\n".join(lines), returncode=REFUSED) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise CommandError(f"{options['file']}: {reason}", returncode=REFUSED) from None
        except CommandError as error:
            raise CommandError(str(error), returncode=REFUSED) from None
        self.stdout.write(json.dumps(_row(done)) if options["json"] else _line(done))


def _imported(options: dict[str, Any]) -> Import:
    team, user = team_named(options["team"]), user_named(options["user"])
    check_may(user, "import", team)
    path = Path(options["file"])
    mapping = Mapping(
        space=options["space"],
        datasets=tuple(options["datasets"].split(",")),
        columns=tuple(options["columns"].split(",")),
        report=tuple(options["report"].split(",")),
        architecture=options["architecture"],
    )
    with path.open("rb") as file:
        name = options["name"] or _name_of(path)
        return import_table(team, user, file, name, mapping, note=options["note"])


def _name_of(path: Path) -> str:
    """The file's name, reduced to the characters that a table's name may have."""
    stem = re.split(r"\.(?:csv|jsonl?)", path.name.lower())[0]
    return re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._")[:MAX_NAME_LENGTH]


def _line(done: Import) -> str:
    table = done.table
    word = "imported" if done.new else "was imported before, with the same rows and mapping"
    return (
        f"{table} {word}: {table.rows:,} rows, {fit_words(table)}, "
        f"{len(names_of(table))} objectives; search on it as table:{table.name}"
    )


def _row(done: Import) -> dict[str, Any]:
    table = done.table
    return {
        "id": table.pk,
        "name": table.name,
        "version": table.version,
        "new": done.new,
        "team": table.team.slug,
        "path": table.fixed.path,
        "digest": table.digest,
        "space": table.space,
        "datasets": table.datasets,
        "columns": table.columns,
        "report": table.report,
        "architecture": table.architecture,
        "rows": table.rows,
        "objectives": table.objectives,
        "findings": table.findings,
    }
