"""Data set `text`: text files of the user."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

from ..core.settings import setting
from .common.prose import words_of_lines, words_of_prose
from .common.roots import named_path, stamp
from .common.stored_text import VOCABULARY_HELP, RawText, TextConfig, TextDataset
from .common.text_files import files_of, named_parts, read_text

HOLDS = "a folder of text files (.txt, .tokens, gzip'd or not), or one such file"
# Percent of the words, for a source without named parts.
VALID_SHARE, TEST_SHARE = 10, 10


@dataclass(frozen=True)
class TextFilesConfig(TextConfig):
    """Settings of `text`."""

    path: str = setting("", "Folder of text files, or one file, on the machine that trains.")
    words: str = setting(
        "prose",
        "Tokeniser. prose: lower-case words, numbers and punctuation, <eos> after a paragraph; "
        "blanks: split at blanks, <eos> after a line.",
        choices=("prose", "blanks"),
    )
    vocabulary: int = setting(10_000, VOCABULARY_HELP, low=0)


class Text(TextDataset):
    """Text files whose names contain train, valid and test are the parts.

    Other files are concatenated: the last tenth is the test part, the tenth before it the valid
    part. If there is a train and a test file but no valid file, the last tenth of train is the
    valid part.
    """

    name = "text"
    Config = TextFilesConfig
    config: TextFilesConfig

    def stamp(self) -> Hashable:
        return stamp(self._files())

    def read(self) -> RawText:
        files = self._files()
        parts = named_parts(files)
        if {"train", "test"} <= set(parts):
            words = {part: self._words(path) for part, path in parts.items()}
            if "valid" not in words:
                words["train"], words["valid"] = _cut(words["train"], VALID_SHARE)
            return RawText(**words)
        words_in_order = [word for path in files for word in self._words(path)]
        rest, test = _cut(words_in_order, TEST_SHARE)
        train, valid = _cut(rest, VALID_SHARE, len(words_in_order))
        return RawText(train, valid, test)

    def _words(self, path: Path) -> list[str]:
        tokenise = words_of_prose if self.config.words == "prose" else words_of_lines
        return tokenise(read_text(path))

    def _files(self) -> list[Path]:
        return files_of(named_path(self.config.path, self.name, HOLDS))


def _cut(words: list[str], percent: int, total: int | None = None) -> tuple[list[str], list[str]]:
    """Cut off the last `percent` of `total` words (default: of these); return both pieces."""
    count = percent * (total or len(words)) // 100
    return words[: len(words) - count], words[len(words) - count :]
