"""The HTTP API of people's programs: what the pages show and do, as JSON."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from webapp.accounts.models import Membership
from webapp.accounts.permissions import teams_of
from webapp.common.api_problems import answer_with_problems
from webapp.common.problems import problem
from webapp.usage.services.costs import monthly

from .auth import NO_TOKEN, PersonalToken
from .routers.architectures import router as architectures
from .routers.comments import router as comments
from .routers.data import router as data
from .routers.evaluations import router as evaluations
from .routers.exports import router as exports
from .routers.resources import router as resources
from .routers.runs import router as runs
from .routers.studies import router as studies
from .services.launches import KeyReused

api = NinjaAPI(
    title="Paretoscope",
    version="1",
    description="Search for network architectures from a program; docs/api.md has examples.",
    urls_namespace="api",
    auth=PersonalToken(),
    docs_url=None,
)
answer_with_problems(api, NO_TOKEN)


@api.exception_handler(KeyReused)
def key_reused(request: HttpRequest, error: KeyReused) -> HttpResponse:
    """Answer a request whose Idempotency-Key belongs to another launch."""
    return problem(409, str(error))


api.add_router("/runs", runs)
api.add_router("/studies", studies)
api.add_router("/architectures", architectures)
api.add_router("/evaluations", evaluations)
api.add_router("/exports", exports)
api.add_router("/comments", comments)
api.add_router("", resources)
api.add_router("", data)


@api.get("/me", response=dict, tags=["account"], url_name="me")
def me(request: Any) -> Any:
    """Return the owner of the token, its scope and expiry, and the owner's teams with roles."""
    own = Membership.objects.filter(user=request.user).select_related("team").order_by("team__name")
    return {
        "username": request.user.get_username(),
        "scope": request.auth.scope,
        "expires_at": request.auth.expires_at,
        "teams": [{"name": membership.team.name, "role": membership.role} for membership in own],
    }


@api.get("/usage", response=list[dict], tags=["account"], url_name="usage")
def usage(request: Any) -> Any:
    """Return the cost of your teams' work for each month and person; hours, kWh and CO2."""
    return [
        {
            "team": team.name,
            "month": row["month"].strftime("%Y-%m"),
            "person": row["person"],
            **row["cost"].to_json(),
        }
        for team in teams_of(request.user)
        for row in monthly(team.pk)
    ]
