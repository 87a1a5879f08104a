"""`manage.py import_runs`: runs of Optuna, MLflow, TensorBoard, W&B or a CSV file."""

from __future__ import annotations

import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from nasengine.core.errors import EngineError
from webapp.accounts.models import Team
from webapp.datasets.services.storing import scratch_folder
from webapp.imports.jobs import named
from webapp.imports.readers import optuna
from webapp.imports.readers.files import read_folder, read_upload
from webapp.imports.readers.recorded import RecordedRun
from webapp.imports.storing import store_runs


class Command(BaseCommand):
    """Imports the runs in a file, a folder or a database of Optuna."""

    help = (
        "Imports runs that another tool recorded: an SQLite file or a postgresql:// address of "
        "Optuna, a folder mlruns of MLflow, a log folder of TensorBoard, or a CSV file as W&B "
        "exports it. The same content is imported once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", help="a file, a folder, or postgresql://USER@HOST/DATABASE")
        parser.add_argument("--team", required=True, help="name of the team")
        parser.add_argument("--name", default="", help="name of the run if there is one")
        parser.add_argument("--objectives", default="", help="as in val_acc:higher,size:lower")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and print a line for each run."""
        team = Team.objects.filter(name=options["team"]).first()
        if team is None:
            raise CommandError(f"there is no team {options['team'][:80]!r}: use --team NAME")
        source: str = options["source"]
        try:
            found = named(_read(source, options["objectives"]), options["name"])
            runs, new = store_runs(team, None, found, Path(source).name)
        except EngineError as error:
            raise CommandError(f"{Path(source).name} {error}") from None
        except OSError as error:
            raise CommandError(f"{Path(source).name}: {error.strerror or error}") from None
        for run in runs:
            self.stdout.write(f"{run.pk}\t{run.name}\t{run.told} candidates")
        self.stdout.write(f"{new} imported, {len(runs) - new} imported before")


def _read(source: str, wanted: str) -> list[RecordedRun]:
    if source.startswith(("postgresql://", "postgres://")):
        return _read_database(source)
    path = Path(source)
    if path.is_dir():
        return read_folder(path, wanted)
    scratch = scratch_folder()
    try:
        copy = scratch / "uploaded"
        shutil.copyfile(path, copy)
        return read_upload(copy, path.name, scratch, wanted)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _read_database(address: str) -> list[RecordedRun]:
    try:
        with psycopg.connect(address, autocommit=False) as connection:
            connection.read_only = True

            def query(sql: str) -> list[tuple[Any, ...]]:
                return connection.execute(sql.encode()).fetchall()

            return optuna.read_storage(query)
    except psycopg.Error as error:
        line = str(error).partition("\n")[0]
        raise EngineError(f"cannot be read as a storage of Optuna ({line})") from None
