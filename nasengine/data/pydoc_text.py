"""Data set `pydoc-text`: the documentation of the Python standard library, as words."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..core.errors import DataMissing
from ..core.settings import setting
from .common.prose import words_of_prose
from .common.stored_text import VOCABULARY_HELP, RawText, TextConfig, TextDataset
from .common.vocabulary import END

DOCSTRING = re.compile(r'^[ \t]*[rR]?"""(.*?)"""', re.S | re.M)
# Not installed everywhere (Debian has separate packages for some), or without documentation.
EXCLUDED = {
    "__phello__",
    "__pycache__",
    "dist-packages",
    "distutils",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "lib-dynload",
    "pydoc_data",
    "site-packages",
    "test",
    "tests",
    "tkinter",
    "turtledemo",
}
# Modules that differ between platforms and builds.
BUILD_SPECIFIC = re.compile(
    r"_sysconfigdata.*|_distutils_system_mod|python-config|sitecustomize|usercustomize|turtle"
)
# Percent of the words; every document belongs to one part as a whole.
VALID_SHARE, TEST_SHARE = 10, 10


@dataclass(frozen=True)
class PydocTextConfig(TextConfig):
    """Settings of `pydoc-text`."""

    vocabulary: int = setting(10_000, VOCABULARY_HELP, low=0)


class PydocText(TextDataset):
    """Docstrings of the standard library and the language reference of `help()`; no download.

    The text is the same on every machine with the same version of Python. A module or topic
    belongs to one part as a whole, in the order of the hashes of the names. Repeated paragraphs
    are dropped.
    """

    name = "pydoc-text"
    Config = PydocTextConfig
    config: PydocTextConfig

    def stamp(self) -> str:
        return sys.version

    def read(self) -> RawText:
        return _raw_text(self.stamp())


@lru_cache(maxsize=1)
def _raw_text(version: str) -> RawText:
    """Return the words of all parts; searches with other vocabularies share one reading."""
    documents = {**_docstrings(_library()), **_topics()}
    order = sorted(documents, key=lambda name: hashlib.sha256(name.encode()).digest())
    texts = _without_repeats([words_of_prose(documents[name]) for name in order])
    total = sum(map(len, texts))
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    before = 0
    for words in texts:
        share = 100 * before // max(total, 1)
        parts[_part(share)].extend(words)
        before += len(words)
    test, valid, train = parts
    return RawText(train, valid, test)


def _part(share: int) -> int:
    """Return the part (0 test, 1 valid, 2 train) of a document that starts at this percent."""
    return (share >= TEST_SHARE) + (share >= TEST_SHARE + VALID_SHARE)


def _library() -> Path:
    return Path(sysconfig.get_path("stdlib"))


def _docstrings(library: Path) -> dict[str, str]:
    """Return the docstrings of each module, read from the sources without importing them.

    Raises:
        DataMissing: this Python is installed without sources.
    """
    docstrings_of = {}
    for folder, inner, files in os.walk(library):
        inner[:] = sorted(name for name in inner if name not in EXCLUDED)
        for name in sorted(files):
            module, dot, ending = name.rpartition(".")
            if ending == "py" and dot and not BUILD_SPECIFIC.fullmatch(module):
                path = Path(folder, name)
                text = path.read_text(encoding="utf-8", errors="replace")
                docstrings = "\n\n".join(DOCSTRING.findall(text))
                docstrings_of[path.relative_to(library).as_posix()] = docstrings
    if not docstrings_of:
        raise DataMissing(
            f"{library} holds no sources, which pydoc-text reads: use a Python that includes them"
        )
    return docstrings_of


def _topics() -> dict[str, str]:
    from pydoc_data.topics import topics  # a large table, imported only here

    return {f"topic {name}": text for name, text in topics.items()}


def _without_repeats(documents: list[list[str]]) -> list[list[str]]:
    """Return the documents without paragraphs that occurred before."""
    seen: set[tuple[str, ...]] = set()
    kept = []
    for words in documents:
        unique: list[str] = []
        start = 0
        for position, word in enumerate(words):
            if word == END:
                paragraph = tuple(words[start : position + 1])
                start = position + 1
                if paragraph not in seen:
                    seen.add(paragraph)
                    unique += paragraph
        kept.append(unique)
    return kept
