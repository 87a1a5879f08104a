"""The catalogue as one page of Markdown, from the same entries that `list` prints."""

from __future__ import annotations

from typing import Any

TITLE = """# Reference: everything in the catalogue

Made by `python -m nasengine list --markdown`; `make docs` writes it anew. What the parts do and
where they come from stands in [methods](methods.md), [spaces](spaces.md), [training](training.md),
[data](data.md) and [devices](devices.md).
"""


def reference(listed: dict[str, list[dict[str, Any]]]) -> str:
    """Kinds as sections, entries with settings as tables, the rest as one table a kind."""
    parts = [TITLE]
    for kind, found in listed.items():
        parts.append(f"## {kind.capitalize()}\n")
        if any("settings" in entry for entry in found):
            parts.extend(_with_settings(entry) for entry in found)
        else:
            parts.append(_table(("name", "what"), [(e["name"], e["summary"]) for e in found]))
    return "\n".join(parts)


def _with_settings(entry: dict[str, Any]) -> str:
    head = f"### `{entry['name']}`\n\n{entry['summary']}\n"
    rows: list[tuple[str, ...]] = [
        (setting["name"], _default(setting), _range(setting), setting["help"])
        for setting in entry.get("settings", ())
    ]
    return f"{head}\n{_table(('setting', 'default', 'range', 'what'), rows)}" if rows else head


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for name, *rest in rows:
        cells = [f"`{name}`", *(text.replace("|", r"\|") for text in rest)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _default(setting: dict[str, Any]) -> str:
    value = setting["default"]
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = "" if value is None or value == "" else str(value)
    return f"{text} {setting['unit']}".strip() or "empty"


def _range(setting: dict[str, Any]) -> str:
    if setting["choices"]:
        return ", ".join(map(str, setting["choices"]))
    low, high = setting["low"], setting["high"]
    if low is None and high is None:
        return setting["kind"]
    words = [f"from {low:g}" if low is not None else "", f"to {high:g}" if high is not None else ""]
    return " ".join(word for word in words if word)
