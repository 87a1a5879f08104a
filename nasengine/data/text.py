"""Data set `text`: any text files a person names."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

from ..core.settings import setting
from .common.prose import words_of_lines, words_of_prose
from .common.roots import named_path, stamp
from .common.stored_text import RawText, TextConfig, TextDataset
from .common.text_files import files_of, named_parts, read_text

HOLDS = "a folder of text files (.txt, .tokens, gzip'd or not), or one such file"
# Percent of the words where the source has no parts of its own.
VALID_SHARE, TEST_SHARE = 10, 10


@dataclass(frozen=True)
class TextFilesConfig(TextConfig):
    """Settings of `text`."""

    path: str = setting("", "Folder of text files, or one file, on the machine that trains.")
    words: str = setting(
        "prose",
        "What a word is: prose: lower-case words, numbers and marks; blanks: what stands between "
        "blanks, a line being a sentence.",
        choices=("prose", "blanks"),
    )
    vocabulary: int = setting(
        10_000, "Most words told apart, the frequent ones; others are <unk>; 0: all.", low=0
    )


class Text(TextDataset):
    """Files called train, valid and test are the parts; other files are read one after the other.

    Of a text without parts the last tenth tests and the tenth before it validates. Where train
    and test are named and valid is not, the last tenth of train validates.
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
        whole = [word for path in files for word in self._words(path)]
        rest, test = _cut(whole, TEST_SHARE)
        train, valid = _cut(rest, VALID_SHARE, len(whole))
        return RawText(train, valid, test)

    def _words(self, path: Path) -> list[str]:
        split = words_of_prose if self.config.words == "prose" else words_of_lines
        return split(read_text(path))

    def _files(self) -> list[Path]:
        return files_of(named_path(self.config.path, self.name, HOLDS))


def _cut(words: list[str], percent: int, of: int | None = None) -> tuple[list[str], list[str]]:
    """The words without, and only, the last so many percent (of another number)."""
    count = percent * (of or len(words)) // 100
    return words[: len(words) - count], words[len(words) - count :]
