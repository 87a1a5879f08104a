"""`describe`: numbers, forms of naming an architecture, and refusals."""

from __future__ import annotations

import json

import pytest

from nasengine.__main__ import main

BEST = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)
LARGE = ("--input", "3x224x224", "--classes", "1000")


def command(*words):
    return main(["describe", *words])


def document(capsys, *words):
    assert command(*words, "--json") == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("words", "params", "macs"),
    [
        (("DARTS_V2",), 3_349_342, 528_359_040),
        (
            ("DARTS_V1", "--classes", "10", "--cells", "20", "--channels", "36"),
            3_169_414,
            500_987_520,
        ),
        (
            ("DARTS_V2", *LARGE, "--cells", "14", "--channels", "48"),
            4_718_752,
            529_911_552,
        ),
        ((BEST, "--space", "nb201"), 1_073_466, 153_272_960),
        ((BEST,), 1_073_466, 153_272_960),
        (("supernet:cell", "--cells", "8", "--channels", "16"), 1_930_618, 300_255_744),
        (("supernet:nb201",), 1_686_106, 243_712_640),
        (("DARTS_V2_RNN", "--vocabulary", "10000", "--hidden", "850"), 22_960_000, 22_950_000),
        (("DARTS_V1_RNN",), 22_960_000, 22_950_000),
        (("ENAS_RNN", "--vocabulary", "33278", "--hidden", "700"), 33_127_878, 33_094_600),
        (("supernet:recurrent-cell", "--hidden", "300"), 4_810_000, 9_840_000),
    ],
)
def test_counts(capsys, words, params, macs):
    found = document(capsys, *words)
    assert (found["params"], found["macs"]) == (params, macs)


def test_the_document_describes_itself_again(capsys, tmp_path):
    first = document(capsys, "DARTS_V2")
    assert first["name"] == "DARTS_V2"
    assert first["input"] == [3, 32, 32]
    assert [cell["name"] for cell in first["graph"]["cells"]] == ["normal", "reduce"]
    whole, bare = tmp_path / "whole.json", tmp_path / "bare.json"
    whole.write_text(json.dumps(first))
    bare.write_text(json.dumps(first["architecture"]))
    assert document(capsys, str(whole)) == first
    assert document(capsys, str(bare)) == {**first, "name": "bare"}
    larger = document(capsys, str(bare), "--cells", "14", "--channels", "48")
    assert larger["params"] > first["params"]


def test_a_network_that_reads_text_says_so(capsys):
    found = document(capsys, "DARTS_V2_RNN")
    assert (found["input"], found["classes"]) == ([1], 10_000)
    assert command("DARTS_V2_RNN", "--vocabulary", "50") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "input     one word of 50" in lines
    assert "     0 -> 1    sigmoid" in lines


def test_settings_a_file_leaves_out_are_defaults(capsys, tmp_path):
    file = tmp_path / "short.json"
    file.write_text(json.dumps({"space": "nb201", "config": {}, "genome": BEST}))
    found = document(capsys, str(file))
    assert found["params"] == 1_073_466
    assert found["architecture"]["config"] == {"cells": 5, "channels": 16}


def test_the_text_has_the_numbers_and_the_graph(capsys):
    assert command("DARTS_V2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "params    3349342" in lines
    assert "macs      528359040" in lines
    assert "cell reduce" in lines
    assert "     2 -> 5    dil 3x3" in lines


FILES = {
    "list.json": "[1, 2]",
    "text.json": "not json",
    "two.json": "{}\n{}",
    "deep.json": "[" * 100_000,
    "binary.json": "\udcff",
    "space.json": '{"space": "elsewhere", "config": {}, "genome": []}',
    "form.json": '{"space": ["cell"], "config": 3, "genome": []}',
    "setting.json": '{"space": "cell", "config": {"colour": 1}, "genome": []}',
    "huge.json": '{"space": "cell", "config": {"cells": 1' + "0" * 500 + '}, "genome": []}',
    "infinite.json": '{"space": "cell", "config": {"cells": 1e999}, "genome": []}',
    "genome.json": '{"space": "cell", "config": {}, "genome": {"normal": 1, "reduce": 2}}',
    "large.json": " " * 1_000_001,
}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["NOTHING"], "neither a published network (DARTS_V1"),
        (["supernet:cells"], "'cells' is not among the spaces"),
        (["supernet:topology"], "has no supernet; spaces that have one: cell"),
        (["supernet:cell", "--space", "nb201"], "belongs to the space 'cell'"),
        (["a\nb"], "neither"),
        (["x" * 5000], "neither"),
        (["a\0b"], "neither"),
        (["DARTS_V2", "--space", "nb201"], "belongs to the space 'cell'"),
        (["DARTS_V2", "--space", "elsewhere"], "known: cell, nb201"),
        ([BEST, "--space", "cell"], "belongs to the space 'nb201'"),
        ([BEST.replace("1x1", "5x5")], "from node 2 to node 3 is 'nor_conv_5x5~2'"),
        (["whatever", "--space", "nb201"], "must read |op~0|"),
        (["DARTS_V2", "--input", "3x32"], "as in 3x32x32"),
        (["DARTS_V2", "--input", "0x32x32"], "from 1 to 4096"),
        (["DARTS_V2", "--input", "3x32x99999999"], "from 1 to 4096"),
        (["DARTS_V2", "--classes", "ten"], "from 1 to 100000"),
        (["DARTS_V2", "--classes", "-1"], "from 1 to 100000"),
        (["DARTS_V2", "--vocabulary", "9"], "reads images: use --classes"),
        (["DARTS_V2", "--hidden", "9"], "hidden: no such setting"),
        (["DARTS_V2_RNN", "--classes", "9"], "reads text: use --vocabulary"),
        (["DARTS_V2_RNN", "--input", "3x32x32"], "reads text: use --vocabulary"),
        (["DARTS_V2_RNN", "--vocabulary", ""], "from 1 to 10000000"),
        (["DARTS_V2_RNN", "--hidden", "1"], "hidden: must be at least"),
        (["DARTS_V2_RNN", "--cells", "3"], "cells: no such setting"),
        (["DARTS_V2", "--cells", "0"], "cells: must be at least 1 (got 0)"),
        (["DARTS_V2", "--cells", "1e3"], "cells: must be a whole number (got '1e3')"),
        (["DARTS_V2", "--channels", "99999"], "channels: must be at most"),
        (["."], "cannot be read"),
        (["list.json"], "has no architecture"),
        (["text.json"], "is not one JSON document"),
        (["two.json"], "is not one JSON document"),
        (["deep.json"], "is not one JSON document"),
        (["binary.json"], "is not one JSON document"),
        (["space.json"], "'elsewhere' is not among the spaces"),
        (["form.json"], "has the wrong form"),
        (["setting.json"], "colour: no such setting"),
        (["huge.json"], "cells: "),
        (["infinite.json"], "cells: must be a whole number (got inf)"),
        (["genome.json"], "cell normal is 1"),
        (["large.json"], "larger than 1,000,000 bytes"),
    ],
)
def test_refusals_are_one_line_and_exit_code_two(capsys, tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    for name in set(words) & set(FILES):
        (tmp_path / name).write_bytes(FILES[name].encode(errors="surrogateescape"))
    assert command(*words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert says in printed.err
