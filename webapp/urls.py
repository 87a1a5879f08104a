"""Every address of the site; each app names its own."""

from __future__ import annotations

from django.urls import include, path

from webapp.common.deferred_urls import deferred

handler500 = "webapp.site.server_error.server_error"
urlpatterns = [
    path("", include("webapp.site.urls")),
    path("", include("webapp.accounts.urls")),
    path("", include("webapp.notices.urls")),
    path("runs/import/", include("webapp.imports.urls")),
    path("runs/", include("webapp.architectures.keep_urls")),
    path("runs/", include("webapp.runs.urls")),
    path("views/", include("webapp.queries.urls")),
    path("studies/", include("webapp.studies.urls")),
    path("comments/", include("webapp.comments.urls")),
    path("evaluations/", include("webapp.evaluations.urls")),
    path("exports/", include("webapp.exports.urls")),
    path("architectures/", include("webapp.architectures.urls")),
    path("spaces/", include("webapp.spaces.urls")),
    path("data/", include("webapp.data.urls")),
    path("datasets/tables/", include("webapp.tables.urls")),
    path("account/tokens/", include("webapp.api.account_urls")),
    path("fleet/", include("webapp.fleet.urls")),
    path("devices/", include("webapp.predictors.urls")),
    path("devices/", include("webapp.devices.urls")),
    deferred("api/agent/", "webapp.agent_api.urls", "agent-api"),
    deferred("api/", "webapp.api.urls", "api"),
    path("", include("webapp.compare.urls")),
    path("", include("webapp.sharing.urls")),
    path("", include("webapp.usage.urls")),
    deferred("admin/", "webapp.accounts.admin_urls", "admin"),
]
