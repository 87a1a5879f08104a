"""Sentences of pages, from the texts of errors."""

from __future__ import annotations


def as_sentence(error: object) -> str:
    """Return the text of an error with a capital first letter and a full stop.

    Names of settings, such as max_hours, keep their case.
    """
    text = str(error)
    if not text:
        return ""
    if "_" not in text.split(maxsplit=1)[0]:
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
