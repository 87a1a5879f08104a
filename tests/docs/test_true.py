"""The documentation works: links resolve, commands parse, examples run."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from nasengine.__main__ import main as engine
from nasengine.__main__ import parser
from nasengine.execution.protocols import find_protocol
from webapp.start import up
from workers import __main__ as workers

from .pages import PAGES, ROOT, anchors_of, commands_of, links_of, text_of


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_resolve(page):
    targets = {target: (page.parent / target.split("#")[0]).resolve() for target in links_of(page)}
    assert {name for name, path in targets.items() if not path.exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_headings_resolve(page):
    lost = []
    for target in re.findall(r"\]\(([^)\s]*#[^)\s]+)\)", page.read_text()):
        name, _, anchor = target.partition("#")
        if "://" not in name and anchor not in anchors_of(page.parent / name if name else page):
            lost.append(target)
    assert lost == []


def test_every_page_is_in_the_index():
    index = links_of(ROOT / "docs/README.md")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages - set(index) == set()


def test_the_readme_begins_with_two_sentences_a_picture_and_two_commands():
    text = (ROOT / "README.md").read_text()
    first, picture, commands, *_ = re.split(r"\n\n(?=!|    )|(?<=\))\n\n", text)
    assert first.startswith("# Paretoscope")
    assert picture.startswith("![")
    assert [line.split()[:2] for line in commands.splitlines() if line.startswith("    ")] == [
        ["make", "run"],
        ["make", "test"],
    ]


@pytest.mark.parametrize("command", sorted(set(commands_of(text_of(), "python -m nasengine"))))
def test_commands_of_the_engine_parse(command):
    words = [word for word in shlex.split(command) if word not in ("...",)]
    if set(words) & {"COMMAND"}:
        pytest.fail(f"a command that does not exist: {command}")
    try:
        parser().parse_args(words)
    except SystemExit as ended:
        assert (words[-1], ended.code) == ("--help", 0)


@pytest.mark.parametrize("command", sorted(set(commands_of(text_of(), "python -m workers"))))
def test_commands_of_the_workers_parse(command):
    words = shlex.split(command.replace("$(hostname)", "host"))
    workers._parser().parse_args(["1" if word == "N" else word for word in words])


@pytest.mark.parametrize("command", sorted(set(commands_of(text_of(), "manage.py"))))
def test_commands_of_django_parse(command):
    name, *words = shlex.split(command)
    if name == "up":
        up._parse(words)
        return
    assert name in get_commands(), f"no such command: {command}"
    found = load_command_class(get_commands()[name], name)
    found.create_parser("manage.py", name).parse_args(words)


def test_tests_named_in_documents_exist():
    shown = commands_of(text_of(), "-m pytest")
    assert len(shown) >= 2
    for command in shown:
        path, *chosen = shlex.split(command)
        assert (ROOT / path).exists(), command
        if chosen:
            names = re.findall(r"def (test_\w+)", (ROOT / path).read_text())
            assert chosen[0] == "-k" and any(chosen[1] in name for name in names), command


def test_documented_make_targets_exist():
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    shown = set(re.findall(r"(?:^    |`)(?:[A-Z_]+=\S+ )*make ([a-z-]+)", text_of(), re.M))
    assert {"run", "test"} <= shown
    assert shown - made == set()


def test_the_example_of_the_engine_runs(capsys):
    page = (ROOT / "docs/engine.md").read_text()
    code = re.search(r"```python\n(.*?)```", page, re.S)[1]
    exec(compile(code, "docs/engine.md", "exec"), {"__name__": "example"})
    printed = capsys.readouterr().out
    assert printed.startswith("|") and "[" in printed


def test_the_examples_of_the_final_evaluation_run(tmp_path, monkeypatch, capsys):
    """The Python example trains; the same command of the shell finds its networks done."""
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/evaluate.md").read_text()
    names: dict = {"__name__": "example"}
    code = re.search(r"```python\n(.*?)```", page, re.S)[1]
    exec(compile(code, "docs/evaluate.md", "exec"), names)
    printed = capsys.readouterr().out
    shown = re.search(r"```text\n(.*?)```", page, re.S)[1]
    assert [line.split()[0] for line in printed.splitlines()[:8]] == [
        line.split()[0] for line in shown.splitlines()
    ]
    assert not names["network"].training and not names["same"].training
    command, *_ = commands_of(page, "python -m nasengine train")
    assert engine(["train", *shlex.split(command)]) == 0
    again = capsys.readouterr()
    assert again.err == "" and again.out == printed.partition("networks\n")[0] + "networks\n"
    protocol = re.search(r"```json\n(.*?)```", page, re.S)[1]
    assert find_protocol(json.loads(protocol)).name == "half-hour"


def test_the_describe_example_of_the_readme_prints_its_figures(capsys):
    command = next(c for c in commands_of(text_of(), "python -m nasengine") if "DARTS_V2" in c)
    words = shlex.split(command)
    assert engine([*words, "--json"] if "--json" not in words else words) == 0
    assert '"params": 3349342' in capsys.readouterr().out


def test_files_named_in_documents_exist():
    named = set(
        re.findall(r"`((?:webapp|workers|nasengine|templates|tests|docs)/[\w./-]+)`", text_of())
    )
    gone = {name for name in named if "NAME" not in name and not (ROOT / name).exists()}
    assert gone == set()
    assert Path(ROOT / "docs/pictures/run.png").stat().st_size > 20_000
