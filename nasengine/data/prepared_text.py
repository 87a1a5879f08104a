"""Data sets `ptb` and `wikitext2`: corpora published as three text files."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..core.errors import DataMissing
from ..core.settings import setting
from .common.prose import words_of_lines
from .common.roots import named_path, stamp
from .common.stored_text import RawText, TextConfig, TextDataset
from .common.text_files import files_of, named_parts, read_text

PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class PreparedTextConfig(TextConfig):
    """Settings of `ptb` and `wikitext2`."""

    path: str = setting("", "Folder of the three text files on the machine that trains.")


class PreparedText(TextDataset):
    """A corpus whose words are separated by blanks; every line ends with <eos>."""

    Config = PreparedTextConfig
    config: PreparedTextConfig
    holds: ClassVar[str]

    def stamp(self) -> Hashable:
        return stamp(self._files())

    def read(self) -> RawText:
        train, valid, test = (words_of_lines(read_text(path)) for path in self._files())
        return RawText(train, valid, test)

    def _files(self) -> list[Path]:
        folder = named_path(self.config.path, self.name, self.holds)
        if not folder.is_dir():
            raise DataMissing(f"{folder} is a file: {self.name} needs {self.holds}; correct path")
        files = named_parts(files_of(folder))
        missing = [part for part in PARTS if part not in files]
        if missing:
            raise DataMissing(
                f"{folder} has no {' or '.join(missing)} file: {self.name} needs {self.holds}; "
                "correct path"
            )
        return [files[part] for part in PARTS]


class PennTreebank(PreparedText):
    """The Penn treebank as Mikolov prepared it: 929,589 training words, 10,000 different."""

    name = "ptb"
    holds = "a folder of ptb.train.txt, ptb.valid.txt and ptb.test.txt, gzip'd or not"


class Wikitext2(PreparedText):
    """WikiText-2 (1609.07843): 2,088,628 training words, 33,278 different."""

    name = "wikitext2"
    holds = "a folder of wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens, or .txt"
