"""The page on which owners set the quota of a member."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webapp.accounts.access import team_object_or_404
from webapp.accounts.models import Membership
from webapp.accounts.requests import TeamRequest

from .forms import QuotaForm
from .models import Quota
from .services import quotas


@never_cache
@require_http_methods(["GET", "POST"])
def quota_page(request: TeamRequest, pk: int) -> HttpResponse:
    """Show the quota of a member; a POST of an owner changes it."""
    membership = team_object_or_404(request, Membership, pk, "manage")
    stored = Quota.objects.filter(team=membership.team, user=membership.user).first()
    initial = {name: getattr(stored, name, None) for name in QuotaForm.base_fields}
    form = QuotaForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        quotas.set_quota(membership, request.user, **form.cleaned_data)
        messages.success(request, f"The quota of {membership.user} is saved.")
        return redirect("team")
    used = quotas.gpu_hours_this_month(membership.team, membership.user)
    context = {"membership": membership, "form": form, "used": used}
    return render(request, "usage/quota.html", context, status=422 if form.errors else 200)
