"""Tokenisers: a text becomes a list of words with an end mark per line or paragraph."""

from __future__ import annotations

import re

from .vocabulary import END

NUMBER = "N"  # replaces every number, as in the Penn treebank
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+|[.,;:?!()]")
BLANK_LINE = re.compile(r"\n[ \t]*\n")


def words_of_lines(text: str) -> list[str]:
    """Split a prepared corpus at blanks and append <eos> to every line."""
    tokens: list[str] = []
    for line in text.splitlines():
        tokens += line.split()
        tokens.append(END)
    return tokens


def words_of_prose(text: str) -> list[str]:
    """Return lower-case words, N for numbers and punctuation, with <eos> after a paragraph."""
    tokens: list[str] = []
    for paragraph in BLANK_LINE.split(text.replace("\r\n", "\n")):
        words = [NUMBER if w[0].isdigit() else w for w in WORD.findall(paragraph.lower())]
        if words:
            tokens += [*words, END]
    return tokens
