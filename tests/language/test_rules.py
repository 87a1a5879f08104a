"""The checker finds planted faults, respects its exceptions and reads the glossary."""

from __future__ import annotations

from pathlib import Path

import pytest

from .__main__ import faults, rates
from .glossary import terms
from .prose import Passage, passages


def names_in(path: Path) -> list[str]:
    return [line.split(": ")[1] for line in faults(passages(path))]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Returns it to whoever asked.", "nobody"),
        ("What the loop returns.", "What at the start"),
        ("A value. Of two equals the first.", "Of at the start"),
        ("Read by the final evaluation alone.", "alone"),
        ("The file lies in the run's folder.", "lies, stands"),
        ("Trains the shared network.", "not shared network"),
    ],
)
def test_a_planted_fault_is_found_in_every_kind_of_file(tmp_path, text, rule):
    (tmp_path / "a.py").write_text(f'def f():\n    """{text}"""\n')
    (tmp_path / "b.py").write_text(f"x = 1  # {text}\n")
    (tmp_path / "c.js").write_text(f"// {text}\n")
    (tmp_path / "d.html").write_text(f"<p>{text}</p>\n")
    (tmp_path / "e.md").write_text(f"{text}\n")
    for path in sorted(tmp_path.iterdir()):
        assert names_in(path) == [rule], path.name


@pytest.mark.parametrize(
    "text",
    [
        "Stand-alone training of one candidate.",
        "What is the best candidate?",
        "Returns one of two lists.",
        "`nobody` is a name of the code.",
    ],
)
def test_plain_language_passes(tmp_path, text):
    path = tmp_path / "page.md"
    path.write_text(f"{text}\n\n    nobody in code\n\n```\nwhoever\n```\n")
    assert names_in(path) == []


def test_help_texts_and_messages_are_read(tmp_path):
    path = tmp_path / "a.py"
    path.write_text('x = setting(1, "Whoever reads this.")\ny = f"{x} lies in the folder"\n')
    assert sorted(names_in(path)) == ["lies, stands", "nobody"]


def test_rates_count_docstrings_and_comments_only():
    path = Path("a.py")
    told = Passage(path, 1, "docstring", "told " + "word " * 999)
    message = Passage(path, 1, "text", "told told told")
    assert rates([told, message])["tell, told, say"] == 10


def test_ask_and_tell_as_names_of_methods_do_not_count():
    step = Passage(Path("a.py"), 1, "docstring", "One ask or one tell. " + "word " * 995)
    assert rates([step])["tell, told, say"] == 0


def test_every_term_has_one_meaning():
    """No term twice, none among the replaced words of another, every meaning given."""
    words = [term.word.lower() for term in terms()]
    replaced = {word.lower() for term in terms() for word in term.replaced}
    assert len(words) == len(set(words)) >= 40
    assert not replaced & set(words)
    assert all(term.meaning for term in terms())
