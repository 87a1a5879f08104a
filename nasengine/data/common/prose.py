"""From texts to lists of words, the end of each line or paragraph marked."""

from __future__ import annotations

import re

from .vocabulary import END

NUMBER = "N"  # what the Penn treebank writes for every number
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+|[.,;:?!()]")
BLANK_LINE = re.compile(r"\n[ \t]*\n")


def words_of_lines(text: str) -> list[str]:
    """What stands between blanks, every line ended: how prepared corpora are read."""
    found: list[str] = []
    for line in text.splitlines():
        found += line.split()
        found.append(END)
    return found


def words_of_prose(text: str) -> list[str]:
    """Lower-case words, numbers as N and the common marks, every paragraph ended."""
    found: list[str] = []
    for paragraph in BLANK_LINE.split(text.replace("\r\n", "\n")):
        words = [NUMBER if w[0].isdigit() else w for w in WORD.findall(paragraph.lower())]
        if words:
            found += [*words, END]
    return found
