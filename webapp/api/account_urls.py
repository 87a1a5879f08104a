"""Addresses of the page of a person's tokens."""

from __future__ import annotations

from django.urls import path

from .views import tokens

urlpatterns = [
    path("", tokens.token_list, name="tokens"),
    path("paretoscope.pyz", tokens.program, name="client-program"),
    path("<int:pk>/revoke", tokens.token_revoke, name="token-revoke"),
]
