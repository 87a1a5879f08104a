"""Studies for programs: list, launch, ranking, control."""

from __future__ import annotations

from typing import Any, Literal

from django.urls import reverse
from ninja import Header, Query, Router, Status

from nasengine.core.search_spec import SearchSpec
from webapp.runs.models import Study
from webapp.studies.plan import Method, Plan
from webapp.studies.queries import with_progress
from webapp.studies.results import results
from webapp.studies.services.bulk_actions import apply_bulk_action
from webapp.studies.services.launching import launch_study

from ..auth import check_scope, object_or_404, team_named, teams_named
from ..cursors import page_of
from ..models import LaunchKey
from ..schemas import MAX_KEY, ListQuery, NewStudy, Page, RankingQuery
from ..services.launches import once

router = Router(tags=["studies"])


@router.get("", response=Page, url_name="studies")
def list_studies(request: Any, query: Query[ListQuery]) -> Any:
    """List the studies of the person's teams, newest first."""
    own = Study.objects.filter(team__in=teams_named(request, query.team))
    rows = with_progress(own.select_related("team", "created_by").defer("plan"))
    return page_of(
        rows, "-pk", query.cursor, query.limit, lambda page: [_row(study) for study in page]
    )


@router.post("", response={201: dict, 200: dict}, url_name="launch-study")
def launch(
    request: Any, body: NewStudy, idempotency_key: str = Header("", max_length=MAX_KEY)
) -> Any:
    """Launch a study: each method at each seed. The same Idempotency-Key launches it once."""
    check_scope(request)
    team = team_named(request, body.team, "launch")
    asked = body.dict(exclude={"team"})

    def create() -> Study:
        methods = tuple(Method(method["strategy"], method["config"]) for method in asked["methods"])
        plan = Plan(SearchSpec.from_json(asked["spec"]), methods, tuple(asked["seeds"]))
        return launch_study(
            team,
            request.user,
            asked["name"],
            plan,
            asked["question"],
            priority=asked["priority"],
        )

    kind = LaunchKey.Kind.STUDY
    study, is_new = once(
        kind, team=team, user=request.user, key=idempotency_key, request=asked, create=create
    )
    return Status(201 if is_new else 200, _whole(study.pk))


@router.get("/{int:pk}", response=dict, url_name="study")
def show_study(request: Any, pk: int) -> Any:
    """Return one study with its plan and the numbers of its runs."""
    return _whole(object_or_404(request, Study, pk).pk)


@router.get("/{int:pk}/ranking", response=dict, url_name="study-ranking")
def show_ranking(request: Any, pk: int, query: Query[RankingQuery]) -> Any:
    """Rank the methods at an equal budget, with figures over the seeds and statistical tests."""
    return results(object_or_404(request, Study, pk), query.by)


# The last one, because its pattern matches the address above.
@router.post("/{int:pk}/{action}", response=dict, url_name="study-action")
def control_study(request: Any, pk: int, action: Literal["pause", "resume", "stop"]) -> Any:
    """Pause, resume or stop every run whose state allows it; `changed` counts them."""
    study = object_or_404(request, Study, pk, "control")
    changed = apply_bulk_action(study, action, request.user)
    return {**_whole(study.pk), "changed": changed}


def _whole(pk: int) -> dict[str, Any]:
    study = with_progress(Study.objects.select_related("team", "created_by")).get(pk=pk)
    runs = list(study.runs.order_by("pk").values_list("pk", flat=True))
    return {**_row(study), "plan": study.plan, "runs": runs}


def _row(study: Any) -> dict[str, Any]:
    return {
        "id": study.pk,
        "name": study.name,
        "question": study.question,
        "team": study.team.name,
        "author": study.created_by.get_username() if study.created_by else None,
        "created_at": study.created_at.isoformat(),
        "methods": sorted(study.strategies),
        "run_count": study.run_count,
        "ended_count": study.ended_count,
        "failed_count": study.failed_count,
        "told": study.told,
        "budget": study.budget,
        "address": reverse("study-detail", args=[study.pk]),
    }
