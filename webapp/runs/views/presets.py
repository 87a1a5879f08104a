"""Presets of a team: save the launch form, rename, delete; the form keeps what was typed."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.requests import TeamRequest

from ..forms import LaunchForm
from ..models import TeamPreset
from ..services.team_presets import PresetRefused, rename_preset, save_preset
from ..setting_text import yaml_of
from .launch import shown


@require_POST
def preset_save(request: TeamRequest) -> HttpResponse:
    """Save what the form holds, then show it as the chosen preset."""
    check_may_here(request, "launch", "Saving presets")
    form = LaunchForm(request.POST, request.team, bound=False)
    name = request.POST.get("preset_name", "")
    try:
        preset = save_preset(request.team, request.user, name, yaml_of(form))
    except PresetRefused as error:
        return shown(request, form, preset_error=str(error), preset_name=name)
    messages.success(request, f"The preset {preset.name} is saved for your team.")
    return redirect(f"{reverse('run-new')}?own={preset.pk}")


@require_POST
def preset_change(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Rename or delete a preset; the form is shown with what was typed."""
    preset = team_object_or_404(request, TeamPreset, pk, action="launch")
    form = LaunchForm(request.POST, request.team, bound=False)
    name = request.POST.get("preset_name", "")
    if action == "delete":
        preset.delete()
        messages.success(request, f"The preset {preset.name} is deleted.")
    elif action == "rename":
        try:
            rename_preset(preset, name)
        except PresetRefused as error:
            return shown(request, form, preset_error=str(error), preset_name=name)
        messages.success(request, f"The preset is named {preset.name} now.")
    else:
        raise Http404(f"unknown action {action[:40]!r}; actions: rename, delete")
    return shown(request, form)
