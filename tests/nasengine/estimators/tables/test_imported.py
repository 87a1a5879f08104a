"""Imported tables: names, canonical form, validation report, several key columns."""

from __future__ import annotations

import gzip
import io
import pickle
import zlib

import pytest

from nasengine.core.errors import EngineError, InvalidSettings
from nasengine.core.proposal import Proposal
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import from_mapping
from nasengine.estimators.tables.canonical import canonical_table
from nasengine.estimators.tables.column import parse_column
from nasengine.estimators.tables.estimator import TableConfig
from nasengine.estimators.tables.imported import ImportedTable, imported_table
from nasengine.estimators.tables.keys import JOINT, keys_of
from nasengine.estimators.tables.validation_report import validate_rows
from nasengine.execution import assembly
from nasengine.execution import loop as search
from nasengine.spaces.cell.space import CellSpace
from nasengine.spaces.nb201.space import NB201Config, NB201Space
from nasengine.spaces.topology.space import TopologySpace

SPACE = NB201Space(NB201Config())
NONE = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
SKIP = "|skip_connect~0|+|none~0|none~1|+|none~0|none~1|none~2|"
MB = 1_000_000
TEXT = f"net,acc,ms\n{NONE},10,1.5\n{SKIP},90,2.5\n"


def canonical(content: bytes | str, limit: int = MB):
    raw = content.encode() if isinstance(content, str) else content
    return canonical_table(io.BytesIO(raw), "plain.csv", limit)


def validated(text: str, columns=("error=acc:100-x:%",), space=SPACE, key=("net",)):
    return validate_rows(canonical(text), key, [parse_column(column) for column in columns], space)


def import_table(folder, monkeypatch, text: str, name: str = "mine") -> ImportedTable:
    """Write a table into the folder of imported tables."""
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(folder))
    table = canonical(text)
    imported = ImportedTable(name, table.digest)
    imported.file.write_bytes(gzip.compress(table.text, mtime=0))
    return imported


def spec(path: str, **changed) -> SearchSpec:
    settings = {
        "space": "nb201",
        "strategy": "random",
        "estimator": "table",
        "dataset": "mine",
        "objectives": ("error",),
        "estimator_config": {"path": path, "columns": ["error=acc:100-x:%"], "architecture": "net"},
    }
    return SearchSpec(**{**settings, **changed})


def test_a_name_is_parsed_and_formatted():
    digest = "a" * 64
    pinned = imported_table(f" table:nb201.v-2_x@{digest} ")
    assert (pinned.name, pinned.digest) == ("nb201.v-2_x", digest)
    assert pinned.path == f"table:nb201.v-2_x@{digest}"
    assert pinned.label == "nb201.v-2_x@aaaaaaaa"
    assert imported_table("table:nb201") == ImportedTable("nb201")
    assert imported_table("tables/nb201.csv") is None


@pytest.mark.parametrize(
    "path",
    [
        "table:",
        "table:NB",
        "table:-x",
        "table:../x",
        "table:x@abc",
        "table:a/b",
        "table:" + "x" * 61,
        f"table:x@{'A' * 64}",
        "table:x\0",
    ],
)
def test_invalid_names_are_refused(path):
    with pytest.raises(EngineError, match="is not an imported table"):
        imported_table(path)


def test_the_folder_depends_on_the_environment(monkeypatch, tmp_path):
    imported = ImportedTable("x", "b" * 64)
    monkeypatch.setenv("PARETOSCOPE_VAR", str(tmp_path))
    monkeypatch.delenv("PARETOSCOPE_TABLES", raising=False)
    assert imported.file == tmp_path / "tables" / f"{'b' * 64}.csv.gz"
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(tmp_path / "else"))
    assert imported.file.parent == tmp_path / "else"
    monkeypatch.delenv("PARETOSCOPE_TABLES")
    monkeypatch.delenv("PARETOSCOPE_VAR")
    assert imported.file.parts[-3:-1] == ("var", "tables")


def test_a_search_reads_an_imported_table_by_its_digest(tmp_path, monkeypatch):
    monkeypatch.setenv("PARETOSCOPE_DATA_ROOTS", str(tmp_path / "data"))  # not needed
    table = import_table(tmp_path, monkeypatch, TEXT)
    checked = assembly.check(spec(table.path))
    found = search.evaluate(checked, Proposal(0, SPACE.parse(SKIP)), print, lambda: False)
    assert found.values == {"error": 10.0}
    assert found.measurements[0].detail == {"table": table.label, "column": "acc"}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("table:mine", "in the database of a team"),
        (f"table:mine@{'0' * 64}", "not on this machine"),
    ],
)
def test_a_missing_table_is_refused(path, message, tmp_path, monkeypatch):
    monkeypatch.setenv("PARETOSCOPE_TABLES", str(tmp_path))
    with pytest.raises(InvalidSettings, match=message) as refused:
        assembly.check(spec(path))
    assert list(refused.value.errors) == ["estimator_config.path"]


def test_equal_cells_have_equal_digests_in_any_packaging():
    plain = canonical(TEXT)
    spaced = TEXT.replace(",", " , ").replace("\n", "\r\n\r\n")
    quoted = "\ufeff" + TEXT.replace("acc", '"acc"')
    for other in (spaced, quoted, gzip.compress(TEXT.encode()), TEXT.replace("90", '"90"')):
        assert canonical(other).digest == plain.digest
    assert plain.text.decode() == TEXT
    assert (plain.rows, plain.header) == (2, ("net", "acc", "ms"))
    assert canonical(TEXT.replace("90", "91")).digest != plain.digest


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no header row"),
        (b"a\n1\n", "at least two different"),
        (b"a,a\n1,2\n", "'a' is there 2 times"),
        (b"a,b\n", "no rows"),
        (b"a,b\n\n,\n", "no rows"),
        (b"a,b\n1,2,3\n", "has 3 cells in row 2"),
        (b"a,\n1,2\n", "at least two different"),
        (b"a,b\x07\n1,2\n", "printable"),
        (b"a," + b"x" * 101 + b"\n1,2\n", "1 to 100 printable"),
        (b"\xffa,b\n", "cannot be read"),
        (b"\xff\xfea", "cannot be read"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-6], "cannot be read"),
        (b"\x1f\x8b" + b"\0" * 40, "cannot be read"),
        (pickle.dumps({"a": [1, 2]}), "cannot be read"),
        (b"a,b\n1," + b"x" * 200_000, "cannot be read"),
        (",".join(f"c{i}" for i in range(2001)).encode() + b"\n", "2,001 columns"),
    ],
)
def test_invalid_files_are_refused(content, message):
    with pytest.raises(EngineError, match=message):
        canonical(content)


def test_a_compressed_file_above_the_limit_is_refused():
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 5_000_000, mtime=0)
    assert len(packed) < 50_000
    with pytest.raises(EngineError, match="more than 1 MB uncompressed"):
        canonical(packed)
    members = zlib.compressobj(wbits=31)
    member = members.compress(b"1,2\n" * 200_000) + members.flush()
    with pytest.raises(EngineError, match="more than 1 MB"):
        canonical(gzip.compress(b"a,b\n", mtime=0) + member * 10)
    with pytest.raises(EngineError, match="more than 1 MB"):
        canonical(b"a,b\n" + b"1,2\n" * 500_000)


def test_short_rows_are_not_padded():
    header = ",".join(f"c{i}" for i in range(2000))
    table = canonical(header + "\n" + "1\n" * 100_000)
    assert len(table.text) < MB


def test_a_validation_report_counts_rows_and_finite_values():
    text = TEXT + f"{NONE},5,5\n,1,1\nwrong,nan,3\n{SKIP.replace('skip', 'spik')},inf,\n"
    report = validated(text, ("error=acc:100-x:%", "latency@pi=ms::ms"))
    assert (report.architectures, report.repeated, report.nameless) == (4, 1, 1)
    assert report.finite == (2, 3)
    assert (report.fit.checked, report.fit.fits, report.fit.misfit) == (4, 2, "wrong")
    assert report.fit.size == 15625
    assert validated(text, space=None).fit is None


def test_ids_and_canonical_json_are_recognised():
    first, second = SPACE.parse(NONE), SPACE.parse(SKIP)
    quoted = second.canonical.replace('"', '""')
    torn = second.canonical[:-3].replace('"', '""')
    report = validated(f'net,acc\n{first.id},1\n"{quoted}",2\n"{torn}",3\n{"0" * 64},4\n')
    assert (report.fit.checked, report.fit.fits) == (4, 2)


def test_texts_of_a_large_space_are_not_checked():
    space = CellSpace(CellSpace.Config())
    report = validated("net,acc\nsome text,1\n{},2\n", space=space)
    assert (report.fit.unknown, report.fit.checked, report.fit.fits) == (1, 1, 0)


EDGES = ("e1", "e2", "e3", "e4", "e5", "e6")
OPS = ("skip_connect", "none", "none", "none", "nor_conv_3x3", "none")
SPREAD = f"{','.join(EDGES)},acc\n{','.join(OPS)},90\n{','.join(['none'] * 6)},10\n"


def test_one_column_per_decision_names_an_architecture(tmp_path, monkeypatch):
    table = import_table(tmp_path, monkeypatch, SPREAD)
    config = {
        "path": table.path,
        "columns": ["error=acc:100-x:%"],
        "architecture": ", ".join(EDGES),
    }
    checked = assembly.check(spec(table.path, estimator_config=config))
    architecture = SPACE.architecture(OPS)
    assert keys_of(SPACE, architecture, EDGES) == (JOINT.join(OPS),)
    found = search.evaluate(checked, Proposal(0, architecture), print, lambda: False)
    assert found.values == {"error": 10.0}
    absent = SPACE.architecture(["nor_conv_1x1"] * 6)
    missing = search.evaluate(checked, Proposal(1, absent), print, lambda: False)
    assert missing.state == "failed"
    assert "its column e1, e2, e3, e4, e5, e6 must hold the decisions" in missing.reason
    fit = validated(SPREAD + "x,none,none,none,none,none,1\n", key=EDGES).fit
    assert (fit.checked, fit.fits, fit.misfit) == (3, 2, "x, none, none, none, none, none")


def test_key_columns_that_do_not_fit_the_space_are_refused(tmp_path, monkeypatch):
    table = import_table(tmp_path, monkeypatch, SPREAD)
    for space, key, message in (
        ("nb201", "e1,e2", "nb201 has 6 decisions (op 0 to 1"),
        (TopologySpace.name, "e1,e2", "topology has no decisions"),
    ):
        config = {
            "path": table.path,
            "columns": ["error=acc:100-x:%"],
            "architecture": key,
        }
        with pytest.raises(InvalidSettings) as refused:
            assembly.check(spec(table.path, space=space, estimator_config=config))
        assert message in refused.value.errors["estimator_config.architecture"]


@pytest.mark.parametrize(
    ("text", "message"), [(" , ", "is empty"), ("a,b,a", "names a column twice")]
)
def test_invalid_key_columns_are_refused(text, message):
    with pytest.raises(InvalidSettings, match=message):
        from_mapping(TableConfig, {"architecture": text})
