"""Comments on runs, candidates and catalogue entries for programs."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from ninja import Query, Router, Status
from ninja.errors import HttpError

from webapp.accounts.permissions import may
from webapp.architectures.models import CatalogueEntry
from webapp.comments.models import Comment
from webapp.comments.services import CommentRefused, add, delete, edit
from webapp.comments.targets import Target, target_of, target_of_comment
from webapp.runs.models import Run

from ..auth import check_scope, object_or_404
from ..cursors import page_of
from ..schemas import CommentQuery, CommentTarget, CommentText, NewComment, Page

router = Router(tags=["comments"])


@router.get("", response=Page, url_name="api-comments")
def list_comments(request: Any, query: Query[CommentQuery]) -> Any:
    """List the comments on a run, a candidate or an architecture, oldest first."""
    target = _target(request, query)
    rows = target.comments.filter(deleted_at=None)
    return page_of(
        rows,
        "pk",
        query.cursor,
        query.limit,
        lambda page: [_row(target, comment) for comment in page],
    )


@router.post("", response={201: dict}, url_name="api-comments")
def add_comment(request: Any, body: NewComment) -> Any:
    """Comment on a run, a candidate or an architecture; @name notifies a member."""
    target = _target(request, body)
    check_scope(request)
    try:
        comment = add(target, request.user, body.text, body.reply_to)
    except CommentRefused as error:
        raise HttpError(422, str(error)) from None
    return Status(201, _row(target, target.comments.get(pk=comment.pk)))


@router.patch("/{int:pk}", response=dict, url_name="api-comment")
def edit_comment(request: Any, pk: int, body: CommentText) -> Any:
    """Change the text of your own comment."""
    comment, target = _comment(request, pk)
    if comment.author_id != request.user.pk:
        raise HttpError(403, "Only its author may change a comment.")
    try:
        edit(comment, request.user, body.text)
    except CommentRefused as error:
        raise HttpError(422, str(error)) from None
    return _row(target, target.comments.get(pk=pk))


@router.delete("/{int:pk}", response=dict, url_name="api-comment")
def delete_comment(request: Any, pk: int) -> Any:
    """Delete a comment: your own, or as an owner of the team any."""
    comment, _ = _comment(request, pk)
    try:
        delete(comment, request.user)
    except CommentRefused as error:
        raise HttpError(403, str(error)) from None
    return {"deleted": pk}


def _target(request: Any, asked: CommentTarget) -> Target:
    """Return what the request names, if the person may view it."""
    if asked.architecture is not None:
        entry = object_or_404(request, CatalogueEntry, asked.architecture)
        kind, pk = "architecture", entry.pk
    else:
        assert asked.run is not None  # the schema requires one of both
        run = object_or_404(request, Run, asked.run)
        kind, pk = "run", run.pk
        if asked.candidate is not None:
            candidate = run.candidates.filter(number=asked.candidate).only("pk").first()
            if candidate is None:
                raise Http404(f"Run {asked.run} has no candidate {asked.candidate}.")
            kind, pk = "candidate", candidate.pk
    target = target_of(kind, pk)
    if target is None:
        raise Http404(f"There is no {kind} {pk}.")
    return target


def _comment(request: Any, pk: int) -> tuple[Comment, Target]:
    """Return a comment that was not deleted, and what it is on, for a token that may write."""
    comment = Comment.objects.filter(pk=pk, deleted_at=None).first()
    target = None if comment is None else target_of_comment(comment)
    if comment is None or target is None or not may(request.user, "view", target.team):
        raise Http404(f"There is no comment {pk}.")
    check_scope(request)
    return comment, target


def _row(target: Target, comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.pk,
        "run": None if target.run is None else target.run.pk,
        "candidate": target.number,
        "architecture": target.pk if target.kind == "architecture" else None,
        "author": comment.author.get_username() if comment.author else None,
        "text": comment.text,
        "reply_to": comment.reply_to_id,
        "at": comment.at.isoformat(),
        "edited_at": comment.edited_at.isoformat() if comment.edited_at else None,
        "address": f"{target.address}#comment-{comment.pk}",
    }
