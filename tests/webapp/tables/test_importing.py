"""Importing tables: stored values, versions, errors by field, checking, deleting."""

from __future__ import annotations

import gzip
import io
import json
import pickle
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from nasengine.core.errors import InvalidSettings
from tests.fixtures.factories import OWN, make_member, make_table, make_team, table_text
from tests.fixtures.tables import DEVICES, write_table
from webapp.accounts.models import Role
from webapp.runs.services.launch import launch
from webapp.tables.labels import fit_words, warnings_of
from webapp.tables.models import BenchmarkTable
from webapp.tables.services.checking import CheckFailed, check_again, delete_unused
from webapp.tables.services.importing import import_table
from webapp.tables.services.mapping import Mapping

from ...fixtures.table_specs import asked

pytestmark = pytest.mark.django_db
ONE = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
TEXT = f"net,acc,test,ms\n{ONE},60,50,1\n"


def refused(text: str | bytes = TEXT, name: str = "mine", note: str = "", **changed):
    """Return the messages of an import that must be refused."""
    raw = text.encode() if isinstance(text, str) else text
    with pytest.raises(InvalidSettings) as error:
        import_table(make_team(), None, io.BytesIO(raw), name, replace(OWN, **changed), note=note)
    assert not BenchmarkTable.objects.exists()
    return error.value.errors


@pytest.fixture(scope="module")
def nb201(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("tables") / "made.csv.gz", every=100)


def test_a_nas_bench_201_table_needs_no_mapping(nb201):
    team = make_team()
    with nb201.open("rb") as file:
        done = import_table(team, None, file, "nb201", Mapping())
    table = BenchmarkTable.objects.get()
    assert (done.new, done.table, table.version, table.rows) == (True, table, 1, 157)
    assert (table.space, table.columns, table.architecture) == ("nb201", [], "arch_str")
    assert table.datasets == ["cifar10", "cifar100", "imagenet16-120"]
    assert len(table.objectives) == 3 * (3 + len(DEVICES) + 1)
    assert table.objectives[0] == {
        "dataset": "cifar10",
        "name": "error",
        "unit": "%",
        "better": "lower",
        "column": "c10_val_acc_200",
        "rows": 157,
    }
    assert fit_words(table) == "157 of the 15,625 architectures of nb201"
    assert "lacks 15,468 architectures" in warnings_of(table)[0]
    assert gzip.decompress(bytes(table.content)).startswith(b"arch_index,arch_str,c10_params")


def test_given_columns_are_stored_unchanged():
    team = make_team()
    user = make_member(team)
    table = make_table(team, "my-net.v2", table_text(), user)
    assert (table.rows, table.space, table.created_by) == (15625, "nb201", user)
    assert (table.columns, table.report) == (list(OWN.columns), list(OWN.report))
    assert (table.architecture, table.datasets) == ("net", ["my-net.v2"])
    assert [(o["name"], o["unit"], o["rows"]) for o in table.objectives] == [
        ("error", "%", 15625),
        ("latency@board", "ms", 15625),
    ]
    assert fit_words(table) == "15,625 of the 15,625 architectures of nb201"
    assert warnings_of(table) == []
    assert "content" in BenchmarkTable.objects.get().get_deferred_fields()


def test_a_changed_table_is_a_new_version_and_the_same_table_is_not():
    team = make_team()
    first = make_table(team)
    assert make_table(team) == first
    assert make_table(team, text=TEXT).version == 2
    changed = make_table(team, text=TEXT, mapping=replace(OWN, report=()))
    assert (changed.version, changed.digest) == (3, BenchmarkTable.objects.get(version=2).digest)
    assert make_table(team).version == 4  # not the newest any more
    assert make_table(make_team()).version == 1
    first.refresh_from_db()
    assert first.version == 1


def test_findings_are_described_in_sentences():
    text = TEXT + f"{ONE},1,1,1\n,1,1,1\nstrange,70,,\n"
    table = make_table(make_team(), text=text)
    assert fit_words(table) == "1 of the 15,625 architectures of nb201"
    warnings = warnings_of(table)
    assert warnings[0].startswith("1 row names an architecture again; the first row")
    assert warnings[1] == "1 row names no architecture and is ignored."
    assert warnings[2].startswith("1 of 2 checked rows name no architecture of nb201; the first")
    assert "is 'strange'" in warnings[2]
    assert warnings[3].startswith("The table lacks 15,624 architectures")
    assert warnings[4].startswith("1 architecture have no finite value in column ms")


@pytest.mark.parametrize(
    ("changed", "field", "message"),
    [
        ({"name": ""}, "name", "must not be empty"),
        ({"name": "../etc"}, "name", "is not allowed"),
        ({"name": "x" * 61}, "name", "is not allowed"),
        ({"space": "moon"}, "space", "'moon' is not a space: choose one of"),
        (
            {"columns": (), "report": ()},
            "columns",
            "assign its columns (net, acc, test, ms) to objectives",
        ),
        ({"columns": ("error=acc:y",)}, "columns", "'y' is not a conversion"),
        ({"columns": ("error=acc", "error=ms")}, "columns", "names an objective twice"),
        ({"columns": ("error=accuracy",)}, "columns", "no column accuracy in the file; it has net"),
        ({"columns": ("error=net",)}, "columns", "no row has a finite number in net"),
        ({"report": ("test_error=tst",)}, "report", "no column tst in the file"),
        ({"architecture": "arch"}, "architecture", "no column arch in the file"),
        ({"architecture": ""}, "architecture", "no column arch_str in the file"),
        ({"architecture": "acc"}, "architecture", "none of the 1 checked rows"),
        ({"architecture": "net,acc"}, "architecture", "nb201 has 6 decisions"),
        ({"datasets": ("a b",)}, "datasets", "'a b' is not allowed: use at most 40 letters"),
        ({"datasets": tuple(f"d{i}" for i in range(21))}, "datasets", "at most 20"),
        ({"note": "x" * 301}, "note", "at most 300"),
        ({"text": "a,b\n"}, "file", "has a header but no rows"),
        ({"text": pickle.dumps([1, 2, 3])}, "file", "cannot be read"),
    ],
)
def test_every_refusal_names_its_field(changed, field, message):
    errors = refused(**changed)
    assert message in errors[field]
    assert list(errors) == [field]


def test_errors_of_name_file_and_mapping_are_reported_together():
    errors = refused("nothing", name="", space="moon", columns=("x",))
    assert errors.keys() == {"name", "file", "space", "columns"}


def test_space_and_data_sets_of_a_nas_bench_201_table_are_fixed(nb201):
    for mapping, field in (
        (Mapping(space="cell"), "space"),
        (Mapping(datasets=("mnist",)), "datasets"),
    ):
        with nb201.open("rb") as file, pytest.raises(InvalidSettings) as error:
            import_table(make_team(), None, file, "nb201", mapping)
        assert list(error.value.errors) == [field]


def test_decompression_stops_at_the_size_limit(settings):
    settings.TABLE_MEGABYTES = 1
    bomb = gzip.compress(b"net,acc,test,ms\n" + b"x,1,1,1\n" * 1_000_000)
    assert len(bomb) < 100_000
    assert "more than 1 MB uncompressed" in refused(bomb)["file"]


def test_checking_again_detects_changed_content():
    table = make_table(make_team())
    assert check_again(table) == "made v1: 2 rows, unchanged since the import"
    BenchmarkTable.objects.update(findings={}, objectives=[])
    check_again(BenchmarkTable.objects.get())
    again = BenchmarkTable.objects.get()
    assert (again.findings, again.objectives) == (table.findings, table.objectives)
    BenchmarkTable.objects.update(content=gzip.compress(TEXT.encode()))
    with pytest.raises(CheckFailed, match="digest"):
        check_again(BenchmarkTable.objects.get())
    BenchmarkTable.objects.update(content=b"nonsense")
    with pytest.raises(CheckFailed, match="made v1"):
        check_again(BenchmarkTable.objects.get())


def test_only_tables_without_runs_are_deleted():
    team = make_team()
    used, unused = make_table(team, "used"), make_table(team, "unused")
    launch(team, None, asked("table:used", "used"), "a run")
    assert delete_unused([used, unused]) == (["unused v1"], ["used v1"])
    assert list(BenchmarkTable.objects.all()) == [used]


def test_the_command_prints_one_line_or_json(nb201, capsys):
    team = make_team()
    user = make_member(team)
    file = str(nb201)
    call_command("import_table", file, f"--team={team.slug}", f"--user={user.username}")
    line = capsys.readouterr().out
    assert line.startswith("made v1 imported: 157 rows, 157 of the 15,625 architectures of nb201")
    assert line.endswith("search on it as table:made\n") and line.count("\n") == 1
    call_command("import_table", file, f"--team={team.slug}", "--json")
    row = json.loads(capsys.readouterr().out)
    table = BenchmarkTable.objects.get()
    assert (row["new"], row["path"]) == (False, f"table:made@{table.digest}")
    assert (table.created_by, table.team) == (user, team)


def test_the_command_takes_a_mapping(tmp_path, capsys):
    make_team()
    path = tmp_path / "My Table (2).CSV"
    path.write_text(TEXT)
    call_command(
        "import_table",
        str(path),
        "--space=nb201",
        "--columns=error=acc:100-x:%,latency@board=ms::ms",
        "--report=test_error=test:100-x:%",
        "--architecture=net",
        "--datasets=a,b",
        "--note=by hand",
    )
    table = BenchmarkTable.objects.get()
    assert (table.name, table.datasets, table.note) == ("my-table-2", ["a", "b"], "by hand")
    assert (table.columns, table.report) == (list(OWN.columns), list(OWN.report))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--team=unknown"], "no team 'unknown'"),
        (["--user=unknown"], "no user 'unknown'"),
        (["--name=A B"], "name: 'A B' is not allowed"),
        (["--space=moon"], "space: 'moon' is not a space"),
    ],
)
def test_the_command_refuses_with_exit_code_2(nb201, arguments, message):
    make_team()
    with pytest.raises(CommandError, match=message) as error:
        call_command("import_table", str(nb201), *arguments)
    assert error.value.returncode == 2
    assert not BenchmarkTable.objects.exists()


def test_the_command_reports_an_unreadable_file(tmp_path):
    team = make_team()
    viewer = make_member(team, Role.VIEWER)
    for path, message in ((tmp_path / "none.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(CommandError, match=message) as error:
            call_command("import_table", str(path))
        assert error.value.returncode == 2
    with pytest.raises(CommandError, match="may not import") as error:
        call_command("import_table", str(tmp_path), f"--user={viewer.username}")
    assert error.value.returncode == 2
