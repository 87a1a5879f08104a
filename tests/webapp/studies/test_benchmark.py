"""A study as a benchmark: exported, imported by another team, searched by lookup."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from tests.fixtures.api import downloaded
from tests.fixtures.factories import make_member, make_team
from tests.fixtures.study_plans import small_plan, tell
from webapp.runs.services.advance import advance_run
from webapp.runs.services.launch import launch
from webapp.studies.services.launching import launch_study
from webapp.tables.models import BenchmarkTable
from webapp.tables.services import import_jobs

pytestmark = pytest.mark.django_db


def test_a_study_becomes_a_table_that_another_team_searches(team, researcher, sign_in):
    study = launch_study(team, researcher, "cells", small_plan(), "Which cell is best?")
    first = study.runs.order_by("pk")[0]
    tell(first, [5, 4, 3, 2], [100, 200, 300, 400])
    answer = sign_in(researcher).get(f"/studies/{study.pk}/benchmark.zip")
    content = downloaded(answer)
    archive = zipfile.ZipFile(io.BytesIO(content))
    about = json.loads(archive.read("croissant.json"))
    assert about["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    names = [field["name"] for field in about["recordSet"][0]["field"]]
    assert names == ["architecture", "error", "params", "evaluations", "seeds"]
    lines = archive.read("table.csv").decode().splitlines()
    assert len(lines) == 5 and lines[0] == ",".join(names)

    others = make_team()
    job = import_jobs.request_import(
        others, make_member(others), io.BytesIO(content), "cells.zip", {"name": "cells"}
    )
    import_jobs.run(import_jobs.claim(), import_jobs.content_of(job))
    job.refresh_from_db()
    assert job.errors == {}
    table = BenchmarkTable.objects.get(team=others)
    assert (table.rows, table.space) == (4, first.spec["space"])
    assert table.space_config == first.spec["space_config"]
    assert table.fit["fits"] == 4
    assert {o["name"]: o["better"] for o in table.objectives} == {
        "error": "lower",
        "params": "lower",
    }

    spec = SearchSpec(
        space=table.space,
        space_config=table.space_config,
        strategy="random",
        estimator="table",
        estimator_config={"path": "table:cells"},
        dataset=table.datasets[0],
        seed=first.seed,
        candidates=4,
    )
    run = launch(others, make_member(others), spec, "on the benchmark")
    while advance_run(run.pk):
        pass
    run.refresh_from_db()
    found = dict(run.candidates.filter(state="done").values_list("architecture_id", "number"))
    known = dict(first.candidates.filter(state="done").values_list("architecture_id", "number"))
    assert run.told == 4
    assert set(found) == set(known)  # the same method with the same seed
    for identity, number in found.items():
        values = run.candidates.get(number=number).measurements.values_list("objective", "value")
        same = first.candidates.get(number=known[identity]).measurements
        assert dict(values).items() <= dict(same.values_list("objective", "value")).items()


def test_an_archive_that_is_no_benchmark_is_refused(team, researcher):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("table.csv", "a,b\n")
    with pytest.raises(InvalidSettings, match="is no archive of a benchmark"):
        import_jobs.request_import(team, researcher, out, "x.zip", {"name": "x"})
