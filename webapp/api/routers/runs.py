"""Runs and their candidates for programs."""

from __future__ import annotations

from typing import Any, Literal

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from ninja import Header, Query, Router, Status

from nasengine.core.search_spec import SearchSpec
from webapp.accounts.permissions import teams_of
from webapp.common.problems import problem, wrong_query
from webapp.compare.comparison import comparison
from webapp.events.models import Event
from webapp.queries.language import QueryError
from webapp.runs.cost import worked_seconds
from webapp.runs.filters import RunFilter
from webapp.runs.models import Run
from webapp.runs.objectives import goals_of_run
from webapp.runs.predicted import add_predicted, fits_of
from webapp.runs.queries import (
    LARGE_COLUMNS,
    counts_of_rows,
    lean_candidates,
    row_of_run,
    with_measurements,
)
from webapp.runs.rows import candidate_row, run_row
from webapp.runs.run_fields import run_condition
from webapp.runs.services import control
from webapp.runs.services.launch import launch
from webapp.runs.services.retries import retried_as, retry
from webapp.runs.services.steering import steer
from webapp.runs.setting_text import WrongTexts, read_launch
from webapp.usage.services.limits import limits_of

from ..auth import check_scope, object_or_404, team_named
from ..cursors import cursor_number, page_of
from ..models import LaunchKey
from ..schemas import (
    MAX_KEY,
    CandidateQuery,
    CompareQuery,
    EventQuery,
    Launch,
    NewBudget,
    Page,
    RunQuery,
    Target,
)
from ..services.launches import once
from ..streams import event_stream

router = Router(tags=["runs"])


@router.get("", response=Page, url_name="runs")
def list_runs(request: Any, query: Query[RunQuery]) -> Any:
    """List the runs of the person's teams, newest first; a `q` that names archived finds those."""
    runs = _runs(request)
    if not query.q:
        runs = runs.filter(archived_at__isnull=not query.archived)
    if query.team:
        runs = runs.filter(team=team_named(request, query.team, "view"))
    found = RunFilter(query.dict(include={"state", "method", "text"}), queryset=runs)
    if not found.is_valid():
        errors = [
            {"pointer": f"/{name}", "detail": " ".join(map(str, texts))}
            for name, texts in found.errors.items()
        ]
        return problem(422, "Some filters are not allowed.", errors=errors)
    rows = found.qs
    if query.q:
        try:
            rows = rows.filter(run_condition(query.q, request.user))
        except QueryError as error:
            return wrong_query("/q", error)
    return page_of(rows, "-pk", query.cursor, query.limit, _run_rows)


@router.post("", response={201: dict, 200: dict}, url_name="launch")
def launch_run(
    request: Any, body: Launch, idempotency_key: str = Header("", max_length=MAX_KEY)
) -> Any:
    """Launch a run. The same Idempotency-Key launches it once, however often it is sent."""
    check_scope(request)
    team = team_named(request, body.team, "launch")
    asked = body.dict(exclude={"team"})
    if not body.settings:
        del asked["settings"]
    elif "spec" in body.model_fields_set:
        return problem(422, "A launch takes spec or settings, not both.")

    def create() -> Run:
        name, priority = body.name, body.priority
        if body.settings:
            form, spec = read_launch(team, body.settings)
            name = name or form.title
            if "priority" not in body.model_fields_set:
                priority = form.chosen_priority
        else:
            spec = SearchSpec.from_json(asked["spec"])
        return launch(team, request.user, spec, name, tags=body.tags, priority=priority)

    try:
        run, is_new = once(
            LaunchKey.Kind.RUN,
            team=team,
            user=request.user,
            key=idempotency_key,
            request=asked,
            create=create,
        )
    except WrongTexts as error:
        errors = [{"pointer": "/settings", "detail": fault} for fault in error.faults]
        return problem(422, "Some settings are not allowed.", errors=errors)
    return Status(201 if is_new else 200, _whole(run))


@router.get("/compare", response=dict, url_name="compare")
def compare_runs(request: Any, query: Query[CompareQuery]) -> Any:
    """Compare runs: fronts and hypervolume with one reference point over shared objectives."""
    numbers = list(dict.fromkeys(query.run))
    own = Run.objects.filter(team__in=teams_of(request.user), pk__in=numbers)
    runs = {run.pk: run for run in own.select_related("team", "study")}
    if missing := [str(number) for number in numbers if number not in runs]:
        raise Http404(f"There is no run {', '.join(missing[:20])}.")
    return comparison([runs[number] for number in numbers])


@router.get("/{int:pk}", response=dict, url_name="run")
def show_run(request: Any, pk: int) -> Any:
    """Return one run with its settings and counts."""
    return _whole(object_or_404(request, Run, pk))


@router.get("/{int:pk}/candidates", response=Page, url_name="candidates")
def list_candidates(request: Any, pk: int, query: Query[CandidateQuery]) -> Any:
    """List the candidates of a run by number, with their measured values."""
    run = object_or_404(request, Run, pk)
    rows = lean_candidates(run.candidates.select_related("run"))
    if query.state:
        rows = rows.filter(state__in=query.state)
    return page_of(
        rows, "number", query.cursor, query.limit, lambda page: _candidate_rows(run, page)
    )


@router.get("/{int:pk}/candidates/{int:number}", response=dict, url_name="candidate")
def show_candidate(request: Any, pk: int, number: int) -> Any:
    """Return one candidate with its architecture and learning curve."""
    run = object_or_404(request, Run, pk)
    candidate = with_measurements(run.candidates.filter(number=number)).first()
    if candidate is None:
        raise Http404(f"Run {pk} has no candidate {number}.")
    architecture = candidate.proposal.get("architecture")
    again = {"retried_as": retried_as(run, number), "retry_waits": number in run.retries_waiting}
    return {
        **_candidate_rows(run, [candidate])[0],
        **again,
        "architecture": architecture,
        "curve": candidate.curve,
    }


@router.post("/{int:pk}/candidates/{int:number}/retry", response=dict, url_name="retry")
def retry_candidate(request: Any, pk: int, number: int) -> Any:
    """Evaluate a failed candidate again as a new one, which counts in its place.

    The answer is the failed candidate; `retried_as` names the new one as soon as it exists.
    """
    run = object_or_404(request, Run, pk, "control")
    if not run.candidates.filter(number=number).exists():
        raise Http404(f"Run {pk} has no candidate {number}.")
    try:
        retry(run, number, request.user)
    except control.ControlRefused as error:
        return problem(409, str(error))
    return show_candidate(request, pk, number)


@router.get("/{int:pk}/front", response=dict, url_name="front")
def show_front(request: Any, pk: int) -> Any:
    """Return the Pareto front: its candidates, and hypervolume by number of candidates."""
    run = object_or_404(request, Run, pk)
    numbers = run.front.get("numbers", [])
    rows = lean_candidates(run.candidates.select_related("run").filter(number__in=numbers))
    return {
        "objectives": goals_of_run(run),
        "candidates": _candidate_rows(run, list(rows.order_by("number"))),
        "reference": run.front.get("reference"),
        "hypervolume": run.front.get("curve", []),
    }


@router.get("/{int:pk}/events", response=dict, url_name="events")
def list_events(request: Any, pk: int, query: Query[EventQuery]) -> Any:
    """List the events of a run after a number (docs/events.md); `last` is where to go on."""
    run = object_or_404(request, Run, pk)
    events = Event.objects.filter(run=run, seq__gt=query.after).order_by("seq")[: query.limit]
    items = [event.to_json() for event in events]
    return {"items": items, "last": items[-1]["seq"] if items else query.after, "seq": run.seq}


@router.get("/{int:pk}/events/stream", url_name="event-stream")
def stream_events(
    request: Any, pk: int, query: Query[EventQuery], last_event_id: str = Header("", max_length=30)
) -> HttpResponseBase:
    """Send the events of a run as they happen (server-sent events), until the run has ended.

    A program that lost the connection sends the header Last-Event-ID and misses no event.
    """
    run = object_or_404(request, Run, pk)
    after = cursor_number(last_event_id) if last_event_id else query.after
    return event_stream(request.auth, run, after)


@router.post("/{int:pk}/steer", response=dict, url_name="steer")
def steer_run(request: Any, pk: int, body: Target) -> Any:
    """Prefer candidates close to a target from the next proposal on; null: the whole front."""
    run = object_or_404(request, Run, pk, "control")
    try:
        steer(run, body.target, request.user)
    except control.ControlRefused as error:
        return problem(409, str(error))
    return _whole(Run.objects.get(pk=pk))


@router.post("/{int:pk}/budget", response=dict, url_name="budget")
def raise_budget(request: Any, pk: int, body: NewBudget) -> Any:
    """Raise the candidates or limits of a run that has not been stopped; a finished one continues.

    Sending the same budget again changes nothing.
    """
    run = object_or_404(request, Run, pk, "control")
    try:
        control.ensure_budget(run, request.user, body.candidates, body.limits)
    except control.ControlRefused as error:
        return problem(409, str(error))
    return _whole(Run.objects.get(pk=pk))


# The last one, because its pattern matches the addresses above.
@router.post("/{int:pk}/{action}", response=dict, url_name="run-action")
def control_run(request: Any, pk: int, action: Literal["pause", "resume", "stop", "cancel"]) -> Any:
    """Pause, resume, stop or cancel a run."""
    run = object_or_404(request, Run, pk, "control")
    try:
        getattr(control, action)(run, request.user)
    except control.ControlRefused as error:
        return problem(409, str(error))
    return _whole(Run.objects.get(pk=pk))


def _runs(request: HttpRequest) -> QuerySet[Run]:
    """Return the runs of all teams of the person, without the large columns."""
    runs = Run.objects.filter(team__in=teams_of(request.user))
    return runs.select_related("study", "created_by", "team").defer(
        *(column for column in LARGE_COLUMNS if "__" not in column)
    )


def _run_rows(runs: list[Run]) -> list[dict[str, Any]]:
    counts = counts_of_rows(runs)
    return [_with_owner(run, run_row(run, counts[run.pk], goals_of_run(run))) for run in runs]


def _whole(run: Run) -> dict[str, Any]:
    limits = [limit.to_json() for limit in limits_of(run, worked_seconds(run))]
    return {**_with_owner(run, row_of_run(run)), "spec": run.spec, "limits": limits}


def _with_owner(run: Run, row: dict[str, Any]) -> dict[str, Any]:
    author = run.created_by.get_username() if run.created_by else None
    more = {"team": run.team.name, "author": author, "tags": run.tags, "note": run.note}
    return {
        **row,
        **more,
        "seq": run.seq,
        "study": run.study_id,
        "address": reverse("run-detail", args=[run.pk]),
    }


def _candidate_rows(run: Run, candidates: list[Any]) -> list[dict[str, Any]]:
    """Return the rows of candidates, with predicted costs if a device of the team has them."""
    rows = [candidate_row(candidate) for candidate in candidates]
    if fits := fits_of(run, goals_of_run(run)):
        add_predicted(fits, rows)
    return rows
