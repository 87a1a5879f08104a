"""Fill what every run has from now on: space version, data set, objectives, best candidate.

Units and directions are those of the version that wrote the rows, so they are listed here and
not read from the engine. Objectives that are columns of a table in a file are left empty; the
run's next step fills them in (webapp/runs/services/advance.py).
"""

import math

from django.db import migrations
from django.db.models import F, Max, Q
from django.utils import timezone

UNITS = {"error": "%", "perplexity": "", "params": "", "macs": "MAC", "latency": "ms"}
DRAFT_REASON = "was a draft of an earlier version, which could not be launched"
NOTE = "added for earlier runs"


def fill(apps, schema_editor):
    models = {name: apps.get_model("runs", name) for name in ("Space", "SpaceVersion", "DataSet")}
    Run = apps.get_model("runs", "Run")
    Run.objects.filter(state="draft").update(
        state="stopped", reason=DRAFT_REASON, ended_at=timezone.now()
    )
    runs = Run.objects.defer("strategy_state", "view", "front").select_related("benchmark_table")
    for run in runs.order_by("pk").iterator(chunk_size=200):
        if run.space_version_id is None:
            run.space_version = space_version_of(models, run)
        if run.data_set_id is None:
            run.data_set = data_set_of(models, run)
        run.objectives = objectives_of(run)
        run.best = best_of(apps.get_model("runs", "Measurement"), run)
        run.save(update_fields=["space_version", "data_set", "objectives", "best"])


def space_version_of(models, run):
    name, config = run.spec["space"], run.spec.get("space_config") or {}
    same = models["SpaceVersion"].objects.filter(
        Q(space__team=run.team_id) | Q(space__team=None), space__engine_space=name, config=config
    )
    if found := same.order_by(F("space__team").asc(nulls_last=True), "-number", "pk").first():
        return found
    spaces = models["Space"].objects.filter(team=run.team_id)
    space = spaces.filter(engine_space=name).order_by("pk").first() or spaces.create(
        team_id=run.team_id,
        engine_space=name,
        name=free_name(name, set(spaces.values_list("name", flat=True))),
    )
    newest = space.versions.aggregate(newest=Max("number"))["newest"] or 0
    return models["SpaceVersion"].objects.create(
        space=space, number=newest + 1, config=config, note=NOTE
    )


def data_set_of(models, run):
    DataSet = models["DataSet"]
    source, config = run.spec["dataset"][:40], run.spec.get("dataset_config") or {}
    same = DataSet.objects.filter(
        Q(team=run.team_id) | Q(team=None), source=source, config=config
    )
    if found := same.order_by(F("team").asc(nulls_last=True), "pk").first():
        return found
    taken = set(DataSet.objects.filter(team=run.team_id).values_list("name", flat=True))
    name = free_name(source, taken)
    return DataSet.objects.create(team_id=run.team_id, name=name, source=source, config=config)


def free_name(name, taken):
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free


def objectives_of(run):
    """The objectives as {name, kind, device, better, unit}; [] if they cannot be told here."""
    known = {}
    if run.benchmark_table_id is not None:
        rows = run.benchmark_table.objectives
        known = {
            row["name"]: (row["better"], row["unit"])
            for row in rows
            if row["dataset"] in ("", run.spec["dataset"])
        }
    elif run.spec.get("estimator") == "table":
        return []
    found = []
    for name in run.spec["objectives"]:
        kind, _, device = name.partition("@")
        if name not in known and kind not in UNITS:
            return []
        better, unit = known.get(name) or ("lower", UNITS[kind])
        found.append(
            {"name": name, "kind": kind, "device": device or None, "better": better, "unit": unit}
        )
    return found


def best_of(Measurement, run):
    """The number of the best done candidate, None if there is none.

    The least violation wins, then the first objective, then each further one, then the number.
    """
    better = {goal["name"]: goal["better"] for goal in run.objectives}
    signs = [-1.0 if better.get(n) == "higher" else 1.0 for n in run.spec["objectives"]]
    values, violations = {}, {}
    rows = Measurement.objects.filter(candidate__run=run, candidate__state="done").order_by()
    columns = ("candidate__number", "candidate__violation", "objective", "value")
    for number, violation, name, value in rows.values_list(*columns):
        violations[number] = violation or 0.0
        values.setdefault(number, {})[name] = value

    def key(number):
        named = values[number]
        costs = [
            sign * named[name] if name in named else math.inf
            for name, sign in zip(run.spec["objectives"], signs)
        ]
        return (violations[number], *costs, number)

    counted = [number for number in values if run.spec["objectives"][0] in values[number]]
    return min(counted, key=key, default=None)


class Migration(migrations.Migration):
    dependencies = [("runs", "0006_run_objectives"), ("tables", "0001_initial")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
