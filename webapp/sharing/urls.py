"""Addresses of saved comparisons, reports, share links, and of the front of a question."""

from __future__ import annotations

from django.urls import path

from . import views, views_reports

urlpatterns = [
    path("compare/save", views.comparison_save, name="comparison-save"),
    path("c/<slug:key>/", views.comparison_open, name="comparison-open"),
    path("fronts/", views.fronts, name="question-fronts"),
    path("shared/<str:token>/", views.shared, name="shared"),
    path("share/<str:kind>/<int:pk>", views.share_new, name="share-new"),
    path("share/links/<int:pk>/revoke", views.share_revoke, name="share-revoke"),
    path("reports/", views_reports.report_list, name="report-list"),
    path("reports/new", views_reports.report_new, name="report-new"),
    path("reports/preview", views_reports.report_preview, name="report-preview"),
    path("reports/<int:pk>/", views_reports.report_detail, name="report-detail"),
    path("reports/<int:pk>/edit", views_reports.report_edit, name="report-edit"),
    path("reports/<int:pk>/report.html", views_reports.report_export, name="report-export"),
]
