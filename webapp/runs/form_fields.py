"""Fields of the launch form, made from the engine's own descriptions of its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from nasengine.core.settings import SettingDescription, describe

UNSAID = 2**53  # a bound nobody reaches by typing is not worth a sentence


@dataclass
class Field:
    """One field: its dotted path, what was typed into it, what is wrong, what might be typed."""

    path: str
    about: SettingDescription
    typed: list[str]
    error: str = ""
    suggestions: dict[str, str] = field(default_factory=dict)  # text -> words beside it

    @property
    def id(self) -> str:
        return "field-" + self.path.replace(".", "-")

    @property
    def label(self) -> str:
        words = self.about.name.replace("_", " ")
        return words[:1].upper() + words[1:]

    @property
    def text(self) -> str:
        """What a single field shows."""
        return ", ".join(self.typed) if self.about.kind == "list" else "".join(self.typed[-1:])

    @property
    def checked(self) -> bool:
        return self.text.lower() in ("true", "on", "yes", "1")

    @property
    def widget(self) -> str:
        """check, select, checks, or text."""
        if self.about.kind == "list" and self.about.choices:
            return "checks"
        return {"bool": "check", "choice": "select"}.get(self.about.kind, "text")

    @property
    def input_mode(self) -> str:
        return {"int": "numeric", "float": "decimal"}.get(self.about.kind, "text")

    @property
    def bounds(self) -> str:
        """The allowed range in words, empty where there is none."""
        low, high = self.about.low, self.about.high
        high = None if high is not None and high >= UNSAID else high
        unit = f" {self.about.unit}" if self.about.unit else ""
        if low is not None and high is not None:
            return f"{_plain(low)} to {_plain(high)}{unit}"
        if low is not None:
            return f"at least {_plain(low)}{unit}"
        if high is not None:
            return f"at most {_plain(high)}{unit}"
        return self.about.unit

    @property
    def default_text(self) -> str:
        return as_text(self.about.default)

    @property
    def changed(self) -> bool:
        """Whether what is typed differs from the default."""
        if self.widget == "checks":
            return self.typed != [as_text(v) for v in self.about.default]
        if self.about.kind == "bool":
            return self.checked != bool(self.about.default)
        return self.text.strip() != self.default_text

    @property
    def value(self) -> Any:
        """What `from_mapping` checks."""
        return list(self.typed) if self.widget == "checks" else self.text


def fields_of(config: type, prefix: str, raw: Mapping[str, Any] | QueryDict) -> list[Field]:
    """The fields of a config; what `raw` holds of them is kept as it was typed."""
    return [
        Field(prefix + about.name, about, typed_of(about, prefix + about.name, raw))
        for about in describe(config)
    ]


def typed_of(about: SettingDescription, path: str, raw: Mapping[str, Any]) -> list[str]:
    """The texts typed into a field, else its default."""
    given = raw.getlist(path) if isinstance(raw, QueryDict) else as_texts(raw.get(path, []))
    if about.kind == "list" and about.choices:
        # A list of check boxes sends a hidden empty value, so that "none" is an answer too.
        if path in raw:
            return [text for text in given if text != ""]
        return as_texts(about.default)
    if path in raw:
        return given
    return [as_text(about.default)]


def as_texts(value: Any) -> list[str]:
    return [as_text(v) for v in value] if isinstance(value, (list, tuple)) else [as_text(value)]


def as_text(value: Any) -> str:
    """A value as a person would type it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ", ".join(as_text(v) for v in value)
    if isinstance(value, float):
        return _plain(value)
    return str(value)


def _plain(number: float) -> str:
    """A number without a needless .0."""
    if isinstance(number, int) or float(number).is_integer():
        return str(int(number))
    return repr(float(number))


@dataclass
class Part:
    """One part of a question: which plugin was chosen, and that plugin's settings."""

    kind: str
    plural: str
    title: str
    help: str
    chosen: str
    options: list[str]
    fields: list[Field] = field(default_factory=list)
    error: str = ""

    @property
    def open(self) -> bool:
        """Settings unfold where something is wrong or differs from the defaults."""
        return any(f.error or f.changed for f in self.fields)
