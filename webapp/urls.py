"""Every address of the site; each app names its own."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("webapp.site.urls")),
    path("", include("webapp.accounts.urls")),
    path("runs/", include("webapp.architectures.keep_urls")),
    path("runs/", include("webapp.runs.urls")),
    path("studies/", include("webapp.studies.urls")),
    path("evaluations/", include("webapp.evaluations.urls")),
    path("exports/", include("webapp.exports.urls")),
    path("architectures/", include("webapp.architectures.urls")),
    path("datasets/tables/", include("webapp.tables.urls")),
    path("fleet/", include("webapp.fleet.urls")),
    path("", include("webapp.compare.urls")),
    path("admin/", admin.site.urls),
]
