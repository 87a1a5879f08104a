"""Review view: a curator gives the reason for promoting or rejecting one or several entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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

from webapp.accounts.permissions import AnyUser
from webapp.limits import MAX_REASON

from .models import CatalogueEntry
from .review_queue import review_cards
from .services import DecisionRefused, promote, reject


class ReasonForm(forms.Form):
    """The reason for promoting or rejecting entries."""

    reason = forms.CharField(
        max_length=MAX_REASON,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "data-testid": "reason"}),
        help_text="Shown to all members of the team, also in the history; at most "
        f"{MAX_REASON} characters.",
        error_messages={"required": "A decision needs a reason: write one sentence."},
    )


@dataclass(frozen=True)
class Decision:
    """A kind of decision: its verb, the service that applies it, the word for the result."""

    verb: str
    decide: Callable[[CatalogueEntry, AnyUser, str], CatalogueEntry]
    done: str


PROMOTE = Decision("promote", promote, "Promoted")
REJECT = Decision("reject", reject, "Rejected")


def reason_page(
    admin: ModelAdmin,
    request: HttpRequest,
    entries: QuerySet[CatalogueEntry],
    decision: Decision,
    back: str,
) -> HttpResponse:
    """Ask for the reason, then decide about the entries and redirect to `back`.

    Entries that cannot be decided are named in a message and not changed.
    """
    submitted = request.method == "POST" and "reason" in request.POST
    form = ReasonForm(request.POST if submitted else None)
    if submitted and form.is_valid():
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
        "cards": review_cards(entries.select_related("candidate__run", "kept_by", "team")),
        "action": f"{decision.verb}_selected",
        "selected_name": helpers.ACTION_CHECKBOX_NAME,
        "back": back,
    }
    return TemplateResponse(request, "admin/architectures/decide.html", context)


def _decide(
    request: HttpRequest, entries: QuerySet[CatalogueEntry], decision: Decision, reason: str
) -> None:
    done = []
    for entry in entries:
        try:
            done.append(decision.decide(entry, request.user, reason).name)
        except DecisionRefused as error:
            messages.error(request, f"{entry.name}: {error}.")
    if done:
        messages.success(request, f"{decision.done}: {', '.join(done)}.")
