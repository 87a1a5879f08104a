"""Review view: a person gives the reason for moving one or several entries to another stage."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import model_ngettext
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from webapp.limits import MAX_REASON

from .models import CatalogueEntry, Stage
from .review_queue import review_cards
from .services.moves import TO, DecisionRefused, move


class ReasonForm(forms.Form):
    """The reason for moving entries to another stage."""

    reason = forms.CharField(
        max_length=MAX_REASON,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "data-testid": "reason"}),
        help_text="Shown to all members of the team, also in the history; at most "
        f"{MAX_REASON} characters.",
        error_messages={"required": "A decision needs a reason: write one sentence."},
    )


def reason_page(
    admin: ModelAdmin,
    request: HttpRequest,
    entries: QuerySet[CatalogueEntry],
    stage: Stage,
    back: str,
) -> HttpResponse:
    """Ask for the reason, then move the entries to the stage and redirect to `back`.

    Entries that cannot be moved are named in a message and not changed.
    """
    submitted = request.method == "POST" and "reason" in request.POST
    form = ReasonForm(request.POST if submitted else None)
    if submitted and form.is_valid():
        _move(request, entries, stage, form.cleaned_data["reason"])
        return redirect(back)
    context = {
        **admin.admin_site.each_context(request),
        "title": f"{TO[stage].verb}: {model_ngettext(entries)}",
        "opts": admin.model._meta,
        "media": admin.media + form.media,
        "form": form,
        "verb": TO[stage].verb,
        "testid": f"{TO[stage].action}-confirm",
        "entries": entries,
        "cards": review_cards(entries, request.user),
        "action": f"{TO[stage].action}_selected",
        "selected_name": helpers.ACTION_CHECKBOX_NAME,
        "back": back,
    }
    return TemplateResponse(request, "admin/architectures/decide.html", context)


def _move(
    request: HttpRequest, entries: QuerySet[CatalogueEntry], stage: Stage, reason: str
) -> None:
    done = []
    for entry in entries:
        try:
            done.append(move(entry, request.user, stage, reason).name)
        except DecisionRefused as error:
            messages.error(request, f"{entry.name}: {error}.")
    if done:
        messages.success(request, f"{TO[stage].done}: {', '.join(done)}.")
