"""Addresses of uploaded data sets; included under data/."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("", views.data_list, name="data-list"),
    path("new", views.data_new, name="data-new"),
    path("uploads/<int:pk>/", views.upload_detail, name="upload-detail"),
    path("uploads/<int:pk>/<str:action>", views.upload_control, name="upload-control"),
    path("<int:pk>/", views.data_detail, name="data-detail"),
    path("<int:pk>/<str:action>", views.data_control, name="data-control"),
]
