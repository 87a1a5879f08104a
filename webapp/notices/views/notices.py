"""A person's notices: the list, the menu in the top bar, and the settings."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.middleware import team_not_required
from webapp.accounts.requests import TeamRequest

from ..forms import SettingsForm
from ..models import Kind, Notice
from ..services import choices
from ..services.dispatch import refresh_pages

PAGE_ROWS = 50
IN_THE_MENU = 6


@team_not_required
@require_GET
def notice_list(request: TeamRequest) -> HttpResponse:
    """List the person's notices, newest first."""
    rows = Notice.objects.filter(user=request.user).select_related("event")
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    return render(request, "notices/list.html", {"page": page})


@team_not_required
@never_cache
@require_GET
def unread(request: TeamRequest) -> JsonResponse:
    """Return the number of unread notices, and the newest of them."""
    fresh = Notice.objects.filter(user=request.user, read_at=None)
    newest = fresh.select_related("event")[:IN_THE_MENU]
    rows = [{"id": row.pk, "text": row.event.text, "link": row.event.link} for row in newest]
    return JsonResponse({"unread": fresh.count(), "newest": rows})


@team_not_required
@require_POST
def read_all(request: TeamRequest) -> HttpResponse:
    """Mark every notice of the person as read."""
    Notice.objects.filter(user=request.user, read_at=None).update(read_at=Now())
    refresh_pages(request.user.pk)
    return redirect("notice-list")


@team_not_required
@require_http_methods(["GET", "POST"])
def notice_settings(request: TeamRequest) -> HttpResponse:
    """Show and store for which events the person is notified, and where."""
    own = choices.settings_of(request.user)
    initial = {name: getattr(own, name) for name in ("every_run", "minutes", "chat_address")}
    form = SettingsForm(request.user, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            for name in initial:
                setattr(own, name, form.cleaned_data[name])
            own.save()
            choices.store(request.user, form.chosen())
        messages.success(request, "Your notices are stored.")
        return redirect("notice-settings")
    chosen = form.chosen() if form.is_bound else choices.choices_of(request.user)
    rows = [
        (kind, [(place, getattr(chosen[kind], place)) for place in choices.PLACES]) for kind in Kind
    ]
    context = {"form": form, "rows": rows, "has_mail": bool(settings.EMAIL_HOST)}
    return render(request, "notices/settings.html", context, status=422 if form.errors else 200)
