"""Addresses of sockets."""

from __future__ import annotations

from django.urls import path

from .consumer import RunConsumer

websocket_urlpatterns = [path("ws/runs/<int:run_id>/", RunConsumer.as_asgi())]
