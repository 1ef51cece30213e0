"""The project's only app."""

from __future__ import annotations

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """Holds the models."""

    name = "desk"
