"""The form that adds a version of a space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict

from nasengine import catalog
from nasengine.core.errors import EngineError
from webapp.common.forms import KeepingSelect, SiteForm
from webapp.runs.setting_forms import SettingsForm, text_of


class VersionForm(SiteForm):
    """Name, note and settings of a version. Everything typed is kept as text."""

    name = forms.CharField(
        required=False,
        strip=False,
        help_text="A space of your team gets a new version; another name makes a new space.",
    )
    space = forms.CharField(
        label="Built-in space", required=False, widget=KeepingSelect(attrs={"data-space": ""})
    )
    note = forms.CharField(
        required=False, strip=False, help_text="The difference from other versions."
    )

    def __init__(self, raw: Mapping[str, Any], bound: bool = True):
        names = catalog.names("spaces")
        typed = {name: text_of(raw, name) for name in self.base_fields}
        typed["space"] = typed["space"] or names[0]
        data = MultiValueDict({name: [text] for name, text in typed.items()}) if bound else None
        super().__init__(data=data, initial=typed)
        widget = self.fields["space"].widget
        assert isinstance(widget, forms.Select)
        widget.choices = [(name, name) for name in names]
        self.values = typed
        self.settings: SettingsForm | None = None
        try:
            config = catalog.load("spaces", typed["space"]).Config
        except EngineError:
            return
        self.settings = SettingsForm(config, raw, "space_config", bound)

    def config(self) -> dict[str, Any] | None:
        """Return the settings; None, with every message next to its field, if one is wrong."""
        if self.settings is None:
            return {}
        return self.settings.values()

    def place(self, messages: Mapping[str, str]) -> None:
        """Put each message (dotted path -> text) next to its field."""
        for path, text in messages.items():
            group, _, name = path.rpartition(".")
            owner = self.settings if group and self.settings else self
            owner.add_error(name if name in owner.fields else None, text)
