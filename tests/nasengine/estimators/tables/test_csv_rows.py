"""Rows of CSV files as people and spreadsheets write them; no row is lost without a word."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasengine.core.errors import EngineError
from nasengine.estimators.tables.canonical import canonical_table
from nasengine.estimators.tables.cells import cells_of, header_of
from nasengine.estimators.tables.column import parse_column

MB = 1_000_000
PLAIN = "net,acc,ms\na,90.5,1\nb,80.5,2\n"


def canonical(content: bytes | str):
    raw = content.encode() if isinstance(content, str) else content
    return canonical_table(io.BytesIO(raw), "plain.csv", MB)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('net,acc\na,1\n"b,2\nc,3\nd,4\n', 3),  # to the end of the file
        ('net,acc\n"a,1\nb,2\n"c",3\nd,4\n', 2),  # up to the next quote
        ('net,acc\na,1\nb,"2', 3),  # in the last line
        ('net,"acc\na,1\nb,2\n', 1),  # in the header
        ('net,acc\n"a"x,1\n', 2),  # text after a closing quote
        ('sep=;\nnet;acc\na;1\n"b;2\nc;3\n', 4),
    ],
)
def test_an_open_quote_is_refused_with_its_line(content, line):
    with pytest.raises(EngineError, match=rf"has a quote in line {line} that is not closed"):
        canonical(content)


def test_an_open_quote_of_a_long_table_is_refused(tmp_path):
    rows = "".join(f"net{i},{i}\n" for i in range(40_000))
    with pytest.raises(EngineError, match="quote in line 3 "):
        canonical(f'net,acc\na,1\n"unfinished,1\n{rows}')
    path = tmp_path / "t.csv"
    path.write_text(f'net,acc\na,1\n"unfinished,1\n{rows}')
    with pytest.raises(EngineError, match="quote in line 3 "):
        cells_of(str(path), ("net",), ("acc",))


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        "\ufeff" + PLAIN,
        PLAIN.encode("utf-16"),
        PLAIN.replace(",", ";").replace(".", ","),
        PLAIN.replace(",", "\t"),
        "sep=;\n" + PLAIN.replace(",", ";").replace(".", ","),
        '"sep=,"\r\n' + PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", ",,\n"),
        PLAIN.replace("ms", "ms,,"),
        PLAIN + "\n,,\n\n",
        'net,acc,ms\n"a","90.5","1"\n b ,80.5, 2\n',
    ],
)
def test_files_of_spreadsheets_are_the_same_table(content):
    assert canonical(content).text.decode() == PLAIN


def test_a_nameless_index_column_is_called_by_its_position():
    table = canonical(",net,acc\n0,a,1\n1,b,2\n")
    assert (table.header, table.rows) == (("column 1", "net", "acc"), 2)


def test_a_cell_beyond_the_last_named_column_is_refused():
    with pytest.raises(EngineError, match="3 cells in row 2 but 2 columns"):
        canonical("net,acc,\na,1,left over\n")


def test_repeated_names_are_named():
    with pytest.raises(EngineError, match=r"'acc' is there 2 times; rename the columns"):
        canonical("net,acc,acc\na,1,2\n")


def test_names_with_commas_and_colons_can_be_mapped(tmp_path):
    content = 'net,"val, acc",time: ms\na,90,1\n'
    assert canonical(content).header == ("net", "val_acc", "time_ms")
    (tmp_path / "t.csv").write_text(content)
    assert header_of(str(tmp_path / "t.csv")) == ("net", "val_acc", "time_ms")
    assert parse_column("error=val, acc:100-x").column == "val_acc"


cells = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), max_size=12)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=6))
def test_every_row_that_a_csv_writer_writes_is_read_or_is_empty(rows):
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerows([("net", "acc", "ms"), *rows])
    kept = [row for row in rows if any(row)]
    if not kept:
        with pytest.raises(EngineError, match="no rows"):
            canonical(buffer.getvalue())
        return
    text = canonical(buffer.getvalue()).text.decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["net", "acc", "ms"], *kept]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_an_error_of_one_line(content):
    try:
        table = canonical(content)
    except EngineError as error:
        assert "\n" not in str(error)
    else:
        assert table.rows > 0


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_with_a_decimal_comma_keep_their_value(number):
    cell = repr(number).replace(".", ",")
    table = canonical(f"net;acc\na;{cell}\n")
    (row,) = list(csv.DictReader(io.StringIO(table.text.decode())))
    assert float(row["acc"]) == number
