"""The form class and widgets that every form of the site uses: one look, one way of naming."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.boundfield import BoundField
from django.forms.utils import ErrorList

TRUE_TEXTS = ("true", "on", "yes", "1")
TOO_SMALL = "must be at least %(limit_value)s (got %(show_value)s)"
TOO_LARGE = "must be at most %(limit_value)s (got %(show_value)s)"
MAX_OPTION_LENGTH = 60
MAX_NUMBER_LENGTH = 40


class SiteBoundField(BoundField):
    """A field on a page: its id, its help and its message are tied together for screen readers."""

    @property
    def auto_id(self) -> str:
        return "field-" + self.html_name.replace(".", "-")

    @property
    def help_id(self) -> str:
        return f"{self.auto_id}-help"

    @property
    def error_id(self) -> str:
        return f"{self.auto_id}-error"

    @property
    def error_text(self) -> str:
        """Every message of the field in one line; empty if the value is allowed."""
        return " ".join(map(str, self.errors))

    @property
    def described_by(self) -> str:
        """The ids of what explains the field."""
        parts = [self.help_id] * bool(self.help_text) + [self.error_id] * bool(self.errors)
        return " ".join(parts)

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: forms.Widget | None = None
    ) -> dict[str, Any]:
        """Return the attributes of the control; those of the widget itself win."""
        own = (widget or self.field.widget).attrs
        css = getattr(widget or self.field.widget, "css", "form-control")
        ready = {
            **(attrs or {}),
            "class": f"{css} is-invalid" if self.errors else css,
            "data-testid": self.auto_id,
            "autocomplete": "off",
        }
        if self.described_by:
            ready["aria-describedby"] = self.described_by
        if self.errors:
            ready["aria-invalid"] = "true"
        return {name: value for name, value in ready.items() if name not in own}


def number_as_text(field: forms.Field) -> forms.TextInput:
    """Return a text input for a number: a number input drops what is typed if it is no number."""
    is_whole = type(field) is forms.IntegerField
    mode = "numeric" if is_whole else "decimal"
    return forms.TextInput(attrs={"inputmode": mode, "maxlength": MAX_NUMBER_LENGTH})


class SiteForm(forms.Form):
    """A form whose names are dotted paths and whose fields are drawn by parts/field.html."""

    bound_field_class = SiteBoundField
    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs.setdefault("label_suffix", "")
        kwargs.setdefault("error_class", ErrorList)
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, forms.NumberInput):
                field.widget = number_as_text(field)
            for validator in field.validators:
                if isinstance(validator, MinValueValidator):
                    validator.message = TOO_SMALL
                elif isinstance(validator, MaxValueValidator):
                    validator.message = TOO_LARGE

    def add_prefix(self, field_name: str) -> str:
        return f"{self.prefix}.{field_name}" if self.prefix else field_name

    def messages(self) -> dict[str, str]:
        """Return dotted path -> message of every field that has one."""
        return {
            self.add_prefix(name): " ".join(map(str, texts)) for name, texts in self.errors.items()
        }

    def summary(self) -> list[dict[str, str]]:
        """Return every message with label and target: the list above the form."""
        return summary_of([self])


def summary_of(shown: Iterable[SiteForm]) -> list[dict[str, str]]:
    """Return label, target and text of every message of forms that are on one page."""
    return [
        {
            "label": str(form[name].label),
            "target": str(form[name].auto_id),
            "text": " ".join(map(str, texts)),
        }
        for form in shown
        for name, texts in form.errors.items()
        if name in form.fields
    ]


class KeepingSelect(forms.Select):
    """A list of options; what was typed stays selected even if it is not one of them.

    `reasons` names options that cannot be chosen, with why; the selected one stays enabled.
    """

    css = "form-select"
    reasons: Mapping[str, str] = MappingProxyType({})

    def create_option(
        self, name: str, value: Any, label: int | str, selected: bool, *rest: Any, **more: Any
    ) -> dict[str, Any]:
        if reason := self.reasons.get(str(value)):
            label = reason if reason.startswith(str(value)) else f"{label}: {reason}"
        option = super().create_option(name, value, label, selected, *rest, **more)
        if reason and not selected:
            option["attrs"]["disabled"] = True
        return option

    def optgroups(
        self, name: str, value: list[str], attrs: dict[str, Any] | None = None
    ) -> list[Any]:
        groups = super().optgroups(name, value, attrs)
        offered = {str(option["value"]) for _, options, _ in groups for option in options}
        for text in value:
            if text not in offered:
                shown = text if len(text) <= MAX_OPTION_LENGTH else f"{text[:MAX_OPTION_LENGTH]}…"
                option = self.create_option(name, text, shown, True, len(groups))
                groups.append((None, [option], len(groups)))
        return groups


class TickBox(forms.CheckboxInput):
    """A check box with a hidden twin before it, so that an unticked box is an answer too."""

    css = "form-check-input"

    def __init__(self, attrs: dict[str, Any] | None = None):
        super().__init__(attrs, check_test=lambda value: str(value).lower() in TRUE_TEXTS)

    def format_value(self, value: Any) -> str:
        return "true"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(name, "false")


class TickBoxes(forms.CheckboxSelectMultiple):
    """Several check boxes of one name, with a hidden empty value, so that none is an answer too."""

    css = "form-check-input"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return [text for text in data.getlist(name) if text != ""]
