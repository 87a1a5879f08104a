"""Data set `text`: text files of the user."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

from ..core.data_report import DataReport
from ..core.errors import EngineError
from ..core.settings import setting
from .common.prose import words_of_lines, words_of_prose
from .common.roots import named_path, stamp
from .common.stored_text import VOCABULARY_HELP, RawText, TextConfig, TextDataset
from .common.text_files import files_of, named_parts, read_text, skipped_files

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

    A part without a file is cut off the end of train: a tenth for test, then a tenth for valid.
    So a text that is named valid or test is never trained on. Files without such names are
    concatenated and cut in the same way. README and LICENSE files are left out.
    """

    name = "text"
    Config = TextFilesConfig
    config: TextFilesConfig

    def stamp(self) -> Hashable:
        return stamp(self._files())

    def read(self) -> RawText:
        files = self._files()
        parts = self._parts(files)
        words = {part: self._words(path) for part, path in parts.items()}
        if not parts:
            words["train"] = [word for path in files for word in self._words(path)]
        total = len(words["train"])
        if "test" not in words:
            words["train"], words["test"] = _cut(words["train"], TEST_SHARE)
        if "valid" not in words:
            words["train"], words["valid"] = _cut(words["train"], VALID_SHARE, total)
        return RawText(**words)

    def report(self, limit: int | None = None) -> DataReport:
        source = named_path(self.config.path, self.name, HOLDS)
        files = self._files()
        parts = self._parts(files)
        unnamed = [path for path in files if parts and path not in parts.values()]
        skipped = [(path, "name without train, valid or test") for path in unnamed]
        named = {part: path.name for part, path in parts.items()}
        return self._report(
            len(files) - len(unnamed), skipped + skipped_files(source), _cuts(named)
        )

    def _parts(self, files: list[Path]) -> dict[str, Path]:
        """Return the files by part; {} if all files are concatenated.

        Raises:
            EngineError: there is a valid or test part and nothing to train on.
        """
        parts = named_parts(files)
        if len(files) == 1:
            return {}
        if parts and "train" not in parts:
            raise EngineError(
                f"{', '.join(path.name for path in parts.values())} is named as a part, but no "
                "file is named train: name the training text train.txt, or rename the others"
            )
        return parts

    def _words(self, path: Path) -> list[str]:
        tokenise = words_of_prose if self.config.words == "prose" else words_of_lines
        return tokenise(read_text(path))

    def _files(self) -> list[Path]:
        return files_of(named_path(self.config.path, self.name, HOLDS))


def _cuts(named: dict[str, str]) -> list[str]:
    """Return sentences that say where each part comes from."""
    source = f"end of {named['train']}" if named else "end of the text"
    sentences = [f"The {part} part is {name}." for part, name in sorted(named.items())]
    shares = {"valid": VALID_SHARE, "test": TEST_SHARE}
    cut = [
        f"The {part} part is {share} % of the words, from the {source}."
        for part, share in shares.items()
        if part not in named
    ]
    return sentences + cut


def _cut(words: list[str], percent: int, total: int | None = None) -> tuple[list[str], list[str]]:
    """Cut off the last `percent` of `total` words (default: of these); return both pieces."""
    count = percent * (total or len(words)) // 100
    return words[: len(words) - count], words[len(words) - count :]
