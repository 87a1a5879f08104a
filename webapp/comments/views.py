"""The comments of a thing: the part of its page, and what its forms send."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.permissions import may
from webapp.accounts.requests import TeamRequest

from .models import Comment
from .services import MAX_TEXT, CommentRefused, add, delete, edit
from .targets import Target, target_of, target_of_comment
from .threads import threads_of


@never_cache
@require_http_methods(["GET", "POST"])
def comments(request: TeamRequest, kind: str, pk: int) -> HttpResponse:
    """Show the comments of a thing; a POST adds one."""
    target = target_of(kind, pk)
    if target is None or not may(request.user, "view", target.team):
        raise Http404(f"no {kind[:20]} {pk}")
    if request.method != "POST":
        return _part(request, target)
    text, key = request.POST.get("text", ""), request.POST.get("reply_to", "")
    try:
        comment = add(target, request.user, text, _number(key) if key else None)
    except CommentRefused as error:
        place = f"reply-{key}" if key else "new"
        return _part(request, target, {"error": str(error), "typed": text, "place": place})
    return _done(request, target, comment)


@require_POST
def comment_action(request: TeamRequest, pk: int, action: str) -> HttpResponse:
    """Change or delete a comment."""
    comment = Comment.objects.select_related("author").filter(pk=pk).first()
    target = None if comment is None else target_of_comment(comment)
    if comment is None or target is None or not may(request.user, "view", target.team):
        raise Http404(f"no comment {pk}")
    text = request.POST.get("text", "")
    try:
        if action == "edit":
            edit(comment, request.user, text)
        elif action == "delete":
            delete(comment, request.user)
        else:
            raise Http404(f"no action {action[:20]}")
    except CommentRefused as error:
        status = 422 if comment.author_id == request.user.pk else 403
        more = {"error": str(error), "typed": text, "place": f"edit-{pk}"}
        return _part(request, target, more, status)
    return _done(request, target, comment)


def _part(
    request: TeamRequest, target: Target, more: dict[str, Any] | None = None, status: int = 422
) -> HttpResponse:
    context = {
        "target": target,
        "threads": threads_of(target, request.user, "all" in request.GET),
        "max_text": MAX_TEXT,
        **(more or {}),
    }
    # htmx shows the answer of a refused comment only if it is a success.
    is_error = more is not None and not request.htmx
    return render(request, "comments/part.html", context, status=status if is_error else 200)


def _done(request: TeamRequest, target: Target, comment: Comment) -> HttpResponse:
    if request.htmx:
        return _part(request, target)
    return redirect(f"{target.address}#comment-{comment.pk}")


def _number(text: str) -> int:
    """Return a key; 0, which no comment has, for other texts."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
