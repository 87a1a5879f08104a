"""Data set `pydoc-text`: the Python standard library's own documentation, word by word."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import sysconfig
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import DataMissing
from ..core.settings import setting
from .common.prose import words_of_prose
from .common.stored_text import RawText, TextConfig, TextDataset
from .common.vocabulary import END

DOCSTRING = re.compile(r'^[ \t]*[rR]?"""(.*?)"""', re.S | re.M)
# Not everywhere installed (Debian packs some apart), or nobody's documentation.
LEFT_OUT = {
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
# Written for one platform or build, so not the same everywhere.
OF_A_BUILD = re.compile(
    r"_sysconfigdata.*|_distutils_system_mod|python-config|sitecustomize|usercustomize|turtle"
)
# Of a hundred words; the parts keep whole documents.
VALID_SHARE, TEST_SHARE = 10, 10


@dataclass(frozen=True)
class PydocTextConfig(TextConfig):
    """Settings of `pydoc-text`."""

    vocabulary: int = setting(
        10_000, "Most words told apart, the frequent ones; others are <unk>; 0: all.", low=0
    )


class PydocText(TextDataset):
    """Docstrings of the standard library and the language reference of `help()`; no download.

    The same for one version of Python, on whatever machine. Modules and topics go whole to one
    part, in an order by the hash of their names; a paragraph that occurs twice stays once.
    """

    name = "pydoc-text"
    Config = PydocTextConfig
    config: PydocTextConfig

    def stamp(self) -> Hashable:
        return sys.version

    def read(self) -> RawText:
        documents = {**_docstrings(_library()), **_topics()}
        order = sorted(documents, key=lambda name: hashlib.sha256(name.encode()).digest())
        written = _once([words_of_prose(documents[name]) for name in order])
        whole = sum(map(len, written))
        parts: tuple[list[str], list[str], list[str]] = ([], [], [])
        before = 0
        for words in written:
            share = 100 * before // max(whole, 1)
            parts[_part(share)].extend(words)
            before += len(words)
        test, valid, train = parts
        return RawText(train, valid, test)


def _part(share: int) -> int:
    """Test, valid or train for a document that begins behind so many percent of the words."""
    return (share >= TEST_SHARE) + (share >= TEST_SHARE + VALID_SHARE)


def _library() -> Path:
    return Path(sysconfig.get_path("stdlib"))


def _docstrings(library: Path) -> dict[str, str]:
    """Name of each module -> its docstrings, read from the sources; nothing is imported.

    Raises:
        DataMissing: this Python came without its sources.
    """
    found = {}
    for folder, inner, files in os.walk(library):
        inner[:] = sorted(name for name in inner if name not in LEFT_OUT)
        for name in sorted(files):
            module, dot, ending = name.rpartition(".")
            if ending == "py" and dot and not OF_A_BUILD.fullmatch(module):
                path = Path(folder, name)
                text = path.read_text(encoding="utf-8", errors="replace")
                docstrings = "\n\n".join(DOCSTRING.findall(text))
                found[path.relative_to(library).as_posix()] = docstrings
    if not found:
        raise DataMissing(
            f"{library} holds no sources: pydoc-text is made of them; use a Python that has them"
        )
    return found


def _topics() -> dict[str, str]:
    from pydoc_data.topics import topics  # a large table, read where it is needed

    return {f"topic {name}": text for name, text in topics.items()}


def _once(documents: list[list[str]]) -> list[list[str]]:
    """The documents without paragraphs that came before."""
    seen: set[tuple[str, ...]] = set()
    kept = []
    for words in documents:
        left: list[str] = []
        start = 0
        for place, word in enumerate(words):
            if word == END:
                paragraph = tuple(words[start : place + 1])
                start = place + 1
                if paragraph not in seen:
                    seen.add(paragraph)
                    left += paragraph
        kept.append(left)
    return kept
