"""Addresses of studies; included under studies/."""

from __future__ import annotations

from django.urls import path

from . import launching, views

urlpatterns = [
    path("", views.study_list, name="study-list"),
    path("new", launching.study_new, name="study-new"),
    path("new/methods", launching.study_new_methods, name="study-new-methods"),
    path("new/cost", launching.study_new_cost, name="study-new-cost"),
    path("<int:pk>/", views.study_detail, name="study-detail"),
    path("<int:pk>/results.csv", views.study_csv, name="study-csv"),
    path("<int:pk>/results.json", views.study_json, name="study-json"),
    path("<int:pk>/<str:action>", views.study_control, name="study-control"),
]
