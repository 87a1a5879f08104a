"""Webhooks of a team, their log, and the chats that the team permits; for owners."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.requests import TeamRequest
from webapp.accounts.services import audit
from webapp.common import shown_once

from ..forms import ChatRuleForm, WebhookForm
from ..models import ChatRule, Delivery, Webhook
from ..services import webhooks
from ..services.chat import schemes_of
from ..services.deliver import start_delivering

PAGE_ROWS = 50
MAX_WEBHOOKS = 20
ACTIVITY = "Managing webhooks"


@never_cache
@require_http_methods(["GET", "POST"])
def webhook_list(request: TeamRequest) -> HttpResponse:
    """List the webhooks; a POST creates one, whose secret the page shows once."""
    check_may_here(request, "manage", ACTIVITY)
    rows = Webhook.objects.filter(team=request.team)
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if rows.count() >= MAX_WEBHOOKS:
            form.add_error(None, f"A team may have at most {MAX_WEBHOOKS} webhooks; delete one.")
        else:
            _, secret = webhooks.create(request.team, request.user, **form.cleaned_data)
            shown_once.keep(request.session, "webhook", secret)
            return redirect("webhook-list")
    context = {
        "rows": rows,
        "form": form,
        "secret": shown_once.take(request.session, "webhook"),
        "chats": ChatRuleForm(initial={"schemes": schemes_of(request.team)}),
    }
    return render(request, "notices/webhooks.html", context, status=422 if form.errors else 200)


@require_GET
def webhook_log(request: TeamRequest, pk: int) -> HttpResponse:
    """Show the deliveries of a webhook, newest first."""
    hook = team_object_or_404(request, Webhook, pk, "manage")
    rows = hook.deliveries.select_related("event")
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    return render(request, "notices/webhook.html", {"hook": hook, "page": page})


@require_POST
def webhook_action(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Delete a webhook, or use a disabled one again."""
    hook = team_object_or_404(request, Webhook, pk, "manage")
    if action == "delete":
        webhooks.delete(hook, request.user)
        messages.success(request, f"The webhook {hook} is deleted.")
        return redirect("webhook-list")
    if action != "enable":
        raise Http404("no such action")
    webhooks.enable(hook, request.user)
    messages.success(request, f"The webhook {hook} is used again.")
    return redirect("webhook", pk)


@require_POST
def webhook_resend(request: TeamRequest, pk: int, delivery: int) -> HttpResponse:
    """Send a delivery again."""
    hook = team_object_or_404(request, Webhook, pk, "manage")
    webhooks.resend(get_object_or_404(Delivery, pk=delivery, webhook=hook))
    start_delivering()
    messages.success(request, "The request is sent again; reload the page to see the answer.")
    return redirect("webhook", pk)


@require_POST
def chat_rule(request: TeamRequest) -> HttpResponse:
    """Store the chats that the team permits."""
    check_may_here(request, "manage", "Permitting chats")
    form = ChatRuleForm(request.POST)
    if form.is_valid():
        schemes = form.cleaned_data["schemes"]
        ChatRule.objects.update_or_create(team=request.team, defaults={"schemes": schemes})
        text = f"permitted the chats {', '.join(schemes) or 'none'}"
        audit.record("setting", text, user=request.user, team=request.team)
        messages.success(request, "The permitted chats are stored.")
    else:
        messages.error(request, "Not stored: " + "; ".join(form.messages().values()))
    return redirect("webhook-list")
