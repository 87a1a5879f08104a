"""Decisions and templates as texts: `depth=1|2|3`, and `net-*-*` for a text of two decisions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...core.text import shorten

PLACE = "*"  # stands for the option of a decision in a template
SPECIAL = re.compile(r"[%,|=*]|^ | $")
ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")


def quoted(text: str) -> str:
    """Return a text with the characters of the notation, and spaces at its ends, as %XX."""
    return SPECIAL.sub(lambda match: f"%{ord(match[0]):02X}", text)


def unquoted(text: str) -> str:
    """Return the text that `quoted` wrote.

    Raises:
        ValueError: a percent sign is not followed by two hexadecimal digits.
    """

    def plain(match: re.Match[str]) -> str:
        if match[1] is None:
            raise ValueError(f"{shorten(text)} has a percent sign of no meaning: write %25 for it")
        return chr(int(match[1], 16))

    return ESCAPE.sub(plain, text)


def format_decision(name: str, options: Sequence[str]) -> str:
    """Return a decision as text, such as `depth=1|2|3`."""
    return f"{quoted(name)}={'|'.join(map(quoted, options))}"


def parse_decision(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the name and the options of a decision.

    Raises:
        ValueError: the text has another form; the message names the invalid part.
    """
    name, equals, rest = text.partition("=")
    if not equals or "=" in rest or PLACE in text:
        raise ValueError(f"{shorten(text)} is not a decision: write NAME=OPTION|OPTION")
    return unquoted(name.strip()), tuple(unquoted(option.strip()) for option in rest.split("|"))


def format_template(pieces: Sequence[str]) -> str:
    """Return the template with these constant texts around its places."""
    return PLACE.join(map(quoted, pieces))


def parse_template(text: str) -> tuple[str, ...]:
    """Return the constant texts around the places of a template, one more than there are places.

    Raises:
        ValueError: a percent sign is not followed by two hexadecimal digits.
    """
    return tuple(map(unquoted, text.split(PLACE)))
