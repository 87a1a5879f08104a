"""Text for messages: values shortened, everything on one line that a terminal can print."""

from __future__ import annotations

from typing import Any

ELLIPSIS = "..."


def shorten(value: Any, limit: int = 60) -> str:
    """Return `value` as a message shows it: like `repr`, printable, on one line.

    Args:
        value: Anything, of any size and from any source.
        limit: Most characters of the value; strings get two quotes in addition (and escapes
            such as `\\n` count once). A longer value ends in an ellipsis.
    """
    if isinstance(value, str):
        return repr(_cut(value, limit))
    try:
        text = repr(value)
    except ValueError:  # Python refuses to print integers of thousands of digits
        text = f"{type(value).__name__} of too many digits"
    except RecursionError:
        text = f"{type(value).__name__} nested too deeply"
    return one_line(text, limit)


def one_line(text: str, limit: int = 500) -> str:
    """Return the text on one line that every database and terminal accepts.

    White space becomes single spaces; NUL and unpaired surrogates become the replacement
    character. A text of more than `limit` characters ends in an ellipsis.
    """
    clean = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return _cut(" ".join(clean.split()), limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - len(ELLIPSIS)] + ELLIPSIS
