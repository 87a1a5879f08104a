"""Django forms built from the engine's descriptions of its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from nasengine.core.errors import InvalidSettings
from nasengine.core.settings import SettingDescription, describe, from_mapping, to_mapping
from webapp.common.forms import TRUE_TEXTS, KeepingSelect, SiteForm, TickBox, TickBoxes

from .setting_labels import label_of

MAX_SHOWN_BOUND = 2**53  # a bound beyond this is not worth a sentence


class SettingField(forms.Field):
    """A setting of the engine: Django shows it, `SettingsForm` has the engine check it."""

    default_validators = [ProhibitNullCharactersValidator()]

    def __init__(self, config: type, setting: SettingDescription):
        self.setting = setting
        self.suggestions: dict[str, str] = {}  # value -> description, offered while typing
        unit = f" ({setting.unit})" if setting.unit else ""
        super().__init__(
            required=False,
            label=label_of(config, setting.name) + unit,
            help_text=setting.help,
            widget=_widget(setting),
        )

    @property
    def is_group(self) -> bool:
        """Whether the field is a group of check boxes."""
        return isinstance(self.widget, TickBoxes)

    @property
    def bounds(self) -> str:
        """The allowed range in words; empty if there is none."""
        low, high = self.setting.low, self.setting.high
        high = None if high is not None and high >= MAX_SHOWN_BOUND else high
        unit = f" {self.setting.unit}" if self.setting.unit else ""
        if low is not None and high is not None:
            return f"{as_text(low)} to {as_text(high)}{unit}"
        if low is not None:
            return f"at least {as_text(low)}{unit}"
        return f"at most {as_text(high)}{unit}" if high is not None else ""

    def typed(self, path: str, raw: Mapping[str, Any]) -> list[str]:
        """Return the texts typed into the field; its default if `raw` does not name it."""
        if path not in raw:
            default = self.setting.default
            return as_texts(default) if self.is_group else [as_text(default)]
        texts = texts_of(raw, path)
        if self.setting.kind == "list" and not self.is_group:
            return [", ".join(texts)]
        return texts

    def is_missing(self, texts: list[str]) -> bool:
        """Whether the setting is the path of files and nothing is typed: it has no default."""
        return self.setting.name == "path" and not "".join(texts).strip()

    def differs(self, texts: list[str]) -> bool:
        """Whether these texts mean another value than the default."""
        if self.is_group:
            return [text for text in texts if text] != as_texts(self.setting.default)
        text = "".join(texts[-1:])
        if self.setting.kind == "bool":
            return (text.lower() in TRUE_TEXTS) != bool(self.setting.default)
        return text.strip() != as_text(self.setting.default)


class SettingsForm(SiteForm):
    """The settings of one plugin, or another config dataclass, under a dotted path.

    Args:
        config: the dataclass whose fields are the form's fields.
        raw: a POST, or names and values of a preset or a clone; what it lacks has its default.
        path: in front of every name, as in "strategy_config" for "strategy_config.population".
        bound: whether values are checked; an unbound form only shows them.
    """

    def __init__(self, config: type, raw: Mapping[str, Any], path: str = "", bound: bool = True):
        self.config = config
        fields = {setting.name: SettingField(config, setting) for setting in describe(config)}
        prefix = f"{path}." if path else ""
        self.typed = {name: field.typed(prefix + name, raw) for name, field in fields.items()}
        super().__init__(
            data=MultiValueDict({prefix + n: t for n, t in self.typed.items()}) if bound else None,
            initial={
                name: texts if fields[name].is_group else "".join(texts[-1:])
                for name, texts in self.typed.items()
            },
            prefix=path or None,
        )
        self.fields.update(fields)

    def clean(self) -> dict[str, Any]:
        """Have the engine check the values, those that depend on each other included."""
        cleaned: dict[str, Any] = self.cleaned_data
        try:
            self.settings = to_mapping(from_mapping(self.config, cleaned))
        except InvalidSettings as error:
            for name, text in error.errors.items():
                self.add_error(name if name in self.fields else None, text)
        return cleaned

    def values(self) -> dict[str, Any] | None:
        """Return the settings in their own types; None if one of them is not allowed."""
        return self.settings if self.is_valid() else None

    def suggest(self, name: str, values: Mapping[str, str]) -> None:
        """Offer values of a field while it is typed: value -> description."""
        field = self.fields[name]
        assert isinstance(field, SettingField)
        field.suggestions = dict(values)
        field.widget.attrs["list"] = f"{self[name].auto_id}-list"

    @property
    def own(self) -> list[Any]:
        """The fields to look at first: changed, with a message, or a path to be filled in."""
        return [field for field in self if self._stands_out(field)]

    @property
    def rest(self) -> list[Any]:
        """The fields that have their default."""
        return [field for field in self if not self._stands_out(field)]

    def _stands_out(self, field: Any) -> bool:
        texts = self.typed[field.name]
        return bool(field.errors) or field.field.differs(texts) or field.field.is_missing(texts)


def _widget(setting: SettingDescription) -> forms.Widget:
    if setting.kind == "list" and setting.choices:
        return TickBoxes(choices=[(choice, choice) for choice in setting.choices])
    if setting.kind == "bool":
        return TickBox()
    if setting.kind == "choice":
        return KeepingSelect(choices=[(choice, choice) for choice in setting.choices or ()])
    # No number inputs: browsers drop text that is not a number, and typing must not be lost.
    mode = {"int": "numeric", "float": "decimal"}.get(setting.kind, "text")
    return forms.TextInput(attrs={"inputmode": mode})


def texts_of(raw: Mapping[str, Any], name: str) -> list[str]:
    """Return the values of a name as texts: of a POST all of them, of a mapping its members."""
    if name not in raw:
        return []
    return raw.getlist(name) if isinstance(raw, QueryDict) else as_texts(raw[name])


def text_of(raw: Mapping[str, Any], name: str, default: str = "") -> str:
    """Return the last value of a name as text."""
    texts = texts_of(raw, name)
    return texts[-1] if texts else default


def as_texts(value: Any) -> list[str]:
    """Return the members of a list as texts, or the one value."""
    return [as_text(v) for v in value] if isinstance(value, (list, tuple)) else [as_text(value)]


def as_text(value: Any) -> str:
    """Return a value as a person would type it: numbers without a needless .0."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ", ".join(as_text(v) for v in value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)
