"""Addresses of comments; included under comments/."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("<int:pk>/<str:action>", views.comment_action, name="comment-action"),
    path("<str:kind>/<int:pk>/", views.comments, name="comments"),
]
