"""Project-wide rules that can be checked by searching the files."""

from __future__ import annotations

import re

import pytest

from .sources import PACKAGES, ROOT, code_of, name_of, tracked

MAX_FILE_LINES = 600
MAX_LINE_LENGTH = 120  # of templates and scripts; ruff checks Python
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "managers", "manager", "misc"}
TEXT = {".py", ".md", ".html", ".js", ".css", ".toml", ".yml", ".txt", ".in", ".lock", ".sh", ""}
# Built from pieces, so that this file does not name what it looks for.
FORBIDDEN = [
    "/" + "work/",
    "/" + "farm/",
    "/" + "root/",
    "/" + "home/",
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "deb.deb" + "ian.org",
    "farm-" + "bench",
    "farm-" + "studio",
]


def lines_of(path) -> list[str]:
    return path.read_text(errors="replace").splitlines()


def ours() -> list:
    return [p for p in tracked() if p.suffix in TEXT and "vendor" not in p.parts]


def test_no_module_has_an_empty_name():
    named = [p for p in tracked() if p.stem.lower() in EMPTY_NAMES]
    folders = [p for p in tracked() if EMPTY_NAMES & {part.lower() for part in p.parent.parts}]
    assert [name_of(p) for p in named + folders if "vendor" not in p.parts] == []


def test_files_stay_short():
    long = {name_of(p): len(lines_of(p)) for p in code_of(*PACKAGES, "tests", "benchmarks")}
    assert {name: n for name, n in long.items() if n > MAX_FILE_LINES} == {}


def test_every_module_has_a_docstring():
    silent = [
        name_of(p)
        for p in code_of(*PACKAGES)
        if p.read_text().strip()
        and not p.read_text().lstrip().startswith(('"""', "from django.apps"))
    ]
    assert silent == []


def test_templates_and_scripts_have_lines_of_at_most_120_characters():
    long = [
        f"{name_of(p)}:{i} has {len(text)}"
        for p in ours()
        if p.suffix in (".html", ".js")
        for i, text in enumerate(lines_of(p), 1)
        if len(text) > MAX_LINE_LENGTH
    ]
    assert long == []


@pytest.mark.parametrize("word", FORBIDDEN)
def test_no_path_of_a_machine_and_no_registry_host(word):
    found = [f"{name_of(p)}:{i}" for p in ours() for i, t in enumerate(lines_of(p), 1) if word in t]
    assert found == []


def test_only_the_recorder_creates_events():
    creating = re.compile(r"\bEvent\.objects\.(create|bulk_create|get_or_create)")
    assert names_with(creating) == ["webapp/events/recorder.py"]


def test_only_five_modules_notify_open_pages():
    """About events of runs, the access of users, the fleet, notices, and comments."""
    senders = [
        "webapp/accounts/access_changes.py",
        "webapp/comments/services.py",
        "webapp/events/recorder.py",
        "webapp/notices/services/dispatch.py",
        "webapp/runs/services/fleet_news.py",
    ]
    assert names_with(re.compile(r"import send_to_group")) == senders
    assert names_with(re.compile(r"\.group_send")) == ["webapp/common/channel_groups.py"]


def names_with(pattern: re.Pattern[str]) -> list[str]:
    found = [p for p in code_of("webapp", "workers") if pattern.search(p.read_text())]
    return sorted(map(name_of, found))


def test_no_eval_pickle_or_shell():
    pattern = re.compile(
        r"(?<![\w.])(eval|exec)\(|pickle\.loads?\(|torch\.load\(|yaml\.load\(|shell=True|os\.system\("
    )
    found = [
        f"{name_of(p)}: {match[0]}"
        for p in code_of(*PACKAGES)
        if (match := pattern.search(p.read_text()))
    ]
    assert found == []


def test_only_the_restricted_reader_reads_pickles():
    readers = [
        name_of(p)
        for p in code_of(*PACKAGES)
        if re.search(r"^import pickle|allow_pickle=True", p.read_text(), re.M)
    ]
    assert readers == ["nasengine/data/cifar/pickled.py"]


def test_vendored_files_carry_version_and_licence():
    folders = {p.parent for p in tracked() if p.parent.parent.name == "vendor"}
    assert len(folders) >= 3
    for folder in folders:
        version = (folder / "VERSION").read_text().strip()
        assert re.search(r"\d+\.\d+", version), folder
        assert re.search(r"licen[cs]e|copyright", (folder / "LICENSE").read_text(), re.I), folder


def test_pages_load_nothing_from_another_host_and_hold_no_inline_script():
    pages = [p for p in tracked() if p.suffix == ".html"]
    assert len(pages) > 20
    foreign = re.compile(r"""(?:src|href)=["'](?:https?:)?//""")
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>|\son[a-z]+=[\"']|\sstyle=[\"']"
    )
    for page in pages:
        text = page.read_text()
        assert not foreign.search(text), page
        assert not inline.search(text), (page, inline.search(text))


def test_no_unfinished_code():
    words = re.compile(
        "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + r"Error\(\)"))
    )
    found = [
        f"{name_of(p)}:{i}"
        for p in code_of(*PACKAGES, "tests")
        for i, t in enumerate(lines_of(p), 1)
        if words.search(t)
    ]
    assert found == []


def test_no_test_is_skipped():
    pattern = re.compile(r"pytest\.mark\.(skip|xfail)|pytest\.(skip|xfail)\(|importor" + "skip")
    here = ROOT / "tests/architecture/test_house.py"
    found = [name_of(p) for p in code_of("tests") if p != here and pattern.search(p.read_text())]
    assert found == []


def test_processes_that_compute_do_not_fork():
    """A fork ends the threads of OpenBLAS; a product of matrices in another thread then hangs."""
    waiting = {"webapp/start/processes.py", "nasengine/execution/training_together.py"}
    forks = re.compile(r"preexec_fn=|os\.fork\(")
    found = {name_of(p) for p in code_of(*PACKAGES) if forks.search(p.read_text())}
    assert found == waiting, (
        "start children without preexec_fn: they call end_with_parent themselves"
    )
