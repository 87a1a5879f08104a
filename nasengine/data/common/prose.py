"""Tokenisers: a text becomes a list of words with an end mark per line or paragraph."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import chain

from .vocabulary import END

NUMBER = "N"  # replaces every number, as in the Penn treebank
BLANK_LINE = re.compile(r"\n[ \t]*\n")
# Typographic apostrophes, which are the same letter of a word as the plain one.
APOSTROPHES = str.maketrans("\u2019\uff07\u02bc", "'''")
JOINERS = "\u200c\u200d"  # invisible; between letters of Persian or Hindi they are part of a word


def words_of_lines(text: str) -> list[str]:
    """Split a prepared corpus at blanks and append <eos> to every line."""
    tokens: list[str] = []
    for line in text.splitlines():
        tokens += line.split()
        tokens.append(END)
    return tokens


def words_of_prose(text: str) -> list[str]:
    """Return lower-case words, N for numbers and punctuation, with <eos> after a paragraph.

    The same word is the same token however its accents and apostrophes are encoded (Unicode
    normal form C). Combining marks, such as the vowels of Hindi, belong to their word.
    """
    tokens: list[str] = []
    word = _word()
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").translate(APOSTROPHES))
    for paragraph in BLANK_LINE.split(plain):
        words = [NUMBER if w[0].isdigit() else w for w in word.findall(paragraph.lower())]
        if words:
            tokens += [*words, END]
    return tokens


@cache
def _word() -> re.Pattern[str]:
    """Return the pattern of a token: letters with their marks, a number, or punctuation."""
    letters = rf"[^\W\d_](?:[^\W\d_]|[{_marks()}{JOINERS}])*"
    return re.compile(rf"{letters}(?:'{letters})?|\d+|[.,;:?!()]")


def _marks() -> str:
    """Return the ranges of all combining marks, for a character class.

    Python's patterns have no class for them, and count them as neither letters nor digits.
    """
    ranges: list[list[int]] = []
    for code in chain(range(0x300, 0x20000), range(0xE0100, 0xE01F0)):
        if unicodedata.category(chr(code))[0] != "M":
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(low)}-{chr(high)}" for low, high in ranges)
