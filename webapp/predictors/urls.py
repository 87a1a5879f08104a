"""Addresses of predictors; included under devices/."""

from __future__ import annotations

from django.urls import path

from .views import predictors

urlpatterns = [
    path("<int:pk>/predictors", predictors.predictor_cards, name="device-predictors"),
    path("<int:pk>/predictors/measure", predictors.predictor_measure, name="predictor-measure"),
    path("predictors/<int:pk>/next", predictors.predictor_next, name="predictor-next"),
    path("predictors/<int:pk>.csv", predictors.predictor_csv, name="predictor-csv"),
    path(
        "predictors/<int:pk>/<str:action>", predictors.predictor_control, name="predictor-control"
    ),
]
