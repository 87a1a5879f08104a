"""The admin's page on which a curator gives the reason for a decision, for one entry or many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import model_ngettext
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextareaWidget

from .models import CatalogueEntry
from .services import MAX_REASON, DecisionRefused, promote, reject


class ReasonForm(forms.Form):
    """Why an entry is promoted or rejected."""

    reason = forms.CharField(
        max_length=MAX_REASON,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "data-testid": "reason"}),
        help_text=f"Everybody in the team reads it, now and in the history; at most {MAX_REASON} "
        "characters.",
        error_messages={"required": "A decision needs its reason: say why in a sentence."},
    )


@dataclass(frozen=True)
class Decision:
    """One way to decide: its verb, the service that does it, what was done."""

    verb: str
    decide: Callable[[CatalogueEntry, Any, str], CatalogueEntry]
    done: str


PROMOTE = Decision("promote", promote, "Promoted")
REJECT = Decision("reject", reject, "Rejected")


def reason_page(
    admin: Any, request: HttpRequest, entries: Any, decision: Decision, back: str
) -> HttpResponse:
    """The page that asks for the reason; once it is given, decides and goes back.

    An entry that cannot be decided like this is told and left as it is.
    """
    asked = request.method == "POST" and "reason" in request.POST
    form = ReasonForm(request.POST if asked else None)
    if asked and form.is_valid():
        _decide(request, entries, decision, form.cleaned_data["reason"])
        return redirect(back)
    context = {
        **admin.admin_site.each_context(request),
        "title": f"{decision.verb.capitalize()} {model_ngettext(entries)}",
        "opts": admin.model._meta,
        "media": admin.media + form.media,
        "form": form,
        "decision": decision,
        "entries": entries,
        "action": f"{decision.verb}_selected",
        "selected_name": helpers.ACTION_CHECKBOX_NAME,
        "back": back,
    }
    return TemplateResponse(request, "admin/architectures/decide.html", context)


def _decide(request: HttpRequest, entries: Any, decision: Decision, reason: str) -> None:
    done = []
    for entry in entries:
        try:
            done.append(decision.decide(entry, request.user, reason).name)
        except DecisionRefused as error:
            messages.error(request, f"{entry.name}: {error}.")
    if done:
        messages.success(request, f"{decision.done}: {', '.join(done)}.")
