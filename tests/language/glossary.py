"""Read the glossary: each term with its meaning and the words that are not used for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.architecture.sources import ROOT

PAGE = ROOT / "docs/glossary.md"


@dataclass(frozen=True)
class Term:
    """One row of the glossary."""

    word: str
    meaning: str
    replaced: tuple[str, ...]


def terms() -> list[Term]:
    """Return every row of the glossary's tables."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|([^|]*)\|$", PAGE.read_text(), re.M)
    return [
        Term(
            word.strip(),
            meaning.strip(),
            tuple(w.strip() for w in replaced.split(",") if w.strip()),
        )
        for word, meaning, replaced in rows
        if word.strip() not in ("word", "---")
    ]
