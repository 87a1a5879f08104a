"""Addresses of the list, the launch form and the controls; included under runs/."""

from __future__ import annotations

from django.urls import path

from . import launching, views

urlpatterns = [
    path("", views.run_list, name="run-list"),
    path("new", launching.run_new, name="run-new"),
    path("new/part/<str:kind>", launching.run_new_part, name="run-new-part"),
    path("new/cost", launching.run_new_cost, name="run-new-cost"),
    path("<int:pk>/<str:action>", views.run_control, name="run-control"),
]
