"""The list's own actions: batch, columns, suggestions, CSV; name, tags and notes of a run."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBadRequest, JsonResponse, QueryDict
from django.http.response import StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import check_may_here, team_object_or_404
from webapp.accounts.permissions import MIN_ROLE, may
from webapp.accounts.requests import TeamRequest
from webapp.common.downloads import download
from webapp.queries.models import ChosenColumns
from webapp.queries.saved import role_and_columns

from ..list_columns import DEFAULT, FIXED, column_of, columns_of
from ..list_export import runs_csv
from ..models import Run
from ..run_fields import SETTING
from ..run_table import chosen_columns, read_filter
from ..services.organising import BATCH, apply_batch, describe, edit_version
from ..suggestions import objective_names, setting_names, suggestions

MAX_BATCH = 500
DONE = {
    "tag": "tagged",
    "untag": "without the tag",
    "star": "starred",
    "unstar": "not starred any more",
    "archive": "archived",
    "restore": "restored",
    "delete": "deleted",
    "stop": "stopping",
}


@require_POST
def run_batch(request: TeamRequest) -> HttpResponse:
    """Do one action with the selected runs; back to the list or the page that asked."""
    action = request.POST.get("action", "")
    if action not in BATCH:
        raise Http404(f"unknown action {action[:40]!r}; actions: {', '.join(BATCH)}")
    keys = _keys(request.POST.getlist("runs"))
    runs = list(Run.objects.select_related("team").filter(pk__in=keys).order_by("pk"))
    allowed = {team for team in {run.team for run in runs} if may(request.user, "view", team)}
    if not keys or len(runs) != len(keys) or any(run.team not in allowed for run in runs):
        raise Http404("no such runs")
    needed = BATCH[action][1]
    if not all(may(request.user, needed, team) for team in allowed):
        raise PermissionDenied(f"This needs the {MIN_ROLE[needed].label.lower()} role.")
    done, problems = apply_batch(action, runs, request.user, request.POST.get("text", ""))
    if done:
        what = "1 run" if done == 1 else f"{done} runs"
        messages.success(request, f"{what} {DONE[action]}.")
    for problem in problems[:3]:
        messages.error(request, f"{problem}.")
    if len(problems) > 3:
        messages.error(request, f"And {len(problems) - 3} more runs for like reasons.")
    page = request.POST.get("page", "")
    if page == "run" and len(runs) == 1 and action != "delete":
        return redirect("run-detail", runs[0].pk)
    return redirect(f"{reverse('run-list')}?{QueryDict(request.POST.get('query', '')).urlencode()}")


@require_POST
def run_edit(request: TeamRequest, pk: int) -> HttpResponse:
    """Store name, tags and notes of a run; if one is refused, show the form with what was typed."""
    run = team_object_or_404(request, Run, pk, action="control")
    name, tags = request.POST.get("name", ""), request.POST.get("tags", "")
    note = request.POST.get("note", "").replace("\r\n", "\n")
    version = request.POST.get("version", "")
    errors = describe(run, request.user, name, tags.split(","), note, version=version)
    if not errors:
        return redirect("run-detail", pk)
    run.refresh_from_db()
    typed = {"name": name, "tags": tags, "note": note}
    context = {"run": run, "errors": errors, "typed": typed, "edit_version": edit_version(run)}
    return render(request, "runs/edit.html", context, status=422)


@require_http_methods(["GET", "POST"])
def run_columns(request: TeamRequest) -> HttpResponse:
    """Show the choice of columns, or keep it for this person and show the list with it."""
    if request.method == "POST":
        query = QueryDict(request.POST.get("query", ""), mutable=True)
        query.pop("columns", None)
        keys = DEFAULT if "reset" in request.POST else request.POST.getlist("column")
        chosen = [column.key for column in columns_of(keys)]
        ChosenColumns.objects.update_or_create(user=request.user, defaults={"columns": chosen})
        if chosen != list(DEFAULT):
            query["columns"] = ",".join(chosen)
        return redirect(f"{reverse('run-list')}?{query.urlencode()}")
    chosen_now = chosen_columns(request.GET, role_and_columns(request.team, request.user)[1])
    shown = {column.key for column in chosen_now}
    settings = [f"{SETTING}{name}" for name in setting_names(request.team)]
    others = [*FIXED, *objective_names(request.team), *settings]
    rest = [c for key in others if key not in shown and (c := column_of(key)) is not None]
    context = {"chosen": chosen_now, "others": rest, "query": request.GET.urlencode()}
    return render(request, "runs/parts/columns.html", context)


@require_GET
def run_suggest(request: TeamRequest) -> JsonResponse:
    """Return what can follow the text before the cursor of the filter field."""
    return JsonResponse(suggestions(request.team, request.user, request.GET.get("text", "")[:1000]))


@require_GET
def run_list_csv(request: TeamRequest) -> HttpResponse | StreamingHttpResponse:
    """Send the runs of the filter as CSV."""
    check_may_here(request, "view", "Reading runs")
    asked = read_filter(request.GET, request.user)
    if asked.error:
        return HttpResponseBadRequest(asked.error.message, content_type="text/plain")
    columns = chosen_columns(request.GET, role_and_columns(request.team, request.user)[1])
    pieces = runs_csv(request.team, request.user, asked, columns)
    return download(pieces, "runs.csv", "text/csv; charset=utf-8")


def _keys(texts: list[str]) -> set[int]:
    """Return the numbers of runs, also of several with commas between them."""
    parts = [part for text in texts for part in text.split(",")]
    keys = {int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 18}
    if len(keys) > MAX_BATCH:
        raise Http404(f"at most {MAX_BATCH} runs at once (got {len(keys)})")
    return keys
