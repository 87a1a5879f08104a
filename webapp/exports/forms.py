"""The form that requests an export: target with its settings, seed, queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from nasengine import catalog
from nasengine.core.errors import EngineError
from webapp.common.forms import KeepingSelect, SiteForm, summary_of
from webapp.evaluations.models import Training
from webapp.jobs.models import JobState
from webapp.jobs.queues import known_queues
from webapp.runs.setting_forms import SettingsForm, text_of

from .services.launch import able_targets, data_kind_of


class ExportForm(SiteForm):
    """The form that describes one export. Everything typed is kept as text.

    Args:
        training: the training whose network was chosen; the form offers its evaluation's others.
        raw: a POST, or names and values of the address.
        bound: whether values are checked; an unbound form only shows them.
    """

    training = forms.CharField(
        label="Seed",
        help_text="The trained network of this seed is exported.",
        widget=KeepingSelect(),
    )
    target = forms.CharField(label="Target", widget=KeepingSelect())
    queue = forms.CharField(
        label="Queue", help_text="Workers of this queue export.", widget=KeepingSelect()
    )

    def __init__(self, training: Training, raw: Mapping[str, Any], bound: bool = True):
        self.chosen = training
        targets = able_targets(data_kind_of(training))
        typed = {name: text_of(raw, name) for name in self.base_fields}
        typed["training"] = typed["training"] or str(training.pk)
        typed["target"] = typed["target"] or targets[0]
        data = MultiValueDict({n: [t] for n, t in typed.items()}) if bound else None
        super().__init__(data=data, initial={**typed, "queue": typed["queue"] or "cpu"})
        self._offer(targets)
        self.target_name = typed["target"]
        target = _target(self.target_name)
        self.settings = SettingsForm(target.Config, raw, "config", bound) if target else None
        self.unplaced: dict[str, str] = {}

    def values(self) -> dict[str, Any] | None:
        """Return what was typed, or None with every message next to its field."""
        self.full_clean()
        settings = self.settings.values() if self.settings else {}
        if self.errors or settings is None:
            return None
        return {"target": self.data["target"], "queue": self.data["queue"], "settings": settings}

    def training_or_none(self) -> Training | None:
        """Return the training that was chosen, one of the same evaluation."""
        text = str(self.data.get("training", ""))
        if not (text.isascii() and text.isdigit() and len(text) < 18):
            return None
        same = Training.objects.filter(evaluation=self.chosen.evaluation_id, pk=int(text))
        return same.select_related("evaluation__team").first()

    def place(self, messages: Mapping[str, str]) -> None:
        """Put each message (dotted path -> text) next to its own field."""
        for path, text in messages.items():
            form = self.settings if path.startswith("config.") and self.settings else self
            name = path.rpartition(".")[2]
            if name in form.fields:
                form.add_error(name, text)
            else:
                self.unplaced[path] = text

    def summary(self) -> list[dict[str, str]]:
        """Return every message with label and target: the list above the form."""
        forms_here: list[SiteForm] = [self, *([self.settings] if self.settings else [])]
        rows = summary_of(forms_here)
        unplaced = self.unplaced.items()
        return rows + [{"label": n, "target": "export-form", "text": t} for n, t in unplaced]

    def _offer(self, targets: list[str]) -> None:
        done = Training.objects.filter(evaluation=self.chosen.evaluation_id, state=JobState.DONE)
        choices = {
            "training": [(str(pk), str(seed)) for pk, seed in done.values_list("pk", "seed")],
            "target": [(name, f"{catalog.load('targets', name).title}") for name in targets],
            "queue": [(name, name) for name in known_queues()],
        }
        for name, options in choices.items():
            widget = self.fields[name].widget
            assert isinstance(widget, forms.Select)
            widget.choices = options
        self.fields["target"].widget.attrs |= {
            "hx-get": f"{reverse('export-new-settings')}?training={self.chosen.pk}",
            "hx-target": "#export-settings",
            "hx-swap": "outerHTML",
        }


def _target(name: str) -> Any:
    try:
        return catalog.load("targets", name)
    except EngineError:
        return None
