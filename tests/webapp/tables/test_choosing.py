"""A run names a table of its team, keeps the version of its launch, and reads its copy."""

from __future__ import annotations

import gzip

import pytest

from nasengine.core.errors import InvalidSettings
from nasengine.estimators.tables.imported import imported_table
from tests.fixtures.factories import OWN, make_table, make_team, table_text
from tests.fixtures.tables import write_table
from webapp.runs.objectives import goals_of_run
from webapp.runs.services.launch import launch
from webapp.tables.models import BenchmarkTable
from webapp.tables.services.importing import import_table
from webapp.tables.services.mapping import Mapping
from webapp.tables.services.materialise import materialise_table, sweep_tables
from webapp.tables.services.resolve import resolve

from ...fixtures.table_specs import asked

pytestmark = pytest.mark.django_db


def refused(team, spec):
    with pytest.raises(InvalidSettings) as error:
        launch(team, None, spec, "a run")
    return error.value.errors


def config_of(run) -> dict:
    return run.spec["estimator_config"]


def test_a_run_keeps_the_table_version_of_its_launch(laid):
    team = make_team()
    first = make_table(team, text=table_text())
    run = launch(team, None, asked("table:made", "made"), "first")
    second = make_table(team, text=table_text(seed=1))
    later = launch(team, None, asked("table:made", "made"), "second")
    assert (run.benchmark_table, later.benchmark_table) == (first, second)
    assert config_of(run)["path"] == f"table:made@{first.digest}"
    assert config_of(later)["path"] == f"table:made@{second.digest}"
    again = launch(team, None, asked(config_of(run)["path"], "made"), "cloned")
    assert again.benchmark_table == first
    assert sorted(path.name for path in laid.iterdir()) == sorted(
        f"{table.digest}.csv.gz" for table in (first, second)
    )


def test_the_column_mapping_of_the_import_is_stored_with_the_run():
    team = make_team()
    make_table(team)
    run = launch(team, None, asked("table:made", "made"), "as imported")
    assert config_of(run)["columns"] == list(OWN.columns)
    assert config_of(run)["report"] == list(OWN.report)
    assert config_of(run)["architecture"] == "net"
    own = {"path": "table:made", "columns": ["error=test:100-x:%"]}
    spec = asked("", "made", objectives=("error",), estimator_config=own)
    run = launch(team, None, spec, "my own")
    assert config_of(run)["columns"] == ["error=test:100-x:%"]
    assert (config_of(run)["report"], config_of(run)["architecture"]) == ([], "net")


@pytest.mark.parametrize("form", ["table:{name}", "table:{name}@{digest}"])
def test_a_table_of_another_team_is_treated_as_missing(form, laid):
    team, other = make_team(), make_team()
    table = make_table(other, "theirs", table_text())
    make_table(team, "ours")
    path = form.format(name=table.name, digest=table.digest)
    absent = form.format(name="nobodys", digest="0" * 64)
    errors = refused(team, asked(path, "theirs"))
    assert list(errors) == ["estimator_config.path"]
    message = errors.popitem()[1]
    assert message.startswith(f"{team} has no table 'theirs")
    assert "; it has: ours. Choose one of them" in message
    assert refused(team, asked(absent, "theirs")).keys() == {"estimator_config.path"}
    assert not laid.exists()


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        (
            asked("table:made", "digits"),
            "dataset",
            "table made has no data set 'digits': choose one of made",
        ),
        (
            asked("table:made", "made", space="cell"),
            "space",
            "made has architectures of nb201, not of cell",
        ),
        (asked("table:Made", "made"), "estimator_config.path", "is not an imported table"),
        (
            asked("table:made", "made", objectives=("error", "energy@board")),
            "objectives",
            "energy@board is not in the table",
        ),
    ],
)
def test_settings_that_do_not_fit_the_table_are_refused(spec, field, message):
    team = make_team()
    make_table(team)
    assert message in refused(team, spec)[field]


def test_all_errors_are_reported_at_once():
    team = make_team()
    make_table(team)
    errors = refused(team, asked("table:made", "x", space="cell", candidates=0))
    assert {"space", "dataset", "candidates"} <= errors.keys()


def test_a_missing_copy_is_written_again(laid):
    team = make_team()
    table = make_table(team, text=table_text())
    run = launch(team, None, asked("table:made", "made"), "a run")
    file = imported_table(config_of(run)["path"]).file
    file.unlink()
    materialise_table(run.spec)
    assert gzip.decompress(file.read_bytes()) == gzip.decompress(bytes(table.content))
    assert [path.name for path in laid.iterdir()] == [file.name]


def test_materialising_an_existing_copy_takes_no_query(django_assert_num_queries):
    team = make_team()
    make_table(team)
    run = launch(team, None, asked("table:made", "made"), "a run")
    with django_assert_num_queries(0):
        materialise_table(run.spec)
        materialise_table({"estimator": "train", "estimator_config": {}})
        materialise_table({"estimator": "table", "estimator_config": {"path": "some/file.csv"}})
        materialise_table({"estimator": "table", "estimator_config": {"path": "table:WRONG"}})


def test_units_are_known_without_the_copy(laid, django_assert_num_queries):
    """As on a web server without a copy, for a table whose columns come from its header."""
    team = make_team()
    path = write_table(laid.parent / "made.csv.gz", every=500)
    with path.open("rb") as file:
        import_table(team, None, file, "nb", Mapping())
    run = launch(team, None, asked("table:nb", "cifar10", objectives=("error",)), "a run")
    for laid_down in laid.iterdir():
        laid_down.unlink()
    with django_assert_num_queries(0):
        goals = goals_of_run(run)
    assert goals == [{"name": "error", "unit": "%", "better": "lower"}]
    assert not any(laid.iterdir())


def test_a_table_folder_that_cannot_be_written_is_an_error_of_the_path(laid):
    team = make_team()
    make_table(team)
    laid.write_text("a file in its place")
    message = refused(team, asked("table:made", "made"))["estimator_config.path"]
    assert "cannot be written to" in message and "PARETOSCOPE_TABLES" in message


def test_copies_of_deleted_tables_are_deleted(laid):
    team = make_team()
    table = make_table(team)
    spec = resolve(team, asked("table:made", "made")).spec.to_json()
    (laid / f"{'0' * 64}.csv.gz").write_bytes(b"")
    (laid / "note.txt").write_text("another file")
    assert sweep_tables() == 1
    BenchmarkTable.objects.get(pk=table.pk).delete()
    assert sweep_tables() == 1
    assert [path.name for path in laid.iterdir()] == ["note.txt"]
    materialise_table(spec)  # no table, no copy, no error


def test_deleting_a_team_deletes_its_tables_and_runs():
    team = make_team()
    make_table(team)
    launch(team, None, asked("table:made", "made"), "a run")
    team.delete()
    assert not BenchmarkTable.objects.exists()
