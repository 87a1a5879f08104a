"""Names of a team's own rows in search settings, pinned to their content by a digest.

A launch pins such a name to the SHA-256 of the content, so a search always reads what it was
started with, and every machine finds a copy by the digest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from .errors import EngineError
from .text import shorten

MAX_NAME_LENGTH = 60
NAME = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{MAX_NAME_LENGTH - 1}}}", re.ASCII)


def name_rule(noun: str) -> str:
    """Return the rule for names in words, as a part of a message."""
    return (
        f"a {noun}'s name has lower-case letters, digits, dots, hyphens and underscores, starts "
        f"with a letter or digit and has at most {MAX_NAME_LENGTH} characters"
    )


@dataclass(frozen=True)
class Pinned:
    """A name, and the digest that pins its content ("" if it is not pinned)."""

    name: str
    digest: str = ""

    prefix: ClassVar[str] = ""
    noun: ClassVar[str] = ""
    kind: ClassVar[str] = ""  # what a text with this prefix names, for messages

    @property
    def path(self) -> str:
        """Value of the setting `path`."""
        return f"{self.prefix}{self.label_with(self.digest)}"

    @property
    def label(self) -> str:
        """Name and abbreviated digest, for messages and pages."""
        return self.label_with(self.digest[:8])

    def label_with(self, digest: str) -> str:
        """Return the name, with a digest unless that is empty."""
        return f"{self.name}@{digest}" if digest else self.name

    @classmethod
    def of_path(cls, path: str) -> Self | None:
        """Return what the setting `path` names, None if it names a file.

        Raises:
            EngineError: the text starts with the prefix but is not a valid name.
        """
        text = path.strip()
        if not text.startswith(cls.prefix):
            return None
        form = re.compile(rf"{cls.prefix}({NAME.pattern})(?:@([0-9a-f]{{64}}))?", re.ASCII)
        if not (match := form.fullmatch(text)):
            raise EngineError(
                f"{shorten(text, 80)} is not {cls.kind}: write {cls.prefix}NAME; "
                f"{name_rule(cls.noun)}"
            )
        return cls(match[1], match[2] or "")
