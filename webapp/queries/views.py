"""Saved views of the list of runs: save, open by a short link, replace, delete."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from webapp.accounts.access import check_may_here
from webapp.accounts.current import choose_team
from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest
from webapp.limits import MAX_NAME

from .models import MAX_VIEW_QUERY, MAX_VIEWS, SavedView


@require_POST
def view_save(request: TeamRequest) -> HttpResponse:
    """Save the filter, sort and columns of the address; the same name replaces an own view."""
    check_may_here(request, "view", "Saving views")
    name = request.POST.get("name", "").strip()
    query = _lasting(request.POST.get("query", ""))
    shared = request.POST.get("shared") == "true"
    own = SavedView.objects.filter(team=request.team, owner=request.user)
    if not name or len(name) > MAX_NAME or not name.isprintable():
        messages.error(request, f"A view needs a name of one line with 1 to {MAX_NAME} characters.")
    elif len(query) > MAX_VIEW_QUERY:
        messages.error(request, "This view is too long to be saved: choose fewer columns.")
    elif not own.filter(name=name).exists() and own.count() >= MAX_VIEWS:
        messages.error(request, f"You have {MAX_VIEWS} views, the most possible: delete one.")
    else:
        try:
            with transaction.atomic():
                view, _ = SavedView.objects.update_or_create(
                    team=request.team,
                    owner=request.user,
                    name=name,
                    defaults={"query": query, "shared": shared},
                )
        except IntegrityError:
            messages.error(request, "Another window saved this view at the same time: try again.")
        else:
            messages.success(request, f"View saved as {name}.")
            return redirect("view-open", view.key)
    return redirect(f"{reverse('run-list')}?{query}")


@require_GET
def view_open(request: TeamRequest, key: str) -> HttpResponse:
    """Open a view by its short link; only members of its team may."""
    view = _visible(request, key)
    if view.team != request.team:
        choose_team(request, view.team)
    query = QueryDict(view.query, mutable=True)
    query["view"] = view.key
    return redirect(f"{reverse('run-list')}?{query.urlencode()}")


@require_POST
def view_delete(request: TeamRequest, key: str) -> HttpResponse:
    """Delete an own view; an owner of the team may delete every shared one."""
    view = _visible(request, key)
    is_own = view.owner_id == request.user.pk
    if not is_own and not (view.shared and may(request.user, "manage", view.team)):
        raise Http404("no such view")
    view.delete()
    messages.success(request, f"View {view.name} deleted.")
    return redirect("run-list")


def _visible(request: TeamRequest, key: str) -> SavedView:
    view = SavedView.objects.select_related("team").filter(key=key).first()
    if view is None or not may(request.user, "view", view.team):
        raise Http404("no such view")
    return view


def _lasting(text: str) -> str:
    """Return the query of an address without its page and the view that it came from."""
    query = QueryDict(text, mutable=True)
    for name in ("page", "view"):
        query.pop(name, None)
    return query.urlencode()
