"""Texts in CSV files, which people open as spreadsheets."""

from __future__ import annotations


def harmless(text: str) -> str:
    """Return the text with a quote in front if a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
