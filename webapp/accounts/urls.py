"""Addresses of sign-in, teams and accounts."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("team/switch", views.team_switch, name="team-switch"),
    path("account/", views.Account.as_view(), name="account"),
]
