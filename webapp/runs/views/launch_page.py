"""Shared parts of the forms of runs and of studies: first values, YAML text, presets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.requests import TeamRequest

from ..forms import LaunchForm
from ..models import TeamPreset
from ..own_data import data_words, kept_values, with_kept_data
from ..presets import Preset, changes_of
from ..services.team_presets import PresetRefused, rename_preset, save_preset
from ..setting_text import (
    SettingText,
    TextNames,
    WrongText,
    faults_by_line,
    read_yaml,
    unknown_settings,
)

DEFAULTS = {"candidates": "50", "in_flight": "2"}
MAX_DIGITS = 18  # of a number in an address
Form = TypeVar("Form", bound=LaunchForm)


class LaunchPage(ABC, Generic[Form]):
    """A page whose form launches something.

    Attributes:
        kind: the kind of its presets, and what the names of its addresses begin with.
        action: what a person does here, for the message to those who may not.
        template: the template of the page.
        follows: what the suggested name follows, as in `LaunchForm.suggest_name`.
        names: the names that its YAML text may have.
        presets: the presets of the product.
    """

    kind: ClassVar[TeamPreset.Kind]
    action: ClassVar[str]
    template: ClassVar[str]
    follows: ClassVar[str]
    names: ClassVar[TextNames]
    presets: ClassVar[Mapping[str, Preset]]

    @abstractmethod
    def form(self, raw: Mapping[str, Any], request: TeamRequest, bound: bool = True) -> Form:
        """Return the form with these values."""

    @abstractmethod
    def first_values(self, request: TeamRequest) -> Mapping[str, Any]:
        """Return what the form starts with if the address names no preset."""

    @abstractmethod
    def of_preset(self, preset: Preset) -> Mapping[str, Any]:
        """Return what the form starts with for a preset of the product."""

    @abstractmethod
    def text(self, form: Form) -> str:
        """Return what the form holds as YAML."""

    @abstractmethod
    def check(self, form: Form) -> bool:
        """Put every message next to its field; return whether there is none."""

    @abstractmethod
    def launched(self, request: TeamRequest, form: Form) -> HttpResponse | None:
        """Launch what the form holds; None if it is wrong, with messages next to its fields."""

    @abstractmethod
    def cost(self, request: TeamRequest, form: Form) -> dict[str, Any]:
        """Return the expected cost of what the bound form holds."""

    def answer(self, request: TeamRequest) -> HttpResponse:
        """Show the form; a POST launches, or shows it with every message next to its field."""
        self.check_may(request)
        if request.method == "GET":
            return self.shown(request, self.form(self._initial(request), request, bound=False))
        if request.POST.get("source") == "yaml":
            return self._from_text(request)
        form = self.form(request.POST, request)
        return self.launched(request, form) or self.shown(request, form)

    def as_text(self, request: TeamRequest) -> HttpResponse:
        """Return what the form holds now as YAML."""
        self.check_may(request)
        text = self.text(self.form(request.POST, request, bound=False))
        return HttpResponse(text, content_type="text/plain; charset=utf-8")

    def save_preset(self, request: TeamRequest) -> HttpResponse:
        """Save what the form holds, then show it as the chosen preset."""
        check_may_here(request, "launch", "Saving presets")
        form = self.form(request.POST, request, bound=False)
        name = request.POST.get("preset_name", "")
        try:
            preset = save_preset(request.team, request.user, name, self.text(form), self.kind)
        except PresetRefused as error:
            return self.shown(request, form, preset_error=str(error), preset_name=name)
        messages.success(request, f"The preset {preset.name} is saved for your team.")
        return redirect(f"{reverse(f'{self.kind}-new')}?own={preset.pk}")

    def change_preset(self, request: TeamRequest, pk: int, action: str) -> HttpResponse:
        """Rename or delete a preset; the form is shown with what was typed."""
        preset = self._own_preset(request, pk, action="launch")
        form = self.form(request.POST, request, bound=False)
        name = request.POST.get("preset_name", "")
        if action == "delete":
            preset.delete()
            messages.success(request, f"The preset {preset.name} is deleted.")
        elif action == "rename":
            try:
                rename_preset(preset, name)
            except PresetRefused as error:
                return self.shown(request, form, preset_error=str(error), preset_name=name)
            messages.success(request, f"The preset is named {preset.name} now.")
        else:
            raise Http404(f"unknown action {action[:40]!r}; actions: rename, delete")
        return self.shown(request, form)

    def shown(self, request: TeamRequest, form: Form, **more: Any) -> HttpResponse:
        """Show the form with what was typed."""
        return render(request, self.template, {**self._context(request, form), **more})

    def check_may(self, request: TeamRequest) -> None:
        """Refuse those who may not launch."""
        check_may_here(request, "launch", self.action)

    def _from_text(self, request: TeamRequest) -> HttpResponse:
        """Launch the YAML text, or put it into the form; a fault keeps the text, with its line."""
        text = request.POST.get("yaml", "")
        try:
            read = read_yaml(text, self.names)
        except WrongText as error:
            typed = self.form(request.POST, request, bound=False)
            return self.shown(request, typed, yaml=text, yaml_faults=[str(error)])
        form = self.form(read.raw, request)
        if faults := [str(fault) for fault in unknown_settings(form, read)]:
            return self.shown(request, form, yaml=text, yaml_faults=faults)
        if request.POST.get("step") == "apply":
            self.check(form)
            return self.shown(request, form)
        if launched := self.launched(request, form):
            return launched
        return self.shown(request, form, yaml=text, yaml_faults=faults_by_line(form, read))

    def _context(self, request: TeamRequest, form: Form) -> dict[str, Any]:
        form.suggest_name(follows=self.follows)
        chosen = request.GET.get("preset", "")
        preset = self.presets.get(chosen)
        presets = TeamPreset.objects.filter(team=request.team, kind=self.kind)
        team_presets = list(presets.select_related("created_by"))
        own = [preset for preset in team_presets if str(preset.pk) == request.GET.get("own")]
        return {
            "form": form,
            "kind": self.kind.value,
            "presets": self.presets,
            "chosen_preset": chosen,
            "preset": preset,
            "changes": changes_of(preset) if preset else [],
            "team_presets": team_presets,
            "own_preset": own[0] if own else None,
            "query": request.GET.urlencode(),
            **self._data_context(request, preset),
            **self.cost(request, self.form(form.raw, request)),
        }

    def _data_context(self, request: TeamRequest, preset: Preset | None) -> dict[str, Any]:
        """Return the data set that the address names, for presets that keep it."""
        kept = kept_values(request.GET)
        if not kept:
            return {}
        words = data_words(request.team, request.GET)
        fits = (
            preset is None or with_kept_data(request.team, self.of_preset(preset), request.GET)[1]
        )
        return {"kept_data": words, "kept_data_fits": fits, "kept_query": urlencode(kept)}

    def _initial(self, request: TeamRequest) -> Mapping[str, Any]:
        """Return the values of the preset that the address names, else the first values."""
        if preset := self.presets.get(request.GET.get("preset", "")):
            raw = self.of_preset(preset)
            asked = request.GET
            return with_kept_data(request.team, raw, asked)[0] if "dataset" in asked else raw
        if "own" in request.GET:
            own = self._own_preset(request, number_in(request.GET["own"]))
            return self._read(own).raw
        return self.first_values(request)

    def _read(self, preset: TeamPreset) -> SettingText:
        try:
            return read_yaml(preset.text, self.names)
        except WrongText as error:
            raise Http404(f"the preset {preset.name} cannot be read: {error}") from None

    def _own_preset(self, request: TeamRequest, pk: int, action: str = "view") -> TeamPreset:
        preset = team_object_or_404(request, TeamPreset, pk, action=action)
        if preset.kind != self.kind:
            raise Http404(f"this is a preset of a {preset.get_kind_display().lower()}")
        return preset


def number_in(text: str) -> int:
    """Return the number of an object that an address names; 404 if it is none."""
    if not text.isascii() or not text.isdigit() or len(text) > MAX_DIGITS:
        raise Http404(f"{text[:20]!r} is no number of a run, study or preset")
    return int(text)
