"""Every address of the site; each app names its own."""

from __future__ import annotations

from allauth.socialaccount.providers import registry
from django.contrib import admin
from django.urls import include, path

# The admin and the providers are for pages, so workers, which have the same apps, skip them.
admin.autodiscover()
registry.load()

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
    path("api/agent/", include("webapp.agent_api.urls", namespace="agent-api")),
    path("api/", include("webapp.api.urls")),
    path("", include("webapp.compare.urls")),
    path("", include("webapp.sharing.urls")),
    path("", include("webapp.usage.urls")),
    path("admin/", admin.site.urls),
]
