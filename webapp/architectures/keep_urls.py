"""Address that keeps a candidate in the catalogue; included under runs/."""

from __future__ import annotations

from django.urls import path

from .views import keep

urlpatterns = [
    path("<int:pk>/candidates/<int:number>/keep", keep.candidate_keep, name="candidate-keep"),
]
